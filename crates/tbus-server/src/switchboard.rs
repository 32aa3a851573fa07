//! Between the reactor and the switch: who is who, what goes into which buffer, and what the log is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use tbus_core::{ClientId, Delivery, Effects, Frame, Function, Keep, Step, Switch, Unplayable};
use tlib_capture::{ClientLabel, Level, LogSink, Record, Verbosity, ids};
use tlib_net::serve::{Buffer, CloseReason, ConnectionId, Invalid, Outbox, Service};
use tlib_proto::session::Arrival;
use tlib_proto::{AttributeId, ErrorCode, Limits, Message, MessageId, MessageRef, Timestamp, ValueRef};

use crate::capture::CaptureTap;
use crate::server::{Accepted, ConnectedClient, Identity, Tap};

/// Slow clients are told of in the log one by one up to this number, and then every so many (chosen).
const SLOW_LINES: u64 = 10;

/// The switch as a service of the reactor.
pub(crate) struct Switchboard {
    switch: Switch,
    effects: Effects,
    labels: HashMap<u32, Arc<ClientLabel>>,
    clients: Arc<DashMap<u32, ConnectedClient>>,
    clock: Box<dyn Fn() -> Timestamp + Send>,
    identify: Box<dyn FnMut(Accepted) -> Identity + Send>,
    log: Option<LogSink>,
    tap: Option<Tap>,
    capture: Option<CaptureTap>,
    verbosity: Verbosity,
    limits: Limits,
    pending: Vec<Pending>,
    records: Vec<Record>,
    accepted: u32,
    slow: u64,
}

/// A record whose event still lies in a buffer of the batch.
enum Pending {
    Ready(Record),
    Event { at: Timestamp, function: Function, frame: Frame },
}

pub(crate) struct Parts {
    pub(crate) switch: Switch,
    pub(crate) clients: Arc<DashMap<u32, ConnectedClient>>,
    pub(crate) clock: Box<dyn Fn() -> Timestamp + Send>,
    pub(crate) identify: Box<dyn FnMut(Accepted) -> Identity + Send>,
    pub(crate) log: Option<LogSink>,
    pub(crate) tap: Option<Tap>,
    pub(crate) capture: Option<CaptureTap>,
    pub(crate) verbosity: Verbosity,
}

impl Switchboard {
    pub(crate) fn new(parts: Parts) -> Self {
        let limits = parts.switch.world().t_server.options.limits();
        Self {
            switch: parts.switch,
            effects: Effects::new(),
            labels: HashMap::new(),
            clients: parts.clients,
            clock: parts.clock,
            identify: parts.identify,
            verbosity: if parts.log.is_some() { parts.verbosity } else { Verbosity::None },
            log: parts.log,
            tap: parts.tap,
            capture: parts.capture,
            limits,
            pending: Vec::new(),
            records: Vec::new(),
            accepted: 0,
            slow: 0,
        }
    }

    pub(crate) fn set_link(&mut self, up: bool, outbox: &mut Outbox) {
        let now = (self.clock)();
        self.apply(now, outbox, |switch, effects| switch.set_link(up, now, effects));
    }

    /// Sends a captured event to everybody on its DN, and says how many that are.
    pub(crate) fn play(
        &mut self,
        event: &Message,
        keep: Keep,
        outbox: &mut Outbox,
    ) -> Result<usize, Unplayable> {
        let now = (self.clock)();
        let mut played = Ok(0);
        self.apply(now, outbox, |switch, effects| played = switch.play(event.view(), keep, now, effects));
        played
    }

    /// Whether records of this level are of use to anybody.
    fn wants(&self, level: Level) -> bool {
        self.verbosity.allows(level) || self.tap.is_some()
    }

