//! What channels hold, in words: a row for each record, message, lane and dead letter that can be drawn.

use super::Part;
use crate::scenario::Scenario;
use crate::view::names;
use crate::view::stage::*;

/// A channel as a whole, and what is in it.
pub(super) fn parts(channel: &ChannelView, c: u16, scenario: &Scenario) -> Vec<Part> {
    let mut about = Part {
        title: names::topic(scenario, c),
        lines: Vec::new(),
    };
    let mut inside = Vec::new();
    match &channel.body {
        ChannelBody::Log(partitions) => {
            for (i, p) in partitions.iter().enumerate() {
                about.lines.push(partition(p, i));
                about
                    .lines
                    .extend(p.lanes.iter().map(|l| lane(l, i, scenario)));
                inside.push(Part {
                    title: format!("Records in {}", names::partition(scenario, c, i as u32)),
                    lines: p
                        .cells
                        .iter()
                        .map(|cell| record(cell, p, scenario))
                        .collect(),
                });
            }
        }
        ChannelBody::Queues(queues) => {
            for q in queues {
                about.lines.push(queue(q));
                inside.push(Part {
                    title: format!("Messages in {}", q.name),
                    lines: items(q, scenario),
                });
            }
        }
        ChannelBody::Direct { sent, unheard } => {
            let line = format!("{sent} passed on, {unheard} heard by nobody");
            about.lines.push(line);
        }
    }
    inside.insert(0, about);
    inside
}

fn partition(p: &PartitionView, i: usize) -> String {
    let leader = match p.leader {
        Some(broker) => format!("led by broker {broker}"),
        None => "without a leader".into(),
    };
    let in_sync = p.replicas.iter().filter(|r| r.in_sync).count();
    format!(
        "partition {i}, {leader}: offsets {} to {}, high watermark {}, {in_sync} of {} copies in sync",
        p.start,
        p.end,
        p.high_watermark,
        p.replicas.len()
    )
}

fn lane(lane: &Lane, i: usize, scenario: &Scenario) -> String {
    format!(
        "partition {i}, {}: committed below {}, processed below {}, delivered below {}",
        names::service(scenario, lane.service),
        lane.committed,
        lane.processed,
        lane.delivered
    )
}

fn record(cell: &Cell, p: &PartitionView, scenario: &Scenario) -> String {
    let offset = cell.offset;
    let (message, copy_of, transaction) = match cell.kind {
        CellKind::Marker { commit: true } => {
            return format!("offset {offset}: marks the transaction before it as committed");
        }
        CellKind::Marker { commit: false } => {
            return format!("offset {offset}: marks the transaction before it as aborted");
        }
        CellKind::Message {
            message,
            copy_of,
            transaction,
            ..
        } => (message, copy_of, transaction),
    };
    let again = copy_of.map_or(String::new(), |first| {
        format!(" again, first at offset {first}")
    });
    let stands = match transaction {
        Txn::None | Txn::Committed => "",
        Txn::Open => ", in an open transaction",
        Txn::Aborted => ", in an aborted transaction",
    };
    let replicated = match offset < p.high_watermark {
        true => "",
        false => ", not replicated yet",
    };
    let message = names::message(scenario, message);
    format!("offset {offset}: {message}{again}{stands}{replicated}")
}

fn queue(q: &QueueView) -> String {
    let again = q.items.iter().filter(|i| i.receives > 1).count();
    format!(
        "{}: {} visible, {} held by receivers, {again} received more than once, {} dead letters",
        q.name, q.visible, q.in_flight, q.dead_total
    )
}

/// What waits or is held, in the queue's order, and then what was put aside.
fn items(q: &QueueView, scenario: &Scenario) -> Vec<String> {
    let waits = q.items.iter().map(|item| {
        let message = names::message(scenario, item.message);
        let held = match (item.lease, q.service) {
            (None, _) => "visible".into(),
            (Some(lease), Some(s)) => held_by(&names::member(scenario, s, lease.member), lease),
            (Some(lease), None) => held_by("a receiver", lease),
        };
        let again = match item.receives {
            0 | 1 => String::new(),
            n => format!(", received {n} times"),
        };
        format!("{message}: {held}{again}")
    });
    let dead = q
        .dead
        .iter()
        .map(|message| format!("{}: a dead letter", names::message(scenario, *message)));
    waits.chain(dead).collect()
}

fn held_by(who: &str, lease: Lease) -> String {
    match lease.until > lease.since {
        true => format!("held by {who} until {}", names::moment(lease.until)),
        false => format!("held by {who}"),
    }
}
