//! What can go wrong with the queue.

use rusqlite::ErrorCode;

/// An error of the queue: which file, what happened, what to do. The file is never removed and what is in it never
/// given up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Another process has the queue.
    #[error(
        "queue {queue}: another recorder uses it. Stop that one, or give this one another file (pq-dbname)"
    )]
    InUse {
        /// The file.
        queue: String,
    },
    /// The file cannot be opened or made.
    #[error("queue {queue}: {cause}. Check the path and its permissions (pq-dbname)")]
    Unreachable {
        /// The file.
        queue: String,
        /// What the system says.
        cause: String,
    },
    /// The file is something else.
    #[error(
        "queue {queue}: the file is {found}, not a queue. Give another path (pq-dbname); the file was not touched"
    )]
    Foreign {
        /// The file.
        queue: String,
        /// What it is.
        found: &'static str,
    },
    /// The file has the layout of another version of this program.
    #[error(
        "queue {queue}: its layout is version {found}, this program has version {expected}. \
         Let the program that made it empty it, or give another path (pq-dbname)"
    )]
    Version {
        /// The file.
        queue: String,
        /// Its version.
        found: i64,
        /// Ours.
        expected: i64,
    },
    /// The file's contents cannot be right.
    #[error(
        "queue {queue}: the file is damaged: {detail}. It is left as it is: keep a copy, restore it or try \
         `sqlite3 .recover`, or start with another path (pq-dbname)"
    )]
    Damaged {
        /// The file.
        queue: String,
        /// The first damage found.
        detail: String,
    },
    /// The file cannot be written.
    #[error(
        "queue {queue}: the file or its folder is read-only. Make both writable, or give another path (pq-dbname)"
    )]
    ReadOnly {
        /// The file.
        queue: String,
    },
    /// The disk has no room. The queue is as it was before the call, which can be repeated.
    #[error("queue {queue}: no room on the disk to {what}. Free some; nothing that was queued is lost")]
    Full {
        /// The file.
        queue: String,
        /// What was tried.
        what: &'static str,
    },
    /// A record is longer than a record may be.
    #[error("a record of {bytes} bytes: at most {limit} are possible")]
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The most.
        limit: usize,
    },
    /// A transaction is not there.
    #[error("queue {queue}: no transaction {transaction} waits in it")]
    NoTransaction {
        /// The file.
        queue: String,
        /// The number.
        transaction: u64,
    },
    /// A number has reached its end.
    #[error("queue {queue}: the numbers of {what} are used up. Start with another path (pq-dbname)")]
    Exhausted {
        /// The file.
        queue: String,
        /// What is numbered.
        what: &'static str,
    },
    /// SQLite reports something else. The queue is as it was before the call, which can be repeated.
    #[error("queue {queue}: could not {what}: {source}")]
    Store {
        /// The file.
        queue: String,
        /// What was tried.
        what: &'static str,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

impl QueueError {
    /// What an error of SQLite means here.
    pub(super) fn from_sqlite(queue: &str, what: &'static str, source: rusqlite::Error) -> Self {
        let queue = queue.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { queue, what },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { queue },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { queue, detail: source.to_string() },
            Some(ErrorCode::NotADatabase) => Self::Foreign { queue, found: "no SQLite file" },
            Some(ErrorCode::CannotOpen) => Self::Unreachable { queue, cause: source.to_string() },
            _ => Self::Store { queue, what, source },
        }
    }
}
