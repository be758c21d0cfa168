//! The setting that would have prevented an anomaly: tried on the same weather, never asserted.

use serde::Serialize;

use super::cause::{Weight, is_loss};
use super::named::by_name;
use super::past::Past;
use super::replay::Case;
use crate::scenario::{
    Channel, CommitWhen, EffectKind, Guarantee, Idempotency, Scenario, Service, Span, check, params,
};
use crate::trace::{Event, Kind};
use crate::verdict::AnomalyKind;
use crate::verdict::{Report, ServiceReport};

/// A parameter by its name in links and for `--set`, and the value it should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name: `idempotence`, `payment.guarantee`.
    pub name: String,
    /// The value, as text.
    pub value: String,
}

/// Settings under which the same weather does not lead to the anomaly, nor to more broken promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cure {
    /// One, or a few that only help together.
    pub settings: Vec<Setting>,
}

/// Settings that belong together.
type Try = Vec<(String, String)>;

/// The first of the settings that could help which does help.
pub(super) fn find(past: &mut Past, chain: &[Event], weight: Weight) -> Option<Cure> {
    let named = by_name(past.case).ok()?;
    let scenario = &named.scenario;
    let problems = check(scenario).len();
    for settings in tries(past, chain, weight) {
        let Some(changed) = with(scenario, &settings) else {
            continue;
        };
        if check(&changed).len() > problems {
            continue;
        }
        if helps(past, &named, changed) {
            let setting = |(name, value)| Setting { name, value };
            return Some(Cure {
                settings: settings.into_iter().map(setting).collect(),
            });
        }
    }
    None
}

/// The scenario with these settings; `None` if that changes nothing, or one of them is not there.
fn with(scenario: &Scenario, settings: &Try) -> Option<Scenario> {
    let mut changed = scenario.clone();
    for (name, value) in settings {
        params::set(&mut changed, name, value).ok()?;
    }
    (changed != *scenario).then_some(changed)
}

fn helps(past: &mut Past, named: &Case, changed: Scenario) -> bool {
    let scenario = &past.case.scenario;
    let promises: Vec<Guarantee> = scenario.services.iter().map(|s| s.guarantee).collect();
    let case = Case {
        scenario: changed,
        ..named.clone()
    };
    let Ok(replay) = case.start() else {
        return false;
    };
    let (happens, before, after) = past.happens_otherwise(replay);
    !happens && keeps(&before, &after, &promises) && meets(scenario, &before, &after)
}

/// Whether no service breaks its promise more often than before, or falls far behind.
fn keeps(before: &Report, after: &Report, promises: &[Guarantee]) -> bool {
    let services = before.services.iter().zip(&after.services).zip(promises);
    let worse = |(b, a): (&ServiceReport, &ServiceReport), promise: &Guarantee| {
        (promise.forbids_loss() && a.lost_acknowledged > b.lost_acknowledged)
            || (promise.forbids_duplicates() && a.duplicated > b.duplicated)
            || a.pending > b.pending + b.published / 5 + 5
    };
    let mut services = services;
    !services.any(|(pair, promise)| worse(pair, promise))
}

/// Whether what was required and met still is: the order of a user's messages, for one.
fn meets(scenario: &Scenario, before: &Report, after: &Report) -> bool {
    let pairs = before.requirements(scenario).into_iter();
    let mut pairs = pairs.zip(after.requirements(scenario));
    pairs.all(|(before, after)| after.met || !before.met)
}

/// What could help, from cheap to dear.
fn tries(past: &Past, chain: &[Event], weight: Weight) -> Vec<Try> {
    let scenario = &past.case.scenario;
    let anomaly = past.anomaly;
    let service = anomaly
        .service
        .and_then(|s| scenario.services.get(usize::from(s)));
    let mut tries = Tries {
        all: Vec::new(),
        service: service.map_or(String::new(), |s| params::slug(&s.name)),
    };
    use AnomalyKind::*;
    match anomaly.kind {
        FalseRepeat => tries.against_false_repeats(scenario, service, chain),
        kind if is_loss(kind) => tries.against_loss(scenario, service, chain),
        DuplicateEffect | Duplicate | DeadLetteredAfterEffect => {
            tries.against_repeats(scenario, service, chain, weight);
        }
        OutOfOrderEffect => tries.against_disorder(service),
        G1a => tries.own("readCommitted", "true"),
        InconsistentOffsets => tries.replication(),
        StaleCommit => {
            tries.against_expulsion();
            tries.leases();
        }
        _ => tries.against_jumps(),
    }
    tries.all
}

