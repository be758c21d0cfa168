//! Spans of time and ratios as people write them: `30ms`, `2s`, `5%`, `1/20`, `0.05`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of virtual time, in microseconds. Written with a unit: `500us`, `20ms`, `1.5s`, `2min`; a bare `0` is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// A probability in parts per million, 0 to 1,000,000. Written as `5%`, `0.05` or `1/20`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(pub u32);

impl Span {
    /// This many microseconds.
    pub const fn us(n: u64) -> Self {
        Span(n)
    }

    /// This many milliseconds.
    pub const fn ms(n: u64) -> Self {
        Span(n * 1_000)
    }

    /// The longest that a parameter, a fault or an intervention may last.
    pub const DAY: Span = Span::s(86_400);

    /// This many seconds.
    pub const fn s(n: u64) -> Self {
        Span(n * 1_000_000)
    }
}

impl Ratio {
    /// This many percent.
    pub const fn percent(n: u32) -> Self {
        Ratio(n * 10_000)
    }
}

const UNITS: [(&str, u64); 5] = [
    ("min", 60_000_000),
    ("ms", 1_000),
    ("us", 1),
    ("h", 3_600_000_000),
    ("s", 1_000_000),
];

/// A decimal number times a whole factor, exactly, without floats. `None` where it is no such number
/// or does not fit.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut value = if whole.is_empty() {
        0
    } else {
        whole.parse::<u64>().ok()?.checked_mul(factor)?
    };
    let mut place = factor;
    for digit in fraction.bytes() {
        place /= 10;
        value = value.checked_add(u64::from(digit - b'0') * place)?;
    }
    Some(value)
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "0" {
            return Ok(Span(0));
        }
        UNITS
            .iter()
            .find_map(|(unit, factor)| {
                scaled(text.strip_suffix(unit)?.trim_end(), *factor).map(Span)
            })
            .ok_or_else(|| {
                format!("`{text}` is not a span of time such as 500us, 20ms, 1.5s or 2min")
            })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = match self.0 {
            0 => return f.write_str("0"),
            n if n % 60_000_000 == 0 => ("min", 60_000_000),
            n if n >= 1_000_000 => ("s", 1_000_000),
            n if n >= 1_000 => ("ms", 1_000),
            _ => ("us", 1),
        };
        let rest = self.0 % factor;
        if rest == 0 {
            return write!(f, "{}{unit}", self.0 / factor);
        }
        let width = if factor == 1_000_000 { 6 } else { 3 };
        let fraction = format!("{rest:0width$}");
        write!(
            f,
            "{}.{}{unit}",
            self.0 / factor,
            fraction.trim_end_matches('0')
        )
    }
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let ppm = if let Some(percent) = text.strip_suffix('%') {
            scaled(percent.trim_end(), 10_000)
        } else if let Some((part, whole)) = text.split_once('/') {
            match (part.trim().parse::<u64>(), whole.trim().parse::<u64>()) {
                (Ok(part), Ok(whole)) if whole > 0 => {
                    part.checked_mul(1_000_000).map(|n| n / whole)
                }
                _ => None,
            }
        } else {
            scaled(text, 1_000_000)
        };
        ppm.filter(|&n| n <= 1_000_000)
            .map(|n| Ratio(n as u32))
            .ok_or_else(|| format!("`{text}` is not a ratio from 0 to 1 such as 0.05, 5% or 1/20"))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0'))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_alike() {
        for (text, us) in [
            ("500us", 500),
            ("20ms", 20_000),
            ("1.5s", 1_500_000),
            ("2min", 120_000_000),
            ("0", 0),
        ] {
            assert_eq!(text.parse::<Span>(), Ok(Span(us)));
            assert_eq!(Span(us).to_string(), text);
        }
        assert_eq!("1h".parse::<Span>(), Ok(Span(3_600_000_000)));
        for bad in [
            "",
            "5",
            "ms",
            "-3ms",
            "1e3ms",
            "99999999999999999999s",
            "3 parsecs",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ratios_are_read_in_three_ways_and_bounded() {
        for text in ["5%", "0.05", "1/20", ".05"] {
            assert_eq!(text.parse::<Ratio>(), Ok(Ratio(50_000)), "{text}");
        }
        assert_eq!(Ratio(12_500).to_string(), "1.25%");
        for bad in ["1.01", "101%", "-1", "1/0", "", "%", "NaN"] {
            assert!(bad.parse::<Ratio>().is_err(), "{bad}");
        }
    }
}
