//! The thread that takes transactions from the queue and writes them to the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tbus_db::{Database, DatabaseUrl, DbError, OpenOptions};
use tlib_capture::{Level, ids};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{Limits, MessageRef, WireError};

use crate::dss::{Closed, Monitor, Opened};
use crate::interpret::{Arrival, Counters, Interpreter, Session, State};
use crate::log::{Log, PROVIDER};
use crate::queue::{OwnedRecord, Queue, QueueError, Taken};
use crate::recorder::Rules;
use crate::rows::Rows;
use crate::{mark, time};

/// First and longest wait before a transaction is tried again (chosen).
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// As many transactions are removed from the queue with one commit while others wait (chosen).
const REMOVED_TOGETHER: usize = 8;

/// How long the thread sleeps at most while there is nothing to write.
const IDLE: Duration = Duration::from_secs(1);

/// What the writer shares with the recorder's other thread.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The last transaction whose line 25016 is logged, so that the lines of the two threads keep their order.
    announced: Mutex<u64>,
    announcing: Condvar,
    /// Rows that the database has taken.
    pub(crate) rows: AtomicU64,
    /// Queue transactions and records in the database.
    pub(crate) transactions: AtomicU64,
    pub(crate) records: AtomicU64,
    /// There is room in the queue again.
    pub(crate) room: tokio::sync::Notify,
    /// What became of the pairs.
    pub(crate) counters: Mutex<Counters>,
    stop: AtomicBool,
    stopping: Condvar,
    gate: Mutex<()>,
}

impl Shared {
    /// Tells the writer to end: when the queue is empty, or as soon as the database does not take what is left.
    pub(crate) fn stop(&self, queue: &Queue) {
        self.stop.store(true, Ordering::Release);
        drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
        self.stopping.notify_all();
        queue.wake();
    }

    /// Line 25016 of this transaction, and of those before, is logged.
    pub(crate) fn announce(&self, transaction: u64) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        *announced = transaction.max(*announced);
        drop(announced);
        self.announcing.notify_all();
    }

    /// Waits for it, a moment at most: the order of two lines is not worth more.
    fn await_announcement(&self, transaction: u64) {
        let announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.announcing.wait_timeout_while(announced, IDLE, |announced| *announced < transaction);
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Waits, or until the recorder stops.
    fn sleep(&self, time: Duration) {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.stopping.wait_timeout_while(gate, time, |()| !self.stopped());
    }
}

/// What can go wrong with a transaction; it is tried again in any case.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("a session in the queue cannot be read: {0}")]
    Session(#[from] serde_json::Error),
    #[error("a message in the queue cannot be read: {0}")]
    Frame(#[from] WireError),
    #[error("it has another number now")]
    Renumbered,
    #[error("the database has it already: a connection of a run that was killed has committed it meanwhile")]
    Overtaken,
    #[error(
        "the database does not know this queue: it is another one than before, or was made anew. Start the recorder with \
         the database that it had"
    )]
    Unknown,
}

/// What the thread is made of.
pub(crate) struct Writer {
    pub(crate) url: DatabaseUrl,
    pub(crate) options: OpenOptions,
    pub(crate) rules: Arc<Rules>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Log,
    /// The database and what is known of it; `None`: to be opened.
    pub(crate) open: Option<Open>,
    /// The last transaction of the runs before.
    pub(crate) before: u64,
    /// That was compared with what the database has.
    pub(crate) compared: bool,
    /// What the database has and the queue has still: number and records.
    pub(crate) written: Vec<(u64, u64)>,
}

/// An open database.
pub(crate) struct Open {
    database: Database,
    interpreter: Interpreter,
    monitor: Monitor,
    limits: Limits,
    /// The last transaction of this queue in it.
    last: u64,
    session: i32,
    /// It has the mark of this queue.
    known: bool,
}