struct Tries {
    all: Vec<Try>,
    /// The service's name as parameters are written.
    service: String,
}

impl Tries {
    fn general(&mut self, name: &str, value: &str) {
        self.all.push(vec![(name.into(), value.into())]);
    }

    fn own(&mut self, name: &str, value: &str) {
        let name = format!("{}.{name}", self.service);
        self.all.push(vec![(name, value.into())]);
    }

    fn against_loss(&mut self, scenario: &Scenario, service: Option<&Service>, chain: &[Event]) {
        let any = |test: fn(&Kind) -> bool| chain.iter().any(|event| test(&event.kind));
        let stored = any(|k| matches!(k, Kind::Appended { .. } | Kind::Enqueued { .. }));
        let truncated = any(|k| matches!(k, Kind::Truncated { .. } | Kind::Elected { .. }));
        if !stored {
            self.by_the_producer();
        }
        if truncated {
            self.replication();
        }
        if any(|k| matches!(k, Kind::Expired { .. })) {
            self.general("retention", "10000000");
        }
        if any(|k| matches!(k, Kind::Dropped { .. } | Kind::Failed { .. })) {
            self.own("onFailure", "dead-letter");
            self.general("deadLetter", "true");
            self.own("attempts", "10");
        }
        for (name, value) in [
            ("maxLength", "0"),
            ("ttl", "0"),
            ("outputBuffer", "1000000"),
        ] {
            self.general(name, value);
        }
        if let Some(service) = service {
            self.own("startAt", "0ms");
            self.own("offsetReset", "earliest");
            self.promises(service, scenario, Guarantee::AtLeastOnce);
            if any(|k| {
                matches!(
                    k,
                    Kind::Subscribed {
                        connected: false,
                        ..
                    }
                )
            }) {
                self.pace(scenario, service);
            }
        }
        if stored {
            self.replication();
            self.general("quorum", "true");
        }
    }

    /// Less work for a message than there is time between two.
    fn pace(&mut self, scenario: &Scenario, service: &Service) {
        let between = 1_000_000 / u64::from(scenario.load.rate.max(1));
        let time = Span(between * 4 / 5);
        if time < service.service_time {
            self.own("serviceTime", &time.to_string());
        }
    }

    /// An id that was written before the effect, or by another instance that is still at it.
    fn against_false_repeats(
        &mut self,
        scenario: &Scenario,
        service: Option<&Service>,
        chain: &[Event],
    ) {
        if let Some(service) = service {
            self.own("idempotency", own_idempotency(service.effect));
        }
        self.against_expulsion();
        self.against_loss(scenario, service, chain);
    }

    /// A consumer that goes on elsewhere than behind its last record: put back by a failure, or by its group.
    fn against_jumps(&mut self) {
        self.own("attempts", "10");
        self.own("onFailure", "dead-letter");
        self.against_expulsion();
        self.replication();
    }

    fn by_the_producer(&mut self) {
        self.general("retries", "2147483647");
        self.general("acks", "all");
        self.general("deliveryTimeout", "2min");
        self.all.push(vec![
            ("retries".into(), "2147483647".into()),
            ("deliveryTimeout".into(), "2min".into()),
        ]);
        self.all.push(vec![
            ("acks".into(), "all".into()),
            ("retries".into(), "2147483647".into()),
        ]);
        self.all.push(never_twice());
        self.general("resend", "true");
    }

    fn replication(&mut self) {
        self.general("acks", "all");
        self.general("uncleanElection", "false");
        self.general("minInsync", "2");
        self.all.push(vec![
            ("acks".into(), "all".into()),
            ("minInsync".into(), "2".into()),
        ]);
        self.all.push(vec![
            ("uncleanElection".into(), "false".into()),
            ("acks".into(), "all".into()),
            ("minInsync".into(), "2".into()),
        ]);
    }

