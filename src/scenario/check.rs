//! Whether a scenario can be run: every problem at once, before anything is built from it.

use super::params::{self, Handle, slug};
use super::*;

/// The most services a scenario may have.
pub const MAX_SERVICES: usize = 8;
/// The most topics, queues and channels.
pub const MAX_TOPICS: usize = 6;
/// The most producers.
pub const MAX_PRODUCERS: usize = 4;

/// Figures of a service's verdict that an [`Expect`] may name.
pub const SERVICE_FIGURES: &[&str] = &[
    "published",
    "delivered",
    "processed",
    "effects",
    "lost",
    "lost_acknowledged",
    "duplicated",
    "out_of_order",
    "pending",
    "dead_lettered",
    "held",
    "p50",
    "p99",
];

/// Figures of the producers' side that an [`Expect`] without a service may name.
pub const PRODUCER_FIGURES: &[&str] = &["published", "acked", "gave_up"];

/// How an [`Expect`] may compare.
pub const COMPARISONS: &[&str] = &["=", ">=", "<=", ">", "<"];

/// Everything that is wrong with a scenario; nothing if it can be run.
pub fn check(scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Problems(Vec::new());
    problems.limits(scenario);
    problems.names(scenario);
    problems.ranges(scenario);
    problems.topics(scenario);
    problems.wiring(scenario);
    for service in &scenario.services {
        problems.service(scenario, service);
    }
    problems.placed(scenario);
    problems.expects(scenario);
    problems.0
}

struct Problems(Vec<Problem>);

impl Problems {
    /// Unless it is so, says the sentence about the field.
    fn unless(&mut self, so: bool, field: &str, sentence: impl FnOnce() -> String) {
        if !so {
            self.0.push(Problem::sentence(field, sentence()));
        }
    }

    fn limits(&mut self, s: &Scenario) {
        self.unless(s.version == 1, "version", || {
            format!(
                "This is a scenario of version {}; only version 1 is known.",
                s.version
            )
        });
        for (field, count, least, most) in [
            ("services", s.services.len(), 1, MAX_SERVICES),
            ("topics", s.topics.len(), 1, MAX_TOPICS),
            ("producers", s.producers.len(), 1, MAX_PRODUCERS),
        ] {
            self.unless((least..=most).contains(&count), field, || {
                format!("There are {count} {field}; allowed are {least} to {most}.")
            });
        }
    }

    fn names(&mut self, s: &Scenario) {
        let services: Vec<String> = s.services.iter().map(|x| slug(&x.name)).collect();
        let topics: Vec<String> = s.topics.iter().map(|x| x.name.clone()).collect();
        let producers: Vec<String> = s.producers.iter().map(|x| slug(&x.name)).collect();
        for (field, names) in [
            ("services", services),
            ("topics", topics),
            ("producers", producers),
        ] {
            for (i, name) in names.iter().enumerate() {
                self.unless(!name.trim().is_empty(), field, || {
                    format!("Number {} of the {field} has no name.", i + 1)
                });
                self.unless(!names[..i].contains(name), field, || {
                    format!("Two of the {field} are called `{name}`; each needs a name of its own.")
                });
            }
        }
    }

    fn ranges(&mut self, s: &Scenario) {
        for param in params::all() {
            for (i, raw) in param.values(s).filter(|&(_, raw)| !param.kind.allows(raw)) {
                let service = (param.scope == params::Scope::Service).then_some(i);
                let name = Handle { param, service }.name(s);
                self.0.push(Problem::not_allowed(
                    &name,
                    &param.kind.text(raw),
                    param.kind.allowed(),
                ));
            }
        }
    }

