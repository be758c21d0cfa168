//! When to try a failed step again: backoff per record, and a budget for the whole service.

use crate::broker::wire::Micros;

const MILLION: u64 = 1_000_000;

/// Backoff between the tries of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first one. 0 means that a transient failure is final at once.
    pub max_retries: u16,
    /// Wait before the first retry.
    pub initial: Micros,
    /// Longest wait.
    pub max: Micros,
    /// Spread around the nominal wait in parts per million, 0 to 1,000,000.
    pub jitter: u32,
}

impl Default for RetryPolicy {
    /// Three retries, 100 ms doubling up to 1 s, 20 % jitter: the figures of Kafka's own clients
    /// (`CommonClientConfigs`), which have no default for an application's handler.
    fn default() -> Self {
        Self {
            max_retries: 3,
            initial: 100_000,
            max: 1_000_000,
            jitter: 200_000,
        }
    }
}

impl RetryPolicy {
    /// The wait before retry number `retry` (0 is the first): `initial` doubled `retry` times, spread
    /// by `jitter`, cut at `max` (the rule of Kafka's `ExponentialBackoff`). `draw` is a uniform draw
    /// in parts per million.
    pub fn backoff(&self, retry: u16, draw: u32) -> Micros {
        if self.max <= self.initial {
            return self.max;
        }
        let doubled = 1u64.checked_shl(retry.into()).unwrap_or(u64::MAX);
        let nominal = self.initial.saturating_mul(doubled).min(self.max);
        let jitter = u64::from(self.jitter).min(MILLION);
        let draw = u64::from(draw).min(MILLION - 1);
        let factor = MILLION - jitter + 2 * jitter * draw / MILLION;
        let spread = u128::from(nominal) * u128::from(factor) / u128::from(MILLION);
        u64::try_from(spread).unwrap_or(u64::MAX).min(self.max)
    }
}

/// Tokens that keep retries from multiplying the load of a service that is failing anyway (the
/// retry throttling of gRPC, proposal A6): a failure takes one token, a success gives a part of one
/// back, and nothing is retried while half of the tokens or fewer are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    max: u64,
    left: u64,
    per_success: u64,
}

impl RetryBudget {
    /// A budget of `max_tokens` (gRPC allows 1 to 1000), each success giving back `token_ratio`
    /// thousandths of a token.
    pub fn new(max_tokens: u32, token_ratio: u32) -> Self {
        let max = u64::from(max_tokens) * 1000;
        Self {
            max,
            left: max,
            per_success: token_ratio.into(),
        }
    }

    /// No budget: every retry that the policy allows is made.
    pub fn unlimited() -> Self {
        Self {
            max: 0,
            left: 1,
            per_success: 0,
        }
    }

    /// Whether a retry would be made now.
    pub fn allows(&self) -> bool {
        self.left > self.max / 2
    }

    pub(super) fn on_success(&mut self) {
        if self.max > 0 {
            self.left = (self.left + self.per_success).min(self.max);
        }
    }

    pub(super) fn on_failure(&mut self) {
        if self.max > 0 {
            self.left = self.left.saturating_sub(1000);
        }
    }
}
