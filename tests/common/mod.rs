//! What several test files share.

/// The conformance vectors: `CONFORMANCE_VECTORS` names the file, else `tests/data/vectors.json`.
pub fn vectors() -> serde_json::Value {
    let path = std::env::var("CONFORMANCE_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors.json").into());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}