    fn topics(&mut self, s: &Scenario) {
        for topic in &s.topics {
            let Channel::Log(log) = &topic.channel else {
                continue;
            };
            let (name, brokers) = (&topic.name, s.cluster.brokers);
            self.unless(log.replication <= brokers, "replication", || {
                format!(
                    "`{name}` has {} copies of each partition, but there are only {brokers} brokers; \
                     allowed is a replication up to the number of brokers.",
                    log.replication
                )
            });
            self.unless(log.min_insync <= log.replication, "minInsync", || {
                format!(
                    "`{name}` needs {} copies in sync (min.insync.replicas), but has only {}; \
                     allowed is up to its replication.",
                    log.min_insync, log.replication
                )
            });
            let grows = log.grow_at.0 > 0;
            self.unless(!grows || log.grow_to > log.partitions, "growTo", || {
                format!(
                    "`{name}` is to grow to {} partitions, but has {} already; partitions can only be added.",
                    log.grow_to, log.partitions
                )
            });
        }
    }

    fn wiring(&mut self, s: &Scenario) {
        let readers = s.services.iter().map(|x| (&x.name, &x.topics, "reads"));
        let writers = s
            .producers
            .iter()
            .map(|x| (&x.name, &x.topics, "publishes to"));
        for (who, topics, does) in readers.chain(writers) {
            self.unless(!topics.is_empty(), "topics", || {
                format!("`{who}` {does} no topic; it needs at least one.")
            });
            for name in topics {
                self.topic(s, name, &format!("`{who}` {does}"));
            }
        }
        for service in s.services.iter().filter(|x| x.effect == EffectKind::Record) {
            self.topic(
                s,
                &service.output,
                &format!("The output of `{}` is", service.name),
            );
        }
    }

    fn topic(&mut self, s: &Scenario, name: &str, who: &str) {
        self.unless(s.topic(name).is_some(), "topics", || {
            let known: Vec<&str> = s.topics.iter().map(|topic| topic.name.as_str()).collect();
            format!(
                "{who} `{name}`, which is no topic; there is {}.",
                problem::listed(&known)
            )
        });
    }

    fn service(&mut self, s: &Scenario, service: &Service) {
        let name = slug(&service.name);
        let logs = |topic: &&Topic| matches!(topic.channel, Channel::Log(_));
        let topics: Vec<&Topic> = service
            .topics
            .iter()
            .filter_map(|name| s.topic(name))
            .collect();
        let on_log = topics.iter().all(logs);
        self.unless(on_log || !topics.iter().any(logs), "topics", || {
            format!("`{name}` reads a log and a queue; one service reads one kind.")
        });
        self.unless(service.heartbeat < service.session_timeout, &format!("{name}.heartbeat"), || {
            format!(
                "`{name}` sends a heartbeat every {}, but is out of the group after {} without one; \
                 heartbeat.interval.ms must be below session.timeout.ms.",
                service.heartbeat, service.session_timeout
            )
        });
        self.unless(
            on_log || service.commit != CommitWhen::Auto,
            &format!("{name}.commit"),
            || format!("`{name}` commits automatically, which only a log's consumer can."),
        );
        self.unless(
            on_log || !service.wait_for_order,
            &format!("{name}.waitForOrder"),
            || {
                format!("`{name}` waits for order, which only a log's consumer can: it holds back without a lease that runs out.")
            },
        );
        if let Some(reason) = contradiction(service, on_log) {
            let idempotency = params::get(s, &format!("{name}.idempotency")).unwrap_or_default();
            self.0.push(Problem::sentence(
                &format!("{name}.idempotency"),
                format!("`{name}` cannot have the idempotency `{idempotency}`: {reason}."),
            ));
        }
    }

