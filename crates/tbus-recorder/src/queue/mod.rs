//! The persistent queue between what is received and the database: an SQLite file of its own.
//!
//! The receiver appends what one read brought and goes on once it is committed; from then on it survives the end of the process.
//! Now and then it closes a transaction: everything that was appended since the last one gets a number. The writer
//! takes transactions in the order of their numbers, and removes one when the database has it. Both use the
//! same [`Queue`] from their own thread.
//!
//! Numbers of transactions rise for ever, so a database that has stored number *n* of the queue with this
//! [`id`](Queue::id) knows what it has. A transaction that is already in the database (the process ended between
//! its commit and [`remove`](Queue::remove)) is offered again, and it is the writer that recognises it.
//!
//! What this module does **not** know: what is in a frame, and when a transaction is to be closed.

mod error;
mod folder;
mod open;
mod options;
mod recent;
mod record;
mod sql;
mod store;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use error::QueueError;
pub use options::{QueueOptions, QueuePath, Sync};
pub use record::{Closed, Level, MAX_RECORD, OwnedRecord, Pending, Record, Room, Taken};

use folder::Folder;
use recent::Recent;
use store::{Loaded, Open, Reader, Store, Waiting};

/// The queue. Share it in an `Arc`: every method takes `&self`, and none holds up another for longer than its own
/// work on the file.
pub struct Queue {
    id: String,
    /// The path, for errors.
    name: String,
    limit: u64,
    near: u64,
    /// First, so that its thread has ended before the file is closed. None in memory.
    folder: Option<Folder>,
    /// Locked before `state` where both are.
    store: Arc<Mutex<Store>>,
    /// The store's, locked for a moment only.
    recent: Arc<Mutex<Recent>>,
    /// None in memory.
    reader: Option<Mutex<Reader>>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What can be asked without the file.
#[derive(Default)]
struct State {
    /// Closed transactions, lowest number first.
    waiting: VecDeque<Waiting>,
    waiting_records: u64,
    waiting_bytes: u64,
    open: Open,
    woken: bool,
}

impl Queue {
    /// Opens the queue, or makes it. What was appended before is there: closed transactions under their numbers, the
    /// rest open.
    ///
    /// # Errors
    /// When another process has it, when the path does not lead to a file that can be written, and when the file is
    /// something else, of another version or damaged. The file is never removed.
    pub fn open(options: QueueOptions) -> Result<Self, QueueError> {
        let Loaded { store, reader, folder, id, waiting } = Store::open(&options)?;
        let state = State {
            waiting_records: waiting.iter().fold(0, |sum, next| sum.saturating_add(next.records)),
            waiting_bytes: waiting.iter().fold(0, |sum, next| sum.saturating_add(next.bytes)),
            waiting: waiting.into(),
            open: store.open,
            woken: false,
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mark"
        )]
        let near = (options.limit as f64 * options.near.clamp(0.0, 1.0)) as u64;
        let name = options.path.to_string();
        let recent = Arc::clone(&store.recent);
        let store = Arc::new(Mutex::new(store));
        let folder = folder.map(|connection| Folder::start(connection, &store)).transpose();
        let folder = folder.map_err(|cause| QueueError::Unreachable {
            queue: name.clone(),
            cause: format!("no thread for it: {cause}"),
        })?;
        Ok(Self {
            id,
            name,
            limit: options.limit,
            near,
            folder,
            store,
            recent,
            reader: reader.map(Mutex::new),
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    /// The UUID that was made with the file: the queue's name in a database that it feeds.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Appends records in one commit. After `Ok` they survive the end of the process, and with [`Sync::Full`] the
    /// loss of power.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be written: then the queue is as it was, and the call can be
    /// repeated. When a body is longer than [`MAX_RECORD`].
    pub fn append(&self, records: &[Record<'_>]) -> Result<(), QueueError> {
        self.append_with(records, &[])
    }

    /// [`append`](Self::append), and facts put in the same commit.
    ///
    /// # Errors
    /// As `append`.
    pub fn append_with(&self, records: &[Record<'_>], facts: &[(&str, &str)]) -> Result<(), QueueError> {
        self.write(records, facts, false).map(|_| ())
    }

    /// [`append_with`](Self::append_with) and [`close_transaction`](Self::close_transaction) in one commit.
    ///
    /// # Errors
    /// As there; then neither has happened.
    pub fn append_and_close(
        &self,
        records: &[Record<'_>],
        facts: &[(&str, &str)],
    ) -> Result<Option<Closed>, QueueError> {
        self.write(records, facts, true)
    }

    /// Numbers everything that was appended since the last transaction; `None` when nothing was. The writer is woken.
    ///
    /// # Errors
    /// When the file cannot be written: then the queue is as it was, and the call can be repeated.
    pub fn close_transaction(&self) -> Result<Option<Closed>, QueueError> {
        self.write(&[], &[], true)
    }

    fn write(
        &self,
        records: &[Record<'_>],
        facts: &[(&str, &str)],
        close: bool,
    ) -> Result<Option<Closed>, QueueError> {
        let mut store = self.store();
        let closed = store.append(records, facts, close)?;
        let mut state = self.state();
        state.open = store.open;
        let Some(closed) = closed else { return Ok(None) };
        state.waiting.push_back(closed);
        state.waiting_records = state.waiting_records.saturating_add(closed.records);
        state.waiting_bytes = state.waiting_bytes.saturating_add(closed.bytes);
        drop((state, store));
        self.changed.notify_all();
        Ok(Some(Closed { transaction: closed.number.cast_unsigned(), records: closed.records }))
    }

    /// Records that are in no closed transaction.
    pub fn open_records(&self) -> u64 {
        self.state().open.records
    }

    /// Waits until a transaction with a number above `after` is closed, and gives the lowest such number. `None` after
    /// `timeout`, and at once when [`wake`](Self::wake) was called since the last `None`.
    pub fn wait(&self, after: u64, timeout: Duration) -> Option<u64> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state();
        loop {
            if std::mem::take(&mut state.woken) {
                return None;
            }
            let next = state.waiting.partition_point(|waiting| waiting.number.cast_unsigned() <= after);
            if let Some(next) = state.waiting.get(next) {
                return Some(next.number.cast_unsigned());
            }
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Interrupts [`wait`](Self::wait), the one that runs or else the next one.
    pub fn wake(&self) {
        self.state().woken = true;
        self.changed.notify_all();
    }

    fn find(&self, transaction: u64) -> Result<Waiting, QueueError> {
        let state = self.state();
        let found =
            state.waiting.binary_search_by_key(&transaction, |waiting| waiting.number.cast_unsigned());
        let found = found.ok().and_then(|index| state.waiting.get(index)).copied();
        found.ok_or_else(|| QueueError::NoTransaction { queue: self.name.clone(), transaction })
    }

    /// A copy of a closed transaction. It stays in the queue.
    ///
    /// # Errors
    /// When there is no such transaction, when the file cannot be read, and when what it has cannot be.
    pub fn take(&self, transaction: u64) -> Result<Taken, QueueError> {
        let waiting = self.find(transaction)?;
        // Not through the store, which may be in the middle of a commit.
        let recent = lock(&self.recent).hand_out(waiting.first, waiting.last);
        let parts = match (recent, &self.reader) {
            (Some(parts), _) => parts,
            (None, Some(reader)) => lock(reader).take(&waiting)?,
            (None, None) => self.store().take(&waiting)?,
        };
        Ok(Taken { transaction, records: waiting.records, parts })
    }

    /// Removes closed transactions, in one commit: the database has them.
    ///
    /// # Errors
    /// When there is no such transaction. When the file cannot be written: then all are still there, and the call can
    /// be repeated.
    pub fn remove(&self, transactions: &[u64]) -> Result<(), QueueError> {
        let store = self.store();
        let removed: Result<Vec<Waiting>, QueueError> =
            transactions.iter().map(|transaction| self.find(*transaction)).collect();
        let removed = removed?;
        store.remove(&removed)?;
        let mut state = self.state();
        for waiting in removed {
            state.waiting.retain(|other| other.number != waiting.number);
            state.waiting_records = state.waiting_records.saturating_sub(waiting.records);
            state.waiting_bytes = state.waiting_bytes.saturating_sub(waiting.bytes);
        }
        drop(state);
        if store.logged() >= open::CHECKPOINT
            && let Some(folder) = &self.folder
        {
            folder.ask();
        }
        Ok(())
    }

    /// How full the queue is.
    pub fn room(&self) -> Room {
        let bytes = self.bytes();
        let level = match bytes {
            bytes if bytes >= self.limit => Level::Full,
            bytes if bytes >= self.near => Level::Near,
            _ => Level::Free,
        };
        Room { level, bytes, limit: self.limit }
    }

    /// Bytes of queued data: bodies, and 32 for each record (chosen).
    pub fn bytes(&self) -> u64 {
        let state = self.state();
        state.waiting_bytes.saturating_add(state.open.bytes)
    }

    /// The number of the last transaction that was closed; 0 when there was none yet.
    pub fn last_closed(&self) -> u64 {
        self.store().last_transaction.cast_unsigned()
    }

    /// Transactions above `after` get numbers above `mark`, those that wait and all that will come: the database has
    /// others under their numbers, for this file is older than what it has brought.
    ///
    /// # Errors
    /// When the file cannot be written, and when there are no more numbers. Then the queue is as it was.
    pub fn go_on_after(&self, after: u64, mark: u64) -> Result<(), QueueError> {
        let mut store = self.store();
        // Above all that are there, too, so that no number stands twice on the way.
        let above = mark.max(store.last_transaction.cast_unsigned());
        let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let by = number(above.saturating_sub(after));
        store.renumber(number(after), by)?;
        for waiting in &mut self.state().waiting {
            if waiting.number > number(after) {
                waiting.number = waiting.number.saturating_add(by);
            }
        }
        Ok(())
    }

    /// What waits for the database.
    pub fn pending(&self) -> Pending {
        let state = self.state();
        Pending {
            transactions: state.waiting.len() as u64,
            records: state.waiting_records,
            open: state.open.records,
        }
    }

    /// A number for a new session: above `at_least` and above all that this queue has given. It never gives one
    /// twice.
    ///
    /// # Errors
    /// When the file cannot be written, and when there are no more numbers.
    pub fn next_session(&self, at_least: i32) -> Result<i32, QueueError> {
        self.store().next_session(at_least)
    }

    /// The text of a fact.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<String>, QueueError> {
        self.store().fact(key)
    }

    /// Puts a fact in a commit of its own. [`append_with`](Self::append_with) puts it together with records.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, key: &str, text: &str) -> Result<(), QueueError> {
        self.append_with(&[], &[(key, text)])
    }
}

/// Nothing is left half done behind any of the locks, so one that a panic has poisoned is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("id", &self.id)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
