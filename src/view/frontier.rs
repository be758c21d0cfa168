//! "If it died now": what would be done again, and what would be lost.

use serde::Serialize;

use super::names;
use super::stage::{CellKind, ChannelBody, Lane, PartitionView, QueueItem, Stage};
use super::svg::Svg;
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

/// How far something has come in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// What: "committed", "log end".
    pub name: String,
    /// Everything below this offset is behind it.
    pub offset: Offset,
}

fn mark(name: impl Into<String>, offset: Offset) -> Mark {
    Mark {
        name: name.into(),
        offset,
    }
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
    /// The four frontiers, by name, each behind the last record it is past: log end, delivered, processed, committed.
    pub marks: Vec<Mark>,
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
    /// Log end and high watermark, and how far each other copy goes.
    pub marks: Vec<Mark>,
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

/// For every instance of a service that reads queues: what would be handed out again if it died now.
pub fn held(scenario: &Scenario, stage: &Stage, service: u16) -> Vec<String> {
    let bodies = stage.channels.iter().map(|channel| &channel.body);
    let queues = bodies.filter_map(|body| match body {
        ChannelBody::Queues(queues) => Some(queues),
        _ => None,
    });
    let own: Vec<_> = queues
        .flatten()
        .filter(|queue| queue.service == Some(service))
        .collect();
    let instances = scenario
        .services
        .get(usize::from(service))
        .map_or(0, |s| s.instances as u16);
    let all = own
        .iter()
        .flat_map(|queue| (0..instances).map(move |member| (queue, member)));
    all.map(|(queue, member)| {
        let held = |item: &&QueueItem| item.lease.is_some_and(|lease| lease.member == member);
        let what = match queue.items.iter().filter(held).count() as u64 {
            0 => "nothing would be handed out again".into(),
            n => format!(
                "{} it holds would be handed out again",
                count(n, &scenario.load.noun)
            ),
        };
        format!(
            "If {} died now, {what} ({}).",
            names::member(scenario, service, member),
            queue.name
        )
    })
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
        marks: vec![
            mark("log end", view.end),
            mark("delivered", lane.delivered),
            mark("processed", lane.processed),
            mark("committed", lane.committed),
        ],
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
    let copies = view.replicas.iter().filter(|r| r.broker != leader);
    let copies = copies.map(|r| match r.in_sync {
        true => mark(format!("broker {}", r.broker), r.end),
        false => mark(format!("broker {} (not in sync)", r.broker), r.end),
    });
    let own = [
        mark("log end", view.end),
        mark("high watermark", view.high_watermark),
    ];
    Some(LeaderFrontier {
        topic,
        partition,
        leader,
        marks: own.into_iter().chain(copies).collect(),
        lost,
        sentence: format!("If broker {leader} died now, {what}."),
    })
}

const WIDTH: u32 = 440;
/// What is left free at the right for the names.
const NAMES: f64 = 240.0;
/// The strip's height, and that of a name under it.
const STRIP: f64 = 20.0;
const NAME: f64 = 15.0;

/// A strip of the log with these frontiers, and the bands between them: hatched with bars what would be done again,
/// crossed out what would be lost. Frontiers at one place share a line.
pub fn strip(marks: &[Mark], again: &Band, lost: &Band, said: &str) -> String {
    let last = marks.iter().map(|mark| mark.offset).max().unwrap_or(0);
    let least = marks.iter().map(|mark| mark.offset).min().unwrap_or(0);
    let first = least.saturating_sub(1 + (last - least) / 8);
    let wide = (last + 1 - first).max(6) as f64;
    let x = |offset: Offset| {
        6.0 + offset.saturating_sub(first) as f64 / wide * (f64::from(WIDTH) - 6.0 - NAMES)
    };
    let mut svg = Svg::new(WIDTH);
    svg.area(x(first), 4.0, (x(last) - x(first), STRIP), 0.06, false);
    let bands = [(again, false), (lost, true)];
    for (band, crossed) in bands.into_iter().filter(|(band, _)| width(band) > 0) {
        drawn_band(&mut svg, x(band.from), x(band.to), crossed);
    }
    let mut places: Vec<Offset> = marks.iter().map(|mark| mark.offset).collect();
    places.sort_unstable_by(|a, b| b.cmp(a));
    places.dedup();
    for (offset, y) in places
        .iter()
        .zip((0..).map(|n| STRIP + 18.0 + f64::from(n) * NAME))
    {
        let here = marks.iter().filter(|mark| mark.offset == *offset);
        let named: Vec<&str> = here.map(|mark| mark.name.as_str()).collect();
        let words = format!("{} {offset}", named.join(", "));
        svg.line((x(*offset), 0.0), (x(*offset), y), 2.0, false);
        // To the right: there no line of a lower frontier passes.
        svg.text((x(*offset) + 5.0, y), "start", false, &words);
    }
    svg.done(
        (STRIP + 10.0 + NAME * places.len() as f64) as u32,
        "Frontiers",
        said,
    )
}

/// A band between two places: bars, which a reader counts as work, or crosses.
fn drawn_band(svg: &mut Svg, from: f64, to: f64, crossed: bool) {
    if to <= from {
        return;
    }
    svg.area(from, 4.0, (to - from, STRIP), 0.18, crossed);
    let mut at = from + 4.0;
    while at < to - 1.0 {
        svg.line((at, 4.0 + STRIP), ((at + 6.0).min(to), 4.0), 1.2, false);
        if crossed {
            svg.line((at, 4.0), ((at + 6.0).min(to), 4.0 + STRIP), 1.2, false);
        }
        at += 9.0;
    }
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
    fn a_strip_names_every_frontier_once() {
        let s = preset("order-processing").unwrap();
        let found = frontiers(&s, &stage(3, 5)).remove(0);
        let svg = strip(&found.marks, &found.again, &found.lost, &found.sentence);
        for words in ["log end 8", "delivered 6", "processed 5", "committed 3"] {
            assert!(svg.contains(&format!(">{words}<")), "{words}: {svg}");
        }
        assert!(svg.contains("stroke-width=\"1.2\""), "the band has bars");
        let level = frontiers(&s, &stage(6, 6)).remove(0);
        let svg = strip(&level.marks, &level.again, &level.lost, &level.sentence);
        assert!(svg.contains(">delivered, processed, committed 6<"), "{svg}");
        assert!(!svg.contains("stroke-width=\"1.2\""), "no band");
    }

    #[test]
    fn whoever_holds_messages_of_a_queue_would_leave_them_to_others() {
        let s = preset("visibility-timeout").unwrap();
        let mut run = crate::timeline::Run::new(s.clone()).unwrap();
        let mut most = String::new();
        for at in (1..40).map(|n| n * 50_000) {
            run.advance(at, usize::MAX, &mut |_| {});
            let said = held(&s, &Stage::of(run.world()), 0);
            assert!(!said.is_empty());
            most = said
                .into_iter()
                .find(|s| s.contains("it holds"))
                .unwrap_or(most);
        }
        assert!(most.contains("would be handed out again"), "{most}");
    }

    #[test]
    fn what_only_the_leader_has_dies_with_it() {
        let s = preset("order-processing").unwrap();
        let found = leader_frontiers(&s, &stage(3, 5)).remove(0);
        assert_eq!(found.lost.messages, [16, 17]);
        let svg = strip(&found.marks, &Band::default(), &found.lost, &found.sentence);
        assert!(
            svg.contains(">log end 8<") && svg.contains(">high watermark, broker 1 6<"),
            "{svg}"
        );
        let mut alone = stage(3, 5);
        if let ChannelBody::Log(views) = &mut alone.channels[0].body {
            views[0].replicas[1].in_sync = false;
        }
        let found = leader_frontiers(&s, &alone).remove(0);
        assert!(found.lost.messages.is_empty() && found.sentence.contains("nobody could lead"));
    }
}
