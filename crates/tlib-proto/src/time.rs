//! Wall-clock time as the protocol carries it: seconds and microseconds in two attributes.

use std::time::Duration;

/// Seconds since 1970-01-01 UTC and the microseconds within that second: `AttributeTimeinSecs` and
/// `AttributeTimeinuSecs` (TTimeStamp).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds since the epoch; the wire carries the low 32 bits.
    pub seconds: u64,
    /// 0 to 999 999.
    pub micros: u32,
}

impl Timestamp {
    /// A time from seconds and microseconds; microseconds of a second or more are cut to 999 999.
    pub const fn new(seconds: u64, micros: u32) -> Self {
        Self { seconds, micros: if micros > 999_999 { 999_999 } else { micros } }
    }

    /// The time that lies `since_epoch` after 1970-01-01 UTC.
    pub const fn from_duration(since_epoch: Duration) -> Self {
        Self { seconds: since_epoch.as_secs(), micros: since_epoch.subsec_micros() }
    }

    /// The seconds as `AttributeTimeinSecs` carries them.
    pub fn wire_seconds(self) -> u32 {
        u32::try_from(self.seconds & 0xFFFF_FFFF).unwrap_or_default()
    }

    /// Milliseconds within the second, as the log prints them.
    pub const fn millis(self) -> u32 {
        self.micros / 1000
    }
}
