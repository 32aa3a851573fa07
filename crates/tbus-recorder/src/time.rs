//! Times: microseconds since 1970 UTC, in whole milliseconds, so that both engines hold the same: SQLite's texts have three
//! decimals (facts `icon` 1.1; chosen).

use tlib_proto::{MessageRef, Timestamp};

use crate::generated::idb::Added;

/// Length of a step of G_TIMECODE in seconds (facts `icon` 1.10).
const STEP: i32 = 300;

/// The time of the clock, cut to milliseconds.
pub(crate) fn micros(at: Timestamp) -> i64 {
    let seconds = i64::try_from(at.seconds).unwrap_or(i64::MAX);
    let millis = i64::from(at.micros / 1000);
    seconds.saturating_mul(1_000_000).saturating_add(millis.saturating_mul(1000))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_milliseconds() {
        let at = |seconds, micros| super::micros(Timestamp { seconds, micros });
        assert_eq!(at(1_441_583_999, 999_999), 1_441_583_999_999_000);
        assert_eq!(at(0, 1_000), 1_000);
        assert_eq!(at(0, 999), 0);
    }
}
