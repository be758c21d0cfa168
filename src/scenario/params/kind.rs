//! The kinds of values: reading, writing, saying and sliding over them.
//!
//! Every value has a raw form, a `u64`: parts per million, microseconds, a number, an index into the names, 0 or 1.

use crate::scenario::problem::listed;
use crate::scenario::quantity::{Ratio, Span};

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A probability, 0 to 1.
    Ratio,
    /// A span of time.
    Span {
        /// The least, besides zero if `zero` is given.
        min: Span,
        /// The most.
        max: Span,
        /// What a value of 0 means (`never`); without it 0 is an ordinary value, allowed if `min` is 0.
        zero: Option<&'static str>,
    },
    /// A whole number.
    Count {
        /// The least, besides zero if `zero` is given.
        min: u64,
        /// The most.
        max: u64,
        /// What a value of 0 means (`no limit`); without it 0 is an ordinary value, allowed if `min` is 0.
        zero: Option<&'static str>,
    },
    /// One of these names.
    Choice(&'static [&'static str]),
    /// On or off.
    Flag,
    /// Where chance starts: any number from 0 to 4,294,967,295.
    Seed,
}

/// The round numbers a slider stops at, in every power of ten.
const MANTISSAS: [u64; 10] = [100, 120, 150, 200, 250, 300, 400, 500, 600, 800];

impl Kind {
    /// The least and the most raw value.
    pub fn bounds(&self) -> (u64, u64) {
        match *self {
            Kind::Ratio => (0, 1_000_000),
            Kind::Span { min, max, zero } => (if zero.is_some() { 0 } else { min.0 }, max.0),
            Kind::Count { min, max, zero } => (if zero.is_some() { 0 } else { min }, max),
            Kind::Choice(names) => (0, names.len().saturating_sub(1) as u64),
            Kind::Flag => (0, 1),
            Kind::Seed => (0, u64::from(u32::MAX)),
        }
    }

    /// Whether a raw value is allowed.
    pub fn allows(&self, raw: u64) -> bool {
        let (least, most) = self.bounds();
        let in_gap = match *self {
            Kind::Span { min, .. } => raw > 0 && raw < min.0,
            Kind::Count { min, .. } => raw > 0 && raw < min,
            _ => false,
        };
        (least..=most).contains(&raw) && !in_gap
    }

    /// Reads a value as a person writes it. `None` when it is none, or out of range.
    pub fn parse(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        let raw = match *self {
            Kind::Ratio => u64::from(text.parse::<Ratio>().ok()?.0),
            Kind::Span { zero, .. } => match zero {
                Some(word) if text.eq_ignore_ascii_case(word) => 0,
                _ => text.parse::<Span>().ok()?.0,
            },
            Kind::Count { zero, .. } => match zero {
                Some(word) if text.eq_ignore_ascii_case(word) => 0,
                _ => number(text)?,
            },
            Kind::Choice(names) => {
                let text = text.replace([' ', '_'], "-");
                let same = |name: &&str| name.replace('_', "-").eq_ignore_ascii_case(&text);
                names.iter().position(same)? as u64
            }
            Kind::Flag => u64::from(flag(text)?),
            Kind::Seed => number(text)?,
        };
        self.allows(raw).then_some(raw)
    }

    /// Writes a value so that [`Kind::parse`] reads it again, and a person too: `5%`, `20ms`, `at-least-once`.
    pub fn text(&self, raw: u64) -> String {
        match *self {
            Kind::Ratio => Ratio(raw.min(1_000_000) as u32).to_string(),
            Kind::Span { .. } => Span(raw).to_string(),
            Kind::Count { .. } | Kind::Seed => raw.to_string(),
            Kind::Choice(names) => names.get(raw as usize).copied().unwrap_or("?").into(),
            Kind::Flag => if raw == 0 { "0" } else { "1" }.into(),
        }
    }

    /// As [`Kind::text`], in letters that a link carries unescaped: ratios as `0.05` instead of `5%`.
    pub fn link_text(&self, raw: u64) -> String {
        match self {
            Kind::Ratio => decimal(raw),
            _ => self.text(raw),
        }
    }

