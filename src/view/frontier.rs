//! "If it died now": what would be done again, and what would be lost.

use serde::Serialize;

use super::names;
use super::stage::{CellKind, ChannelBody, Lane, PartitionView, Stage};
use super::words::count;
use crate::broker::wire::Offset;
use crate::scenario::Scenario;

/// A stretch of a log, and what stands there as far as the stage shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Band {
    /// The first offset.
    pub from: Offset,
    /// Behind the last.
    pub to: Offset,
    /// The messages, oldest first; the stage shows the newest 64 of a partition.
    pub messages: Vec<u64>,
}

/// What a consumer's death at this moment would mean in one partition for one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frontier {
    /// Position of the topic.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// Position of the service.
    pub service: u16,
    /// The instance that owns the partition, if one does.
    pub owner: Option<u16>,
    /// Processed and not committed: whoever takes over does it again.
    pub again: Band,
    /// Committed and not processed: nobody takes it up any more.
    pub lost: Band,
    /// The same in words.
    pub sentence: String,
}

/// What the death of a partition's leader at this moment would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaderFrontier {
    /// Position of the topic.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// The leader.
    pub leader: u16,
    /// On the leader only, as far as those go who could take over: acknowledged under acks=1, gone without it.
    pub lost: Band,
    /// The same in words.
    pub sentence: String,
}

/// For every partition and the groups that read it: what would be done again and lost if its owner died now.
pub fn frontiers(scenario: &Scenario, stage: &Stage) -> Vec<Frontier> {
    partitions(stage)
        .flat_map(|(topic, partition, view)| {
            view.lanes
                .iter()
                .map(move |lane| frontier(scenario, (topic, partition), view, lane))
        })
        .collect()
}

/// For every partition with a leader: what would be lost if it died now and the best of the others took over.
pub fn leader_frontiers(scenario: &Scenario, stage: &Stage) -> Vec<LeaderFrontier> {
    partitions(stage)
        .filter_map(|(topic, partition, view)| leader_frontier(scenario, topic, partition, view))
        .collect()
}

fn partitions(stage: &Stage) -> impl Iterator<Item = (u16, u32, &PartitionView)> {
    stage.channels.iter().zip(0..).flat_map(|(channel, topic)| {
        let views = match &channel.body {
            ChannelBody::Log(views) => &views[..],
            _ => &[],
        };
        views.iter().zip(0..).map(move |(view, p)| (topic, p, view))
    })
}

fn band(view: &PartitionView, from: Offset, to: Offset) -> Band {
    let inside = view.cells.iter().filter(|c| (from..to).contains(&c.offset));
    let messages = inside.filter_map(|cell| match cell.kind {
        CellKind::Message { message, .. } => Some(message),
        CellKind::Marker { .. } => None,
    });
    Band {
        from,
        to: to.max(from),
        messages: messages.collect(),
    }
}

fn frontier(
    scenario: &Scenario,
    (topic, partition): (u16, u32),
    view: &PartitionView,
    lane: &Lane,
) -> Frontier {
    let again = band(view, lane.committed, lane.processed);
    let lost = band(view, lane.processed, lane.committed);
    let who = match lane.owner {
        Some(member) => names::member(scenario, lane.service, member),
        None => names::service(scenario, lane.service),
    };
    let noun = &scenario.load.noun;
    let what = match (width(&again), width(&lost)) {
        (0, 0) => "nothing would be done again and nothing lost".to_string(),
        (n, 0) => format!("{} would be done again", count(n, noun)),
        (_, n) => format!("{} would be lost to it", count(n, noun)),
    };
    let at = names::partition(scenario, topic, partition);
    Frontier {
        topic,
        partition,
        service: lane.service,
        owner: lane.owner,
        again,
        lost,
        sentence: format!("If {who} died now, {what} in {at}."),
    }
}

fn width(band: &Band) -> u64 {
    band.to - band.from
}

fn leader_frontier(
    scenario: &Scenario,
    topic: u16,
    partition: u32,
    view: &PartitionView,
) -> Option<LeaderFrontier> {
    let leader = view.leader?;
    let others = view.replicas.iter().filter(|r| r.broker != leader);
    let unclean = scenario.cluster.unclean_election;
    let heirs: Vec<Offset> = others
        .clone()
        .filter(|replica| replica.in_sync)
        .map(|replica| replica.end)
        .collect();
    // Without an heir in sync the partition waits for its leader, unless any copy may lead.
    let kept = match heirs.iter().max() {
        Some(&end) => Some(end),
        None if unclean => others.map(|replica| replica.end).max(),
        None => None,
    };
    let lost = band(view, kept.unwrap_or(view.end).min(view.end), view.end);
    let at = names::partition(scenario, topic, partition);
    let what = match (kept, width(&lost)) {
        (None, _) => format!("nobody could lead {at} until it is back"),
        (_, 0) => format!("nothing would be lost of {at}"),
        (_, n) => format!(
            "{} of {at} would be lost: no other copy has it yet",
            count(n, &scenario.load.noun)
        ),
    };
    Some(LeaderFrontier {
        topic,
        partition,
        leader,
        lost,
        sentence: format!("If broker {leader} died now, {what}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset;
    use crate::view::stage::{Cell, ChannelView, ReplicaView, Txn};

    fn stage(committed: u64, processed: u64) -> Stage {
        let cell = |offset| Cell {
            offset,
            kind: CellKind::Message {
                message: offset + 10,
                key: 0,
                copy_of: None,
                transaction: Txn::None,
            },
        };
        let replica = |broker, end| ReplicaView {
            broker,
            in_sync: true,
            end,
        };
        let view = PartitionView {
            leader: Some(0),
            epoch: 0,
            replicas: vec![replica(0, 8), replica(1, 6)],
            start: 0,
            end: 8,
            high_watermark: 6,
            last_stable: 6,
            cells: (0..8).map(cell).collect(),
            lanes: vec![Lane {
                service: 1,
                owner: Some(1),
                committed,
                processed,
                delivered: 6,
            }],
        };
        Stage {
            channels: vec![ChannelView {
                name: "order-events".into(),
                body: ChannelBody::Log(vec![view]),
            }],
            ..Stage::default()
        }
    }

    #[test]
    fn behind_the_commit_is_done_again_before_it_is_lost() {
        let s = preset("order-processing").unwrap();
        let found = |c, p| frontiers(&s, &stage(c, p)).remove(0);
        let again = found(3, 5);
        assert_eq!(
            (again.again.messages, again.lost.messages),
            (vec![13, 14], vec![])
        );
        assert_eq!(
            again.sentence,
            "If Inventory 2 died now, 2 orders would be done again in partition 0 of order-events."
        );
        let lost = found(5, 4);
        assert_eq!(
            (lost.again.messages, lost.lost.messages),
            (vec![], vec![14])
        );
        assert!(found(4, 4).sentence.contains("nothing would be done again"));
    }

    #[test]
    fn what_only_the_leader_has_dies_with_it() {
        let s = preset("order-processing").unwrap();
        let found = leader_frontiers(&s, &stage(3, 5)).remove(0);
        assert_eq!(found.lost.messages, [16, 17]);
        let mut alone = stage(3, 5);
        if let ChannelBody::Log(views) = &mut alone.channels[0].body {
            views[0].replicas[1].in_sync = false;
        }
        let found = leader_frontiers(&s, &alone).remove(0);
        assert!(found.lost.messages.is_empty() && found.sentence.contains("nobody could lead"));
    }
}
