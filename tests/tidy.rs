//! Keeps the house in order: which room may use which, how long files and functions get, what must not be used
//! where results have to be equal on every machine, and that the documents list what the code has.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

/// The rooms of `src/` and what each may use directly. `broker::wire`, the types on the wire, is open to all.
/// ARCHITECTURE.md says why; a new room is added here and there.
const ROOMS: &[(&str, &[&str])] = &[
    ("scenario", &[]),
    ("broker", &[]),
    ("client", &[]),
    ("service", &[]),
    ("sim", &["scenario"]),
    ("trace", &["sim", "scenario"]),
    (
        "world",
        &["trace", "sim", "service", "client", "broker", "scenario"],
    ),
    ("verdict", &["trace", "sim", "scenario"]),
    (
        "timeline",
        &["verdict", "world", "trace", "sim", "scenario"],
    ),
    (
        "explain",
        &["timeline", "verdict", "world", "trace", "sim", "scenario"],
    ),
    (
        "explore",
        &["timeline", "verdict", "world", "trace", "scenario"],
    ),
    (
        "view",
        &[
            "explain", "timeline", "verdict", "world", "trace", "sim", "service", "broker",
            "scenario",
        ],
    ),
    (
        "embed",
        &[
            "view", "explain", "timeline", "verdict", "trace", "scenario",
        ],
    ),
];

/// The rooms at the top, which may use everything.
const TOP: &[&str] = &["ui", "bin"];

/// Not equal on every machine: the standard library leaves the last bit of these to the platform.
const INEXACT: &[&str] = &[
    "ln", "ln_1p", "log2", "log10", "exp", "exp2", "exp_m1", "powf", "powi", "sin", "cos", "tan",
    "asin", "acos", "atan", "atan2", "sin_cos", "sinh", "cosh", "tanh", "cbrt", "hypot",
];

/// Order or time that differs from run to run.
const UNSTABLE: &[&str] = &[
    "HashMap",
    "HashSet",
    "RandomState",
    "SystemTime",
    "Instant",
    "thread_rng",
];

struct Source {
    path: String,
    text: String,
    /// The text with comments, strings and characters blanked, line by line as long as before.
    code: String,
}

impl Source {
    /// The folder of `src/` it stands in, if it stands in one.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let (first, rest) = inside.split_once('/').unwrap_or((inside, ""));
        if rest.is_empty() {
            first
                .strip_suffix(".rs")
                .filter(|name| *name != "lib" && *name != "main")
        } else {
            Some(first)
        }
    }

    /// The code before its unit tests, which may be freer.
    fn shipped(&self) -> &str {
        if self.path.ends_with("/tests.rs") {
            return "";
        }
        let tests = ["#[cfg(test)]", "#[cfg(all(test"];
        let end = tests.iter().filter_map(|mark| self.code.find(mark)).min();
        &self.code[..end.unwrap_or(self.code.len())]
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files_under(&root().join("src"), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    assert!(!paths.is_empty(), "src/ has no Rust files");
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable source file");
            let inside = path.strip_prefix(root()).expect("a path in this package");
            Source {
                path: inside.to_string_lossy().replace('\\', "/"),
                code: blank(&text),
                text,
            }
        })
        .collect()
}

/// Replaces what is not code by spaces and keeps the line breaks.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + not_code(&text[at..], at.checked_sub(1).map(|before| bytes[before]));
        if end == at {
            let step = text[at..].chars().next().map_or(1, char::len_utf8);
            out.extend_from_slice(&bytes[at..at + step]);
            at += step;
        } else {
            out.extend(
                bytes[at..end]
                    .iter()
                    .map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }),
            );
            at = end;
        }
    }
    String::from_utf8(out).expect("blanking keeps whole characters")
}

/// How many bytes at the start of `rest` are a comment, a string or a character; 0 when it is code.
fn not_code(rest: &str, before: Option<u8>) -> usize {
    let in_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, b'"');
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        // A character, not a lifetime: 'x' or an escape.
        let mut inner = inner.chars();
        let first = inner.next();
        if first == Some('\\') || inner.next() == Some('\'') {
            return quoted(rest, b'\'');
        }
        return 0;
    }
    if !in_word && (rest.starts_with("r\"") || rest.starts_with("r#\"")) {
        let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
        let close = format!("\"{}", "#".repeat(hashes));
        let open = 2 + hashes;
        return rest[open..]
            .find(&close)
            .map_or(rest.len(), |end| open + end + close.len());
    }
    0
}

fn quoted(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands by itself in `code`.
fn word_places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let bytes = code.as_bytes();
            let free_before = *at == 0 || !is_word(bytes[at - 1]);
            let free_after = bytes
                .get(at + word.len())
                .is_none_or(|byte| !is_word(*byte));
            free_before && free_after
        })
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// The paths after each `crate::` (or `delivery_lab::`), with `crate::{a, b::c}` taken apart.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in word_places(code, "crate") {
        let Some(rest) = code[at..].strip_prefix("crate::") else {
            continue;
        };
        let path: fn(&str) -> String = |text| {
            text.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == ':')
                .collect()
        };
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (offset, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && !c.is_whitespace() => {
                        found.push((at, path(&group[offset..])));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.push((at, path(rest)));
        }
    }
    found
}

