//! The capture's thread, and the bounded queue in front of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use tlib_proto::Timestamp;

use super::{Flow, PcapngWriter, WriteError};

/// What may wait for the thread (chosen).
const PENDING_BYTES: usize = 16 << 20;

/// What a record costs beside its bytes.
const RECORD_COST: usize = size_of::<CaptureRecord>();

/// Bytes that one write to the file has.
const WRITE_CHUNK: usize = 256 << 10;

/// What happens on a connection. The number of a connection is used by one at a time.
#[derive(Clone, Debug)]
pub enum CaptureRecord {
    /// It is opened.
    Open {
        /// When.
        at: Timestamp,
        /// Its number.
        connection: u64,
        /// The client's end.
        client: SocketAddr,
        /// The server's end.
        server: SocketAddr,
    },
    /// Bytes go over it: frames, or any parts of them.
    Bytes {
        /// When.
        at: Timestamp,
        /// Its number.
        connection: u64,
        /// In which direction.
        flow: Flow,
        /// The bytes, shared.
        bytes: Bytes,
    },
    /// It is closed.
    Close {
        /// When.
        at: Timestamp,
        /// Its number.
        connection: u64,
    },
}

impl CaptureRecord {
    fn cost(&self) -> usize {
        match self {
            Self::Bytes { bytes, .. } => bytes.len().saturating_add(RECORD_COST),
            Self::Open { .. } | Self::Close { .. } => RECORD_COST,
        }
    }

    fn at(&self) -> Timestamp {
        match self {
            Self::Open { at, .. } | Self::Bytes { at, .. } | Self::Close { at, .. } => *at,
        }
    }
}

/// The writing end of a capture; clones write to the same one.
///
/// Handing over costs one lock for all records of a batch. When more than 16 MiB wait, it blocks until the thread has
/// caught up: a capture slows the traffic down, it never loses any of it. The one exception is a file that cannot be
/// written any more: the error is told once, nothing more is written, and the traffic goes on.
#[derive(Clone, Debug)]
pub struct CaptureSink {
    shared: Arc<Shared>,
}

/// The end of a capture that belongs to its owner: dropped, it has everything written, closes what is open, and waits
/// for it.
#[derive(Debug)]
pub struct CaptureHandle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<u64, WriteError>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// For the thread: there is something to do.
    work: Condvar,
    /// For publishers: there is room.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Vec<CaptureRecord>,
    /// Cost of what is queued or being written.
    pending: usize,
    closing: bool,
    /// The thread writes nothing more.
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CaptureSink {
    /// Creates the file, which must not exist or is overwritten, and starts the thread. `application` is what the file
    /// says it was written by; `on_error` is told the first error of writing.
    ///
    /// # Errors
    /// [`WriteError`], when the file cannot be created or the thread cannot be started.
    pub fn create(
        path: &Path,
        application: &str,
        on_error: impl FnOnce(&WriteError) + Send + 'static,
    ) -> Result<(Self, CaptureHandle), WriteError> {
        Self::start(BufWriter::with_capacity(WRITE_CHUNK, File::create(path)?), application, on_error)
    }

    /// The same to anywhere. What is written is flushed whenever nothing waits.
    ///
    /// # Errors
    /// [`WriteError`], when the head of the file cannot be written or the thread cannot be started.
    pub fn start<W: Write + Send + 'static>(
        out: W,
        application: &str,
        on_error: impl FnOnce(&WriteError) + Send + 'static,
    ) -> Result<(Self, CaptureHandle), WriteError> {
        let mut writer = PcapngWriter::new(out, application)?;
        writer.flush()?;
        let shared = Arc::new(Shared::default());
        let thread = {
            let shared = Arc::clone(&shared);
            let run = move || {
                let done = run(&shared, writer);
                let mut state = shared.lock();
                state.ended = true;
                state.queue = Vec::new();
                shared.room.notify_all();
                drop(state);
                if let Err(error) = &done {
                    on_error(error);
                }
                done
            };
            Builder::new().name("capture".to_owned()).spawn(run).map_err(WriteError::Thread)?
        };
        Ok((Self { shared: Arc::clone(&shared) }, CaptureHandle { shared, thread: Some(thread) }))
    }

    /// Hands over all records, in their order, and leaves the vector empty with its memory. Blocks while too much waits.
    pub fn push_batch(&self, records: &mut Vec<CaptureRecord>) {
        if records.is_empty() {
            return;
        }
        let cost = records.iter().fold(0, |sum: usize, record| sum.saturating_add(record.cost()));
        let mut state = self.shared.lock();
        // A batch larger than the limit is let in when nothing else is there.
        while state.pending > 0 && state.pending.saturating_add(cost) > PENDING_BYTES && !state.ended {
            state = self.shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closing || state.ended {
            records.clear();
            return;
        }
        state.pending = state.pending.saturating_add(cost);
        state.queue.append(records);
        drop(state);
        self.shared.work.notify_one();
    }

    /// Hands over one record.
    pub fn push(&self, record: CaptureRecord) {
        self.push_batch(&mut vec![record]);
    }
}

impl CaptureHandle {
    /// Writes everything that was handed over, closes what is open, and ends the thread. Gives the length of the file.
    ///
    /// # Errors
    /// The error that `on_error` was told, too.
    pub fn close(mut self) -> Result<u64, WriteError> {
        self.join().unwrap_or(Ok(0))
    }

    fn join(&mut self) -> Option<Result<u64, WriteError>> {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        // A thread that has panicked has said so on stderr; there is nothing left to wait for.
        self.thread.take()?.join().ok()
    }
}

impl Drop for CaptureHandle {
    fn drop(&mut self) {
        self.join();
    }
}

fn run<W: Write>(shared: &Shared, mut writer: PcapngWriter<W>) -> Result<u64, WriteError> {
    let mut batch = Vec::new();
    let mut last = Timestamp::default();
    loop {
        let mut state = shared.lock();
        if state.queue.is_empty() && !state.closing {
            drop(state);
            // Whoever looks at the file finds what has happened so far.
            writer.flush()?;
            state = shared.lock();
            while state.queue.is_empty() && !state.closing {
                state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        if state.queue.is_empty() {
            drop(state);
            return end(writer, last);
        }
        std::mem::swap(&mut state.queue, &mut batch);
        drop(state);
        let mut cost = 0_usize;
        for record in batch.drain(..) {
            cost = cost.saturating_add(record.cost());
            last = last.max(record.at());
            write(&mut writer, record)?;
        }
        let mut state = shared.lock();
        state.pending = state.pending.saturating_sub(cost);
        drop(state);
        shared.room.notify_all();
    }
}

fn write<W: Write>(writer: &mut PcapngWriter<W>, record: CaptureRecord) -> Result<(), WriteError> {
    match record {
        CaptureRecord::Open { at, connection, client, server } => writer.open(at, connection, client, server),
        CaptureRecord::Bytes { at, connection, flow, bytes } => writer.bytes(at, connection, flow, &bytes),
        CaptureRecord::Close { at, connection } => writer.close(at, connection),
    }
}

fn end<W: Write>(mut writer: PcapngWriter<W>, last: Timestamp) -> Result<u64, WriteError> {
    writer.close_all(last)?;
    writer.flush()?;
    Ok(writer.written())
}
