//! The recorder's log: ICON's lines, through the log writer that the server uses (facts `icon` 5).

use std::sync::Arc;

use tlib_capture::{Level, LogSink, Record, ids};
use tlib_proto::{AttributeId, MessageRef, Timestamp};

use crate::queue::Closed;

/// The wall clock of the recorder.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The number by which ICON's log calls the T-Server (log; what it stands for is not published).
const SERVER_HANDLE: u32 = 65200;

/// The provider in lines of the queue: what the recorder stores is user data (log).
pub(crate) const PROVIDER: &str = "GUD";

/// One thread's way to the log.
pub(crate) struct Log {
    sink: Option<LogSink>,
    pub(crate) clock: Clock,
    batch: Vec<Record>,
}

impl Log {
    pub(crate) fn new(sink: Option<LogSink>, clock: Clock) -> Self {
        Self { sink, clock, batch: Vec::new() }
    }

    /// The same log for another thread.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.sink.clone(), Arc::clone(&self.clock))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A line that is handed over with the next [`Log::flush`].
    pub(crate) fn put(&mut self, at: Timestamp, level: Level, id: u32, text: String) {
        if self.sink.as_ref().is_some_and(|sink| sink.verbosity().allows(level)) {
            self.batch.push(Record::Line { at, level, id, text });
        }
    }

    /// A line, at once: before those that were put and wait for their [`Log::flush`].
    pub(crate) fn line(&self, level: Level, id: u32, text: String) {
        if let Some(sink) = self.sink.as_ref().filter(|sink| sink.verbosity().allows(level)) {
            sink.push(Record::Line { at: self.now(), level, id, text });
        }
    }

    /// Line 04543 for an event: `received from 65200 ("SIP_Server@REPORTING")`.
    pub(crate) fn event(&mut self, at: Timestamp, server: &str, event: MessageRef<'_>) {
        if !self.sink.as_ref().is_some_and(|sink| sink.verbosity().allows(Level::Interaction)) {
            return;
        }
        let dn = event.text(AttributeId::THIS_DN).ok().flatten().unwrap_or_default();
        let (at_sign, dn) = if dn.is_empty() { ("", "".into()) } else { ("@", String::from_utf8_lossy(dn)) };
        let text = format!(
            "Interaction message \"{}\" received from {SERVER_HANDLE} (\"{server}{at_sign}{dn}\")",
            event.id()
        );
        self.put(at, Level::Interaction, ids::INTERACTION, text);
    }

    /// Line 25016.
    pub(crate) fn committed(&self, closed: &Closed) {
        let Closed { transaction, records } = closed;
        let text = format!(
            "Persistent Queue {PROVIDER}: transaction {transaction} is committed. {records} records written into the queue"
        );
        self.line(Level::Trace, ids::QUEUE_COMMITTED, text);
    }

    /// Waits until everything that was handed over is where the log goes.
    pub(crate) fn written(&self) {
        if let Some(sink) = &self.sink {
            sink.flush();
        }
    }

    /// Forgets what was put.
    pub(crate) fn forget(&mut self) {
        self.batch.clear();
    }

    /// Hands over what was put.
    pub(crate) fn flush(&mut self) {
        match &self.sink {
            Some(sink) => sink.push_batch(&mut self.batch),
            None => self.batch.clear(),
        }
    }
}
