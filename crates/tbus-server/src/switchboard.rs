//! Between the reactor and the switch: who is who, and what goes into which buffer.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use tbus_core::{ClientId, Delivery, Effects, Frame, Keep, Step, Switch, Unplayable};
use tlib_capture::{ClientLabel, Level, LogSink, Verbosity, ids};
use tlib_net::serve::{Buffer, CloseReason, ConnectionId, Invalid, Outbox, Service};
use tlib_proto::session::Arrival;
use tlib_proto::{AttributeId, ErrorCode, Message, MessageId, MessageRef, Timestamp, ValueRef};

use crate::capture::CaptureTap;
use crate::chronicle::Chronicle;
use crate::server::{Accepted, ConnectedClient, Identity, Tap};

/// Slow clients are told of in the log one by one up to this number, and then every so many (chosen).
const SLOW_LINES: u64 = 10;

/// The switch as a service of the reactor.
pub(crate) struct Switchboard {
    switch: Switch,
    effects: Effects,
    chronicle: Chronicle,
    clients: Arc<DashMap<u32, ConnectedClient>>,
    identify: Box<dyn FnMut(Accepted) -> Identity + Send>,
    capture: Option<CaptureTap>,
    /// When the batch began, once it was asked for.
    began: Option<Timestamp>,
    accepted: u32,
    slow: u64,
}

pub(crate) struct Parts {
    pub(crate) switch: Switch,
    pub(crate) clients: Arc<DashMap<u32, ConnectedClient>>,
    pub(crate) clock: Box<dyn Fn() -> Timestamp + Send>,
    pub(crate) identify: Box<dyn FnMut(Accepted) -> Identity + Send>,
    pub(crate) log: Option<(LogSink, Verbosity)>,
    pub(crate) tap: Option<Tap>,
    pub(crate) capture: Option<CaptureTap>,
}

impl Switchboard {
    pub(crate) fn new(parts: Parts) -> Self {
        let limits = parts.switch.options().limits();
        Self {
            switch: parts.switch,
            effects: Effects::new(),
            chronicle: Chronicle::new(parts.clock, parts.log, parts.tap, limits),
            clients: parts.clients,
            identify: parts.identify,
            capture: parts.capture,
            began: None,
            accepted: 0,
            slow: 0,
        }
    }

    pub(crate) fn set_link(&mut self, up: bool, outbox: &mut Outbox) {
        let now = self.chronicle.now();
        self.apply(now, outbox, |switch, effects| switch.set_link(up, now, effects));
    }

    /// Sends a captured event to everybody on its DN, and says how many that are.
    pub(crate) fn play(
        &mut self,
        event: &Message,
        keep: Keep,
        outbox: &mut Outbox,
    ) -> Result<usize, Unplayable> {
        let now = self.chronicle.now();
        let mut played = Ok(0);
        self.apply(now, outbox, |switch, effects| played = switch.play(event.view(), keep, now, effects));
        played
    }

    /// The time of the requests of a batch. They have come with one read, so the clock is read once for all of them.
    #[inline]
    fn arrived(&mut self) -> Timestamp {
        *self.began.get_or_insert_with(|| self.chronicle.now())
    }

    /// Lets the switch work, and gives what it made to the receivers and to the log.
    fn apply(&mut self, now: Timestamp, outbox: &mut Outbox, work: impl FnOnce(&mut Switch, &mut Effects)) {
        let Self { switch, effects, chronicle, .. } = self;
        // Before, not after: a panic in the embedder's code must not leave steps that are taken twice.
        effects.clear_steps();
        std::mem::swap(&mut effects.answers, &mut outbox.answers);
        std::mem::swap(&mut effects.events, &mut outbox.events);
        work(switch, effects);
        std::mem::swap(&mut effects.answers, &mut outbox.answers);
        std::mem::swap(&mut effects.events, &mut outbox.events);
        for step in effects.steps() {
            match step {
                Step::Note(note) => chronicle.note(note),
                Step::Deliver(delivery) => {
                    deliver(&delivery, outbox);
                    chronicle.delivered(now, &delivery);
                }
            }
        }
    }

    /// Under its application's name from now on.
    fn name(&mut self, connection: ConnectionId, message: MessageRef<'_>) {
        let Some(old) = self.chronicle.label(connection) else { return };
        let name = message.text(AttributeId::APPLICATION_NAME).ok().flatten().unwrap_or_default();
        let name = if name.is_empty() { "unknown".into() } else { String::from_utf8_lossy(name) };
        // A name is for people: what is longer only fills the log.
        let name: String = name.chars().take(64).collect();
        let label = Arc::new(ClientLabel::new(old.handle(), old.id(), &name, old.address()));
        self.clients.insert(connection.0, ConnectedClient { label: Arc::clone(&label), open: false });
        self.chronicle.enter(connection, label);
    }
}

