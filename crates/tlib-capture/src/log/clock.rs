//! Local time, as every line shows it.

use std::fmt::Write;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use tlib_proto::Timestamp;
use tlib_proto::text::print_clock;

/// Tells local time; asks the zone's rules only when the second changes.
#[derive(Debug)]
pub(super) struct LocalClock {
    zone: TimeZone,
    second: Option<u64>,
    /// `HH:MM:SS` of that second.
    text: String,
    /// The second last asked for, and how far local time is ahead of UTC then.
    offset: (u64, i32),
}

impl LocalClock {
    pub(super) fn new(zone: TimeZone) -> Self {
        let offset = (0, lookup(&zone, 0).seconds());
        Self { zone, second: None, text: String::new(), offset }
    }

    /// Seconds that local time is ahead of UTC.
    #[inline]
    pub(super) fn offset_at(&mut self, second: u64) -> i32 {
        if self.offset.0 != second {
            self.offset = (second, lookup(&self.zone, second).seconds());
        }
        self.offset.1
    }

    /// `HH:MM:SS`.
    #[inline]
    pub(super) fn clock(&mut self, second: u64) -> &str {
        if self.second != Some(second) {
            let ahead = i64::from(self.offset_at(second));
            let local = (second % 86_400).cast_signed() + ahead;
            self.text.clear();
            print_clock(&mut self.text, u32::try_from(local.rem_euclid(86_400)).unwrap_or_default());
            self.second = Some(second);
        }
        &self.text
    }

    /// `YYYYMMDD_HHMMSS_mmm`, as file names carry it.
    pub(super) fn file_stamp(&self, at: Timestamp) -> String {
        let t = self.zone.to_datetime(instant(at.seconds));
        let (year, month, day, hour, minute, second) = fields(t);
        format!("{year:04}{month:02}{day:02}_{hour:02}{minute:02}{second:02}_{:03}", at.millis())
    }

    /// Appends `YYYY-MM-DDTHH:MM:SS.mmm`.
    pub(super) fn put_local(&self, out: &mut String, at: Timestamp) {
        put_iso(out, self.zone.to_datetime(instant(at.seconds)), at);
    }

    /// Appends `YYYY-MM-DDTHH:MM:SS.mmm` of UTC.
    pub(super) fn put_utc(out: &mut String, at: Timestamp) {
        put_iso(out, Offset::UTC.to_datetime(instant(at.seconds)), at);
    }

    /// Whether it is summer time.
    pub(super) fn is_summer(&self, at: Timestamp) -> bool {
        self.zone.to_offset_info(instant(at.seconds)).dst().is_dst()
    }

    /// Appends `<seconds>, names`: how far standard time is behind UTC, as C's `timezone` has it, then the zone's
    /// standard name and, where it has one, its summer name (which number it is, is chosen).
    pub(super) fn put_zone(&self, out: &mut String, at: Timestamp) {
        let at = instant(at.seconds);
        let now = self.zone.to_offset_info(at);
        let next = self.zone.following(at).take(8).find(|next| next.dst() != now.dst());
        let other = next.as_ref().map(|next| (next.offset(), next.abbreviation()));
        let (standard, summer) = if now.dst().is_dst() {
            (other, Some(now.abbreviation()))
        } else {
            (Some((now.offset(), now.abbreviation())), other.map(|(_, name)| name))
        };
        let (offset, name) = standard.unwrap_or_else(|| (now.offset(), now.abbreviation()));
        // Writing to a String cannot fail.
        let _ = write!(out, "{}, {name}", -offset.seconds());
        if let Some(summer) = summer {
            let _ = write!(out, ", {summer}");
        }
    }
}

fn put_iso(out: &mut String, t: DateTime, at: Timestamp) {
    let (year, month, day, hour, minute, second) = fields(t);
    let millis = at.millis();
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}");
}

fn fields(t: DateTime) -> (i16, i8, i8, i8, i8, i8) {
    (t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
}

fn lookup(zone: &TimeZone, second: u64) -> Offset {
    zone.to_offset(instant(second))
}

/// Times after the year 9999 have no calendar; they are printed as 1970.
fn instant(second: u64) -> jiff::Timestamp {
    i64::try_from(second)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .unwrap_or_default()
}
