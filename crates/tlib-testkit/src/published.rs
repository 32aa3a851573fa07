//! The published samples, as values.

use tlib_proto::{KvList, json};

const SAMPLES: &str = include_str!("../../../tests/evidence/kv_samples.jsonl");

/// The user data of the published exchange: 12 pairs, 347 bytes packed.
///
/// # Panics
/// When the evidence is not what it was.
pub fn user_data() -> KvList {
    let sample = SAMPLES.lines().next().unwrap_or_default();
    let sample: serde_json::Value = serde_json::from_str(sample).expect("the evidence is JSON");
    json::to_list(&sample["pairs"]).expect("the evidence is a list")
}
