//! Header lines: the beginning of a log or of a segment.

use super::time::{civil_date, iso};

/// The names of the header's lines, in the vendor's order.
const NAMES: [&[u8]; 12] = [
    b"Application name:",
    b"Application type:",
    b"Command line:",
    b"Host name:",
    b"DST:",
    b"Time zone:",
    b"UTC time:",
    b"Local time:",
    b"Start time (UTC):",
    b"Running time:",
    b"Host info:",
    b"File:",
];

/// Header lines that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    pub(super) text: &'a [u8],
    /// Whether records come before it in the same file: the boundary of two segments that were put together.
    pub continues: bool,
}

impl<'a> Header<'a> {
    /// The lines, name without its colon and value.
    pub fn lines(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.text.split(|byte| *byte == b'\n').filter_map(|line| {
            let at = name_length(line)?;
            let (name, value) = line.split_at_checked(at)?;
            Some((name.strip_suffix(b":").unwrap_or(name), value.trim_ascii()))
        })
    }

    /// The value of a line, such as `Application name`.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.lines().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
    }

    /// The day since 1970-01-01 of the local time, and how many seconds local time is ahead of UTC, as far as the header
    /// tells them.
    pub(super) fn date(&self) -> (Option<i64>, Option<i64>) {
        let time = |name| self.get(name).and_then(iso).map(|(date, micros)| (civil_date(date), micros));
        let (utc, local) = (time("UTC time"), time("Local time"));
        let seconds = |(day, micros): (i64, u64)| {
            day.saturating_mul(86_400).saturating_add(i64::try_from(micros / 1_000_000).unwrap_or_default())
        };
        let offset = match (utc, local) {
            (Some(utc), Some(local)) => {
                let ahead = seconds(local).saturating_sub(seconds(utc));
                // No zone is further away than this.
                Some(ahead).filter(|ahead| ahead.abs() <= 16 * 3600)
            }
            _ => None,
        };
        (local.map(|(day, _)| day), offset)
    }
}

/// Length of the name at the start of a header line, its colon included.
pub(crate) fn name_length(line: &[u8]) -> Option<usize> {
    // Nearly every other line is told apart by its first byte.
    if !matches!(line.first(), Some(b'A' | b'C' | b'D' | b'F' | b'H' | b'L' | b'R' | b'S' | b'T' | b'U')) {
        return None;
    }
    NAMES.iter().find(|name| line.starts_with(name)).map(|name| name.len())
}
