//! What can go wrong with a log and with its options.

use std::io;
use std::path::PathBuf;

/// A log that cannot be opened, written or rotated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file or directory cannot be opened or made.
    #[error("log {}: cannot be opened: {source}", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process, or another log of this one, writes this file.
    #[error("log {}: somebody else writes to it; give this log a file of its own", path.display())]
    Busy {
        /// Which one.
        path: PathBuf,
    },
    /// A full segment, or what was there before, cannot be renamed. Writing goes on in the file as it is.
    #[error("log {}: cannot be renamed to {}: {source}", from.display(), to.display())]
    Rename {
        /// The present name.
        from: PathBuf,
        /// The name it should have got.
        to: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A segment that has expired cannot be deleted.
    #[error("log {}: has expired and cannot be deleted: {source}", path.display())]
    Expire {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Lines cannot be written; they are counted until writing works again.
    #[error("log {output}: lines cannot be written: {source}")]
    Write {
        /// The file's path, or `stdout`.
        output: String,
        /// Why.
        source: io::Error,
    },
    /// The log's thread cannot be started.
    #[error("log: its thread cannot be started: {0}")]
    Thread(io::Error),
}

/// An option whose value says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} = {value:?}: expected {expected}")]
pub struct OptionError {
    option: &'static str,
    value: String,
    expected: &'static str,
}

impl OptionError {
    pub(super) fn new(option: &'static str, value: &str, expected: &'static str) -> Self {
        Self { option, value: value.chars().take(80).collect(), expected }
    }
}
