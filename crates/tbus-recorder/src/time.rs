//! Times: microseconds since 1970 UTC, as the database has them (facts `icon` 1.1).

use tlib_proto::{MessageRef, Timestamp};

use crate::generated::idb::Added;

/// Length of a step of G_TIMECODE in seconds (facts `icon` 1.10).
const STEP: i32 = 300;

/// The time of the clock.
pub(crate) fn micros(at: Timestamp) -> i64 {
    let seconds = i64::try_from(at.seconds).unwrap_or(i64::MAX);
    seconds.saturating_mul(1_000_000).saturating_add(at.micros.into())
}

/// The event's own time, TimeinSecs and TimeinuSecs; `None` when it has none.
pub(crate) fn of(event: MessageRef<'_>) -> Option<i64> {
    event.time().ok().flatten().map(micros)
}

/// The whole seconds of it, as `*_TS` columns have them; `None` when they cannot hold them, from 2038 on.
pub(crate) fn seconds(micros: i64) -> Option<i32> {
    i32::try_from(micros.div_euclid(1_000_000)).ok()
}

/// `ADDED` and what goes with it.
pub(crate) fn added(micros: i64) -> Added {
    let seconds = seconds(micros);
    let code = seconds.map(|seconds| seconds.saturating_sub(seconds.rem_euclid(STEP)));
    Added { added: micros, added_ts: seconds, added_tcode: code }
}