    fn placed(&mut self, s: &Scenario) {
        for placed in &s.faults.placed {
            let (service, number, kind, most) = match placed {
                Placed::LoseRequest { message, .. }
                | Placed::LoseAck { message, .. }
                | Placed::Duplicate { message, .. } => (None, *message, "message", u64::MAX),
                Placed::LoseDelivery {
                    service, message, ..
                }
                | Placed::LoseCommit {
                    service, message, ..
                }
                | Placed::CrashAfter {
                    service, message, ..
                }
                | Placed::FailEffect {
                    service, message, ..
                }
                | Placed::Poison { service, message } => {
                    (Some(service), *message, "message", u64::MAX)
                }
                Placed::CrashConsumer {
                    service, instance, ..
                } => {
                    let known = s.services.iter().find(|x| x.name == *service);
                    let instances = known.map_or(u64::MAX, |x| x.instances.into());
                    (
                        Some(service),
                        u64::from(*instance) + 1,
                        "instance",
                        instances,
                    )
                }
                Placed::CrashBroker { broker, .. } | Placed::CutBroker { broker, .. } => (
                    None,
                    u64::from(*broker) + 1,
                    "broker",
                    s.cluster.brokers.into(),
                ),
                Placed::CrashProducer { producer, .. } => (
                    None,
                    u64::from(*producer) + 1,
                    "producer",
                    s.producers.len() as u64,
                ),
            };
            if let Some(service) = service {
                self.service_name(s, "faults.placed", service);
            }
            self.unless(
                (1..=most).contains(&number),
                "faults.placed",
                || match kind {
                    "message" => {
                        "A placed fault names message 0; messages are counted from 1.".into()
                    }
                    _ => format!(
                        "A placed fault names {kind} {} (from 0), but there are only {most}.",
                        number - 1
                    ),
                },
            );
        }
    }

    fn service_name(&mut self, s: &Scenario, field: &str, name: &str) {
        self.unless(s.services.iter().any(|x| x.name == name), field, || {
            let known: Vec<&str> = s.services.iter().map(|x| x.name.as_str()).collect();
            format!(
                "`{name}` is no service; there is {}.",
                problem::listed(&known)
            )
        });
    }

    fn expects(&mut self, s: &Scenario) {
        for expect in &s.expects {
            let figures = if expect.service.is_empty() {
                PRODUCER_FIGURES
            } else {
                self.service_name(s, "expects", &expect.service);
                SERVICE_FIGURES
            };
            for (word, known) in [(&expect.figure, figures), (&expect.is, COMPARISONS)] {
                if !known.contains(&word.as_str()) {
                    self.0.push(Problem::not_allowed(
                        "expects",
                        word,
                        problem::listed(known),
                    ));
                }
            }
        }
    }
}

/// Why a service's way to recognise repeats cannot work with its effect and its channel.
fn contradiction(service: &Service, on_log: bool) -> Option<&'static str> {
    use EffectKind::*;
    let in_database = matches!(service.effect, Stock | Count);
    let in_log = service.effect == Record;
    let after = matches!(
        service.commit,
        CommitWhen::AfterEach | CommitWhen::AfterBatch
    );
    match service.idempotency {
        Idempotency::None | Idempotency::TableChecked | Idempotency::UniqueConstraint => None,
        Idempotency::SameTransaction if in_log && !after => {
            Some("a log transaction commits the offsets itself, after a message or after a poll")
        }
        Idempotency::SameTransaction => (!in_database && !in_log)
            .then_some("its effect is outside any transaction the service can open"),
        Idempotency::StoredOffset if !on_log => Some("only a log has offsets to store"),
        Idempotency::StoredOffset => {
            (!in_database).then_some("its effect is outside the service's database")
        }
        Idempotency::IdempotencyKey => (!matches!(service.effect, Charge | Mail | Push)).then_some(
            "only another party (a card processor, a mail or push service) takes such keys",
        ),
        Idempotency::Natural => (!in_database).then_some(
            "its effect adds something each time; only a row of its database can be set instead",
        ),
        Idempotency::KafkaTransaction if !on_log => Some("only a log has such transactions"),
        Idempotency::KafkaTransaction => (!after).then_some(
            "a log transaction commits the offsets itself, after a message or after a poll",
        ),
    }
}

impl Scenario {
    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Scenario {
        Scenario {
            expects: Vec::new(),
            ..preset("order-processing").unwrap()
        }
    }

