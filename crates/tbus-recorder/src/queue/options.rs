//! How a queue is opened.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use tbus_db::Sync;

/// The spelling of a queue in memory, as `pq-dbname` has it (facts/icon.md 4.1).
const MEMORY: &str = ":memory:";

/// Where a queue is kept. Reads `:memory:` or a path, as the vendor's `pq-dbname` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueuePath {
    /// A file, made when it is not there. Beside it are `-wal`, `-shm` and `.lock`.
    File(PathBuf),
    /// Memory only: what has not reached the database is lost when the process ends.
    Memory,
}

impl QueuePath {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory => None,
        }
    }
}

impl FromStr for QueuePath {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == MEMORY { Self::Memory } else { Self::File(text.into()) })
    }
}

impl fmt::Display for QueuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Memory => f.write_str(MEMORY),
        }
    }
}

/// How to open a [`Queue`](super::Queue).
#[derive(Clone, Debug)]
pub struct QueueOptions {
    /// Where it is.
    pub path: QueuePath,
    /// What a commit waits for. `Off` and `Normal` survive the end of the process, however it ends; `Full` survives
    /// the loss of power too, at the price of a wait for the disk in every commit.
    pub sync: Sync,
    /// Bytes of queued data at which the queue counts as full. It never refuses an append for it: who appends asks
    /// [`room`](super::Queue::room) and stops receiving.
    pub limit: u64,
    /// The part of `limit` from which on the queue counts as nearly full.
    pub near: f64,
    /// Whether the file's structure is checked at open (the vendor's `pq-startup-check`, on by default there too). It reads
    /// the whole file once, and finds the first damage.
    pub check: bool,
    /// The file is compacted at open when it is larger than this, in bytes (the vendor's `pq-startup-purge`). It needs
    /// as much free disk again. What waits in the queue stays.
    pub compact_above: Option<u64>,
    /// The largest number of pages that the file may have: a disk that is full, for tests.
    pub max_pages: Option<u32>,
}

impl QueueOptions {
    /// The defaults: `Normal`, full at 1 GiB, near at 0.8 of it, checked, never compacted (limits chosen).
    pub const fn new(path: QueuePath) -> Self {
        Self {
            path,
            sync: Sync::Normal,
            limit: 1 << 30,
            near: 0.8,
            check: true,
            compact_above: None,
            max_pages: None,
        }
    }
}