    fn against_repeats(
        &mut self,
        scenario: &Scenario,
        service: Option<&Service>,
        chain: &[Event],
        weight: Weight,
    ) {
        let copies = chain.iter().any(|event| {
            matches!(event.kind, Kind::Appended { copy, .. } | Kind::Enqueued { copy, .. } if copy > 1)
        });
        if copies {
            self.general("idempotence", "true");
            self.general("resend", "false");
            self.general("fifo", "true");
        }
        // Without a fault it is a span that is too short, not a promise that is too weak.
        if weight == Weight::NoneNeeded {
            self.leases();
        }
        if let Some(service) = service {
            self.by_the_service(scenario, service);
        }
        if copies {
            self.all.push(never_twice());
        }
    }

    fn by_the_service(&mut self, scenario: &Scenario, service: &Service) {
        if service.commit == CommitWhen::Never {
            self.own("commit", "after-batch");
        }
        if service.memory > 0 {
            self.own("memory", "0");
        }
        if service.memory_for.0 > 0 {
            self.own("memoryFor", "0");
        }
        self.promises(service, scenario, Guarantee::AtLeastOnceIdempotent);
        self.own("idempotency", own_idempotency(service.effect));
        self.leases();
    }

    fn leases(&mut self) {
        self.own("extendLease", "true");
        self.general("visibilityTimeout", "30s");
        self.own("maxPoll", "1");
        self.against_expulsion();
    }

    fn against_expulsion(&mut self) {
        self.own("maxPollInterval", "5min");
        self.own("sessionTimeout", "45s");
    }

    fn against_disorder(&mut self, service: Option<&Service>) {
        self.general("keyed", "true");
        self.general("growAt", "never");
        self.general("idempotence", "true");
        self.general("inFlight", "1");
        self.general("fifo", "true");
        self.general("maxReceiveCount", "10");
        if service.is_some() {
            self.own("onFailure", "block");
            self.own("maxPoll", "1");
            self.own("early", "wait");
            self.own("instances", "1");
        }
    }

    /// The settings its promise is a name for, if some differ from them; then the stronger promises.
    fn promises(&mut self, service: &Service, scenario: &Scenario, least: Guarantee) {
        let (commit, idempotency) = service.guarantee.bundle(service.effect);
        if service.guarantee >= least
            && (service.commit, service.idempotency) != (commit, idempotency)
        {
            if service.commit != commit && service.commit != CommitWhen::AfterEach {
                self.own("commit", "after-batch");
            }
            self.own("guarantee", service.guarantee.slug());
        }
        let stronger = Guarantee::ALL
            .into_iter()
            .filter(|g| *g >= least && *g > service.guarantee);
        for guarantee in stronger {
            self.own("guarantee", guarantee.slug());
            // A queue has no transaction over its messages, but the effect's own store may have one.
            if guarantee == Guarantee::AtLeastOnceIdempotent && !reads_log(scenario, service) {
                self.own("idempotency", own_idempotency(service.effect));
            }
        }
    }
}

/// A producer that sends until it is answered, and whose repeats are recognised.
fn never_twice() -> Try {
    let settings = [
        ("acks", "all"),
        ("retries", "2147483647"),
        ("idempotence", "true"),
    ];
    settings
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

fn reads_log(scenario: &Scenario, service: &Service) -> bool {
    let topic = service.topics.first().and_then(|name| scenario.topic(name));
    matches!(topic.map(|t| &t.channel), Some(Channel::Log(_)))
}

/// What recognises repeats of an effect without a gap, as far as anything does.
fn own_idempotency(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Charge => "idempotency-key",
        EffectKind::Stock | EffectKind::Count => "same-transaction",
        EffectKind::Mail | EffectKind::Push => "idempotency-key",
        EffectKind::Record => "kafka-transaction",
    }
}

/// Whether an effect takes place where no transaction of the lab reaches.
pub fn is_outside(service: &Service) -> bool {
    matches!(
        service.effect,
        EffectKind::Charge | EffectKind::Mail | EffectKind::Push
    ) && service.idempotency != Idempotency::IdempotencyKey
}