    #[track_caller]
    fn one_problem(change: impl FnOnce(&mut Scenario), words: &str) {
        let mut s = orders();
        change(&mut s);
        let problems = check(&s);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].sentence.contains(words), "{}", problems[0]);
    }

    #[test]
    fn every_preset_can_be_run() {
        for name in preset_names() {
            assert_eq!(check(&preset(name).unwrap()), [], "{name}");
        }
    }

    #[test]
    fn each_mistake_is_one_sentence() {
        let log = |s: &mut Scenario, change: fn(&mut LogChannel)| match &mut s.topics[0].channel {
            Channel::Log(settings) => change(settings),
            _ => unreachable!(),
        };
        one_problem(
            |s| s.services[2].topics = vec!["mails".into()],
            "`Notification` reads `mails`",
        );
        one_problem(|s| s.producers[0].topics.clear(), "publishes to no topic");
        one_problem(|s| log(s, |l| l.replication = 3), "only 2 brokers");
        one_problem(|s| log(s, |l| l.min_insync = 3), "min.insync.replicas");
        one_problem(
            |s| log(s, |l| (l.grow_at, l.grow_to) = (Span::s(1), 4)),
            "only be added",
        );
        one_problem(
            |s| log(s, |l| l.partitions = 13),
            "`partitions` cannot be `13`",
        );
        one_problem(
            |s| s.services[1].instances = 0,
            "`inventory.instances` cannot be `0`",
        );
        one_problem(|s| s.load.rate = 10_001, "`rate`");
        one_problem(
            |s| s.services[0].idempotency = Idempotency::SameTransaction,
            "outside any transaction",
        );
        one_problem(
            |s| s.services[1].idempotency = Idempotency::IdempotencyKey,
            "takes such keys",
        );
        one_problem(
            |s| s.services[0].heartbeat = Span::s(2),
            "session.timeout.ms",
        );
        one_problem(
            |s| s.services[3].name = "Payment".into(),
            "called `payment`",
        );
        one_problem(|s| s.version = 2, "version 2");
        one_problem(
            |s| {
                s.faults.placed.push(Placed::CrashBroker {
                    broker: 2,
                    at: Span(0),
                })
            },
            "broker 2 (from 0)",
        );
        one_problem(
            |s| {
                s.faults.placed.push(Placed::LoseAck {
                    message: 0,
                    attempt: 1,
                })
            },
            "counted from 1",
        );
        one_problem(
            |s| s.expects.push(expect("Payment", "loss", "=")),
            "`lost_acknowledged`",
        );
        one_problem(
            |s| s.expects.push(expect("Paymant", "lost", "=")),
            "is no service",
        );
        one_problem(|s| s.expects.push(expect("", "acked", "==")), "`>=`");
    }

    fn expect(service: &str, figure: &str, is: &str) -> Expect {
        let (service, figure, is) = (service.into(), figure.into(), is.into());
        Expect {
            service,
            figure,
            is,
            value: 0,
        }
    }

    #[test]
    fn all_problems_come_at_once() {
        let mut s = orders();
        let one = s.services[0].clone();
        s.services = (0..9)
            .map(|i| Service {
                name: format!("S{i}"),
                ..one.clone()
            })
            .collect();
        s.load.rate = 0;
        s.faults.latency = Span::s(61);
        assert_eq!(check(&s).len(), 3);
        assert_eq!(
            check(&Scenario::default()).len(),
            3,
            "no services, topics, producers"
        );
    }

    #[test]
    fn a_queue_has_no_offsets_and_no_transactions() {
        let mut s = orders();
        s.topics[0].channel = Channel::Lease(LeaseChannel::default());
        assert_eq!(check(&s), []);
        s.services[0].promise(Guarantee::ExactlyOnce);
        s.services[1].promise(Guarantee::ExactlyOnce);
        s.services[2].commit = CommitWhen::Auto;
        assert_eq!(check(&s).len(), 3);
    }
}
