//! The block at the top of every segment.

use std::fmt::Write;

use tlib_proto::Timestamp;

use super::LogConfig;
use super::clock::LocalClock;
use super::format::put_clean;

/// Where the values begin, counted from 0: the vendor's column 19.
const VALUES: usize = 18;

/// What of a header differs from segment to segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    /// When the log was started.
    pub(super) started: Timestamp,
    /// When this segment was begun.
    pub(super) at: Timestamp,
    /// Which segment of this log it is, from 1.
    pub(super) number: u32,
    /// What is being written.
    pub(super) path: &'a str,
}

/// Appends the header and its empty line.
pub(super) fn put_header(out: &mut String, config: &LogConfig, clock: &LocalClock, opening: Opening<'_>) {
    let text = |value: &str, out: &mut String| put_clean(out, value);
    field(out, "Application name:", |out| text(&config.application, out));
    field(out, "Application type:", |out| text(&config.application_type, out));
    field(out, "Command line:", |out| text(&config.command_line, out));
    field(out, "Host name:", |out| text(&config.host_name, out));
    // Only the label is published, not how the vendor spells the value (chosen).
    field(out, "DST:", |out| text(if clock.is_summer(opening.at) { "yes" } else { "no" }, out));
    field(out, "Time zone:", |out| clock.put_zone(out, opening.at));
    field(out, "UTC time:", |out| LocalClock::put_utc(out, opening.at));
    field(out, "Local time:", |out| clock.put_local(out, opening.at));
    field(out, "Start time (UTC):", |out| LocalClock::put_utc(out, opening.started));
    field(out, "Running time:", |out| {
        let seconds = opening.at.seconds.saturating_sub(opening.started.seconds);
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        // Writing to a String cannot fail.
        let _ = write!(out, "{days}:{hours:02}:{minutes:02}:{:02}", seconds % 60);
    });
    field(out, "Host info:", |out| text(&config.host_info, out));
    field(out, "File:", |out| {
        let _ = write!(out, "({}) ", opening.number);
        text(opening.path, out);
    });
    out.push('\n');
}

fn field(out: &mut String, name: &str, value: impl FnOnce(&mut String)) {
    let start = out.len();
    out.push_str(name);
    let bare = out.len();
    out.extend(std::iter::repeat_n(' ', VALUES.saturating_sub(bare - start)));
    let padded = out.len();
    value(out);
    if out.len() == padded {
        // No value: no blanks either.
        out.truncate(bare);
    }
    out.push('\n');
}
