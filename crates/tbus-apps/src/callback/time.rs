//! Times as requests and answers write them: ISO 8601 in UTC with milliseconds, `2018-06-10T22:05:00.000Z` (facts
//! infomart 7.1). Inside, times are seconds since 1970.

/// Most seconds since 1970 that a request may name: the end of 2099 (chosen). `_CB_T_` keys are 32-bit integers.
const LATEST: i64 = 4_102_444_799;

/// Reads a time with an offset from UTC, usually `Z`. Fractions of a second are cut off.
///
/// # Errors
/// What a time looks like.
pub(crate) fn parse(text: &str) -> Result<i64, &'static str> {
    let legal = "a time in UTC, such as 2018-06-10T22:05:00.000Z";
    let time: jiff::Timestamp = text.parse().map_err(|_| legal)?;
    let seconds = time.as_second();
    if (0..=LATEST).contains(&seconds) { Ok(seconds) } else { Err("a time of the years 1970 to 2099") }
}

/// Writes a time in UTC with milliseconds, which are zero.
pub(crate) fn format(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => format!("{time:.3}"),
        // No time of this program is outside of the years that a calendar has.
        Err(_) => seconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let text = "2018-06-10T22:05:00.000Z";
        assert_eq!(parse(text), Ok(1_528_668_300));
        assert_eq!(format(1_528_668_300), text);
        assert_eq!(parse("2018-06-10T22:05:00Z"), Ok(1_528_668_300));
        assert_eq!(parse("2018-06-10T22:05:00.999Z"), Ok(1_528_668_300));
        assert_eq!(parse("2018-06-11T00:05:00+02:00"), Ok(1_528_668_300));
        assert_eq!(parse("1970-01-01T00:00:00Z"), Ok(0));
        let bad = [
            "",
            "tomorrow",
            "2018-06-10",
            "2018-06-10T22:05:00",
            "1528668300",
            "2018-13-10T22:05:00Z",
            "1969-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "\u{0}",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
