//! The log's thread, and the bounded queue in front of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::output::Status;
use super::{LogConfig, LogError, LogFile, LogTarget, Record, Verbosity};

/// What the thread formats before it gives the room in the queue back.
const CHUNK: usize = 256 << 10;

/// Longest time between a record and the write that shows it, but for the write itself.
const LONGEST_GATHER: Duration = Duration::from_millis(200);

/// Records for which the queue keeps its memory while nothing happens.
const IDLE_RECORDS: usize = 4096;

/// The writing end of a log; clones write to the same log.
///
/// Handing over costs one lock per batch and no system call, unless the thread sleeps because nothing was logged for
/// a while. When more than [`LogConfig::pending_bytes`] wait, handing over blocks until the thread has caught up: a
/// log slows its publishers down, it never loses a line.
#[derive(Clone, Debug)]
pub struct LogSink {
    shared: Arc<Shared>,
    status: Arc<Status>,
    verbosity: Verbosity,
}

/// The end of a log that belongs to its owner: dropped, it has everything written, and the last line, and waits for
/// it. What is handed over after that is discarded.
#[derive(Debug)]
pub struct LogHandle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    path: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// For the thread: there is something to do.
    work: Condvar,
    /// For publishers: there is room, or everything is written.
    progress: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: Vec<Record>,
    /// Cost of the records that are queued or being written.
    pending: usize,
    /// Records handed over, and records written, so far.
    taken: u64,
    written: u64,
    /// How many publishers wait for progress.
    waiting: usize,
    /// The thread waits without a time limit.
    asleep: bool,
    /// Somebody waits: do not gather.
    hurry: bool,
    closing: bool,
    /// The thread has ended.
    ended: bool,
}

impl LogSink {
    /// Opens the target, as [`LogFile::open`], and starts the log's thread.
    ///
    /// # Errors
    /// [`LogError`] when the target cannot be opened or the thread cannot be started.
    pub fn start(config: LogConfig, target: LogTarget) -> Result<(Self, LogHandle), LogError> {
        Self::spawn(LogFile::open(config, target)?)
    }

    pub(super) fn spawn(file: LogFile) -> Result<(Self, LogHandle), LogError> {
        let config = file.config();
        let gather = config.gather.min(LONGEST_GATHER);
        let shared = Arc::new(Shared { limit: config.pending_bytes, ..Shared::default() });
        let sink = Self { shared: Arc::clone(&shared), status: file.status(), verbosity: file.verbosity() };
        let path = file.path().map(Path::to_owned);
        let thread = {
            let shared = Arc::clone(&shared);
            Builder::new().name("log".into()).spawn(move || {
                stand_back();
                run(&shared, file, gather);
            })
        };
        let thread = Some(thread.map_err(LogError::Thread)?);
        Ok((sink, LogHandle { shared, thread, path }))
    }

    /// What is printed: records below it need not be made, see [`Record::level`].
    #[inline]
    pub const fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Hands over all records, in their order, and leaves the vector empty with its memory.
    ///
    /// Records of one block are best handed over by one thread; batches of several threads are not mixed.
    pub fn push_batch(&self, records: &mut Vec<Record>) {
        if records.is_empty() {
            return;
        }
        let cost = records.iter().fold(0, |sum: usize, record| sum.saturating_add(record.cost()));
        let mut state = self.shared.lock();
        if state.closing {
            records.clear();
            return;
        }
        // A batch larger than the limit is let in when nothing else is there.
        while state.pending > 0 && state.pending.saturating_add(cost) > self.shared.limit && !state.ended {
            state = self.shared.wait_for_progress(state);
        }
        if state.ended {
            records.clear();
            return;
        }
        state.pending = state.pending.saturating_add(cost);
        state.taken = state.taken.wrapping_add(u64::try_from(records.len()).unwrap_or_default());
        state.queue.append(records);
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.shared.work.notify_one();
        }
    }

    /// Hands over one record; [`LogSink::push_batch`] is better for more.
    pub fn push(&self, record: Record) {
        self.push_batch(&mut vec![record]);
    }

    /// Waits until everything that was handed over before has been written.
    pub fn flush(&self) {
        let mut state = self.shared.lock();
        let goal = state.taken;
        while state.written < goal && !state.ended {
            state = self.shared.wait_for_progress(state);
        }
    }

    /// About how many bytes of records wait or are being written.
    pub fn pending_bytes(&self) -> usize {
        self.shared.lock().pending
    }

    /// The first error, if there was one.
    pub fn error(&self) -> Option<Arc<LogError>> {
        self.status.first()
    }

    /// How many lines could not be written so far.
    pub fn lost(&self) -> u64 {
        self.status.lost()
    }

    /// How many publishers are being held up.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.shared.lock().waiting
    }
}

impl LogHandle {
    /// The file that the log began with, if it is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Has everything written and the last line, and waits for it.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for LogHandle {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its panic has been reported on standard error; a second one here would help nobody.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_progress<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.hurry = true;
        state.waiting += 1;
        self.work.notify_one();
        let mut state = self.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if state.closing {
            // The thread does not end before those who waited have been let in.
            self.work.notify_one();
        }
        state
    }

    /// Waits for records and gathers them for a while. `false` when none will come any more.
    fn take(&self, batch: &mut Vec<Record>, gather: Duration) -> bool {
        let mut state = self.lock();
        if state.queue.is_empty() {
            batch.shrink_to(IDLE_RECORDS);
            state.queue.shrink_to(IDLE_RECORDS);
        }
        while state.queue.is_empty() && !(state.closing && state.waiting == 0) {
            state.asleep = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.asleep = false;
        let start = Instant::now();
        while !state.hurry && !state.closing {
            let Some(rest) = gather.checked_sub(start.elapsed()).filter(|rest| !rest.is_zero()) else {
                break;
            };
            state = self.work.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry = false;
        std::mem::swap(&mut state.queue, batch);
        // In one step with the look at the queue: what is accepted is written.
        state.ended = batch.is_empty();
        !state.ended
    }

    fn release(&self, cost: usize, records: u64) {
        let mut state = self.lock();
        state.pending = state.pending.saturating_sub(cost);
        state.written = state.written.wrapping_add(records);
        if state.waiting > 0 {
            self.progress.notify_all();
        }
    }
}

/// How much nicer the log's thread is than its process (chosen): who waits for a processor beside it waits for tens of
/// microseconds instead of its whole slice, and it still gets a tenth of a processor that others want all of.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Makes this thread give way to those that serve clients. Elsewhere than on Linux that would be the whole process.
fn stand_back() {
    #[cfg(target_os = "linux")]
    // Nobody is refused that; if so, the log is as important as everything else.
    let _ = rustix::process::nice(NICER);
}

/// Lets nobody wait for a thread that has ended, however it ended.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.progress.notify_all();
    }
}

fn run(shared: &Shared, mut file: LogFile, gather: Duration) {
    let end = End(shared);
    let mut batch = Vec::new();
    while shared.take(&mut batch, gather) {
        let (mut cost, mut records) = (0_usize, 0_u64);
        for record in batch.drain(..) {
            file.write(&record);
            cost = cost.saturating_add(record.cost());
            records += 1;
            if cost >= CHUNK {
                file.flush();
                shared.release(std::mem::take(&mut cost), std::mem::take(&mut records));
            }
        }
        file.flush();
        shared.release(cost, records);
    }
    drop(end);
    file.close();
}
