//! The promise and how it turned out, in a sentence each.

use crate::scenario::{EffectKind, Guarantee, Kept};
use crate::verdict::ServiceReport;

/// `order` and `orders`; `decrement` and `decrements`.
pub(super) fn count(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {}", plural(noun)),
    }
}

/// The plural of an English noun, as far as messages go by such names (`reply`, `box`, `push`, `order`,
/// `charge of 50`).
pub(super) fn plural(noun: &str) -> String {
    if let Some((thing, rest)) = noun.split_once(" of ") {
        return format!("{} of {rest}", plural(thing));
    }
    let consonant_y = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']) && !stem.is_empty());
    match consonant_y {
        Some(stem) => format!("{stem}ies"),
        None if ["s", "x", "z", "ch", "sh"]
            .iter()
            .any(|end| noun.ends_with(end)) =>
        {
            format!("{noun}es")
        }
        None => format!("{noun}s"),
    }
}

/// The effect as a thing that can be counted.
pub fn effect_noun(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Charge => "charge",
        EffectKind::Stock => "decrement",
        EffectKind::Mail => "mail",
        EffectKind::Count => "count",
        EffectKind::Push => "push",
        EffectKind::Record => "record",
    }
}

/// What was done to a message that took effect: "charged" twice.
pub(super) fn effect_done(effect: EffectKind) -> &'static str {
    match effect {
        EffectKind::Charge => "charged",
        EffectKind::Stock => "taken from stock",
        EffectKind::Mail => "mailed",
        EffectKind::Count => "counted",
        EffectKind::Push => "pushed",
        EffectKind::Record => "recorded",
    }
}

/// The promise: "at least once + idempotent: no order lost, none charged twice".
pub fn promise(guarantee: Guarantee, noun: &str, effect: EffectKind) -> String {
    format!("{}: {}", guarantee.words(), kept(guarantee, noun, effect))
}

/// What a guarantee keeps: "no order lost, none charged twice".
pub fn kept(guarantee: Guarantee, noun: &str, effect: EffectKind) -> String {
    let done = effect_done(effect);
    match (guarantee.forbids_loss(), guarantee.forbids_duplicates()) {
        (true, true) => format!("no {noun} lost, none {done} twice"),
        (true, false) => format!("no {noun} lost, some may be {done} twice"),
        (false, true) => format!("no {noun} {done} twice, some may be lost"),
        (false, false) => format!("any {noun} may be lost or {done} twice"),
    }
}

/// What settings leave of a promise that they do not keep: "its settings keep at most once: acks=0 takes a request
/// that got lost for done". `None` where they keep it.
pub fn left(promise: Guarantee, kept: &Kept) -> Option<String> {
    if kept.keeps(promise) {
        return None;
    }
    let loses = kept.loses.iter().filter(|_| promise.forbids_loss());
    let repeats = kept.repeats.iter().filter(|_| promise.forbids_duplicates());
    let why: Vec<&str> = loses.chain(repeats).copied().collect();
    let left = kept.guarantee().map_or("no promise", Guarantee::words);
    Some(format!("its settings keep {left}: {}", why.join("; ")))
}

/// What the judgement is about: "412 orders · 409 charges · 3 to come".
pub fn tally(report: &ServiceReport, noun: &str, effect: EffectKind) -> String {
    let mut counts = vec![
        count(report.published, noun),
        count(report.effects, effect_noun(effect)),
    ];
    if report.pending > 0 {
        counts.push(format!("{} to come", report.pending));
    }
    // A line ends between two counts, not within one.
    counts
        .join(" · ")
        .replace(' ', "\u{a0}")
        .replace("·\u{a0}", "· ")
}

