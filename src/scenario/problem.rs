//! What is wrong with an input, said so that a person can put it right.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a parameter, a link or a scenario. `Display` is a whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The parameter or field concerned, as the person wrote it.
    pub field: String,
    /// The value it was given; empty where the value is not the point.
    pub value: String,
    /// What is allowed instead; empty where only the sentence says it.
    pub allowed: String,
    /// The whole sentence.
    pub sentence: String,
}

impl Problem {
    /// A value that is not allowed. `allowed` completes "allowed is …".
    pub fn not_allowed(field: &str, value: &str, allowed: impl Into<String>) -> Self {
        let (value, allowed) = (shortened(value), allowed.into());
        Problem {
            sentence: format!("`{field}` cannot be `{value}`: allowed is {allowed}."),
            field: field.into(),
            value,
            allowed,
        }
    }

    /// A name that nothing has; `what` says what kind of name it is, and the nearest of `known` are named.
    pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let (name, near) = (shortened(name), nearest(name, known));
        let allowed = listed(&near);
        let hint = if near.is_empty() {
            String::new()
        } else {
            format!("; did you mean {allowed}?")
        };
        let end = if near.is_empty() { "." } else { "" };
        Problem {
            sentence: format!("There is no {what} `{name}`{hint}{end}"),
            field: name,
            value: String::new(),
            allowed,
        }
    }

    /// As [`Problem::unknown`], if the name is near one of the known ones; otherwise nothing.
    pub fn near_miss<'a>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Option<Self> {
        let problem = Problem::unknown(what, name, known);
        (!problem.allowed.is_empty()).then_some(problem)
    }

    /// Anything else, as a sentence of its own.
    pub fn sentence(field: &str, sentence: impl Into<String>) -> Self {
        Problem {
            field: field.into(),
            value: String::new(),
            allowed: String::new(),
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Problem {}

/// At most 60 characters of what somebody wrote, so that no message repeats a page of garbage.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// `a`, `b` or `c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

/// How far apart two names are, if they are near at all.
fn rank(name: &str, known: &str) -> Option<usize> {
    let (a, b) = (name.to_ascii_lowercase(), known.to_ascii_lowercase());
    if a.chars().count() > 60 {
        return None;
    }
    let apart = distance(&a, &b);
    let begins = a.len() >= 3 && (b.starts_with(&a) || a.starts_with(&b) && b.len() >= 3);
    (apart <= b.chars().count() / 3 || begins).then_some(apart)
}

/// The up to three names nearest to what was written.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|known| Some((rank(name, known)?, known)))
        .collect();
    ranked.sort();
    ranked.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters must be put in, taken out or changed to make `b` from `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_comes_with_its_neighbours() {
        let known = ["loss", "ackLoss", "dup", "delay"];
        let problem = Problem::unknown("parameter", "lose", known);
        assert_eq!(
            problem.to_string(),
            "There is no parameter `lose`; did you mean `loss`?"
        );
        let problem = Problem::unknown("parameter", "zebra", known);
        assert_eq!(problem.to_string(), "There is no parameter `zebra`.");
    }

    #[test]
    fn distance_counts_letters() {
        for (a, b, apart) in [
            ("", "abc", 3),
            ("acklos", "ackloss", 1),
            ("loss", "lose", 1),
            ("dup", "dup", 0),
        ] {
            assert_eq!(distance(a, b), apart, "{a} {b}");
        }
    }

    #[test]
    fn a_page_of_garbage_is_cut() {
        let long = "ä".repeat(10_000);
        assert!(Problem::not_allowed("loss", &long, "less").sentence.len() < 300);
        assert!(
            Problem::unknown("parameter", &long, ["loss"])
                .sentence
                .len()
                < 300
        );
    }
}
