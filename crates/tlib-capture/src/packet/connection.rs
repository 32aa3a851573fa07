//! One TCP connection: two directions, who is the server, and how the client is called.

use std::net::SocketAddr;
use std::sync::Arc;

use tlib_proto::{AttributeId, Limits, Message, MessageId, Timestamp};

use super::frames::Found;
use super::half::{Context, Half};
use super::heads::Segment;
use super::item::{CaptureItem, Captured, Complaint, Flow, Trouble};
use super::{Mark, reader::CaptureSummary};

/// An application's name is cut behind so many characters, as in a log (chosen).
const NAME_LENGTH: usize = 64;

/// A connection, open or closed.
pub(super) struct Connection {
    pub(super) number: u32,
    /// Its ends; the first one has sent the first packet.
    ends: [SocketAddr; 2],
    halves: [Half; 2],
    /// Which end is the client, once that is known.
    client: Option<usize>,
    application: Option<Arc<str>>,
    pub(super) closed: Option<Timestamp>,
    /// The table's order of use.
    pub(super) used: u64,
    /// What it held when it was last counted.
    pub(super) counted: usize,
}

/// Where a connection's findings go.
pub(super) struct Sink<'a> {
    pub(super) limits: &'a Limits,
    pub(super) mark: Mark,
    pub(super) items: &'a mut std::collections::VecDeque<CaptureItem>,
    pub(super) summary: &'a mut CaptureSummary,
}

impl Connection {
    pub(super) fn new(number: u32, first: &Segment<'_>) -> Self {
        Self {
            number,
            ends: [first.from, first.to],
            halves: [Half::new(), Half::new()],
            client: None,
            application: None,
            closed: None,
            used: 0,
            counted: 0,
        }
    }

    /// Bytes of memory that its streams hold.
    pub(super) fn held(&self) -> usize {
        self.halves.iter().fold(0, |sum, half| sum.saturating_add(half.held()))
    }

    fn side(&self, segment: &Segment<'_>) -> usize {
        usize::from(segment.from != self.ends[0])
    }

    /// Whether this segment belongs to a new connection between the same ends. The old one may have been closed for so
    /// long that nothing can come of it any more.
    pub(super) fn is_over_for(&self, segment: &Segment<'_>, long_closed: bool) -> bool {
        if !segment.syn || segment.acknowledged.is_some() {
            return long_closed && !segment.payload.is_empty();
        }
        !self.halves[self.side(segment)].may_begin_with(segment.sequence)
    }

    /// Handles a segment.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, sink: &mut Sink<'_>) {
        let side = self.side(segment);
        if segment.syn && self.client.is_none() {
            // Who opens is the client, who accepts is not.
            self.client = Some(if segment.acknowledged.is_some() { 1 - side } else { side });
        }
        if self.closed.is_some() {
            return;
        }
        let mut found = Vec::new();
        let mut context = Context { mark: sink.mark, limits: sink.limits, out: &mut found };
        let half = &mut self.halves[side];
        let mut sequence = segment.sequence;
        if segment.syn {
            half.begin(sequence, &mut context);
            sequence = sequence.wrapping_add(1);
        }
        if !segment.payload.is_empty() || segment.fin {
            half.segment(sequence, segment.payload, segment.fin, &mut context);
        }
        self.hand_on(side, found, sink);
        let mut found = Vec::new();
        let mut context = Context { mark: sink.mark, limits: sink.limits, out: &mut found };
        if let Some(acknowledged) = segment.acknowledged {
            self.halves[1 - side].acknowledge(acknowledged, &mut context);
        }
        self.hand_on(1 - side, found, sink);
        if segment.rst || self.halves.iter().all(Half::is_done) {
            self.finish(sink);
        }
    }

    /// Frees what it holds, because of a bound.
    pub(super) fn give_up(&mut self, bound: &'static str, sink: &mut Sink<'_>) {
        for side in 0..2 {
            let bytes = u64::try_from(self.halves[side].held()).unwrap_or(u64::MAX);
            if bytes == 0 {
                continue;
            }
            let mut found = vec![Found::Trouble(Trouble::GivenUp { bytes, bound }, sink.mark)];
            let mut context = Context { mark: sink.mark, limits: sink.limits, out: &mut found };
            self.halves[side].give_up(&mut context);
            self.hand_on(side, found, sink);
        }
    }

    /// There is nothing more.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.closed.replace(sink.mark.at).is_some() {
            return;
        }
        // What the client has said first, so that its name is known.
        let first = self.client.unwrap_or_default();
        for side in [first, 1 - first] {
            let mut found = Vec::new();
            let mut context = Context { mark: sink.mark, limits: sink.limits, out: &mut found };
            self.halves[side].finish(&mut context);
            self.hand_on(side, found, sink);
        }
    }

    /// Gives what was found in one direction to the reader.
    fn hand_on(&mut self, side: usize, found: Vec<Found>, sink: &mut Sink<'_>) {
        for found in found {
            match found {
                Found::Message(message, mark) => {
                    let captured = self.captured(side, message, mark);
                    sink.summary.messages = sink.summary.messages.saturating_add(1);
                    sink.items.push_back(CaptureItem::Message(captured));
                }
                Found::Control => sink.summary.control = sink.summary.control.saturating_add(1),
                Found::Trouble(trouble, place) => {
                    let stream = Some((self.number, self.flow(side)));
                    sink.summary.count(&trouble);
                    sink.items.push_back(CaptureItem::Complaint(Complaint { place, stream, trouble }));
                }
            }
        }
    }

    fn captured(&mut self, side: usize, message: Message, mark: Mark) -> Captured {
        if self.client.is_none() {
            self.client = if message.id().is_request() {
                Some(side)
            } else if message.id().is_event() {
                Some(1 - side)
            } else {
                None
            };
        }
        let flow = self.flow(side);
        let is_name = flow == Flow::ToServer && message.id() == MessageId::REQUEST_REGISTER_CLIENT;
        let name = message.view().text(AttributeId::APPLICATION_NAME).ok().flatten().filter(|_| is_name);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let name: String = String::from_utf8_lossy(name).chars().take(NAME_LENGTH).collect();
            self.application = Some(name.into());
        }
        let client = self.client_side();
        Captured {
            at: mark.at,
            connection: self.number,
            flow,
            client: self.ends[client],
            server: self.ends[1 - client],
            application: self.application.clone(),
            message,
            packet: mark.packet,
        }
    }

    /// The client's end: known, or else the one with the higher port.
    fn client_side(&self) -> usize {
        self.client.unwrap_or_else(|| usize::from(self.ends[0].port() < self.ends[1].port()))
    }

    fn flow(&self, side: usize) -> Flow {
        if side == self.client_side() { Flow::ToServer } else { Flow::ToClient }
    }
}
