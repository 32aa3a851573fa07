//! What is durable: the rows of the database and the records of the queue.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use tbus_db::{Database, DatabaseUrl, OpenOptions, Value};
use tbus_recorder::queue::{OwnedRecord, Pending, Queue, QueueOptions, QueuePath};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{Limits, MessageRef};

use super::process;
use super::publisher::{NUMBER, numbers, pairs};

const ROWS: &str = include_str!("sql/rows.sql");
const MARK: &str = include_str!("sql/mark.sql");

/// Name of an event: its session and its sequence number.
pub(super) type Name = (i64, u64);

/// The rows of the database, as far as they were read.
#[derive(Default)]
pub(super) struct Stored {
    /// The pairs of every event.
    pub(super) events: BTreeMap<Name, Vec<(String, String)>>,
    last_row: i64,
}

/// Opens the database for reading.
fn open(url: &str) -> Database {
    let url: DatabaseUrl = url.parse().expect("a database");
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    Database::open(&url, &options).unwrap_or_else(|error| panic!("{error}"))
}

impl Stored {
    /// Everything.
    pub(super) fn all(url: &str) -> Self {
        let mut stored = Self::default();
        stored.read_on(url);
        stored
    }

    /// Reads what has come since the last time. Returns the last transaction of the queue that the database has.
    pub(super) fn read_on(&mut self, url: &str) -> u64 {
        let mut database = open(url);
        // First, so that no transaction is taken for one that is not there.
        let marks = database.query(MARK, &[]).expect("the mark");
        let mark = marks.first().map(|row| row.int(0).expect("a number")).unwrap_or_default();
        let rows = database.query(ROWS, &[Value::Int(self.last_row)]).expect("the rows");
        for row in rows.iter() {
            self.last_row = row.int(0).expect("a number");
            let sequence = u64::from_str_radix(row.text(2).expect("a text"), 16).expect("16 hex digits");
            let name = (row.int(1).expect("a number"), sequence);
            let pair = (row.text(3).expect("a text").to_owned(), row.text(4).expect("a text").to_owned());
            self.events.entry(name).or_default().push(pair);
        }
        u64::try_from(mark).expect("a number")
    }

    /// The events by their own numbers; an event that has none is an error.
    pub(super) fn by_number(&self) -> BTreeMap<u64, Vec<Name>> {
        let mut found: BTreeMap<u64, Vec<Name>> = BTreeMap::new();
        for (name, pairs) in &self.events {
            let number = pairs.iter().find(|(key, _)| key == NUMBER);
            let (_, number) = number.unwrap_or_else(|| panic!("event {name:?} without number: {pairs:?}"));
            found.entry(number.parse().expect("a number")).or_default().push(*name);
        }
        found
    }

    /// Whether an event has each of its pairs once and no other.
    pub(super) fn is_whole(&self, name: Name, number: u64) -> bool {
        let mut found = self.events.get(&name).cloned().unwrap_or_default();
        let mut expected = pairs(number);
        found.sort();
        expected.sort();
        found == expected
    }

    /// Whether one of an event's pairs is there twice.
    pub(super) fn is_doubled(&self, name: Name) -> bool {
        let pairs = self.events.get(&name).map(Vec::as_slice).unwrap_or_default();
        pairs.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len() != pairs.len()
    }
}

/// What a queue holds.
pub(super) struct Queued {
    pub(super) pending: Pending,
    /// The numbers of the transactions that wait.
    pub(super) transactions: Vec<u64>,
    /// The events of each, by the transaction's number. What is open has a number above all others.
    pub(super) events: BTreeMap<u64, BTreeMap<u64, Name>>,
}

impl Queued {
    /// Looks into a copy of the queue of a process that has ended, so that the next one finds what was left.
    pub(super) fn look(folder: &Path) -> Self {
        let copy = tempfile::tempdir().expect("a folder");
        let path = copy.path().join("copy.pq");
        let original = process::queue(folder);
        for end in ["", "-wal"] {
            let named = |path: &Path| format!("{}{end}", path.display());
            // There is none when the process was killed before it had made one.
            if let Ok(bytes) = fs::read(named(&original)) {
                fs::write(named(&path), bytes).expect("a copy");
            }
        }
        let queue = Queue::open(QueueOptions::new(QueuePath::File(path))).unwrap_or_else(|e| panic!("{e}"));
        let pending = queue.pending();
        let mut found = Self { pending, transactions: Vec::new(), events: BTreeMap::new() };
        let mut after = 0;
        while let Some(transaction) = queue.wait(after, Duration::ZERO) {
            found.transactions.push(transaction);
            found.take(&queue, transaction);
            after = transaction;
        }
        if let Some(open) = queue.close_transaction().expect("room on the disk") {
            found.take(&queue, open.transaction);
        }
        found
    }

    fn take(&mut self, queue: &Queue, transaction: u64) {
        let events = self.events.entry(transaction).or_default();
        for part in queue.take(transaction).unwrap_or_else(|e| panic!("{e}")).parts {
            let OwnedRecord::Frames { session, bytes, .. } = part else { continue };
            let (limits, mut rest) = (Limits::default(), bytes.as_slice());
            while let Split::Frame(frame, after) = split_frame(rest, &limits).expect("frames") {
                let message = MessageRef::parse(frame, &limits).expect("a message");
                if let Some((number, sequence)) = numbers(message) {
                    let twice = events.insert(number, (session.into(), sequence));
                    assert_eq!(twice, None, "event {number} is in the queue twice");
                }
                rest = after;
            }
            assert!(rest.is_empty(), "half a frame in the queue");
        }
    }
}
