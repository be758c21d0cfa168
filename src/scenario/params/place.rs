//! Where in a scenario a parameter's value lives, and what its raw form is.

use crate::scenario::*;

/// Reads and writes the raw value of one parameter. The index counts services, producers or topics.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// `None` where the scenario has no such thing.
    pub(super) get: fn(&Scenario, usize) -> Option<u64>,
    /// Does nothing where the scenario has no such thing.
    pub(super) set: fn(&mut Scenario, usize, u64),
}

/// A value with a raw form. `from_raw` is given values that the parameter's kind allows.
pub(super) trait Raw: Sized {
    fn raw(&self) -> u64;
    fn from_raw(raw: u64) -> Self;
}

macro_rules! raw_number {
    ($($type:ty),*) => {$(
        impl Raw for $type {
            fn raw(&self) -> u64 {
                u64::from(*self)
            }
            fn from_raw(raw: u64) -> Self {
                raw.try_into().unwrap_or(<$type>::MAX)
            }
        }
    )*};
}
raw_number!(u32, u64);

impl Raw for bool {
    fn raw(&self) -> u64 {
        u64::from(*self)
    }
    fn from_raw(raw: u64) -> Self {
        raw != 0
    }
}

impl Raw for Ratio {
    fn raw(&self) -> u64 {
        u64::from(self.0)
    }
    fn from_raw(raw: u64) -> Self {
        Ratio(raw.min(1_000_000) as u32)
    }
}

impl Raw for Span {
    fn raw(&self) -> u64 {
        self.0
    }
    fn from_raw(raw: u64) -> Self {
        Span(raw)
    }
}

/// Names of an enum's values, in the order of their raw forms.
macro_rules! raw_names {
    ($type:ident: $names:ident = $($name:literal $value:ident),+ $(,)?) => {
        pub(super) const $names: &[&str] = &[$($name),+];

        impl Raw for $type {
            fn raw(&self) -> u64 {
                const VALUES: &[$type] = &[$($type::$value),+];
                VALUES.iter().position(|value| value == self).unwrap_or(0) as u64
            }
            fn from_raw(raw: u64) -> Self {
                const VALUES: &[$type] = &[$($type::$value),+];
                VALUES[(raw as usize).min(VALUES.len() - 1)]
            }
        }
    };
}
raw_names!(Acks: ACKS = "0" None, "1" Leader, "all" All);
raw_names!(Guarantee: GUARANTEES =
    "at-most-once" AtMostOnce,
    "at-least-once" AtLeastOnce,
    "at-least-once-idempotent" AtLeastOnceIdempotent,
    "exactly-once" ExactlyOnce,
);
raw_names!(CommitWhen: COMMITS =
    "before" Before,
    "after-each" AfterEach,
    "after-batch" AfterBatch,
    "auto" Auto,
    "never" Never,
);
raw_names!(Idempotency: IDEMPOTENCIES =
    "none" None,
    "table-checked" TableChecked,
    "same-transaction" SameTransaction,
    "unique-constraint" UniqueConstraint,
    "idempotency-key" IdempotencyKey,
    "natural" Natural,
    "stored-offset" StoredOffset,
    "kafka-transaction" KafkaTransaction,
);
raw_names!(OnFailure: ON_FAILURE = "block" Block, "skip" Skip, "dead-letter" DeadLetter);
raw_names!(Early: EARLY = "process" Process, "wait" Wait, "retry" Retry);
raw_names!(Assignor: ASSIGNORS =
    "range" Range,
    "round-robin" RoundRobin,
    "sticky" Sticky,
    "cooperative-sticky" CooperativeSticky,
);
raw_names!(OffsetReset: RESETS = "earliest" Earliest, "latest" Latest);

pub(super) fn whole(s: &Scenario, _: usize) -> Option<&Scenario> {
    Some(s)
}
pub(super) fn whole_mut(s: &mut Scenario, _: usize) -> Option<&mut Scenario> {
    Some(s)
}
pub(super) fn producer(s: &Scenario, i: usize) -> Option<&Producer> {
    s.producers.get(i)
}
pub(super) fn producer_mut(s: &mut Scenario, i: usize) -> Option<&mut Producer> {
    s.producers.get_mut(i)
}
pub(super) fn service(s: &Scenario, i: usize) -> Option<&Service> {
    s.services.get(i)
}
pub(super) fn service_mut(s: &mut Scenario, i: usize) -> Option<&mut Service> {
    s.services.get_mut(i)
}

/// The settings of topic `i`, if it is a channel of this kind.
macro_rules! channel {
    ($get:ident, $get_mut:ident: $settings:ident = $($kind:ident)|+) => {
        pub(super) fn $get(s: &Scenario, i: usize) -> Option<&$settings> {
            match &s.topics.get(i)?.channel {
                $(Channel::$kind(settings))|+ => Some(settings),
                _ => None,
            }
        }
        pub(super) fn $get_mut(s: &mut Scenario, i: usize) -> Option<&mut $settings> {
            match &mut s.topics.get_mut(i)?.channel {
                $(Channel::$kind(settings))|+ => Some(settings),
                _ => None,
            }
        }
    };
}
channel!(log, log_mut: LogChannel = Log);
channel!(lease, lease_mut: LeaseChannel = Lease | Sns);
channel!(amqp, amqp_mut: AmqpChannel = Amqp);
channel!(pubsub, pubsub_mut: PubSubChannel = PubSub);

#[cfg(test)]
mod tests {
    use super::*;

    fn names_agree<T: Raw + serde::Serialize>(names: &[&str]) {
        for (raw, name) in names.iter().enumerate() {
            let value = T::from_raw(raw as u64);
            assert_eq!(serde_json::to_value(&value).unwrap(), **name);
            assert_eq!(value.raw(), raw as u64);
        }
    }

    #[test]
    fn links_and_files_use_the_same_names() {
        names_agree::<Acks>(ACKS);
        names_agree::<Guarantee>(GUARANTEES);
        names_agree::<CommitWhen>(COMMITS);
        names_agree::<Idempotency>(IDEMPOTENCIES);
        names_agree::<OnFailure>(ON_FAILURE);
        names_agree::<Early>(EARLY);
        names_agree::<Assignor>(ASSIGNORS);
        names_agree::<OffsetReset>(RESETS);
    }
}
