//! Times: a clock that only shows the time of day, and what tells the date.

use tlib_proto::Timestamp;

/// Microseconds of a day.
const DAY: u64 = 86_400_000_000;

/// When a record was written.
///
/// A log shows the time of day. The reader counts midnights, so that times can be compared within a log, and knows the date as
/// soon as something tells it: a header, an ISO time stamp, or `AttributeTimeinSecs` of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Midnights since the first time stamp of the log.
    pub day: u32,
    /// Microseconds since midnight, local time.
    pub micros: u64,
    /// The same as UTC, once the date is known. Where nothing tells the zone, local time is taken for UTC (chosen).
    pub utc: Option<Timestamp>,
    /// Seconds that local time is ahead of UTC, 0 where nothing tells the zone.
    pub utc_offset: i32,
}

impl Time {
    /// Another time of the same day, in microseconds since midnight.
    pub fn at(&self, micros: u64) -> Self {
        let utc = self.utc.and_then(|utc| {
            let all = utc.seconds.checked_mul(1_000_000)?.checked_add(utc.micros.into())?;
            let all = all.checked_add(micros)?.checked_sub(self.micros)?;
            Some(Timestamp::new(all / 1_000_000, u32::try_from(all % 1_000_000).unwrap_or_default()))
        });
        Self { micros, utc, ..*self }
    }

    /// Seconds from 1970-01-01 00:00:00 local time, once the date is known.
    pub fn local_seconds(&self) -> Option<i64> {
        let utc = i64::try_from(self.utc?.seconds).ok()?;
        utc.checked_add(self.utc_offset.into())
    }

    /// Microseconds since the midnight before the log's first time stamp.
    pub fn elapsed(&self) -> u64 {
        u64::from(self.day).saturating_mul(DAY).saturating_add(self.micros)
    }
}

/// Year, month and day.
type Date = (u16, u8, u8);

/// A time stamp as printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Microseconds since midnight.
    pub(super) micros: u64,
    /// The date, in ISO stamps: year, month and day.
    pub(super) date: Option<Date>,
}

/// What is known of the date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    last: Option<u64>,
    day: u32,
    /// Day since 1970-01-01 of the midnight that `day` counts from.
    base: Option<i64>,
    /// Seconds that local time is ahead of UTC.
    offset: Option<i64>,
    /// Whether more than an event's own time has told the date.
    certain: bool,
    /// The last answer: most records have the time of the one before.
    cached: Option<(u64, Time)>,
}

impl Clock {
    /// The time of a stamp; follows midnights.
    #[inline]
    pub(super) fn at(&mut self, stamp: Stamp) -> Time {
        if let (Some((micros, time)), None) = (self.cached, stamp.date)
            && micros == stamp.micros
        {
            return time;
        }
        let mut day = self.day;
        if let Some(date) = stamp.date {
            let date = civil_date(date);
            match self.base {
                Some(base) => {
                    let counted = u32::try_from(date.saturating_sub(base));
                    // A date before the first one: the clock was set, or files come in the wrong order.
                    day = counted.unwrap_or(day);
                    if counted.is_err() {
                        self.base = Some(date.saturating_sub(day.into()));
                    }
                }
                None => {
                    self.follow(stamp.micros, &mut day);
                    self.base = Some(date.saturating_sub(day.into()));
                }
            }
            self.certain = true;
            self.day = day;
        } else if !self.follow(stamp.micros, &mut day) {
            return self.time(day, stamp.micros);
        }
        self.day = day;
        self.last = Some(stamp.micros);
        let time = self.time(day, stamp.micros);
        self.cached = Some((stamp.micros, time));
        time
    }

    /// Counts a midnight where the clock goes back by more than half a day. `false` for a line from just before the
    /// midnight that is counted already.
    fn follow(&self, micros: u64, day: &mut u32) -> bool {
        let Some(last) = self.last else { return true };
        if micros.saturating_add(DAY / 2) < last {
            *day = day.saturating_add(1);
        } else if *day > 0 && last < 60_000_000 && micros > DAY - 60_000_000 {
            *day -= 1;
            return false;
        }
        true
    }

    fn time(&self, day: u32, micros: u64) -> Time {
        let utc = self.base.and_then(|base| {
            let days = base.checked_add(day.into())?;
            let seconds = days.checked_mul(86_400)?.checked_add(i64::try_from(micros / 1_000_000).ok()?)?;
            let seconds = u64::try_from(seconds.checked_sub(self.offset.unwrap_or_default())?).ok()?;
            Some(Timestamp::new(seconds, u32::try_from(micros % 1_000_000).unwrap_or_default()))
        });
        let utc_offset = self.offset.and_then(|offset| i32::try_from(offset).ok()).unwrap_or_default();
        Time { day, micros, utc, utc_offset }
    }

    /// The time of what has no stamp: that of the record before.
    pub(super) fn now(&self) -> Option<Time> {
        self.cached.map(|(_, time)| time)
    }

