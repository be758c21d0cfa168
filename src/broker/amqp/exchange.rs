//! Exchanges route a publish to queues; a confirm says that routing is done, not that anything was
//! queued. Source: RabbitMQ's guides on exchanges and publisher confirms.

use super::types::Confirm;

/// How an exchange compares routing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// To the queues bound with exactly the routing key.
    Direct,
    /// To every bound queue.
    Fanout,
}

/// An exchange with its bindings. Routing keys and queues are the caller's numbers.
#[derive(Clone, Debug)]
pub struct Exchange {
    kind: ExchangeKind,
    /// Routing key and queue, no pair twice.
    bindings: Vec<(u32, u32)>,
}

impl Exchange {
    /// An exchange without bindings.
    pub fn new(kind: ExchangeKind) -> Self {
        Self {
            kind,
            bindings: Vec::new(),
        }
    }

    /// Binds a queue; binding it again with the same key changes nothing.
    pub fn bind(&mut self, routing_key: u32, queue: u32) {
        if !self.bindings.contains(&(routing_key, queue)) {
            self.bindings.push((routing_key, queue));
        }
    }

    /// Removes a binding, if there is one.
    pub fn unbind(&mut self, routing_key: u32, queue: u32) {
        self.bindings.retain(|b| *b != (routing_key, queue));
    }

    /// The queues a publish goes to, each once, in order of binding. None: the message is unroutable.
    pub fn route(&self, routing_key: u32) -> impl Iterator<Item = u32> {
        let to = move |b: &(u32, u32)| self.kind == ExchangeKind::Fanout || b.0 == routing_key;
        let once =
            move |at: usize, queue: u32| !self.bindings[..at].iter().any(|b| to(b) && b.1 == queue);
        let bound = self.bindings.iter().enumerate();
        bound
            .filter(move |(at, b)| to(b) && once(*at, b.1))
            .map(|(_, b)| b.1)
    }
}

/// The confirm for a publish, from the answers of the queues it was routed to. An unroutable message
/// has none and is confirmed all the same (with `mandatory`, `basic.return` comes before the confirm).
pub fn confirm(answers: impl IntoIterator<Item = Confirm>) -> Confirm {
    let refused = answers.into_iter().any(|a| a == Confirm::Nack);
    if refused { Confirm::Nack } else { Confirm::Ack }
}
