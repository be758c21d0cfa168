//! Running ahead to the next anomaly.

use super::{BUDGET, CHUNK, Engine};
use crate::timeline::{Mark, MarkKind};

/// Whether it runs ahead, as fast as it can, to the next anomaly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hunt {
    /// It does not.
    Not,
    /// It does, and is past this event.
    After(u64),
    /// It has come to one.
    Found(Mark),
    /// There is none up to the end of the run.
    Nothing,
}

impl Engine {
    /// To the last anomaly before this moment; answers it.
    pub fn previous_anomaly(&mut self) -> Option<Mark> {
        let here = self.run.run().world().traced();
        let marks = self.run.marks().iter().rev();
        let mark = *marks.filter(|m| m.event < here).find(|m| is_anomaly(m))?;
        self.run.seek_event(mark.event);
        self.look();
        Some(mark)
    }

    /// To the next anomaly: at once where it was seen, else by running ahead in the frames to come.
    pub fn hunt(&mut self) {
        self.hunt = Hunt::After(self.run.run().world().traced());
        self.last_frame = None;
        self.owed = 0.0;
        self.pursue();
    }

    /// What became of the hunt, once it is over.
    pub fn caught(&mut self) -> Option<Hunt> {
        let over = matches!(self.hunt, Hunt::Found(_) | Hunt::Nothing);
        over.then(|| std::mem::replace(&mut self.hunt, Hunt::Not))
    }

    /// Whether it runs ahead.
    pub fn hunting(&self) -> bool {
        matches!(self.hunt, Hunt::After(_))
    }

    // Not part of a first look, and so of no function that is.
    #[inline(never)]
    pub(super) fn pursue(&mut self) {
        let Hunt::After(event) = self.hunt else {
            return;
        };
        let start = self.time();
        loop {
            let marks = self.run.marks();
            let next = marks.partition_point(|m| m.event <= event);
            if let Some(mark) = marks[next..].iter().find(|m| is_anomaly(m)).copied() {
                self.run.seek_event(mark.event);
                self.hunt = Hunt::Found(mark);
                break;
            }
            if self.run.finished() {
                self.hunt = Hunt::Nothing;
                break;
            }
            if self.time() - start > BUDGET * 2.0 {
                break;
            }
            self.run.advance(u64::MAX, CHUNK / 4);
        }
        self.look();
    }
}

/// Whether a mark is an anomaly, and not a fault.
pub fn is_anomaly(mark: &Mark) -> bool {
    matches!(mark.what, MarkKind::Anomaly { .. })
}