    /// Lets the switch work, and gives what it made to the receivers and to the log.
    fn apply(&mut self, now: Timestamp, outbox: &mut Outbox, work: impl FnOnce(&mut Switch, &mut Effects)) {
        std::mem::swap(&mut self.effects.answers, &mut outbox.answers);
        std::mem::swap(&mut self.effects.events, &mut outbox.events);
        work(&mut self.switch, &mut self.effects);
        std::mem::swap(&mut self.effects.answers, &mut outbox.answers);
        std::mem::swap(&mut self.effects.events, &mut outbox.events);
        let effects = std::mem::take(&mut self.effects);
        for step in effects.steps() {
            match step {
                Step::Note(note) if self.wants(Level::Interaction) => {
                    self.pending.push(Pending::Ready(Record::Note { text: note.to_string() }));
                }
                Step::Note(_) => {}
                Step::Deliver(delivery) => self.deliver(now, &delivery, outbox),
            }
        }
        self.effects = effects;
        self.effects.clear_steps();
    }

    fn deliver(&mut self, now: Timestamp, delivery: &Delivery<'_>, outbox: &mut Outbox) {
        for to in delivery.to {
            let frame = match &delivery.requester {
                Some((requester, own)) if requester == to => own,
                _ => &delivery.frame,
            };
            let buffer = match frame.buffer {
                tbus_core::Buffer::Answers => Buffer::Answers,
                tbus_core::Buffer::Events => Buffer::Events,
            };
            outbox.deliver(ConnectionId(to.0), buffer, frame.bytes.clone());
        }
        if self.wants(Level::Interaction) {
            let frame = delivery.requester.as_ref().map_or(&delivery.frame, |(_, own)| own).clone();
            self.pending.push(Pending::Event { at: now, function: delivery.function, frame });
        }
        if self.wants(Level::Trace) {
            let to: Vec<_> = delivery.to.iter().filter_map(|to| self.labels.get(&to.0)).cloned().collect();
            // Read again: now the event has its place in every receiver's queue.
            let sent = Record::Sent { at: (self.clock)(), message: delivery.message, to: to.into() };
            self.pending.push(Pending::Ready(sent));
        }
    }

    fn line(&mut self, at: Timestamp, level: Level, id: u32, text: String) {
        if self.wants(level) {
            self.pending.push(Pending::Ready(Record::Line { at, level, id, text }));
        }
    }

    fn label(&self, connection: ConnectionId) -> &str {
        self.labels.get(&connection.0).map_or("[?]", |label| label.printed())
    }

    /// Under its application's name from now on.
    fn name(&mut self, connection: ConnectionId, message: MessageRef<'_>) {
        let Some(old) = self.labels.get(&connection.0) else { return };
        let name = message.text(AttributeId::APPLICATION_NAME).ok().flatten().unwrap_or_default();
        let name = if name.is_empty() { "unknown".into() } else { String::from_utf8_lossy(name) };
        // A name is for people: what is longer only fills the log.
        let name: String = name.chars().take(64).collect();
        let label = Arc::new(ClientLabel::new(old.handle(), old.id(), &name, old.address()));
        self.clients.insert(connection.0, ConnectedClient { label: Arc::clone(&label), open: false });
        self.labels.insert(connection.0, label);
    }

