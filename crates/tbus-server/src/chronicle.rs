//! What the log and the tap are told, and when.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tbus_core::{Buffer, Delivery, Frame, Function, Note};
use tlib_capture::{ClientLabel, Level, LogSink, Record, Verbosity};
use tlib_net::serve::ConnectionId;
use tlib_proto::{Limits, Message, MessageRef, Timestamp};

use crate::server::Tap;

/// Collects the records of a batch, as far as somebody wants them, and hands them over when it has been written.
pub(crate) struct Chronicle {
    clock: Box<dyn Fn() -> Timestamp + Send>,
    labels: HashMap<u32, Arc<ClientLabel>>,
    log: Option<LogSink>,
    tap: Option<Tap>,
    verbosity: Verbosity,
    limits: Limits,
    pending: Vec<Pending>,
    records: Vec<Record>,
}

/// A record whose event still lies in a buffer of the batch.
enum Pending {
    Ready(Record),
    Event { at: Timestamp, function: Function, frame: Frame },
}

impl Chronicle {
    pub(crate) fn new(
        clock: Box<dyn Fn() -> Timestamp + Send>,
        log: Option<(LogSink, Verbosity)>,
        tap: Option<Tap>,
        limits: Limits,
    ) -> Self {
        let (log, verbosity) = log.map_or((None, Verbosity::None), |(log, level)| (Some(log), level));
        let (pending, records) = (Vec::new(), Vec::new());
        Self { clock, labels: HashMap::new(), log, tap, verbosity, limits, pending, records }
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How a client is called, from now on.
    pub(crate) fn enter(&mut self, connection: ConnectionId, label: Arc<ClientLabel>) {
        self.labels.insert(connection.0, label);
    }

    pub(crate) fn leave(&mut self, connection: ConnectionId) {
        self.labels.remove(&connection.0);
    }

    pub(crate) fn label(&self, connection: ConnectionId) -> Option<&ClientLabel> {
        self.labels.get(&connection.0).map(Arc::as_ref)
    }

    pub(crate) fn name(&self, connection: ConnectionId) -> &str {
        self.label(connection).map_or("[?]", ClientLabel::printed)
    }

    /// Whether records of this level are of use to anybody.
    #[inline]
    fn wants(&self, level: Level) -> bool {
        self.verbosity.allows(level) || self.tap.is_some()
    }

    #[inline]
    pub(crate) fn received(&mut self, at: Timestamp, connection: ConnectionId, message: MessageRef<'_>) {
        if self.wants(Level::Interaction)
            && let Some(from) = self.labels.get(&connection.0)
        {
            let received = Record::Received { at, request: message.to_owned(), from: Arc::clone(from) };
            self.pending.push(Pending::Ready(received));
        }
    }

    pub(crate) fn note(&mut self, note: &Note) {
        if self.wants(Level::Interaction) {
            self.pending.push(Pending::Ready(Record::Note { text: note.to_string() }));
        }
    }

    #[inline]
    pub(crate) fn delivered(&mut self, at: Timestamp, delivery: &Delivery<'_>) {
        if self.wants(Level::Interaction) {
            self.tell_delivered(at, delivery);
        }
    }

    fn tell_delivered(&mut self, at: Timestamp, delivery: &Delivery<'_>) {
        let frame = delivery.requester.as_ref().map_or(&delivery.frame, |(_, own)| own).clone();
        self.pending.push(Pending::Event { at, function: delivery.function, frame });
        if self.wants(Level::Trace) {
            let to: Vec<_> = delivery.to.iter().filter_map(|to| self.labels.get(&to.0)).cloned().collect();
            // Read again: now the event has its place in every receiver's queue.
            let sent = Record::Sent { at: self.now(), message: delivery.message, to: to.into() };
            self.pending.push(Pending::Ready(sent));
        }
    }

    /// A line of the server's own.
    pub(crate) fn line(&mut self, at: Timestamp, level: Level, id: u32, text: String) {
        if self.wants(level) {
            self.pending.push(Pending::Ready(Record::Line { at, level, id, text }));
        }
    }

    /// Gives everything that waits to the log and to the tap. The buffers are those of the batch.
    pub(crate) fn hand_over(&mut self, answers: &Bytes, events: &Bytes) {
        if self.pending.is_empty() {
            return;
        }
        for pending in self.pending.drain(..) {
            let record = match pending {
                Pending::Ready(record) => record,
                Pending::Event { at, function, frame } => {
                    let buffer = match frame.buffer {
                        Buffer::Answers => answers,
                        Buffer::Events => events,
                    };
                    // A batch that a panic has cut short has lost its frames, and a second panic would end everything.
                    if frame.bytes.end > buffer.len() {
                        continue;
                    }
                    // The switch has just written this frame: it is one.
                    let Ok(message) = Message::from_frame(buffer.slice(frame.bytes), &self.limits) else {
                        continue;
                    };
                    Record::Event { at, function: function.name(), message }
                }
            };
            self.records.push(record);
        }
        if self.records.is_empty() {
            return;
        }
        if let Some(tap) = &mut self.tap {
            tap(&self.records);
        }
        match &self.log {
            Some(log) => log.push_batch(&mut self.records),
            None => self.records.clear(),
        }
    }
}
