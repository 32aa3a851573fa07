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

/// A time as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since 1970.
    pub(crate) at: i64,
    /// The whole seconds, as `*_TS` columns have them; `None` when they cannot hold them, from 2038 on.
    pub(crate) seconds: Option<i32>,
    /// The step of G_TIMECODE, as `*_TCODE` columns have it.
    pub(crate) code: Option<i32>,
}

impl Moment {
    pub(crate) fn new(at: i64) -> Self {
        let seconds = i32::try_from(at.div_euclid(1_000_000)).ok();
        Self { at, seconds, code: seconds.map(|seconds| seconds.saturating_sub(seconds.rem_euclid(STEP))) }
    }

    /// `ADDED` and what goes with it.
    pub(crate) fn added(self) -> Added {
        Added { added: self.at, added_ts: self.seconds, added_tcode: self.code }
    }
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

    #[test]
    fn moments_have_seconds_as_long_as_the_column_holds_them() {
        let found = Moment::new(1_348_817_660_757_000);
        assert_eq!((found.seconds, found.code), (Some(1_348_817_660), Some(1_348_817_400)));
        assert_eq!(Moment::new(2_147_483_647_999_999).seconds, Some(i32::MAX));
        assert_eq!(
            Moment::new(2_147_483_648_000_000),
            Moment { at: 2_147_483_648_000_000, seconds: None, code: None }
        );
    }
}