#[test]
fn each_room_uses_only_what_lies_below_it() {
    let may: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut found = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        if TOP.contains(&room) {
            continue;
        }
        let Some(allowed) = may.get(room) else {
            found.push(format!(
                "{}: the room {room} is not in the table of this test",
                source.path
            ));
            continue;
        };
        for (at, path) in imports(source.shipped()) {
            let (to, _) = path.split_once("::").unwrap_or((&path, ""));
            let is_room = may.contains_key(to) || TOP.contains(&to);
            let on_the_wire = path.starts_with("broker::wire");
            if is_room && to != room && !on_the_wire && !allowed.contains(&to) {
                found.push(format!(
                    "{}:{}: {room} may not use crate::{path}",
                    source.path,
                    line_of(&source.code, at)
                ));
            }
        }
    }
    assert_none("rooms that reach where they must not", &found);
}

#[test]
fn a_table_of_rooms_has_no_cycle() {
    for (floor, (room, uses)) in ROOMS.iter().enumerate() {
        for used in *uses {
            let below = ROOMS[..floor].iter().any(|(other, _)| other == used);
            assert!(below, "{room} uses {used}, which is not below it");
        }
    }
}

#[test]
fn files_are_read_in_one_sitting() {
    let found: Vec<String> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none(&format!("files over {FILE_LINES} lines"), &found);
}

#[test]
fn functions_fit_a_screen() {
    let mut found = Vec::new();
    for source in sources() {
        for at in word_places(&source.code, "fn") {
            let Some(lines) = body_lines(&source.code[at..]) else {
                continue;
            };
            if lines > FUNCTION_LINES {
                let name: String = source.code[at + 3..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let line = line_of(&source.code, at);
                found.push(format!("{}:{line}: {name} has {lines} lines", source.path));
            }
        }
    }
    assert_none(&format!("functions over {FUNCTION_LINES} lines"), &found);
}

/// Lines from `fn` to its closing brace; None for a type or a declaration without a body.
fn body_lines(code: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut brackets = 0usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' if brackets == 0 => return None,
            ')' | ']' => brackets -= 1,
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' if depth == 0 => return None,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(code[..at].matches('\n').count() + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn a_run_is_the_same_on_every_machine() {
    let mut found = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        if TOP.contains(&room) {
            continue;
        }
        let code = source.shipped();
        let mut report = |at: usize, what: &str| {
            found.push(format!("{}:{}: {what}", source.path, line_of(code, at)));
        };
        for name in INEXACT {
            for at in word_places(code, name) {
                let called = code[at + name.len()..].starts_with('(');
                let on_a_float = code[..at].ends_with('.')
                    || code[..at].ends_with("f64::")
                    || code[..at].ends_with("f32::");
                if called && on_a_float {
                    report(at, &format!("{name}() of std; libm has an equal one"));
                }
            }
        }
        for name in UNSTABLE {
            for at in word_places(code, name) {
                report(at, name);
            }
        }
    }
    assert_none("what differs between machines or runs", &found);
}

#[test]
fn architecture_lists_every_room() {
    let text = read("ARCHITECTURE.md");
    let rooms: BTreeSet<String> = sources()
        .iter()
        .filter_map(|source| source.room().map(str::to_owned))
        .collect();
    let found: Vec<String> = rooms
        .iter()
        .filter(|room| !text.contains(&format!("`{room}/`")))
        .cloned()
        .collect();
    assert_none("rooms that ARCHITECTURE.md does not name", &found);
}

#[test]
fn the_readme_names_every_make_target() {
    let readme = read("README.md");
    let found: Vec<String> = read("Makefile")
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains("##"))
        .filter_map(|line| line.split_once(':').map(|(name, _)| name.to_owned()))
        .filter(|name| name != "help" && !readme.contains(&format!("make {name}")))
        .collect();
    assert_none("make targets that README.md does not name", &found);
}

#[test]
fn nothing_committed_names_this_machine_or_a_registry() {
    let list = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    // An unpacked archive has no list of committed files, and nobody commits from it.
    let Some(list) = list.ok().filter(|list| list.status.success()) else {
        return;
    };
    let mut forbidden = vec![
        root().to_string_lossy().into_owned(),
        ["registry", "npmjs", "org"].join("."),
        ["static", "crates", "io"].join("."),
        ["index", "crates", "io"].join("."),
        ["proxy", "golang", "org"].join("."),
    ];
    if let Some(home) = std::env::var("HOME").ok().filter(|home| home.len() > 1) {
        forbidden.push(format!("{home}/"));
    }
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&list.stdout).split_terminator('\0') {
        let Ok(text) = fs::read_to_string(root().join(name)) else {
            continue;
        };
        for word in &forbidden {
            if text.contains(word.as_str()) {
                found.push(format!("{name}: {word}"));
            }
        }
        if name == "package-lock.json" && text.contains("\"resolved\"") {
            found.push(format!("{name}: download addresses"));
        }
    }
    assert_none("files that name a place they must not", &found);
}
