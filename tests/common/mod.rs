//! What several test files share: the conformance vectors.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::Value;

/// The sections of a file of vectors, besides `meta`.
const SECTIONS: [&str; 5] = [
    "murmur2",
    "assignments",
    "sticky_properties",
    "idempotence",
    "transactions",
];

/// Names the file to be used instead of `tests/data/vectors.json`, relative to where cargo was called.
const VARIABLE: &str = "CONFORMANCE_VECTORS";

/// The cases of a section. The lab's own file has some in each; a file of somebody else's may leave sections out.
pub fn cases(section: &str) -> Vec<Value> {
    assert!(SECTIONS.contains(&section), "there is no section {section}");
    let (path, own) = file();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    only(&all, &[&["meta"], &SECTIONS[..]].concat());
    let cases = match &all[section] {
        Value::Array(cases) => cases.clone(),
        Value::Null if !own => Vec::new(),
        other => panic!("{path}: {section} is no list: {other}"),
    };
    assert!(!own || !cases.is_empty(), "{path}: {section} is empty");
    cases
}

/// The file's path, and whether it is the lab's own. Tests run in the package's folder, which need not be the
/// folder that a relative path was written for.
fn file() -> (String, bool) {
    let Ok(named) = std::env::var(VARIABLE) else {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors.json");
        return (own.into(), true);
    };
    let called_from = std::env::var("PWD").unwrap_or_default();
    let there = std::path::Path::new(&called_from).join(&named);
    let here = std::path::Path::new(&named).exists();
    let path = if here { named.into() } else { there };
    (path.display().to_string(), false)
}

/// Fails when `value` is no object, or has a field that the schema does not know: it could mean anything.
pub fn only(value: &Value, known: &[&str]) {
    let fields = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    for field in fields.keys() {
        assert!(
            known.contains(&field.as_str()),
            "unknown field `{field}` (known: {known:?})"
        );
    }
}
