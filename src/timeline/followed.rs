//! One message whose whole life is known, however long ago it began.

use super::timeline::Timeline;
use crate::trace::{Event, EventId, Kind, Life};

/// A message and its life as far as it was seen.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    message: u64,
    life: Life,
    /// The last event that it knows, with all before it but for what was too far away to be replayed.
    upto: EventId,
    whole: bool,
}

impl Followed {
    pub(super) fn see(&mut self, event: &Event) {
        if event.id == self.upto + 1 {
            self.upto = event.id;
            self.life.see(event);
        }
    }

    /// Whether events up to this one are unknown to it.
    pub(super) fn misses(&self, traced: EventId) -> bool {
        traced > self.upto
    }
}

impl Timeline {
    /// From now on this message's life is known from its beginning, also where the log does not reach back to it. Its
    /// past is replayed for that: up to some million events of the queue.
    pub fn follow(&mut self, message: Option<u64>) {
        self.followed = message.map(|message| {
            let (life, whole) = self.branch().life(message);
            Followed {
                message,
                life,
                upto: self.branch().last_kept(),
                whole,
            }
        });
    }

    pub(super) fn follow_again(&mut self) {
        let message = self.followed.as_ref().map(|followed| followed.message);
        self.follow(message);
    }

    /// What is known of a message up to the cursor: the events that are kept, or, where these do not go back to its
    /// publishing and it is followed, those of its life.
    pub fn told_of(&self, message: u64) -> Vec<Event> {
        let here = self.run().world().traced();
        match self.followed_back(message) {
            Some(followed) => followed.life.events(here),
            None => self.events().copied().collect(),
        }
    }

    /// False where a part of a message's life lies too far away to be replayed.
    pub fn knows_all_of(&self, message: u64) -> bool {
        self.followed_back(message)
            .is_none_or(|followed| followed.whole)
    }

    fn followed_back(&self, message: u64) -> Option<&Followed> {
        let followed = self.followed.as_ref().filter(|f| f.message == message)?;
        let published = |event: &Event| matches!(event.kind, Kind::Published { message: m, .. } if m == message);
        let kept = self.branch().kept.iter().any(published);
        (!kept).then_some(followed)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
