//! A histogram of durations: small, exact to about 3 %, the same on every platform.

use super::Latency;

/// Each doubling is cut into so many equal buckets.
const STEPS: u64 = 32;
/// Covers 0 µs to 2^40 µs (twelve days); what is longer counts as that.
const LONGEST: u64 = (1 << 40) - 1;
const BUCKETS: usize = 36 * STEPS as usize;

/// Counts of durations in log-linear buckets: up to 32 µs each has its own, above that a bucket is
/// at most 1/32 of its lower bound wide. About 5 kB.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Box<[u32]>,
    total: u64,
    sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            counts: vec![0; BUCKETS].into_boxed_slice(),
            total: 0,
            sum: 0,
        }
    }
}

/// The bucket a duration belongs to.
fn bucket(us: u64) -> usize {
    let us = us.min(LONGEST);
    if us < STEPS {
        return us as usize;
    }
    let octave = u64::from(us.ilog2() - STEPS.ilog2());
    ((octave + 1) * STEPS + (us >> octave) - STEPS) as usize
}

/// The middle of a bucket, in µs.
fn middle(bucket: usize) -> u64 {
    let (octave, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    match octave {
        0 => step,
        _ => ((STEPS + step) << (octave - 1)) + (1 << (octave - 1)) / 2,
    }
}

impl Histogram {
    /// Counts one duration in µs.
    #[inline]
    pub fn add(&mut self, us: u64) {
        if let Some(count) = self.counts.get_mut(bucket(us)) {
            *count = count.saturating_add(1);
            self.total += 1;
            self.sum = self.sum.saturating_add(us);
        }
    }

    /// The duration that `percent` of 100 do not exceed, in µs; 0 where nothing was counted.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (index, &count) in self.counts.iter().enumerate() {
            seen += u64::from(count);
            if seen >= rank {
                return middle(index);
            }
        }
        0
    }

    /// How many durations were counted, and their sum in µs: the mean over a stretch of time is a quotient of
    /// differences.
    pub fn total(&self) -> (u64, u64) {
        (self.total, self.sum)
    }

    /// Median and 99th percentile.
    pub fn summary(&self) -> Latency {
        Latency {
            p50: self.percentile(50),
            p99: self.percentile(99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_in_order_and_exact_to_three_percent() {
        let mut us = 0;
        while us < LONGEST {
            let found = middle(bucket(us));
            assert!(found.abs_diff(us) * 32 <= us, "{us} became {found}");
            assert!(bucket(us) <= bucket(us + 1));
            us += 1 + us / 7;
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn percentiles_of_one_to_a_hundred_milliseconds() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.summary(), Latency::default());
        (1..=100).for_each(|ms| histogram.add(ms * 1_000));
        let Latency { p50, p99 } = histogram.summary();
        assert!((48_500..=51_500).contains(&p50), "{p50}");
        assert!((96_000..=102_000).contains(&p99), "{p99}");
    }
}