/// Gives an event to its receivers.
#[inline]
fn deliver(delivery: &Delivery<'_>, outbox: &mut Outbox) {
    match (delivery.to, &delivery.requester) {
        ([to], None) => {
            outbox.deliver(ConnectionId(to.0), buffer_of(&delivery.frame), delivery.frame.bytes.clone());
        }
        (all, None) => {
            let all = all.iter().map(|to| ConnectionId(to.0));
            outbox.deliver_all(all, buffer_of(&delivery.frame), delivery.frame.bytes.clone());
        }
        (all, Some((requester, own))) => {
            for to in all {
                let frame = if requester == to { own } else { &delivery.frame };
                outbox.deliver(ConnectionId(to.0), buffer_of(frame), frame.bytes.clone());
            }
        }
    }
}

fn buffer_of(frame: &Frame) -> Buffer {
    match frame.buffer {
        tbus_core::Buffer::Answers => Buffer::Answers,
        tbus_core::Buffer::Events => Buffer::Events,
    }
}

impl Service for Switchboard {
    fn accepted(&mut self, connection: ConnectionId, peer: SocketAddr, descriptor: u32) {
        self.accepted = self.accepted.wrapping_add(1);
        let identity = (self.identify)(Accepted { number: self.accepted, peer, descriptor });
        let label = Arc::new(ClientLabel::new(identity.handle, identity.id, "unknown", identity.address));
        self.clients.insert(connection.0, ConnectedClient { label: Arc::clone(&label), open: false });
        self.chronicle.enter(connection, label);
    }

    fn message(
        &mut self,
        connection: ConnectionId,
        arrival: Arrival,
        message: MessageRef<'_>,
        outbox: &mut Outbox,
    ) {
        let now = self.arrived();
        if arrival == Arrival::Open {
            self.name(connection, message);
        }
        self.chronicle.received(now, connection, message);
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
        let now = self.chronicle.now();
        let Invalid { error, fatal, reference } = *invalid;
        let end = if fatal { ", connection is closed" } else { "" };
        let text =
            format!("Invalid TLib message received from {}: {error}{end}", self.chronicle.name(connection));
        self.chronicle.line(now, Level::Standard, ids::INVALID, text);
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
        self.began = None;
        self.chronicle.hand_over(answers, events);
        if let Some(capture) = &mut self.capture {
            capture.hand_over();
        }
    }

    fn observes(&self) -> bool {
        self.capture.is_some()
    }

    fn opened(&mut self, connection: ConnectionId, local: SocketAddr, peer: SocketAddr) {
        if let Some(capture) = &mut self.capture {
            capture.opened(self.chronicle.now(), connection, local, peer);
        }
    }

    fn heard(&mut self, connection: ConnectionId, bytes: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.heard(self.chronicle.now(), connection, bytes);
        }
    }

    fn said(&mut self, connection: ConnectionId, bytes: &mut Vec<Bytes>) {
        if let Some(capture) = &mut self.capture {
            capture.said(self.chronicle.now(), connection, bytes);
        }
    }

    fn closed(&mut self, connection: ConnectionId, reason: &CloseReason) {
        self.switch.disconnected(ClientId(connection.0));
        let now = self.chronicle.now();
        let text = format!("Client {} disconnected: {reason}", self.chronicle.name(connection));
        match reason {
            CloseReason::Slow { .. } => {
                self.slow = self.slow.saturating_add(1);
                if self.slow <= SLOW_LINES || self.slow.is_multiple_of(SLOW_LINES) {
                    let text = format!("{text} (slow client number {})", self.slow);
                    self.chronicle.line(now, Level::Standard, ids::DISCONNECTED, text);
                }
            }
            CloseReason::Handshake | CloseReason::Silent => {
                self.chronicle.line(now, Level::Standard, ids::DISCONNECTED, text);
            }
            _ => self.chronicle.line(now, Level::Trace, ids::DISCONNECTED, text),
        }
        self.chronicle.leave(connection);
        self.clients.remove(&connection.0);
        self.chronicle.hand_over(&Bytes::new(), &Bytes::new());
        if let Some(capture) = &mut self.capture {
            capture.closed(now, connection);
            capture.hand_over();
        }
    }

    fn turned_away(&mut self, peer: SocketAddr, limit: usize) {
        let now = self.chronicle.now();
        let text =
            format!("Connection from {peer} was turned away: {limit} clients are connected (max-clients)");
        self.chronicle.line(now, Level::Standard, ids::DISCONNECTED, text);
        self.chronicle.hand_over(&Bytes::new(), &Bytes::new());
    }
}
