//! A producer's settings with Kafka's names, defaults and conflicts (`ProducerConfig`).

use crate::broker::wire::Micros;

/// What the producer waits for before it calls a message acknowledged (`acks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acks {
    /// `acks=0`: nothing; a message is done when its request is written.
    Zero,
    /// `acks=1`: the leader's append.
    One,
    /// `acks=all`: the append on every in-sync replica.
    All,
}

/// A producer's settings. Spans are in microseconds, sizes in records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerSettings {
    /// `acks`, default all.
    pub acks: Acks,
    /// `retries`, default 2147483647.
    pub retries: u32,
    /// `delivery.timeout.ms`; `None` is the default: 120 s, or linger + request timeout if longer.
    pub delivery_timeout: Option<Micros>,
    /// `request.timeout.ms`, default 30 s.
    pub request_timeout: Micros,
    /// `retry.backoff.ms`, default 100 ms.
    pub retry_backoff: Micros,
    /// `retry.backoff.max.ms`, default 1 s.
    pub retry_backoff_max: Micros,
    /// `max.in.flight.requests.per.connection`, default 5.
    pub max_in_flight: u32,
    /// `batch.size`, here in records (Kafka: 16384 bytes), default 50.
    pub batch_size: u32,
    /// `linger.ms`, default 5 ms (0 before Kafka 4.0).
    pub linger: Micros,
    /// `buffer.memory`, here in records (Kafka: 32 MiB), default 100,000.
    pub max_buffered: u32,
    /// `enable.idempotence`; `None` is the default: on, unless `acks` or `retries` rule it out.
    pub enable_idempotence: Option<bool>,
    /// `transactional.id`, a number here; `None` is a producer without transactions.
    pub transactional_id: Option<u32>,
    /// `transaction.timeout.ms`, default 60 s.
    pub transaction_timeout: Micros,
}

impl Default for ProducerSettings {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            retries: i32::MAX as u32,
            delivery_timeout: None,
            request_timeout: 30_000_000,
            retry_backoff: 100_000,
            retry_backoff_max: 1_000_000,
            max_in_flight: 5,
            batch_size: 50,
            linger: 5_000,
            max_buffered: 100_000,
            enable_idempotence: None,
            transactional_id: None,
            transaction_timeout: 60_000_000,
        }
    }
}

impl ProducerSettings {
    /// Whether the producer stamps its batches. Left at its default, idempotence is silently off with
    /// `retries=0` or `acks` other than all (`postProcessAndValidateIdempotenceConfigs`).
    pub fn idempotent(&self) -> bool {
        self.enable_idempotence
            .unwrap_or(self.retries > 0 && self.acks == Acks::All)
    }

    /// `delivery.timeout.ms` as it works: a default that is too small is raised
    /// (`KafkaProducer.configureDeliveryTimeout`).
    pub fn effective_delivery_timeout(&self) -> Micros {
        self.delivery_timeout
            .unwrap_or_else(|| self.least_delivery_timeout().max(120_000_000))
    }

    fn least_delivery_timeout(&self) -> Micros {
        self.linger.saturating_add(self.request_timeout)
    }

    /// What is wrong with these settings, one sentence each with the setting's name; empty if nothing.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, sentence: &str| {
            if !ok {
                problems.push(sentence.to_owned());
            }
        };
        check(
            self.max_in_flight >= 1,
            "max.in.flight.requests.per.connection must be at least 1.",
        );
        check(
            self.batch_size >= 1,
            "batch.size must be at least 1 record.",
        );
        check(
            self.max_buffered >= 1,
            "buffer.memory must hold at least 1 record.",
        );
        check(
            self.request_timeout >= 1,
            "request.timeout.ms must be above 0.",
        );
        check(
            self.retries <= i32::MAX as u32,
            "retries must be at most 2147483647.",
        );
        if self.enable_idempotence == Some(true) {
            check(
                self.acks == Acks::All,
                "acks must be all when enable.idempotence is true.",
            );
            check(
                self.retries > 0,
                "retries must be above 0 when enable.idempotence is true.",
            );
        }
        check(
            !self.idempotent() || self.max_in_flight <= 5,
            "max.in.flight.requests.per.connection must be at most 5 with enable.idempotence.",
        );
        check(
            self.transactional_id.is_none() || self.idempotent(),
            "transactional.id needs enable.idempotence, which is off here.",
        );
        check(
            self.delivery_timeout
                .is_none_or(|t| t >= self.least_delivery_timeout()),
            "delivery.timeout.ms must be at least linger.ms + request.timeout.ms.",
        );
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(settings: ProducerSettings, field: &str) {
        let problems = settings.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(field), "{problems:?}");
    }

    #[test]
    fn the_defaults_are_idempotent_and_without_conflict() {
        let settings = ProducerSettings::default();
        assert!(settings.problems().is_empty());
        assert!(settings.idempotent());
    }

    #[test]
    fn idempotence_that_nobody_asked_for_gives_way() {
        let base = ProducerSettings::default();
        for settings in [
            ProducerSettings {
                retries: 0,
                ..base.clone()
            },
            ProducerSettings {
                acks: Acks::One,
                ..base.clone()
            },
            ProducerSettings {
                acks: Acks::Zero,
                max_in_flight: 9,
                ..base
            },
        ] {
            assert!(settings.problems().is_empty());
            assert!(!settings.idempotent());
        }
    }

    #[test]
    fn idempotence_that_was_asked_for_is_a_conflict() {
        let base = ProducerSettings {
            enable_idempotence: Some(true),
            ..Default::default()
        };
        named(
            ProducerSettings {
                retries: 0,
                ..base.clone()
            },
            "retries",
        );
        named(
            ProducerSettings {
                acks: Acks::One,
                ..base
            },
            "acks",
        );
    }

    #[test]
    fn more_than_five_in_flight_is_a_conflict_even_by_default() {
        let settings = ProducerSettings {
            max_in_flight: 6,
            ..Default::default()
        };
        named(settings.clone(), "max.in.flight.requests.per.connection");
        let off = ProducerSettings {
            enable_idempotence: Some(false),
            ..settings
        };
        assert!(off.problems().is_empty());
    }

    #[test]
    fn transactions_need_idempotence() {
        let base = ProducerSettings {
            transactional_id: Some(1),
            ..Default::default()
        };
        assert!(base.problems().is_empty());
        named(
            ProducerSettings {
                acks: Acks::One,
                ..base
            },
            "transactional.id",
        );
    }

    #[test]
    fn the_delivery_timeout_covers_linger_and_request() {
        let base = ProducerSettings {
            request_timeout: 200_000_000,
            ..Default::default()
        };
        assert_eq!(base.effective_delivery_timeout(), 200_005_000);
        named(
            ProducerSettings {
                delivery_timeout: Some(200_004_999),
                ..base.clone()
            },
            "delivery.timeout.ms",
        );
        let exact = ProducerSettings {
            delivery_timeout: Some(200_005_000),
            ..base
        };
        assert!(exact.problems().is_empty());
    }
}