impl Open {
    /// Takes a database whose schema was checked.
    pub(crate) fn new(mut database: Database, rules: &Rules, queue: &str) -> Result<Self, DbError> {
        let mut interpreter = Interpreter::new(
            Arc::clone(&rules.options),
            Arc::clone(&rules.specification),
            Arc::clone(&rules.directory),
        );
        interpreter.load(State::load(&mut database, rules.directory.icon)?);
        let found = mark::read(&mut database, queue)?;
        let mark = found.unwrap_or_default();
        let monitor = Monitor::new(&rules.options, &rules.directory);
        Ok(Self {
            database,
            interpreter,
            monitor,
            limits: rules.limits,
            last: mark.transaction,
            session: mark.session,
            known: found.is_some(),
        })
    }
}

impl Writer {
    /// Runs until the recorder stops.
    pub(crate) fn run(mut self) {
        let mut done = 0;
        loop {
            let Some(transaction) = self.next(done) else {
                if self.shared.stopped() {
                    return;
                }
                continue;
            };
            self.shared.await_announcement(transaction);
            self.log.line(
                Level::Trace,
                ids::DATABASE_BEGUN,
                format!("Database queue [{PROVIDER}]: persistent queue transaction {transaction} is being processed."),
            );
            if !self.until_done(transaction) {
                return;
            }
            done = transaction;
        }
    }

    /// The next transaction. `None`: there is none yet, or none any more.
    fn next(&self, done: u64) -> Option<u64> {
        // A stop that came while the last one was written has woken nobody who waits here.
        let patience = if self.shared.stopped() { Duration::ZERO } else { IDLE };
        let next = self.queue.wait(done, patience);
        // The call that ends a wait says nothing of what was closed just before it.
        next.or_else(|| self.shared.stopped().then(|| self.queue.wait(done, Duration::ZERO)).flatten())
    }

