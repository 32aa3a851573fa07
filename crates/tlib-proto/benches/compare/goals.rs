//! The goals of the codec: how long its operations may take, each against another case of the same run.

use crate::measure::Case;
use crate::{COPY, by_hand, ours, with_bincode, with_postcard, with_prost};

/// A goal, and how it went.
pub(crate) struct Goal {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) against: String,
    pub(crate) ratio: f64,
    pub(crate) limit: f64,
    pub(crate) met: bool,
}

/// Nanoseconds under which a routing decode is fast enough, whatever a copy takes.
const ROUTING_NANOSECONDS: f64 = 25.0;

/// All goals for the cases of one size. `prost` is the part of prost's time that a borrowed decode may take.
pub(crate) fn goals(cases: &[Case], prost: f64) -> Vec<Goal> {
    let mut goals: Vec<_> = [
        ("C1", "routing", COPY, "512 bytes", 3.0),
        ("C2", ours::BORROWED, by_hand::CODEC, "borrowed", 1.0),
        ("C2", ours::BORROWED, with_postcard::CODEC, "borrowed", 0.9),
        ("C2", ours::BORROWED, with_prost::CODEC, "owned", prost),
        ("C3", "walk", by_hand::CODEC, "walk", 1.0),
        ("C4", ours::PAIR_BY_PAIR, with_bincode::CODEC, "encode", 1.1),
        ("C4", ours::PAIR_BY_PAIR, with_prost::CODEC, "encode", 0.35),
        ("C5", "owned, UTF-8 checked", with_prost::CODEC, "owned", 0.35),
    ]
    .into_iter()
    .filter_map(|(name, operation, codec, other, limit)| {
        let ratio = find(cases, ours::CODEC, operation)?.ratio(find(cases, codec, other)?);
        let against = format!("{codec} {other}");
        Some(Goal { name, operation, against, ratio, limit, met: ratio <= limit })
    })
    .collect();
    let routing = find(cases, ours::CODEC, "routing").map_or(f64::NAN, Case::nanoseconds);
    for goal in goals.iter_mut().filter(|goal| goal.name == "C1") {
        goal.met |= routing <= ROUTING_NANOSECONDS;
    }
    goals
}

fn find<'c>(cases: &'c [Case], codec: &str, operation: &str) -> Option<&'c Case> {
    cases.iter().find(|case| case.codec == codec && case.operation == operation)
}
