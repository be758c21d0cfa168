//! How far each service is in each partition, and which of its instances live.

use super::plan::Plan;

/// The scenario's most partitions, with room to spare.
const MOST_PARTITIONS: usize = 64;

/// A service's place in a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub committed: u64,
    /// One more than the highest offset delivered.
    pub delivered_end: u64,
    /// What was delivered last: one more than the member, and the offset. 0: unknown, as after a rebalance.
    pub last: (u32, u64),
}

/// A topic's partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    /// Retention deleted what is below.
    pub start: u64,
    /// One more than the highest offset that anybody read.
    pub read_end: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Progress {
    lanes: Vec<Vec<Lane>>,
    topics: Vec<Vec<Kept>>,
    /// By service and member: how often it has died.
    lives: Vec<Vec<u16>>,
}

/// The entry at `index`, which is made if it is missing; `None` if it is beyond `most`.
fn grown<T: Copy + Default>(list: &mut Vec<T>, index: usize, most: usize) -> Option<&mut T> {
    if index >= list.len() && index < most {
        list.resize(index + 1, T::default());
    }
    list.get_mut(index)
}

impl Progress {
    pub fn new(plan: &Plan) -> Self {
        Progress {
            lanes: vec![Vec::new(); plan.services.len()],
            topics: vec![Vec::new(); plan.topics],
            lives: vec![Vec::new(); plan.services.len()],
        }
    }

    pub fn lane(&self, service: usize, partition: u32) -> Lane {
        self.lanes
            .get(service)
            .and_then(|lanes| lanes.get(partition as usize))
            .copied()
            .unwrap_or_default()
    }

    pub fn lane_mut(&mut self, service: usize, partition: u32) -> Option<&mut Lane> {
        grown(
            self.lanes.get_mut(service)?,
            partition as usize,
            MOST_PARTITIONS,
        )
    }

    pub fn kept(&self, topic: usize, partition: u32) -> Kept {
        self.topics
            .get(topic)
            .and_then(|topic| topic.get(partition as usize))
            .copied()
            .unwrap_or_default()
    }

    pub fn kept_mut(&mut self, topic: usize, partition: u32) -> Option<&mut Kept> {
        grown(
            self.topics.get_mut(topic)?,
            partition as usize,
            MOST_PARTITIONS,
        )
    }

    /// How often this instance has died.
    pub fn life(&self, service: usize, member: u16) -> u16 {
        self.lives
            .get(service)
            .and_then(|lives| lives.get(usize::from(member)))
            .copied()
            .unwrap_or_default()
    }

    pub fn died(&mut self, service: usize, member: u16) {
        let lives = self.lives.get_mut(service);
        if let Some(life) = lives.and_then(|l| grown(l, usize::from(member), usize::from(u16::MAX)))
        {
            *life = life.wrapping_add(1);
        }
        self.positions_unknown(service);
    }

    /// Positions may go anywhere from here: after a rebalance, a death or an undone transaction.
    pub fn positions_unknown(&mut self, service: usize) {
        for lane in self.lanes.get_mut(service).into_iter().flatten() {
            lane.last = (0, 0);
        }
    }
}
