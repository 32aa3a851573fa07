//! What a file is, from its first bytes.

use std::fmt;
use std::io::Read;
use std::path::Path;

use super::pass;
use crate::exit::Failure;
use crate::traffic::begins_capture;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Log,
    Capture,
    Database,
}

impl Kind {
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let mut first = Vec::new();
        let read = pass::open(path)?.take(16).read_to_end(&mut first);
        read.map_err(|error| pass::cannot_read(path, &error))?;
        Ok(match first.as_slice() {
            b"SQLite format 3\0" => Self::Database,
            first if begins_capture(first) => Self::Capture,
            _ => Self::Log,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "a log",
            Self::Capture => "a packet capture",
            Self::Database => "an SQLite database",
        })
    }
}
