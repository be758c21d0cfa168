//! How long a client waits before it tries again (Kafka's `ExponentialBackoff`).

use crate::broker::wire::Micros;

/// One whole in parts per million.
const PPM: u64 = 1_000_000;

/// Waits that double up to a limit, each with a random part
/// (`org.apache.kafka.common.utils.ExponentialBackoff`).
///
/// Kafka rounds down to milliseconds, this to microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExponentialBackoff {
    /// First wait (`retry.backoff.ms`).
    pub initial: Micros,
    /// Longest wait (`retry.backoff.max.ms`).
    pub max: Micros,
    /// Half width of the random factor around 1, in parts per million, 0 to 1,000,000.
    pub jitter_ppm: u32,
}

impl ExponentialBackoff {
    /// The backoff of Kafka's clients: multiplier 2 and jitter 0.2
    /// (`CommonClientConfigs.RETRY_BACKOFF_EXP_BASE`, `RETRY_BACKOFF_JITTER`).
    pub fn of_client(initial: Micros, max: Micros) -> Self {
        Self {
            initial,
            max,
            jitter_ppm: 200_000,
        }
    }

    /// The wait before the retry that follows `attempts` earlier retries (0 for the first retry).
    ///
    /// `draw` is uniform in 0..1,000,000 (larger values count as 999,999). Where `max` is not above
    /// `initial` the wait is `max`, without jitter.
    pub fn wait(&self, attempts: u32, draw: u32) -> Micros {
        if self.max <= self.initial {
            return self.max;
        }
        let doubled = 1_u64
            .checked_shl(attempts)
            .and_then(|f| self.initial.checked_mul(f));
        let nominal = doubled.unwrap_or(self.max).min(self.max);
        let jitter = u64::from(self.jitter_ppm).min(PPM);
        let draw = u64::from(draw).min(PPM - 1);
        let factor = PPM - jitter + 2 * jitter * draw / PPM;
        let wait = u128::from(nominal) * u128::from(factor) / u128::from(PPM);
        u64::try_from(wait).unwrap_or(self.max).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_limit() {
        let b = ExponentialBackoff {
            initial: 100,
            max: 400,
            jitter_ppm: 0,
        };
        let waits: Vec<_> = (0..4).map(|a| b.wait(a, 0)).collect();
        assert_eq!(waits, [100, 200, 400, 400]);
    }

    #[test]
    fn the_defaults_reach_the_cap_at_the_fifth_retry() {
        let b = ExponentialBackoff::of_client(100_000, 1_000_000);
        let middle: Vec<_> = (0..6).map(|a| b.wait(a, 500_000)).collect();
        assert_eq!(
            middle,
            [100_000, 200_000, 400_000, 800_000, 1_000_000, 1_000_000]
        );
    }

    #[test]
    fn jitter_is_a_fifth_to_either_side_and_never_above_the_limit() {
        let b = ExponentialBackoff::of_client(100_000, 1_000_000);
        assert_eq!(b.wait(0, 0), 80_000);
        assert_eq!(b.wait(0, 999_999), 119_999);
        assert_eq!(b.wait(9, 0), 800_000);
        assert_eq!(b.wait(9, 499_999), 999_999);
        assert_eq!(b.wait(9, 999_999), 1_000_000);
    }

    #[test]
    fn a_limit_below_the_first_wait_is_the_wait() {
        let b = ExponentialBackoff::of_client(100, 40);
        assert_eq!([b.wait(0, 0), b.wait(7, 999_999)], [40, 40]);
    }

    #[test]
    fn huge_attempts_stay_at_the_limit() {
        let b = ExponentialBackoff {
            initial: 3,
            max: 1_000,
            jitter_ppm: 0,
        };
        for attempts in [40, 63, 64, u32::MAX] {
            assert_eq!(b.wait(attempts, 0), 1_000);
        }
        let none = ExponentialBackoff {
            initial: 0,
            max: 1_000,
            jitter_ppm: 0,
        };
        assert_eq!(none.wait(5, 0), 0);
    }
}