    /// The value in running text, with its unit in words: `5 percent`, `20 milliseconds`, `never`.
    pub fn words(&self, raw: u64) -> String {
        match *self {
            Kind::Ratio => format!("{} percent", self.text(raw).trim_end_matches('%')),
            Kind::Span { zero, .. } => match zero {
                Some(word) if raw == 0 => word.into(),
                _ => span_words(Span(raw)),
            },
            Kind::Count { zero, .. } => match zero {
                Some(word) if raw == 0 => word.into(),
                _ => grouped(raw),
            },
            Kind::Choice(_) => self.text(raw).replace(['-', '_'], " "),
            Kind::Flag => if raw == 0 { "off" } else { "on" }.into(),
            Kind::Seed => raw.to_string(),
        }
    }

    /// What is allowed; completes "allowed is …".
    pub fn allowed(&self) -> String {
        let or_zero = |zero: Option<&str>| {
            let word = |word: &str| format!(", or 0 for {}", word.trim_start_matches("for "));
            zero.map(word).unwrap_or_default()
        };
        match *self {
            Kind::Ratio => "a ratio from 0 to 1 such as 0.05, 5% or 1/20".into(),
            Kind::Span { min, max, zero } => {
                format!(
                    "a span of time from {min} to {max} such as 20ms or 1.5s{}",
                    or_zero(zero)
                )
            }
            Kind::Count { min, max, zero } => {
                format!(
                    "a whole number from {} to {}{}",
                    grouped(min),
                    grouped(max),
                    or_zero(zero)
                )
            }
            Kind::Choice(names) => listed(names),
            Kind::Flag => "`1`, `0`, `true` or `false`".into(),
            Kind::Seed => "a whole number from 0 to 4,294,967,295".into(),
        }
    }

    /// The raw values a slider stops at, in the order from less to more of what the parameter is about: few small
    /// numbers one by one, wide ranges in round steps that grow. A span with a word for 0 runs from `never` to
    /// always more often. Empty where a slider makes no sense (names, flags, the seed).
    pub fn stops(&self) -> Vec<u64> {
        let (least, most) = self.bounds();
        let (from, zero, downwards) = match *self {
            Kind::Ratio => (1_000, false, false),
            Kind::Span { min, zero, .. } => (min.0.max(500), zero.is_some(), zero.is_some()),
            Kind::Count { min, zero, .. } => (min.max(1), zero.is_some(), false),
            _ => return Vec::new(),
        };
        if matches!(self, Kind::Count { .. }) && most <= 30 {
            return (least..=most).filter(|&raw| self.allows(raw)).collect();
        }
        let mut stops: Vec<u64> = round_numbers(from, most);
        if downwards {
            stops.reverse();
        }
        if zero || least == 0 {
            stops.insert(0, 0);
        }
        stops
    }

    /// Which stop of [`Kind::stops`] is nearest to a raw value.
    pub fn stop_of(&self, raw: u64) -> usize {
        let stops = self.stops();
        if raw == 0 {
            return stops.iter().position(|&stop| stop == 0).unwrap_or(0);
        }
        let apart = |stop: u64| {
            if stop == 0 {
                u64::MAX
            } else {
                stop.abs_diff(raw)
            }
        };
        (0..stops.len())
            .min_by_key(|&i| apart(stops[i]))
            .unwrap_or(0)
    }

    /// A raw value a tenth of the way to the slider's next or previous stop, and at least the smallest step there is.
    pub fn finer(&self, raw: u64, up: bool) -> u64 {
        let stops = self.stops();
        let here = self.stop_of(raw);
        let next = if up {
            here.checked_add(1)
        } else {
            here.checked_sub(1)
        };
        let Some((&here, &next)) = stops.get(here).zip(next.and_then(|i| stops.get(i))) else {
            return raw;
        };
        let step = (here.abs_diff(next) / 10).max(1);
        let fine = if next > here {
            raw.saturating_add(step)
        } else {
            raw.saturating_sub(step)
        };
        // From `never` there is no small step to once a day.
        let apart = matches!(self, Kind::Span { zero: Some(_), .. }) && (here == 0 || next == 0);
        if apart || !self.allows(fine) {
            next
        } else {
            fine
        }
    }
}

/// `from`, the round numbers between, and `to`.
fn round_numbers(from: u64, to: u64) -> Vec<u64> {
    let mut numbers = vec![from];
    let mut power = 1_u64;
    while power <= to {
        let round = MANTISSAS
            .iter()
            .filter(|&&m| m.saturating_mul(power) % 100 == 0);
        numbers.extend(
            round
                .map(|&m| m.saturating_mul(power) / 100)
                .filter(|&n| n > from && n < to),
        );
        power = match power.checked_mul(10) {
            Some(next) => next,
            None => break,
        };
    }
    if to > from {
        numbers.push(to);
    }
    numbers
}

