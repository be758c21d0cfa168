//! With whom the figure talks: who said hello first, from an origin that is allowed.

use serde_json::Value;

use super::message::{self, Command, Request};
use crate::scenario::Problem;

/// An opaque origin, as browsers write it.
const OPAQUE: &str = "null";

/// What to do about a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Nothing: it is not for us, or not from whom we talk with.
    Ignore,
    /// Say this to the host page.
    Say(Value),
    /// Do this, then answer.
    Do(Request),
}

/// Who may talk, who talks, and what about.
#[derive(Clone, Debug, Default)]
pub struct Session {
    allowed: Vec<String>,
    pinned: Option<String>,
    wanted: Vec<&'static str>,
}

impl Session {
    /// Nobody has said hello yet. Without allowed origins anyone may be the first.
    pub fn new(allowed: &[String]) -> Session {
        Session {
            allowed: allowed.to_vec(),
            ..Session::default()
        }
    }

    /// Whether messages from this origin are read at all, before their content is looked at.
    pub fn hears(&self, from_parent: bool, origin: &str) -> bool {
        let allowed =
            self.allowed.is_empty() || self.allowed.iter().any(|a| a.eq_ignore_ascii_case(origin));
        let same = self.pinned.as_ref().is_none_or(|pinned| pinned == origin);
        from_parent && allowed && same
    }

    /// Reads a message as JSON. The first hello decides with whom the figure talks.
    pub fn receive(&mut self, from_parent: bool, origin: &str, text: &str) -> Answer {
        if !self.hears(from_parent, origin) {
            return Answer::Ignore;
        }
        let request = match message::parse(text) {
            None => return Answer::Ignore,
            Some(Err((id, problem))) => return self.refuse(&id, &problem),
            Some(Ok(request)) => request,
        };
        match &request.command {
            Command::Hello(events) => {
                self.pinned = Some(origin.to_owned());
                self.wanted = events.clone();
            }
            _ if self.pinned.is_none() => return Answer::Ignore,
            Command::Subscribe(events) => self.wanted = events.clone(),
            _ => {}
        }
        Answer::Do(request)
    }

    /// To those we talk with only, by the id they gave or as news.
    fn refuse(&self, id: &Value, problem: &Problem) -> Answer {
        if self.pinned.is_none() {
            return Answer::Ignore;
        }
        Answer::Say(match id {
            Value::Null => message::event("error", message::detail(problem)),
            id => message::reply(id, Err(problem)),
        })
    }

    /// Where answers and news go; `None` before hello. An opaque origin cannot be named.
    pub fn target(&self) -> Option<&str> {
        match self.pinned.as_deref() {
            Some(OPAQUE) => Some("*"),
            other => other,
        }
    }

    /// Whether the host page wants to hear of this event. Errors are always told.
    pub fn wants(&self, event: &str) -> bool {
        self.pinned.is_some() && (event == "error" || self.wanted.contains(&event))
    }
}