    /// Gives everything that waits to the log and to the tap.
    fn hand_over(&mut self, answers: &Bytes, events: &Bytes) {
        for pending in self.pending.drain(..) {
            let record = match pending {
                Pending::Ready(record) => record,
                Pending::Event { at, function, frame } => {
                    let buffer = match frame.buffer {
                        tbus_core::Buffer::Answers => answers,
                        tbus_core::Buffer::Events => events,
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

impl Service for Switchboard {
    fn accepted(&mut self, connection: ConnectionId, peer: SocketAddr, descriptor: u32) {
        self.accepted = self.accepted.wrapping_add(1);
        let identity = (self.identify)(Accepted { number: self.accepted, peer, descriptor });
        let label = Arc::new(ClientLabel::new(identity.handle, identity.id, "unknown", identity.address));
        self.clients.insert(connection.0, ConnectedClient { label: Arc::clone(&label), open: false });
        self.labels.insert(connection.0, label);
    }

    fn message(
        &mut self,
        connection: ConnectionId,
        arrival: Arrival,
        message: MessageRef<'_>,
        outbox: &mut Outbox,
    ) {
        let now = (self.clock)();
        if arrival == Arrival::Open {
            self.name(connection, message);
        }
        if self.wants(Level::Interaction)
            && let Some(from) = self.labels.get(&connection.0)
        {
            let received = Record::Received { at: now, request: message.to_owned(), from: Arc::clone(from) };
            self.pending.push(Pending::Ready(received));
        }
        let client = ClientId(connection.0);
        let mut refused = false;
        self.apply(now, outbox, |switch, effects| match arrival {
            Arrival::Open => refused = !switch.open(client, now, message, effects),
            Arrival::BeforeOpen => {
                let text = format!("{} before RequestRegisterClient", message.id());
                switch.refuse(client, now, message, ErrorCode::NOT_REGISTERED, &text, effects);
                refused = true;
            }
            _ => switch.request(client, now, message, effects),
        });
        if refused {
            outbox.close(connection, CloseReason::Refused);
        } else if arrival == Arrival::Open
            && let Some(mut client) = self.clients.get_mut(&connection.0)
        {
            client.open = true;
        }
    }

    fn invalid(&mut self, connection: ConnectionId, invalid: &Invalid<'_>, outbox: &mut Outbox) {
        let now = (self.clock)();
        let Invalid { error, fatal, reference } = *invalid;
        let end = if fatal { ", connection is closed" } else { "" };
        let text = format!("Invalid TLib message received from {}: {error}{end}", self.label(connection));
        self.line(now, Level::Standard, ids::INVALID, text);
        // Who waits for an answer gets one, if what can be read of the request says to what.
        let answer = Message::build(MessageId::EVENT_ERROR, |m| {
            m.optional(AttributeId::REFERENCE_ID, reference.map(|id| ValueRef::Int(id.cast_signed())))
        });
        let Ok(unknown) = answer else { return };
        let (client, text) = (ClientId(connection.0), error.to_string());
        self.apply(now, outbox, |switch, effects| {
            switch.refuse(client, now, unknown.view(), ErrorCode::INVALID_ATTR, &text, effects);
        });
    }

    fn flushed(&mut self, answers: &Bytes, events: &Bytes) {
        self.hand_over(answers, events);
        if let Some(capture) = &mut self.capture {
            capture.hand_over();
        }
    }

    fn observes(&self) -> bool {
        self.capture.is_some()
    }

    fn opened(&mut self, connection: ConnectionId, local: SocketAddr, peer: SocketAddr) {
        if let Some(capture) = &mut self.capture {
            capture.opened((self.clock)(), connection, local, peer);
        }
    }

    fn heard(&mut self, connection: ConnectionId, bytes: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.heard((self.clock)(), connection, bytes);
        }
    }

    fn said(&mut self, connection: ConnectionId, bytes: &mut Vec<Bytes>) {
        if let Some(capture) = &mut self.capture {
            capture.said((self.clock)(), connection, bytes);
        }
    }

    fn closed(&mut self, connection: ConnectionId, reason: &CloseReason) {
        self.switch.disconnected(ClientId(connection.0));
        let now = (self.clock)();
        let text = format!("Client {} disconnected: {reason}", self.label(connection));
        match reason {
            CloseReason::Slow { .. } => {
                self.slow = self.slow.saturating_add(1);
                if self.slow <= SLOW_LINES || self.slow.is_multiple_of(SLOW_LINES) {
                    let text = format!("{text} (slow client number {})", self.slow);
                    self.line(now, Level::Standard, ids::DISCONNECTED, text);
                }
            }
            CloseReason::Handshake | CloseReason::Silent => {
                self.line(now, Level::Standard, ids::DISCONNECTED, text);
            }
            _ => self.line(now, Level::Trace, ids::DISCONNECTED, text),
        }
        self.labels.remove(&connection.0);
        self.clients.remove(&connection.0);
        self.hand_over(&Bytes::new(), &Bytes::new());
        if let Some(capture) = &mut self.capture {
            capture.closed(now, connection);
            capture.hand_over();
        }
    }

    fn turned_away(&mut self, peer: SocketAddr, limit: usize) {
        let now = (self.clock)();
        let text =
            format!("Connection from {peer} was turned away: {limit} clients are connected (max-clients)");
        self.line(now, Level::Standard, ids::DISCONNECTED, text);
        self.hand_over(&Bytes::new(), &Bytes::new());
    }
}