/// On or off, as flags are written in links and on the command line; nothing at all means on.
pub(in crate::scenario) fn flag(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["", "1", "true", "on", "yes"]) {
        Some(true)
    } else if is(&["0", "false", "off", "no"]) {
        Some(false)
    } else {
        None
    }
}

/// A whole number, with or without separators (`10000`, `10,000`, `10_000`).
fn number(text: &str) -> Option<u64> {
    if !text.bytes().next()?.is_ascii_digit() {
        return None;
    }
    text.replace([',', '_'], "").parse().ok()
}

/// Parts per million as a decimal number.
pub(in crate::scenario) fn decimal(ppm: u64) -> String {
    let (whole, rest) = (ppm / 1_000_000, ppm % 1_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
}

/// A number with a comma every three digits.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A span with its unit written out.
fn span_words(span: Span) -> String {
    let text = span.to_string();
    let unit_at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "us" => "microsecond",
        "ms" => "millisecond",
        "min" => "minute",
        _ => "second",
    };
    format!("{number} {unit}{}", if number == "1" { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Kind = Kind::Span {
        min: Span(10_000),
        max: Span(60_000_000),
        zero: Some("never"),
    };
    const RATE: Kind = Kind::Count {
        min: 1,
        max: 10_000,
        zero: None,
    };

    #[test]
    fn every_value_is_bounded_and_explained() {
        assert_eq!(Kind::Ratio.parse("1/20"), Some(50_000));
        assert_eq!(Kind::Ratio.parse("2"), None);
        assert_eq!(NEVER.parse("Never"), Some(0));
        assert_eq!(NEVER.parse("9ms"), None);
        assert_eq!(NEVER.parse("61s"), None);
        assert_eq!(RATE.parse("10,000"), Some(10_000));
        assert_eq!(RATE.parse("0"), None);
        assert_eq!(RATE.parse("-1"), None);
        assert_eq!(Kind::Flag.parse(""), Some(1));
        assert_eq!(
            Kind::Choice(&["read_committed"]).parse("Read Committed"),
            Some(0)
        );
        assert_eq!(RATE.allowed(), "a whole number from 1 to 10,000");
    }

    #[test]
    fn fine_steps_lie_between_stops_and_stay_in_range() {
        assert_eq!(Kind::Ratio.finer(50_000, true), 51_000);
        assert_eq!(Kind::Ratio.finer(51_000, false), 50_000);
        assert_eq!(Kind::Ratio.finer(1_000_000, true), 1_000_000);
        assert_eq!(RATE.finer(1, true), 2);
        assert_eq!(RATE.finer(1, false), 1);
        assert_eq!(NEVER.finer(0, true), 60_000_000);
        assert_eq!(NEVER.finer(60_000_000, false), 0);
        assert!(NEVER.finer(60_000_000, true) < 60_000_000);
        for kind in [Kind::Ratio, NEVER, RATE] {
            for raw in kind.stops() {
                for up in [true, false] {
                    assert!(kind.allows(kind.finer(raw, up)), "{kind:?} {raw} {up}");
                }
            }
        }
    }

    #[test]
    fn words_have_their_unit() {
        assert_eq!(Kind::Ratio.words(50_000), "5 percent");
        assert_eq!(NEVER.words(0), "never");
        assert_eq!(NEVER.words(1_000_000), "1 second");
        assert_eq!(NEVER.words(20_500), "20.5 milliseconds");
        assert_eq!(RATE.words(10_000), "10,000");
    }

    #[test]
    fn stops_are_allowed_round_and_cover_the_range() {
        for kind in [
            Kind::Ratio,
            NEVER,
            RATE,
            Kind::Count {
                min: 1,
                max: 12,
                zero: None,
            },
        ] {
            let stops = kind.stops();
            assert!(stops.iter().all(|&raw| kind.allows(raw)), "{kind:?}");
            assert!(
                stops.len() > 8 && stops.len() < 120,
                "{kind:?} {}",
                stops.len()
            );
            for (i, &raw) in stops.iter().enumerate() {
                assert_eq!(kind.stop_of(raw), i, "{kind:?} {raw}");
            }
        }
        assert_eq!(&NEVER.stops()[..2], &[0, 60_000_000]);
        assert_eq!(RATE.stops().last(), Some(&10_000));
        assert_eq!(RATE.stop_of(9_999), RATE.stops().len() - 1);
    }
}
