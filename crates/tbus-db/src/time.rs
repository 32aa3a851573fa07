//! Times as SQLite keeps them: text of fixed width, UTC, milliseconds.

/// The length of a time as text.
pub(crate) const TIME_LEN: usize = 23;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 0001-01-01 and 10000-01-01 in microseconds since 1970: what four digits of a year can show.
const FIRST: i64 = -719_162 * DAY;
const END: i64 = 2_932_897 * DAY;

/// The text `YYYY-MM-DD HH:MM:SS.mmm` of a time in microseconds since 1970 UTC, cut to milliseconds; `None` outside of
/// the years 1 to 9999.
pub fn format_time(micros: i64) -> Option<String> {
    let mut text = TimeText::new();
    text.of(micros).map(str::to_owned)
}

/// Microseconds since 1970 UTC of a text `YYYY-MM-DD HH:MM:SS`, with `.` and one to six digits or without; `None` when it
/// is not such a text or there is no such day.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (head, fraction) = match bytes.get(19) {
        None => (bytes, &[][..]),
        Some(b'.') => (bytes.get(..19)?, bytes.get(20..).filter(|digits| !digits.is_empty())?),
        Some(_) => return None,
    };
    let &[y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b' ' | b'T', h1, h2, b':', mi1, mi2, b':', s1, s2] =
        head
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[mo1, mo2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[mi1, mi2])?, number(&[s1, s2])?);
    let days = days_of(year, month, day);
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 6 || civil(days) != (year, month, day) {
        return None;
    }
    let scale = 10_i64.pow(6_u32.saturating_sub(u32::try_from(fraction.len()).ok()?));
    Some(days * DAY + (hour * 3600 + minute * 60 + second) * SECOND + number(fraction)? * scale)
}

/// Whether a time lies in the years 1 to 9999, which four digits can show. Both engines take only these.
#[inline]
pub(crate) fn in_range(micros: i64) -> bool {
    (FIRST..END).contains(&micros)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value: i64, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Days since 1970-01-01 of a day in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar: the way back of `days_of`.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// A writer of times that remembers the last one: rows that follow each other share their time, or at least its day.
#[derive(Debug)]
pub(crate) struct TimeText {
    text: [u8; TIME_LEN],
    millis: i64,
    day: i64,
}

impl TimeText {
    pub(crate) fn new() -> Self {
        Self { text: *b"1970-01-01 00:00:00.000", millis: 0, day: 0 }
    }

    /// The text of a time in microseconds since 1970 UTC; `None` outside of the years 1 to 9999.
    pub(crate) fn of(&mut self, micros: i64) -> Option<&str> {
        let millis = micros.div_euclid(1_000);
        if millis != self.millis {
            if !in_range(micros) {
                return None;
            }
            self.write(millis);
        }
        std::str::from_utf8(&self.text).ok()
    }

    fn write(&mut self, millis: i64) {
        let day = millis.div_euclid(DAY / 1_000);
        let [y1, y2, y3, y4, _, mo1, mo2, _, d1, d2, _, h1, h2, _, mi1, mi2, _, s1, s2, _, f1, f2, f3] =
            &mut self.text;
        if day != self.day {
            let (year, month, day_of_month) = civil(day);
            two(year / 100, y1, y2);
            two(year % 100, y3, y4);
            two(month, mo1, mo2);
            two(day_of_month, d1, d2);
        }
        let of_day = millis.rem_euclid(DAY / 1_000);
        let seconds = of_day / 1_000;
        two(seconds / 3600, h1, h2);
        two(seconds / 60 % 60, mi1, mi2);
        two(seconds % 60, s1, s2);
        let fraction = of_day % 1_000;
        *f1 = digit(fraction / 100);
        two(fraction % 100, f2, f3);
        self.day = day;
        self.millis = millis;
    }
}

fn two(value: i64, tens: &mut u8, ones: &mut u8) {
    *tens = digit(value / 10);
    *ones = digit(value % 10);
}

fn digit(value: i64) -> u8 {
    b'0' + (value % 10).unsigned_abs() as u8
}

#[cfg(test)]
mod tests {
    use super::{format_time, parse_time};

    #[test]
    fn known_times_both_ways() {
        for (micros, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (-1_000, "1969-12-31 23:59:59.999"),
            (951_782_400_000_000, "2000-02-29 00:00:00.000"),
            (1_384_478_060_757_000, "2013-11-15 01:14:20.757"),
            (4_107_542_399_999_000, "2100-02-28 23:59:59.999"),
        ] {
            assert_eq!(format_time(micros).as_deref(), Some(text));
            assert_eq!(parse_time(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn the_order_of_times_does_not_matter() {
        let mut text = super::TimeText::new();
        let mut times: Vec<i64> = (0..2_000).map(|n| n * 7_919_000_333_777 - 5_000_000_000_000_000).collect();
        times.extend((0..200).map(|n| n * 501_000));
        times.extend((0..200).rev().map(|n| n * 86_399_999_000));
        for time in times {
            let written = text.of(time).map(str::to_owned);
            assert_eq!(written, format_time(time));
            assert_eq!(written.as_deref().and_then(parse_time), Some(time.div_euclid(1_000) * 1_000));
        }
    }

    #[test]
    fn what_no_text_can_show_is_none() {
        for micros in [i64::MIN, i64::MAX, super::FIRST - 1, super::END] {
            assert_eq!(format_time(micros), None);
        }
        assert_eq!(format_time(super::FIRST).as_deref(), Some("0001-01-01 00:00:00.000"));
        assert_eq!(format_time(super::END - 1).as_deref(), Some("9999-12-31 23:59:59.999"));
    }

    #[test]
    fn texts_that_are_no_times() {
        for text in [
            "",
            "2013-11-15",
            "2013-11-15 01:14",
            "2013-11-15 01:14:60",
            "2013-11-15 24:00:00",
            "2013-02-29 00:00:00",
            "2013-00-10 00:00:00",
            "2013-11-15 01:14:20.",
            "2013-11-15 01:14:20.1234567",
            "2013-11-15 01:14:20,757",
            "2013-11-15 01:14:2\u{e9}",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_time("1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(parse_time("1970-01-01 00:00:01.000001"), Some(1_000_001));
        assert_eq!(parse_time("1970-01-01 00:00:01"), Some(1_000_000));
    }
}