    /// Takes what a header tells.
    pub(super) fn set(&mut self, local_day: Option<i64>, offset: Option<i64>, local_micros: Option<u64>) {
        if let Some(offset) = offset {
            self.offset = Some(offset);
        }
        if let Some(local) = local_day {
            match self.base.and_then(|base| u32::try_from(local.saturating_sub(base)).ok()) {
                // A later day of a log whose first day is known.
                Some(day) => self.day = day,
                None => {
                    if let (Some(micros), Some(last)) = (local_micros, self.last)
                        && micros.saturating_add(DAY / 2) < last
                    {
                        self.day = self.day.saturating_add(1);
                    }
                    self.base = Some(local.saturating_sub(self.day.into()));
                }
            }
            self.last = local_micros.or(self.last);
            self.certain = true;
        }
        self.cached = None;
    }

    /// Whether the date may still be learned from an event.
    #[inline]
    pub(super) const fn learns(&self) -> bool {
        !self.certain
    }

    /// Learns from `AttributeTimeinSecs`, `1348817660 (00:34:20)`, of an event that was printed at `stamp`. A date that an
    /// event has told is changed by a later day only, and only if the clock agrees with the stamp: the time of a message
    /// may be anything that a client has put there.
    pub(super) fn learn(&mut self, value: &[u8], stamp: u64) {
        let Some((seconds, clock)) = time_in_secs(value) else { return };
        let stamp_second = i64::try_from(stamp / 1_000_000).unwrap_or_default();
        let apart = (stamp_second - clock + 43_200).rem_euclid(86_400) - 43_200;
        if apart.abs() > 5 {
            return;
        }
        let offset = offset_of(seconds, clock);
        let local = seconds.saturating_add(offset).saturating_add(apart).div_euclid(86_400);
        let base = local.saturating_sub(self.day.into());
        match self.base {
            None => self.base = Some(base),
            Some(known) if base > known => {
                let later = u32::try_from(base.saturating_sub(known)).unwrap_or_default();
                self.day = self.day.saturating_add(later);
            }
            Some(_) if self.offset == Some(offset) => return,
            Some(_) => {}
        }
        self.offset = Some(offset);
        self.cached = None;
    }
}

/// Local time minus UTC, from ten hours behind to just under fourteen ahead (chosen, a clock alone is ambiguous).
pub(super) fn offset_of(seconds: i64, clock: i64) -> i64 {
    (clock - seconds.rem_euclid(86_400) + 10 * 3600).rem_euclid(86_400) - 10 * 3600
}

/// `1348817660 (00:34:20)`: seconds since 1970, and the second of the day behind it.
pub(super) fn time_in_secs(value: &[u8]) -> Option<(i64, i64)> {
    let text = std::str::from_utf8(value).ok()?;
    let (seconds, clock) = text.trim_ascii_end().strip_suffix(')')?.split_once(" (")?;
    let mut parts = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok().filter(|part| *part < 60));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    Some((i64::from(seconds.parse::<u32>().ok()?), hour * 3600 + minute * 60 + second))
}

/// Days since 1970-01-01 of a date, by the civil calendar.
pub(super) fn civil_date((year, month, day): Date) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    // Years begin in March here, so that the leap day is a year's last one.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// `HH:MM:SS` and a fraction at the start of a text, and what follows.
#[inline]
pub(super) fn clock(text: &[u8]) -> Option<(u64, &[u8])> {
    let (head, mut rest) = text.split_first_chunk::<8>()?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *head else { return None };
    let two = |high: u8, low: u8| {
        let (high, low) = (high.wrapping_sub(b'0'), low.wrapping_sub(b'0'));
        (high < 10 && low < 10).then_some(u64::from(high) * 10 + u64::from(low))
    };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let mut unit = 100_000;
        rest = fraction;
        while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
            micros += u64::from(digit - b'0') * unit;
            unit /= 10;
            rest = after;
        }
    }
    Some(((hour * 3600 + minute * 60 + second) * 1_000_000 + micros, rest))
}

/// `YYYY-MM-DDTHH:MM:SS.mmm`, with a blank for the T also: date and microseconds since midnight.
pub(super) fn iso(text: &[u8]) -> Option<(Date, u64)> {
    iso_prefix(text).map(|(date, micros, _)| (date, micros))
}

/// The same at the start of a text, and what follows.
pub(super) fn iso_prefix(text: &[u8]) -> Option<(Date, u64, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" "))?;
    let [_, _, _, _, b'-', _, _, b'-', _, _] = date else { return None };
    let number = |range: std::ops::Range<usize>| {
        let digits = date.get(range).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse::<u16>().ok()
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (micros, rest) = clock(rest)?;
    Some(((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?), micros, rest))
}

/// A time stamp at the start of a line, and what follows it.
#[inline]
pub(super) fn stamp(line: &[u8]) -> Option<(Stamp, &[u8])> {
    if let Some((micros, rest)) = clock(line) {
        return Some((Stamp { micros, date: None }, rest));
    }
    let (date, micros, rest) = iso_prefix(line)?;
    Some((Stamp { micros, date: Some(date) }, rest))
}
