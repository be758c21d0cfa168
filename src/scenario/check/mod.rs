//! Whether a scenario can be run: every problem at once, before anything is built from it.

mod clients;
mod faults;

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
    for producer in &scenario.producers {
        problems.producer(scenario, producer);
    }
    for service in &scenario.services {
        problems.service(scenario, service);
    }
    problems.placed(scenario);
    problems.requires(scenario);
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
        for service in &s.services {
            for (i, name) in service.topics.iter().enumerate() {
                self.unless(!service.topics[..i].contains(name), "topics", || {
                    format!("`{}` reads `{name}` twice; once is enough.", service.name)
                });
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
        if s.topics.is_empty() {
            return; // said already
        }
        self.unless(s.topic(name).is_some(), "topics", || {
            let known: Vec<&str> = s.topics.iter().map(|topic| topic.name.as_str()).collect();
            format!(
                "{who} `{name}`, which is no topic; there is {}.",
                problem::listed(&known)
            )
        });
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

    /// A service that is asked for and not there is no mistake: it may have been renamed or taken out. The requirement
    /// is then not met, and says so.
    fn requires(&mut self, s: &Scenario) {
        for requirement in &s.requires {
            if let Rule::Figures(expects) = &requirement.rule {
                for expect in expects {
                    self.figure("requires", expect);
                }
            }
        }
    }

    fn expects(&mut self, s: &Scenario) {
        for expect in &s.expects {
            if !expect.service.is_empty() {
                self.service_name(s, "expects", &expect.service);
            }
            self.figure("expects", expect);
        }
    }

    fn figure(&mut self, field: &str, expect: &Expect) {
        let figures = if expect.service.is_empty() {
            PRODUCER_FIGURES
        } else {
            SERVICE_FIGURES
        };
        for (word, known) in [(&expect.figure, figures), (&expect.is, COMPARISONS)] {
            if !known.contains(&word.as_str()) {
                let allowed = problem::listed(known);
                self.0.push(Problem::not_allowed(field, word, allowed));
            }
        }
    }
}

impl Scenario {
    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }
}

#[cfg(test)]
mod tests;