    /// Writes one transaction, however often it takes, and removes it unless others wait. `false`: the recorder stops before it worked.
    fn until_done(&mut self, transaction: u64) -> bool {
        let mut wait = FIRST_WAIT;
        let mut attempts = 0_u32;
        loop {
            match self.process(transaction) {
                Ok(records) => {
                    if attempts > 0 {
                        self.log.line(
                            Level::Standard,
                            ids::DATABASE_TROUBLE,
                            format!("Database queue [{PROVIDER}]: transaction {transaction} is written at attempt {}", attempts + 1),
                        );
                    }
                    self.written.push((transaction, records));
                    // While others wait, several are removed with one commit.
                    if self.written.len() >= REMOVED_TOGETHER
                        || self.queue.wait(transaction, Duration::ZERO).is_none()
                    {
                        return self.remove();
                    }
                    return true;
                }
                // It is the next one again.
                Err(Trouble::Renumbered) => return true,
                Err(trouble) => {
                    if !self.remove() {
                        return false;
                    }
                    attempts = attempts.saturating_add(1);
                    let stop = self.shared.stopped();
                    let next = if stop {
                        "it stays in the queue".to_owned()
                    } else {
                        format!("next attempt in {} ms", wait.as_millis())
                    };
                    self.log.line(
                        Level::Standard,
                        ids::DATABASE_TROUBLE,
                        format!(
                            "Database queue [{PROVIDER}]: transaction {transaction} is not written \
                             (attempt {attempts}), {next}: {trouble}"
                        ),
                    );
                    if stop {
                        return false;
                    }
                    self.shared.sleep(wait);
                    wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// One attempt. Returns the records of the transaction.
    fn process(&mut self, transaction: u64) -> Result<u64, Trouble> {
        // After an error it is opened anew.
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let database = Database::open(&self.url, &self.options)?;
                Open::new(database, &self.rules, self.queue.id())?
            }
        };
        if !self.compared {
            self.compare(transaction, open.last)?;
        }
        let taken = self.queue.take(transaction)?;
        // After a kill between the commit and the removal it is there already.
        if transaction > open.last {
            let now = time::micros(self.log.now());
            let (rows, counters) = open.write(&taken, self.queue.id(), now)?;
            self.shared.rows.fetch_add(rows, Ordering::Relaxed);
            self.shared.records.fetch_add(taken.records, Ordering::Relaxed);
            self.shared.transactions.fetch_add(1, Ordering::Relaxed);
            if let Some(text) = counters.not_stored() {
                self.log.line(Level::Trace, ids::NOT_STORED, format!("Transaction {transaction}: {text}"));
            }
            self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner).add(&counters);
        }
        self.open = Some(open);
        Ok(taken.records)
    }

    /// Once, before anything of this run is written: a queue that has lost its last commits with the power, or is an old
    /// copy, would give numbers again under which the database has something else.
    fn compare(&mut self, transaction: u64, mark: u64) -> Result<(), Trouble> {
        let before = self.before;
        if mark > before {
            self.queue.go_on_after(before, mark)?;
            self.shared.announce(self.queue.last_closed());
            let text = format!(
                "Persistent Queue {PROVIDER}: it ended with transaction {before}, but the database has {mark} of it: the file \
                 has lost its last commits or is an old copy. Numbers go on after {mark}"
            );
            self.log.line(Level::Standard, ids::QUEUE_ROOM, text);
        }
        self.compared = true;
        if mark > before && transaction > before { Err(Trouble::Renumbered) } else { Ok(()) }
    }

    /// Removes from the queue what the database has, however often it takes. `false`: the recorder stops before it
    /// worked; then the marks in the database tell the next run.
    fn remove(&mut self) -> bool {
        let numbers: Vec<u64> = self.written.iter().map(|(transaction, _)| *transaction).collect();
        let mut wait = FIRST_WAIT;
        while let Err(error) = self.queue.remove(&numbers) {
            let text = format!("Persistent Queue {PROVIDER}: written transactions are not removed: {error}");
            self.log.line(Level::Standard, ids::QUEUE_ROOM, text);
            if self.shared.stopped() {
                return false;
            }
            self.shared.sleep(wait);
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
        let now = self.log.now();
        for (transaction, records) in self.written.drain(..) {
            let text = format!(
                "Database queue [{PROVIDER}]: persistent queue transaction {transaction} is processed, committed and \
                 removed. {records} records are written."
            );
            self.log.put(now, Level::Trace, ids::DATABASE_DONE, text);
        }
        self.log.flush();
        self.shared.room.notify_one();
        true
    }
}

impl Open {
    /// Writes a transaction and its mark, all or nothing. Returns the rows, and what became of the pairs.
    fn write(&mut self, taken: &Taken, queue: &str, now: i64) -> Result<(u64, Counters), Trouble> {
        let mut sink = Rows::new(self.database.begin()?);
        for part in &taken.parts {
            match part {
                OwnedRecord::Frames { session, at, bytes, .. } => {
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        let message = next(&mut rest, &self.limits)?;
                        self.interpreter
                            .event(&Arrival { session: *session, at: *at, message }, &mut sink)?;
                        self.monitor.event(*session, *at, message);
                    }
                }
                OwnedRecord::Opened { session, json } => {
                    let opened: Opened = serde_json::from_str(json)?;
                    self.session = *session;
                    let kind = opened.connection.number();
                    self.interpreter
                        .session_opened(&Session { id: *session, kind, at: opened.at }, &mut sink)?;
                    self.monitor.opened(sink.transaction(), *session, &opened)?;
                }
                OwnedRecord::Closed { session, json } => {
                    let closed: Closed = serde_json::from_str(json)?;
                    self.monitor.closed(sink.transaction(), *session, &closed)?;
                }
            }
        }
        self.interpreter.end_transaction(&mut sink)?;
        let (mut tx, counters) = sink.finish()?;
        self.monitor.write(&mut tx)?;
        // The server may finish a commit after its client was killed, and after the mark was read here.
        if !mark::write(&mut tx, queue, taken.transaction, self.session, now)? {
            return Err(if self.known { Trouble::Overtaken } else { Trouble::Unknown });
        }
        let rows = tx.commit()?;
        self.last = taken.transaction;
        Ok((rows, counters))
    }
}

/// The next frame of what was received; the receiver has checked each of them.
fn next<'a>(rest: &mut &'a [u8], limits: &Limits) -> Result<MessageRef<'a>, WireError> {
    let frame = match split_frame(rest, limits)? {
        Split::Frame(frame, after) => {
            *rest = after;
            frame
        }
        // Parsing says what is missing.
        Split::More(_) => rest,
    };
    MessageRef::parse(frame, limits)
}
