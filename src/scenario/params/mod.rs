//! The parameters of a scenario: one table from which the page's controls, links, `--set` and the docs come.
//!
//! A scenario-wide parameter has a plain name (`loss`). One of a service is written `payment.serviceTime`: the
//! service's name in lower case, other characters as `-`. Names are read in any case, and by the real systems'
//! names too (`enable.idempotence`, `payment.max.poll.records`). A parameter of producers or topics is read from the
//! first that has it and set on all.

mod kind;
mod place;
mod table;

use std::fmt;

pub use kind::Kind;
pub(super) use kind::{decimal, flag};
use place::Place;

use super::problem::Problem;
use super::{Scenario, Service};

/// Where a parameter belongs in the page's controls and in the docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What goes wrong, and how long the way takes.
    Fails,
    /// Each service.
    Service,
    /// The broker, its topics, queues and channels.
    Broker,
    /// The messages and who publishes them.
    Producer,
    /// The run itself.
    More,
}

impl Group {
    /// All, in the order in which they are shown.
    pub const ALL: [Group; 5] = [
        Group::Fails,
        Group::Service,
        Group::Broker,
        Group::Producer,
        Group::More,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Fails => "What fails",
            Group::Service => "Services",
            Group::Broker => "Broker",
            Group::Producer => "Producer",
            Group::More => "The run",
        }
    }
}

/// What a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole scenario.
    Scenario,
    /// Each service by its name.
    Service,
    /// All producers alike.
    Producer,
    /// All topics of a kind alike.
    Topic,
}

/// One row of the table.
pub struct Param {
    /// Its name, without a service.
    pub name: &'static str,
    /// Other names it is read by: the real systems' first.
    pub also: &'static [&'static str],
    /// What a control is labelled with.
    pub label: &'static str,
    /// What follows a value in running text: `5 percent` "of requests lost".
    pub words: &'static str,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// Where it is shown.
    pub group: Group,
    /// What it belongs to.
    pub scope: Scope,
    /// What values it takes.
    pub kind: Kind,
    /// Whether it may change while the run goes on; otherwise a change starts the run again.
    pub live: bool,
    place: Place,
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A parameter of a certain scenario: a row of the table and, where it is one of a service, which.
#[derive(Clone, Copy, Debug)]
pub struct Handle {
    /// The row.
    pub param: &'static Param,
    /// The service's index in [`Scenario::services`].
    pub service: Option<usize>,
}

/// Every row of the table, in the order of the docs.
pub fn all() -> impl Iterator<Item = &'static Param> {
    table::TABLE.iter().copied().flatten()
}

/// Every parameter that this scenario has, in the order of the table: each service has its own of a row.
pub fn of(scenario: &Scenario) -> Vec<Handle> {
    all()
        .flat_map(|param| {
            let services = match param.scope {
                Scope::Service => scenario.services.len(),
                _ => 0,
            };
            let one = (param.scope != Scope::Service).then_some(None);
            one.into_iter()
                .chain((0..services).map(Some))
                .map(move |service| Handle { param, service })
        })
        .filter(|handle| handle.raw(scenario).is_some())
        .collect()
}

/// The parameter of this name, in any case.
///
/// # Errors
/// A [`Problem`] that names what is near, or says that this scenario has no such thing.
pub fn find(scenario: &Scenario, name: &str) -> Result<Handle, Problem> {
    look_up(scenario, name).map_err(|problem| {
        problem.unwrap_or_else(|| {
            let names = names(scenario);
            Problem::unknown("parameter", name, names.iter().map(String::as_str))
        })
    })
}

/// The names of all parameters of this scenario.
pub(super) fn names(scenario: &Scenario) -> Vec<String> {
    of(scenario)
        .iter()
        .map(|handle| handle.name(scenario))
        .collect()
}

/// As [`find`]; the error is nothing for a name that no parameter has anywhere.
pub(super) fn look_up(scenario: &Scenario, name: &str) -> Result<Handle, Option<Problem>> {
    let plain = all().find(|param| param.scope != Scope::Service && param.answers_to(name));
    if let Some(param) = plain {
        let handle = Handle {
            param,
            service: None,
        };
        return match handle.raw(scenario) {
            Some(_) => Ok(handle),
            None => Err(Some(Problem::sentence(
                param.name,
                format!(
                    "`{}` belongs to something that this scenario does not have.",
                    param.name
                ),
            ))),
        };
    }
    let (owner, rest) = name.split_once('.').ok_or(None)?;
    let param = all()
        .find(|param| param.scope == Scope::Service && param.answers_to(rest))
        .ok_or(None)?;
    let owners: Vec<String> = scenario
        .services
        .iter()
        .map(|service| slug(&service.name))
        .collect();
    match owners.iter().position(|known| *known == slug(owner)) {
        Some(service) => Ok(Handle {
            param,
            service: Some(service),
        }),
        None => Err(Some(Problem::unknown(
            "service",
            owner,
            owners.iter().map(String::as_str),
        ))),
    }
}

/// Sets a parameter by name from text, as links and `--set` do.
///
/// # Errors
/// A [`Problem`], and then nothing has changed.
pub fn set(scenario: &mut Scenario, name: &str, text: &str) -> Result<(), Problem> {
    find(scenario, name)?.set(scenario, text)
}

