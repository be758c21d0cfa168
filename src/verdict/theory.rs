//! What must come out on average: closed forms for the failures that have one.
//!
//! The model of a send: every attempt's request is lost with probability `p`; if it arrives, its answer
//! is lost with probability `q`, all independent; the sender stops at an answer and tries again at most
//! `retries` times. A late answer never arrives after a resend, so the forms hold only where the timeout
//! is longer than the longest round trip. Only multiplication and division are used: the figures are
//! the same on every platform.

/// `base` to the power of `n`.
fn power(base: f64, n: u32) -> f64 {
    (0..n).fold(1.0, |product, _| product * base)
}

/// `1 + x + … + x^(n-1)`.
fn geometric(x: f64, n: u32) -> f64 {
    (0..n).fold(0.0, |sum, _| sum * x + 1.0)
}

/// A send with retries over a way that loses requests and answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sending {
    /// How often a request is lost, 0 to 1.
    pub p: f64,
    /// How often an answer is lost, 0 to 1.
    pub q: f64,
    /// Tries after the first.
    pub retries: u32,
}

impl Sending {
    fn attempts(&self) -> u32 {
        self.retries.saturating_add(1)
    }

    /// How often one attempt ends without an answer.
    fn unanswered(&self) -> f64 {
        1.0 - (1.0 - self.p) * (1.0 - self.q)
    }

    /// How often no attempt arrives: p^n.
    pub fn p_lost(&self) -> f64 {
        power(self.p, self.attempts())
    }

    /// How often more than one attempt arrives: q (1 − p^n − n p^(n−1) (1 − p)).
    pub fn p_duplicate(&self) -> f64 {
        let n = self.attempts();
        let one = f64::from(n) * power(self.p, n - 1) * (1.0 - self.p);
        self.q * (1.0 - power(self.p, n) - one)
    }

    /// How often the sender is left without an answer, whatever arrived: f^n.
    pub fn p_reported_failed(&self) -> f64 {
        power(self.unanswered(), self.attempts())
    }

    /// How often the sender reports a failure although a request arrived: f^n − p^n.
    pub fn p_delivered_but_failed(&self) -> f64 {
        self.p_reported_failed() - self.p_lost()
    }

    /// Attempts, on average: (1 − f^n) / (1 − f).
    pub fn expected_attempts(&self) -> f64 {
        geometric(self.unanswered(), self.attempts())
    }

    /// Arrivals, on average: (1 − p) times the attempts.
    pub fn expected_deliveries(&self) -> f64 {
        (1.0 - self.p) * self.expected_attempts()
    }
}

/// A consumer that dies with probability `crash` between effect and commit and starts again without limit:
/// how often a message takes effect more than once. Committing first, how often it is lost.
pub fn p_repeated(crash: f64) -> f64 {
    crash
}

/// The same consumer: processings of a message, on average. `crash` is below 1.
pub fn expected_processings(crash: f64) -> f64 {
    1.0 / (1.0 - crash)
}

/// Receives that each fail with probability `failure`: how often all `max_receives` do.
pub fn p_dead_lettered(failure: f64, max_receives: u32) -> f64 {
    power(failure, max_receives)
}

/// The same: receives of a message, on average.
pub fn expected_receives(failure: f64, max_receives: u32) -> f64 {
    geometric(failure, max_receives)
}

/// Two batches in flight, no idempotence, retries without limit, requests lost with probability `p`:
/// how often the first is stored after the second.
pub fn p_reordered(p: f64) -> f64 {
    p / (1.0 + p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn sending_at_the_check_values() {
        for (p, q, retries, lost, duplicate, deliveries) in [
            (0.1, 0.1, 1, 0.01, 0.081, 1.071),
            (0.2, 0.3, 2, 0.008, 0.2688, 1.30688),
            (0.3, 0.3, 5, 0.000_729, 0.296_719, 1.403_434),
            (0.5, 0.5, 3, 0.0625, 0.343_75, 1.367_187_5),
        ] {
            let sending = Sending { p, q, retries };
            near(sending.p_lost(), lost);
            assert!((sending.p_duplicate() - duplicate).abs() < 5e-7);
            assert!((sending.expected_deliveries() - deliveries).abs() < 5e-7);
        }
    }

    #[test]
    fn sending_without_a_second_try() {
        let sending = Sending {
            p: 0.2,
            q: 0.4,
            retries: 0,
        };
        near(sending.p_lost(), 0.2);
        near(sending.p_duplicate(), 0.0);
        near(sending.expected_deliveries(), 0.8);
        near(sending.expected_attempts(), 1.0);
        near(sending.p_delivered_but_failed(), 0.8 * 0.4);
    }

    #[test]
    fn sending_with_very_many_tries() {
        let sending = Sending {
            p: 0.2,
            q: 0.4,
            retries: 200,
        };
        near(sending.p_lost(), 0.0);
        near(sending.p_duplicate(), 0.4);
        near(sending.expected_deliveries(), 1.0 / 0.6);
        near(sending.p_reported_failed(), 0.0);
    }

    /// Every course that five attempts can take, with its probability.
    #[test]
    fn sending_agrees_with_counting_every_course() {
        let (p, q) = (0.3, 0.2);
        for retries in 0..5 {
            let (mut lost, mut duplicate, mut deliveries) = (0.0, 0.0, 0.0);
            // (probability, attempts left, arrivals)
            let mut open = vec![(1.0, retries + 1, 0u32)];
            while let Some((weight, left, arrivals)) = open.pop() {
                if left > 0 && weight > 0.0 {
                    open.push((weight * p, left - 1, arrivals));
                    open.push((weight * (1.0 - p) * q, left - 1, arrivals + 1));
                    open.push((weight * (1.0 - p) * (1.0 - q), 0, arrivals + 1));
                    continue;
                }
                lost += if arrivals == 0 { weight } else { 0.0 };
                duplicate += if arrivals > 1 { weight } else { 0.0 };
                deliveries += weight * f64::from(arrivals);
            }
            let sending = Sending { p, q, retries };
            near(sending.p_lost(), lost);
            near(sending.p_duplicate(), duplicate);
            near(sending.expected_deliveries(), deliveries);
        }
    }

    #[test]
    fn consumers_queues_and_order() {
        near(p_repeated(0.05), 0.05);
        near(expected_processings(0.2), 1.25);
        near(p_dead_lettered(0.5, 3), 0.125);
        near(expected_receives(0.5, 3), 1.75);
        near(expected_receives(1.0, 3), 3.0);
        near(p_reordered(0.2), 1.0 / 6.0);
    }
}
