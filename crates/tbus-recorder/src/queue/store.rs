//! The file's side of the queue: every change is one commit, or nothing has changed.

use std::cell::Cell;
use std::fs::File;
use std::sync::{Arc, Mutex};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::recent::Recent;
use super::record::{MAX_RECORD, OwnedRecord, RECORD_COST, Record, kind, records_of};
use super::{QueueError, QueueOptions, lock, open, sql};

/// A closed transaction that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) number: i64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// The records that are in no closed transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    /// Rows of the file.
    rows: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Open {
    fn add(&mut self, records: u64, body: usize) {
        self.rows = self.rows.saturating_add(1);
        self.records = self.records.saturating_add(records);
        self.bytes = self.bytes.saturating_add(body as u64).saturating_add(RECORD_COST);
    }

    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            records: self.records.saturating_add(other.records),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

pub(super) struct Store {
    connection: Connection,
    _lock: Option<File>,
    queue: String,
    pub(super) last_transaction: i64,
    /// The last record of a closed transaction.
    last_closed: i64,
    /// The last record of all.
    last_record: i64,
    last_session: i32,
    pub(super) open: Open,
    /// Bytes of the write-ahead log since it was last folded, estimated.
    logged: Cell<u64>,
    pub(super) recent: Arc<Mutex<Recent>>,
}

/// What opening gives.
pub(super) struct Loaded {
    pub(super) store: Store,
    /// None in memory: then the store reads.
    pub(super) reader: Option<Reader>,
    /// For the write-ahead log; none in memory.
    pub(super) folder: Option<Connection>,
    /// The file's UUID.
    pub(super) id: String,
    /// What waits, lowest number first.
    pub(super) waiting: Vec<Waiting>,
}

impl Store {
    /// Opens the file and loads what is left in it.
    pub(super) fn open(options: &QueueOptions) -> Result<Loaded, QueueError> {
        let queue = options.path.to_string();
        let open::Opened { connection, reader, folder, lock } = open::open(options)?;
        let sqlite = |source| QueueError::from_sqlite(&queue, "read what is left in it", source);
        let damaged = |detail: &str| QueueError::Damaged { queue: queue.clone(), detail: detail.to_owned() };

        let head = connection
            .query_row(sql::LOAD_HEAD, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()
            .map_err(sqlite)?;
        let (id, last_transaction, last_closed, last_session): (String, i64, i64, i64) =
            head.ok_or_else(|| damaged("its head row is missing"))?;
        let last_session = i32::try_from(last_session).unwrap_or(-1);
        if last_transaction < 0 || last_closed < 0 || last_session < 0 || id.is_empty() {
            return Err(damaged("a counter in its head row is out of range"));
        }
        let waiting = load_closed(&connection).map_err(sqlite)?;
        let fits = waiting.iter().try_fold((0, 0), |(number, record), next| {
            let next = next.as_ref()?;
            (next.number > number && next.first > record && next.last >= next.first)
                .then_some((next.number, next.last))
        });
        if !fits.is_some_and(|(number, record)| number <= last_transaction && record <= last_closed) {
            return Err(damaged("the list of its transactions contradicts itself"));
        }
        let waiting: Vec<Waiting> = waiting.into_iter().flatten().collect();
        let oldest: Option<i64> = connection.query_row(sql::OLDEST, [], |row| row.get(0)).map_err(sqlite)?;
        let lowest = waiting.first().map_or_else(|| last_closed.saturating_add(1), |first| first.first);
        if oldest.is_some_and(|oldest| oldest < lowest) {
            return Err(damaged("it has records of no transaction"));
        }
        let (open, last_record) = load_open(&connection, last_closed)
            .map_err(sqlite)?
            .ok_or_else(|| damaged("a record has numbers that are out of range"))?;
        let store = Self {
            connection,
            _lock: lock,
            queue: queue.clone(),
            last_transaction,
            last_closed,
            last_record,
            last_session,
            open,
            logged: Cell::new(0),
            recent: Arc::default(),
        };
        let reader = reader.map(|connection| Reader { connection, queue });
        Ok(Loaded { store, reader, folder, id, waiting })
    }

    fn error(&self, what: &'static str) -> impl Fn(rusqlite::Error) -> QueueError + Copy + '_ {
        move |source| QueueError::from_sqlite(&self.queue, what, source)
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }

    /// Runs `work` as one commit. After an error the file is as it was.
    fn commit(
        &self,
        what: &'static str,
        work: impl FnOnce(&Self) -> rusqlite::Result<()>,
    ) -> Result<(), QueueError> {
        let run = || {
            // What an error before could not take back.
            if !self.connection.is_autocommit() {
                self.statement(sql::ROLLBACK)?.execute([])?;
            }
            self.statement(sql::BEGIN)?.execute([])?;
            work(self)?;
            self.statement(sql::COMMIT)?.execute([]).map(|_| ())
        };
        let done = run();
        self.log(0);
        // SQLite has rolled back by itself after some errors.
        if done.is_err() && !self.connection.is_autocommit() {
            let rolled_back = self.statement(sql::ROLLBACK).and_then(|mut statement| statement.execute([]));
            rolled_back.map_err(self.error("take back what failed"))?;
        }
        done.map_err(self.error(what))
    }

    /// Appends records and puts facts; with `close`, closes a transaction over what is open then. All of it is one
    /// commit. One record alone is one statement and needs no frame around it.
    pub(super) fn append(
        &mut self,
        records: &[Record<'_>],
        facts: &[(&str, &str)],
        close: bool,
    ) -> Result<Option<Waiting>, QueueError> {
        let mut added = Open::default();
        for record in records {
            let body = record.body().len();
            if body > MAX_RECORD {
                return Err(QueueError::TooLong { bytes: body, limit: MAX_RECORD });
            }
            added.add(record.records(), body);
        }
        let last = i64::try_from(records.len()).ok().and_then(|count| self.last_record.checked_add(count));
        let last = last.ok_or_else(|| self.exhausted("records"))?;
        let open = self.open.and(added);
        let closed = if close { self.closing(open, last)? } else { None };
        let write = |store: &Self| {
            if !records.is_empty() {
                let mut insert = store.statement(sql::APPEND)?;
                for (id, record) in
                    (self.last_record..last).map(|before| before.saturating_add(1)).zip(records)
                {
                    let (kind, session, at, events) = record.head();
                    insert.execute(params![id, kind, session, at, events, record.body()])?;
                }
            }
            for (key, value) in facts {
                store.statement(sql::PUT_FACT)?.execute([key, value])?;
            }
            if let Some(closed) = &closed {
                store.statement(sql::CLOSE)?.execute(params![
                    closed.number,
                    closed.first,
                    closed.last,
                    closed.records.cast_signed(),
                    closed.bytes.cast_signed()
                ])?;
                store.statement(sql::CLOSE_HEAD)?.execute([closed.number, closed.last])?;
            }
            Ok(())
        };
        match (records.len(), facts.len(), &closed) {
            (0, 0, None) => return Ok(None),
            (1, 0, None) => write(self).map_err(self.error("append to it"))?,
            (0, 0, Some(_)) => self.commit("close a transaction", write)?,
            _ => self.commit("append to it", write)?,
        }
        self.log(added.bytes);
        lock(&self.recent).add(self.last_record.saturating_add(1), records);
        self.last_record = last;
        self.open = open;
        if let Some(closed) = &closed {
            self.last_transaction = closed.number;
            self.last_closed = closed.last;
            self.open = Open::default();
        }
        Ok(closed)
    }

    /// The transaction over what is open, up to the record `last`; `None` when nothing is.
    fn closing(&self, open: Open, last: i64) -> Result<Option<Waiting>, QueueError> {
        if open.rows == 0 {
            return Ok(None);
        }
        let number = self.last_transaction.checked_add(1).ok_or_else(|| self.exhausted("transactions"))?;
        let first = self.last_closed.saturating_add(1);
        Ok(Some(Waiting { number, first, last, records: open.records, bytes: open.bytes }))
    }

    fn exhausted(&self, what: &'static str) -> QueueError {
        QueueError::Exhausted { queue: self.queue.clone(), what }
    }

    /// A copy of a transaction's records.
    pub(super) fn take(&self, waiting: &Waiting) -> Result<Vec<OwnedRecord>, QueueError> {
        take(&self.connection, &self.queue, waiting)
    }

    /// Removes a transaction and its records.
    pub(super) fn remove(&self, transactions: &[Waiting]) -> Result<(), QueueError> {
        self.commit("remove transactions", |store| {
            for waiting in transactions {
                store.statement(sql::REMOVE_RECORDS)?.execute([waiting.first, waiting.last])?;
                store.statement(sql::REMOVE_CLOSED)?.execute([waiting.number])?;
            }
            Ok(())
        })
    }

    /// Adds `by` to the numbers of transactions above `after`, and to the last number.
    pub(super) fn renumber(&mut self, after: i64, by: i64) -> Result<(), QueueError> {
        let last = self.last_transaction.checked_add(by).ok_or_else(|| self.exhausted("transactions"))?;
        self.commit("number its transactions anew", |store| {
            store.statement(sql::RENUMBER)?.execute([by, after])?;
            store.statement(sql::RENUMBER_HEAD)?.execute([last]).map(|_| ())
        })?;
        self.last_transaction = last;
        Ok(())
    }

    /// The next number of a session, above `at_least`.
    pub(super) fn next_session(&mut self, at_least: i32) -> Result<i32, QueueError> {
        let next = self.last_session.max(at_least).checked_add(1);
        let next = next.ok_or_else(|| self.exhausted("sessions"))?;
        self.statement(sql::SESSION)
            .and_then(|mut statement| statement.execute([next]))
            .map_err(self.error("number a session"))?;
        self.last_session = next;
        Ok(next)
    }

    /// Counts a commit and `bytes` into the write-ahead log: a commit changes two pages or three.
    fn log(&self, bytes: u64) {
        let pages = open::PAGE.cast_unsigned().saturating_mul(2);
        self.logged.set(self.logged.get().saturating_add(bytes).saturating_add(pages));
    }

    /// Bytes of the write-ahead log since [`forget_log`](Self::forget_log), estimated.
    pub(super) fn logged(&self) -> u64 {
        self.logged.get()
    }

    /// The log is folded into the file now.
    pub(super) fn forget_log(&self) {
        self.logged.set(0);
    }

    /// The text of a fact.
    pub(super) fn fact(&self, key: &str) -> Result<Option<String>, QueueError> {
        self.statement(sql::GET_FACT)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(self.error("read a fact"))
    }
}

/// A second connection: reading may take long and must not hold up an append.
pub(super) struct Reader {
    connection: Connection,
    queue: String,
}

impl Reader {
    /// A copy of a transaction's records.
    pub(super) fn take(&self, waiting: &Waiting) -> Result<Vec<OwnedRecord>, QueueError> {
        take(&self.connection, &self.queue, waiting)
    }
}

fn take(connection: &Connection, queue: &str, waiting: &Waiting) -> Result<Vec<OwnedRecord>, QueueError> {
    let error = |source| QueueError::from_sqlite(queue, "read a transaction", source);
    let damaged = |detail| QueueError::Damaged { queue: queue.to_owned(), detail };
    let mut statement = connection.prepare_cached(sql::TAKE).map_err(error)?;
    let limit = i64::try_from(MAX_RECORD).unwrap_or(i64::MAX);
    let mut rows = statement.query([limit, waiting.first, waiting.last]).map_err(error)?;
    let mut parts = Vec::new();
    let mut records = 0_u64;
    while let Some(row) = rows.next().map_err(error)? {
        let part = owned(row).map_err(error)?;
        let part =
            part.ok_or_else(|| damaged(format!("transaction {} has an impossible record", waiting.number)))?;
        records = records.saturating_add(part.view().records());
        parts.push(part);
    }
    if records != waiting.records {
        let (number, expected) = (waiting.number, waiting.records);
        return Err(damaged(format!("transaction {number} has {records} records, not {expected}")));
    }
    Ok(parts)
}

/// The rows of the list of transactions; `None` for one with numbers below zero.
fn load_closed(connection: &Connection) -> rusqlite::Result<Vec<Option<Waiting>>> {
    let mut statement = connection.prepare(sql::LOAD_CLOSED)?;
    let rows = statement.query_map([], |row| {
        let unsigned = |column| row.get(column).map(|value: i64| u64::try_from(value).ok());
        let (records, bytes) = (unsigned(3)?, unsigned(4)?);
        let (number, first, last) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(records.zip(bytes).map(|(records, bytes)| Waiting { number, first, last, records, bytes }))
    })?;
    rows.collect()
}

/// What is after the last closed transaction, and the last record; `None` when a row cannot be.
fn load_open(connection: &Connection, last_closed: i64) -> rusqlite::Result<Option<(Open, i64)>> {
    let mut statement = connection.prepare(sql::LOAD_OPEN)?;
    let mut rows = statement.query([last_closed])?;
    let (mut open, mut last) = (Open::default(), last_closed);
    while let Some(row) = rows.next()? {
        let body: i64 = row.get(3)?;
        let (Some(records), Ok(body)) = (records_of(row.get(1)?, row.get(2)?), usize::try_from(body)) else {
            return Ok(None);
        };
        last = row.get(0)?;
        open.add(records, body);
    }
    Ok(Some((open, last)))
}

/// A record from its row; `None` when it cannot be.
fn owned(row: &Row<'_>) -> rusqlite::Result<Option<OwnedRecord>> {
    let (kind, at): (i64, i64) = (row.get(0)?, row.get(2)?);
    let (session, events) = (i32::try_from(row.get::<_, i64>(1)?), u32::try_from(row.get::<_, i64>(3)?));
    let body: Option<Vec<u8>> = row.get(5)?;
    let (Ok(session), Ok(events), Some(bytes)) = (session, events, body) else { return Ok(None) };
    if kind == kind::FRAMES {
        return Ok(Some(OwnedRecord::Frames { session, at, events, bytes }));
    }
    let Ok(json) = String::from_utf8(bytes) else { return Ok(None) };
    Ok(match kind {
        kind::OPENED => Some(OwnedRecord::Opened { session, json }),
        kind::CLOSED => Some(OwnedRecord::Closed { session, json }),
        _ => None,
    })
}
