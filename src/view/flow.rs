//! Rates a second, from counts at successive moments: what is shown where single messages are too many.

use std::collections::VecDeque;

use super::stage::{ChannelBody, Stage};

/// Rates, a virtual second each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Messages handed to producers.
    pub published: u64,
    /// Records appended, for each row of the stage from top to bottom.
    pub rows: Vec<u64>,
    /// Effects, for each service.
    pub effects: Vec<u64>,
}

/// Counts so far.
#[derive(Clone, Debug)]
struct Counts {
    now: u64,
    published: u64,
    rows: Vec<u64>,
    effects: Vec<u64>,
}

/// Remembers counts of about the last second and makes rates of them.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    past: VecDeque<Counts>,
}

/// Virtual time over which rates are taken.
const WINDOW: u64 = 1_000_000;
/// Virtual time between two counts that are kept.
const STEP: u64 = 100_000;

impl Meter {
    /// Takes the counts of a moment. Time that goes back starts the meter anew.
    pub fn read(&mut self, stage: &Stage) {
        match self.past.back() {
            Some(last) if last.now > stage.now => self.past.clear(),
            Some(last) if last.now + STEP > stage.now => return,
            _ => {}
        }
        while self.past.len() > 1 && self.past[1].now + WINDOW <= stage.now {
            self.past.pop_front();
        }
        self.past.push_back(Counts::of(stage));
    }

    /// The rates over the last second, or over as much of it as there is.
    pub fn flow(&self) -> Flow {
        let (Some(first), Some(last)) = (self.past.front(), self.past.back()) else {
            return Flow::default();
        };
        let time = (last.now - first.now).max(1);
        let rate = |from: u64, to: u64| to.saturating_sub(from) * 1_000_000 / time;
        let rates = |from: &[u64], to: &[u64]| {
            let pairs = from.iter().zip(to);
            pairs.map(|(from, to)| rate(*from, *to)).collect()
        };
        Flow {
            published: rate(first.published, last.published),
            rows: rates(&first.rows, &last.rows),
            effects: rates(&first.effects, &last.effects),
        }
    }
}

impl Counts {
    fn of(stage: &Stage) -> Counts {
        let mut rows = Vec::new();
        for channel in &stage.channels {
            match &channel.body {
                ChannelBody::Log(partitions) => rows.extend(partitions.iter().map(|p| p.end)),
                ChannelBody::Queues(queues) => {
                    rows.extend(queues.iter().map(|q| q.visible + q.in_flight));
                }
                ChannelBody::Direct { sent, .. } => rows.push(*sent),
            }
        }
        Counts {
            now: stage.now,
            published: stage.producers.iter().map(|p| p.published).sum(),
            rows,
            effects: stage.services.iter().map(|s| s.effects).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::stage::ProducerView;

    fn moment(now: u64, published: u64) -> Stage {
        let producer = ProducerView {
            name: "p".into(),
            topics: Vec::new(),
            up: true,
            waiting: Vec::new(),
            waiting_total: 0,
            published,
            acked: 0,
            gave_up: 0,
        };
        Stage {
            now,
            producers: vec![producer],
            ..Stage::default()
        }
    }

    #[test]
    fn rates_are_of_the_last_second_of_virtual_time() {
        let mut meter = Meter::default();
        for i in 0..=40 {
            let published = if i <= 20 { 0 } else { (i - 20) * 50 };
            meter.read(&moment(i * 100_000, published));
        }
        assert_eq!(meter.flow().published, 500);
        meter.read(&moment(0, 0));
        assert_eq!(meter.flow().published, 0, "a reset starts anew");
    }
}
