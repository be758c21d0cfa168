//! Keyed randomness: a draw depends on the seed and on what it is for, never on what was drawn before.
//!
//! So changing one service's guarantee changes nothing of the weather another service meets, and the same
//! orders meet the same losses under every guarantee.

/// One million: probabilities are parts per million, never floats.
pub const PPM: u32 = 1_000_000;

/// Scrambles 64 bits (the finaliser of SplitMix64, Steele et al. 2014).
#[inline]
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The source of all chance of one run.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    seed: u64,
}

impl Draw {
    /// Chance under this seed.
    pub fn new(seed: u64) -> Self {
        Draw {
            seed: mix(seed ^ 0x9e37_79b9_7f4a_7c15),
        }
    }

    /// 64 random bits for this site, entity and attempt.
    #[inline]
    pub fn bits(&self, site: u32, entity: u64, attempt: u32) -> u64 {
        let place = (u64::from(site) << 32) | u64::from(attempt);
        mix(mix(self.seed ^ entity.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            ^ place.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }
}

/// Whether a draw falls under a probability given in parts per million.
#[inline]
pub fn chance_of(bits: u64, ppm: u32) -> bool {
    ((bits >> 32) * u64::from(PPM)) >> 32 < u64::from(ppm)
}

/// An exponentially distributed span with this mean, from a draw. The logarithm is the pinned pure-Rust one:
/// the platform's differs in the last bit between targets.
pub fn exponential(bits: u64, mean: u64) -> u64 {
    let unit = ((bits >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
    (-libm::log(unit) * mean as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_hits_its_rate() {
        let draw = Draw::new(7);
        let hits = (0..100_000)
            .filter(|&i| chance_of(draw.bits(1, i, 0), 50_000))
            .count();
        // Binomial(100000, 0.05): mean 5000, standard deviation 69; five of them on either side.
        assert!((4_655..=5_345).contains(&hits), "{hits} of 100000 at 5 %");
        assert!((0..1000).all(|i| !chance_of(draw.bits(1, i, 0), 0)));
        assert!((0..1000).all(|i| chance_of(draw.bits(1, i, 0), PPM)));
    }

    #[test]
    fn exponential_has_its_mean() {
        let draw = Draw::new(7);
        let sum: u64 = (0..100_000)
            .map(|i| exponential(draw.bits(2, i, 0), 10_000))
            .sum();
        // Standard error of the mean is 10000 / sqrt(100000) = 32; five of them on either side.
        assert!(
            (9_842..=10_158).contains(&(sum / 100_000)),
            "{}",
            sum / 100_000
        );
    }

    #[test]
    fn draws_differ_by_site_entity_attempt_and_seed() {
        let draw = Draw::new(1);
        let base = draw.bits(1, 1, 1);
        assert_ne!(base, draw.bits(2, 1, 1));
        assert_ne!(base, draw.bits(1, 2, 1));
        assert_ne!(base, draw.bits(1, 1, 2));
        assert_ne!(base, Draw::new(2).bits(1, 1, 1));
        assert_eq!(base, Draw::new(1).bits(1, 1, 1));
    }
}
