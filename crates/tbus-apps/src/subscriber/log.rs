//! What a subscriber logs: records of its style. No files here.

use std::sync::Arc;

use tlib_capture::{ClientForm, Level, LogSink, Record, ServerLabel, ids};
use tlib_proto::{Message, Timestamp};

use super::{Clock, Style};

/// The way to the log.
pub(super) struct Log {
    sink: Option<LogSink>,
    style: Style,
    clock: Clock,
    batch: Vec<Record>,
}

impl Log {
    pub(super) fn new(sink: Option<LogSink>, style: Style, clock: Clock) -> Self {
        Self { sink, style, clock, batch: Vec::new() }
    }

    /// A request that is being sent.
    pub(super) fn sent(&mut self, server: &Arc<ServerLabel>, message: &Message) {
        if let Some(form) = self.style.sent {
            self.put(form, server, message);
        }
    }

    /// An answer to a request.
    pub(super) fn answered(&mut self, server: &Arc<ServerLabel>, message: &Message) {
        if self.style.answers {
            self.put(self.style.received, server, message);
        }
    }

    /// An event.
    pub(super) fn received(&mut self, server: &Arc<ServerLabel>, message: &Message) {
        self.put(self.style.received, server, message);
    }

    /// A standard line about the connection.
    pub(super) fn line(&mut self, level: Level, text: String) {
        if self.sink.as_ref().is_some_and(|sink| sink.verbosity().allows(level)) {
            self.batch.push(Record::Line { at: self.now(), level, id: ids::APPLICATION, text });
        }
    }

    /// Hands over what was put.
    pub(super) fn flush(&mut self) {
        match &self.sink {
            Some(sink) => sink.push_batch(&mut self.batch),
            None => self.batch.clear(),
        }
    }

    fn put(&mut self, form: ClientForm, server: &Arc<ServerLabel>, message: &Message) {
        if !self.sink.as_ref().is_some_and(|sink| sink.verbosity().allows(Level::Interaction)) {
            return;
        }
        let (at, server, message) = (self.now(), Arc::clone(server), message.clone());
        self.batch.push(Record::Client { at, form, server, message });
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}
