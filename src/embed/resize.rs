//! How a host page learns the height, in the words of the scripts that hosts already run.
//!
//! The height that is asked for depends on the width and the scenario, never on the height there is, so that asking
//! cannot go round in circles.

use serde_json::{Value, json};

use super::message;

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// H5P's resizer: a handshake, then `prepareResize`, `resizePrepared`, `resize`.
    H5p,
    /// `lti.frameResize`, as an object (Canvas) and as JSON text (MyOpenMath, IMathAS).
    Lti,
    /// `plugin.resize` of Open edX.
    Edx,
    /// Our own, which `embed.js` understands.
    Own,
}

impl Protocol {
    /// By its name in the parameter `resize`.
    pub fn named(name: &str) -> Option<Protocol> {
        match name {
            "h5p" => Some(Protocol::H5p),
            "lti" => Some(Protocol::Lti),
            "edx" => Some(Protocol::Edx),
            "own" => Some(Protocol::Own),
            _ => None,
        }
    }
}

impl Protocol {
    /// Whether it is one of these names.
    pub fn is_in(self, names: &[String]) -> bool {
        names.iter().any(|name| Protocol::named(name) == Some(self))
    }
}

/// Asks H5P's resizer to spread the frame over the host page, or to put it back.
pub fn fill(on: bool) -> Value {
    let action = if on { "fullScreen" } else { "exitFullScreen" };
    json!({ "context": "h5p", "action": action })
}

/// A size in whole CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sized {
    /// Width there is.
    pub width: u32,
    /// Height that this width needs.
    pub height: u32,
}

/// What was asked for, and in whose words. Messages are JSON values; one that is a text is sent as a text.
#[derive(Clone, Debug, Default)]
pub struct Resizer {
    protocols: Vec<Protocol>,
    asked: Sized,
    /// H5P's host has answered the handshake.
    h5p_knows_us: bool,
}

impl Resizer {
    /// For the names in the parameter `resize`; others are passed over.
    pub fn new(names: &[String]) -> Resizer {
        Resizer {
            protocols: names.iter().filter_map(|n| Protocol::named(n)).collect(),
            ..Resizer::default()
        }
    }

    /// Whether any host is to be told.
    pub fn is_used(&self) -> bool {
        !self.protocols.is_empty()
    }

    /// What to say before anything else.
    pub fn begin(&self) -> Vec<Value> {
        let greeting = self
            .protocols
            .contains(&Protocol::H5p)
            .then(|| json!({ "context": "h5p", "action": "hello" }));
        greeting.into_iter().collect()
    }

    /// What to say when the figure wants this size: nothing if that is what was asked for last.
    pub fn want(&mut self, size: Sized) -> Vec<Value> {
        if size == self.asked || size.height == 0 {
            return Vec::new();
        }
        self.asked = size;
        let protocols = self.protocols.clone();
        protocols.iter().flat_map(|p| self.ask(*p)).collect()
    }

    fn ask(&self, protocol: Protocol) -> Vec<Value> {
        let height = self.asked.height;
        match protocol {
            Protocol::H5p if self.h5p_knows_us => vec![self.h5p("prepareResize")],
            Protocol::H5p => Vec::new(),
            Protocol::Lti => {
                let object = json!({ "subject": "lti.frameResize", "height": height });
                let text = Value::String(object.to_string());
                vec![object, text]
            }
            Protocol::Edx => {
                let payload = json!({ "width": self.asked.width, "height": height });
                vec![json!({ "type": "plugin.resize", "payload": payload })]
            }
            Protocol::Own => vec![message::resize(self.asked.width, height)],
        }
    }

    /// Older and newer resizers read different names of the same height.
    fn h5p(&self, action: &str) -> Value {
        let height = self.asked.height;
        json!({
            "context": "h5p",
            "action": action,
            "height": height,
            "scrollHeight": height,
            "clientHeight": height,
        })
    }

    /// What to say to H5P's resizer when it says this; nothing to anything else.
    pub fn hear(&mut self, context: &str, action: &str) -> Vec<Value> {
        if context != "h5p" || !self.protocols.contains(&Protocol::H5p) {
            return Vec::new();
        }
        match action {
            "hello" if !self.h5p_knows_us => {
                self.h5p_knows_us = true;
                self.known("prepareResize")
            }
            // It came later than the figure and has not heard the greeting.
            "ready" if !self.h5p_knows_us => self.begin(),
            "resizePrepared" => self.known("resize"),
            // It has put the frame back and forgotten its height.
            "exitFullScreen" => self.known("prepareResize"),
            // Of `resize`, its window has another size; so may the frame, and then the figure says so by itself.
            _ => Vec::new(),
        }
    }

    fn known(&self, action: &str) -> Vec<Value> {
        if self.asked.height == 0 {
            return Vec::new();
        }
        vec![self.h5p(action)]
    }
}