/// A parameter's value as text; `None` where the scenario has no such parameter.
pub fn get(scenario: &Scenario, name: &str) -> Option<String> {
    Some(find(scenario, name).ok()?.text(scenario))
}

/// A service's name as links, `--set` and reports write it: in lower case, with `-` for everything that is
/// neither letter nor digit.
pub fn slug(name: &str) -> String {
    // Letters beyond ASCII stay as they are: the tables of their cases are larger than all parameters together.
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => c,
        _ => '-',
    };
    name.to_ascii_lowercase().chars().map(letter).collect()
}

impl Param {
    fn answers_to(&self, name: &str) -> bool {
        let mut names = std::iter::once(&self.name).chain(self.also);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// How many services, producers or topics its index counts.
    fn places(&self, scenario: &Scenario) -> usize {
        match self.scope {
            Scope::Scenario => 1,
            Scope::Service => scenario.services.len(),
            Scope::Producer => scenario.producers.len(),
            Scope::Topic => scenario.topics.len(),
        }
    }

    /// Every raw value it has in a scenario, with the index of its service, producer or topic.
    pub(super) fn values(&self, scenario: &Scenario) -> impl Iterator<Item = (usize, u64)> {
        (0..self.places(scenario)).filter_map(|i| Some((i, (self.place.get)(scenario, i)?)))
    }
}

impl Handle {
    fn owner<'a>(&self, scenario: &'a Scenario) -> Option<&'a Service> {
        scenario.services.get(self.service?)
    }

    /// Whether both are the same parameter of the same thing.
    pub fn is(&self, other: &Handle) -> bool {
        std::ptr::eq(self.param, other.param) && self.service == other.service
    }

    /// Its place in the table: a guarantee stands before the settings that it sets.
    pub fn rank(&self) -> Option<usize> {
        all().position(|param| std::ptr::eq(param, self.param))
    }

    /// Its whole name: `loss`, `payment.serviceTime`.
    pub fn name(&self, scenario: &Scenario) -> String {
        match self.owner(scenario) {
            Some(service) => format!("{}.{}", slug(&service.name), self.param.name),
            None => self.param.name.into(),
        }
    }

    /// The raw value (see [`Kind`]); `None` where the scenario has no such thing.
    pub fn raw(&self, scenario: &Scenario) -> Option<u64> {
        match self.service {
            Some(service) => (self.param.place.get)(scenario, service),
            None => self.param.values(scenario).next().map(|(_, raw)| raw),
        }
    }

    /// Whether two scenarios have the same here: for producers and topics, each of them.
    pub fn same(&self, one: &Scenario, other: &Scenario) -> bool {
        match self.service {
            Some(_) => self.raw(one) == self.raw(other),
            None => self.param.values(one).eq(self.param.values(other)),
        }
    }

    /// The value as text that [`Handle::set`] reads again; empty where the scenario has no such thing.
    pub fn text(&self, scenario: &Scenario) -> String {
        self.raw(scenario)
            .map(|raw| self.param.kind.text(raw))
            .unwrap_or_default()
    }

    /// A value in words with its unit, as for `aria-valuetext`: "5 percent of requests lost".
    pub fn words(&self, raw: u64) -> String {
        let (value, words) = (self.param.kind.words(raw), self.param.words);
        let zero = match self.param.kind {
            Kind::Span { zero, .. } | Kind::Count { zero, .. } => zero.filter(|_| raw == 0),
            _ => None,
        };
        match (zero, self.param.kind) {
            (Some(word), _) => format!("{}: {word}", self.param.label),
            (None, Kind::Flag | Kind::Choice(_) | Kind::Seed) => {
                format!("{}: {value}", self.param.label)
            }
            _ => format!("{value} {words}"),
        }
    }

    /// Sets the value from text.
    ///
    /// # Errors
    /// A [`Problem`] that says what is allowed, and then nothing has changed.
    pub fn set(&self, scenario: &mut Scenario, text: &str) -> Result<(), Problem> {
        let kind = self.param.kind;
        let raw = kind
            .parse(text)
            .ok_or_else(|| Problem::not_allowed(&self.name(scenario), text, kind.allowed()))?;
        self.put(scenario, raw);
        Ok(())
    }

    /// Sets the raw value, as a slider does.
    ///
    /// # Errors
    /// A [`Problem`] that says what is allowed, and then nothing has changed.
    pub fn set_raw(&self, scenario: &mut Scenario, raw: u64) -> Result<(), Problem> {
        let kind = self.param.kind;
        if !kind.allows(raw) {
            return Err(Problem::not_allowed(
                &self.name(scenario),
                &kind.text(raw),
                kind.allowed(),
            ));
        }
        self.put(scenario, raw);
        Ok(())
    }

    fn put(&self, scenario: &mut Scenario, raw: u64) {
        let places = match self.service {
            Some(service) => service..service + 1,
            None => 0..self.param.places(scenario),
        };
        for i in places {
            (self.param.place.set)(scenario, i, raw);
        }
    }
}

#[cfg(test)]
mod tests;
