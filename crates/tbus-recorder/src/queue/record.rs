//! What goes through the queue.

/// The largest body of one record in bytes (chosen): a read of 256 KiB and the largest frame fit many times over.
pub const MAX_RECORD: usize = 16 << 20;

/// What a record is counted with beside its body, so that many small ones fill the queue too (chosen).
pub(super) const RECORD_COST: u64 = 32;

/// A record to append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// Frames that one read brought.
    Frames {
        /// The data source session they came in.
        session: i32,
        /// When they were read, in microseconds since 1970.
        at: i64,
        /// Events among them: the records that they count as.
        events: u32,
        /// Complete frames, one after the other. The queue does not look into them.
        bytes: &'a [u8],
    },
    /// A data source session was opened.
    Opened {
        /// Its number.
        session: i32,
        /// What is known of it; the queue does not look into it.
        json: &'a str,
    },
    /// A data source session was closed.
    Closed {
        /// Its number.
        session: i32,
        /// What is known of it; the queue does not look into it.
        json: &'a str,
    },
}

impl<'a> Record<'a> {
    /// The records that it counts as: its events, or one for a session's change.
    pub const fn records(&self) -> u64 {
        match self {
            Self::Frames { events, .. } => *events as u64,
            Self::Opened { .. } | Self::Closed { .. } => 1,
        }
    }

    /// The same, owned.
    pub fn to_owned(&self) -> OwnedRecord {
        match *self {
            Self::Frames { session, at, events, bytes } => {
                OwnedRecord::Frames { session, at, events, bytes: bytes.to_vec() }
            }
            Self::Opened { session, json } => OwnedRecord::Opened { session, json: json.to_owned() },
            Self::Closed { session, json } => OwnedRecord::Closed { session, json: json.to_owned() },
        }
    }

    pub(super) const fn body(&self) -> &'a [u8] {
        match self {
            Self::Frames { bytes, .. } => bytes,
            Self::Opened { json, .. } | Self::Closed { json, .. } => json.as_bytes(),
        }
    }

    /// Kind, session, time and events as the file has them.
    pub(super) const fn head(&self) -> (i64, i32, i64, u32) {
        match *self {
            Self::Frames { session, at, events, .. } => (kind::FRAMES, session, at, events),
            Self::Opened { session, .. } => (kind::OPENED, session, 0, 0),
            Self::Closed { session, .. } => (kind::CLOSED, session, 0, 0),
        }
    }
}

/// Kinds of records in the file.
pub(super) mod kind {
    pub(in super::super) const FRAMES: i64 = 0;
    pub(in super::super) const OPENED: i64 = 1;
    pub(in super::super) const CLOSED: i64 = 2;
}

/// The records that a row of the file counts as; `None` when the row cannot be.
pub(super) fn records_of(kind: i64, events: i64) -> Option<u64> {
    match kind {
        kind::FRAMES => u32::try_from(events).ok().map(u64::from),
        kind::OPENED | kind::CLOSED => Some(1),
        _ => None,
    }
}

/// A record taken out of the queue; the fields are those of [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedRecord {
    /// Frames that one read brought.
    Frames {
        /// The data source session they came in.
        session: i32,
        /// When they were read, in microseconds since 1970.
        at: i64,
        /// Events among them.
        events: u32,
        /// The frames.
        bytes: Vec<u8>,
    },
    /// A data source session was opened.
    Opened {
        /// Its number.
        session: i32,
        /// What is known of it.
        json: String,
    },
    /// A data source session was closed.
    Closed {
        /// Its number.
        session: i32,
        /// What is known of it.
        json: String,
    },
}

impl OwnedRecord {
    /// The same, borrowed.
    pub fn view(&self) -> Record<'_> {
        match self {
            Self::Frames { session, at, events, bytes } => {
                Record::Frames { session: *session, at: *at, events: *events, bytes }
            }
            Self::Opened { session, json } => Record::Opened { session: *session, json },
            Self::Closed { session, json } => Record::Closed { session: *session, json },
        }
    }
}

/// A transaction that was just closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its number; the first of a file is 1.
    pub transaction: u64,
    /// Its records: events and changes of sessions.
    pub records: u64,
}

/// A copy of a closed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its number.
    pub transaction: u64,
    /// Its records: events and changes of sessions.
    pub records: u64,
    /// What was appended, in order.
    pub parts: Vec<OwnedRecord>,
}

/// What waits in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Closed transactions.
    pub transactions: u64,
    /// Records in them.
    pub records: u64,
    /// Records that are in no closed transaction yet.
    pub open: u64,
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The answer in a word.
    pub level: Level,
    /// Bytes of queued data: bodies, and 32 for each record.
    pub bytes: u64,
    /// The bytes at which it is full.
    pub limit: u64,
}

/// How full the queue is, in a word. Each level begins exactly at its limit; who wants a distance between full and
/// free again compares [`Room::bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// There is room.
    Free,
    /// Nearly full.
    Near,
    /// Full: stop receiving.
    Full,
}