/// How it turned out: "412 orders, 415 deliveries, 412 charges: promise kept", or
/// "412 orders, 415 deliveries, 415 charges: promise broken, 3 charges repeated".
pub fn sentence(report: &ServiceReport, noun: &str, effect: EffectKind) -> String {
    let figures = [
        count(report.published, noun),
        count(report.delivered, "delivery"),
        count(report.effects, effect_noun(effect)),
    ]
    .join(", ");
    let lost = |n: u64| format!("{} lost", count(n, noun));
    let repeated = format!("{} repeated", count(report.duplicated, effect_noun(effect)));
    if !report.held {
        let mut broken = Vec::new();
        if report.guarantee.forbids_loss() && report.lost_acknowledged > 0 {
            broken.push(lost(report.lost_acknowledged));
        }
        if report.guarantee.forbids_duplicates() && report.duplicated > 0 {
            broken.push(repeated);
        }
        return format!("{figures}: promise broken, {}", broken.join(" and "));
    }
    let mut allowed = Vec::new();
    if report.duplicated > 0 {
        allowed.push(format!("{repeated}, which it allows"));
    }
    if report.lost > 0 {
        allowed.push(match report.guarantee.forbids_loss() {
            true => format!("{}, but never acknowledged", lost(report.lost)),
            false => format!("{}, which it allows", lost(report.lost)),
        });
    }
    if report.dead_lettered > 0 {
        allowed.push(format!("{} put aside", count(report.dead_lettered, noun)));
    }
    if report.pending > 0 {
        allowed.push(format!("{} to come", report.pending));
    }
    let so_far = if report.pending > 0 { " so far" } else { "" };
    match allowed.is_empty() {
        true => format!("{figures}: promise kept"),
        false => format!("{figures}: promise kept{so_far} ({})", allowed.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EffectKind::*;
    use Guarantee::*;

    #[test]
    fn what_is_left_is_said_with_its_reason_only_where_the_promise_is_not_kept() {
        let kept = Kept {
            loses: vec!["a", "b"],
            ..Kept::default()
        };
        assert_eq!(left(AtMostOnce, &kept), None);
        assert_eq!(
            left(ExactlyOnce, &kept).as_deref(),
            Some("its settings keep at most once: a; b")
        );
        let neither = Kept {
            repeats: vec!["c"],
            ..kept
        };
        assert_eq!(
            left(AtLeastOnce, &neither).as_deref(),
            Some("its settings keep no promise: a; b")
        );
    }

    fn report(guarantee: Guarantee, published: u64) -> ServiceReport {
        ServiceReport {
            name: "Payment".into(),
            guarantee,
            held: true,
            published,
            delivered: published,
            processed: published,
            effects: published,
            lost: 0,
            lost_acknowledged: 0,
            duplicated: 0,
            out_of_order: 0,
            pending: 0,
            dead_lettered: 0,
            latency_us: Default::default(),
        }
    }

    #[test]
    fn promises() {
        for (guarantee, effect, expected) in [
            (
                AtMostOnce,
                Count,
                "at most once: no order counted twice, some may be lost",
            ),
            (
                AtLeastOnce,
                Mail,
                "at least once: no order lost, some may be mailed twice",
            ),
            (
                AtLeastOnceIdempotent,
                Charge,
                "at least once + idempotent: no order lost, none charged twice",
            ),
            (
                ExactlyOnce,
                Stock,
                "exactly once: no order lost, none taken from stock twice",
            ),
        ] {
            assert_eq!(promise(guarantee, "order", effect), expected);
        }
    }

    #[test]
    fn one_and_many() {
        assert_eq!(
            sentence(&report(ExactlyOnce, 1), "order", Charge),
            "1 order, 1 delivery, 1 charge: promise kept"
        );
        assert_eq!(
            sentence(&report(ExactlyOnce, 0), "reply", Push),
            "0 replies, 0 deliveries, 0 pushes: promise kept"
        );
        for (noun, expected) in [("box", "boxes"), ("day", "days"), ("photo", "photos")] {
            assert_eq!(plural(noun), expected);
        }
    }

    #[test]
    fn broken_says_what_broke_it() {
        let broken = ServiceReport {
            held: false,
            effects: 414,
            duplicated: 3,
            lost: 2,
            lost_acknowledged: 1,
            ..report(ExactlyOnce, 413)
        };
        assert_eq!(
            sentence(&broken, "order", Charge),
            "413 orders, 413 deliveries, 414 charges: promise broken, 1 order lost and 3 charges repeated"
        );
    }

    #[test]
    fn kept_says_what_it_allowed() {
        let repeated = ServiceReport {
            duplicated: 1,
            ..report(AtLeastOnce, 9)
        };
        assert!(
            sentence(&repeated, "order", Mail)
                .ends_with(": promise kept (1 mail repeated, which it allows)")
        );
        let some = ServiceReport {
            lost: 2,
            pending: 4,
            dead_lettered: 1,
            ..report(AtMostOnce, 9)
        };
        assert!(sentence(&some, "order", Count).ends_with(
            ": promise kept so far (2 orders lost, which it allows; 1 order put aside; 4 to come)"
        ));
        let unacked = ServiceReport {
            lost: 1,
            ..report(AtLeastOnce, 9)
        };
        assert!(
            sentence(&unacked, "order", Mail)
                .ends_with(": promise kept (1 order lost, but never acknowledged)")
        );
    }
}
