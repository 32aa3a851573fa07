//! What a request leads to: frames for the sockets and steps for the driver and its log.

use std::fmt;
use std::ops::Range;

use bytes::BytesMut;
use tlib_proto::MessageId;

use crate::{ClientId, DnName};

/// Frames and steps of one or more requests, in the order in which they happened.
///
/// The buffers are meant to be reused: the driver splits the frames off per batch ([`BytesMut::split`]) and calls
/// [`Effects::clear_steps`] after each request.
#[derive(Debug, Default)]
pub struct Effects {
    /// Complete frames for single clients, one behind the other.
    pub answers: BytesMut,
    /// Complete frames for all clients of a DN. They have a buffer of their own so that what one client listens to is
    /// one contiguous run, however many answers are made between its events.
    pub events: BytesMut,
    deliveries: Vec<Delivered>,
    /// With the number of deliveries before each.
    notes: Vec<(usize, Note)>,
    receivers: Vec<ClientId>,
    /// Copies of single clients beside the frame for all.
    own: Vec<(ClientId, Frame)>,
}

/// One of the buffers of [`Effects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// [`Effects::answers`].
    Answers,
    /// [`Effects::events`].
    Events,
}

/// Where a frame lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// In which buffer.
    pub buffer: Buffer,
    /// Where in it.
    pub bytes: Range<usize>,
}

/// A [`Delivery`] as it is kept: every event passes through here, so it is made of plain numbers.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    function: Function,
    message: MessageId,
    buffer: Buffer,
    /// The frame in its buffer.
    start: usize,
    end: usize,
    /// The receivers in [`Effects::receivers`].
    first: usize,
    last: usize,
    /// Which of [`Effects::own`] is the requester's copy.
    own: Option<usize>,
}

/// Where [`Effects`] stood at some time, to go back there when an answer turns out not to fit.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    answers: usize,
    events: usize,
    deliveries: usize,
    receivers: usize,
    own: usize,
}

/// One thing that happened, in order.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// Something to tell in the log.
    Note(&'a Note),
    /// A frame for one or more clients.
    Deliver(Delivery<'a>),
}

/// One event on its way to its receivers.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// Which function of the T-Server sent it, by the names that logs show (facts 5).
    pub function: Function,
    /// Which event it is.
    pub message: MessageId,
    /// Its frame.
    pub frame: Frame,
    /// Who gets it, in order of registration. Never empty.
    pub to: &'a [ClientId],
    /// This one of `to` gets that copy instead, the only one with ReferenceID. The log prints this copy.
    pub requester: Option<(ClientId, Frame)>,
}

/// The function names that a T-Server's log shows before an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// An answer for one client.
    SendToClient,
    /// EventUserEvent to the clients of its DN.
    DistributeUserEvent,
    /// Another event to the clients of a DN.
    DistributeEvent,
    /// An event to the clients of a DN that is also the answer to a request.
    DistributeResponse,
    /// The state of the link, to all clients.
    SendToAll,
}

impl Function {
    /// The name as logs show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendToClient => "send_to_client",
            Self::DistributeUserEvent => "distribute_user_event",
            Self::DistributeEvent => "distribute_event",
            Self::DistributeResponse => "distribute_response",
            Self::SendToAll => "send_to_all",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Bytes that a client sent, made fit for one line of text.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl Shown<'_> {
    const LIMIT: usize = 255;
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, cut) = match self.0.split_at_checked(Self::LIMIT) {
            Some((shown, rest)) => (shown, !rest.is_empty()),
            None => (self.0, false),
        };
        for character in String::from_utf8_lossy(shown).chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        f.write_str(if cut { ".." } else { "" })
    }
}

/// What the log tells between the events. The first text is published, the others are chosen and start alike.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// RequestDistributeUserEvent came without ThisDN; its target took that place.
    AbsentThisDn {
        /// The target.
        used: DnName,
    },
    /// No client is registered on the DN, so the event went nowhere and was not built.
    NobodyRegistered {
        /// Where it should have gone.
        dn: DnName,
        /// Which event it was.
        event: MessageId,
    },
    /// Clients are registered on the DN, but their input masks leave the event out.
    NobodyWants {
        /// Where it should have gone.
        dn: DnName,
        /// Which event it was.
        event: MessageId,
    },
    /// ClientID of RequestDistributeEvent names no client that is connected now.
    NoSuchClient {
        /// The value.
        client: i32,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AbsentThisDn { used } => write!(f, "-- Absent ThisDN, {used} was used"),
            Self::NobodyRegistered { dn, event } => {
                write!(f, "-- no distribution of {event}: nobody is registered on {dn}")
            }
            Self::NobodyWants { dn, event } => {
                write!(
                    f,
                    "-- no distribution of {event}: the input masks of all clients on {dn} leave it out"
                )
            }
            Self::NoSuchClient { client } => write!(f, "-- ClientID {client} is no client that is connected"),
        }
    }
}

impl Effects {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happened since the last [`Effects::clear_steps`], in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let (mut next, mut notes) = (0_usize, self.notes.as_slice());
        std::iter::from_fn(move || {
            if let [(before, note), rest @ ..] = notes
                && *before <= next
            {
                notes = rest;
                return Some(Step::Note(note));
            }
            let delivered = self.deliveries.get(next)?;
            next = next.wrapping_add(1);
            Some(Step::Deliver(self.delivery(delivered)))
        })
    }

    #[inline]
    fn delivery(&self, delivered: &Delivered) -> Delivery<'_> {
        Delivery {
            function: delivered.function,
            message: delivered.message,
            frame: Frame { buffer: delivered.buffer, bytes: delivered.start..delivered.end },
            to: self.receivers.get(delivered.first..delivered.last).unwrap_or_default(),
            requester: delivered.own.and_then(|own| self.own.get(own)).cloned(),
        }
    }

    /// The bytes of a frame, as long as its buffer was not split off.
    pub fn bytes(&self, frame: &Frame) -> &[u8] {
        let buffer = match frame.buffer {
            Buffer::Answers => &self.answers,
            Buffer::Events => &self.events,
        };
        buffer.get(frame.bytes.clone()).unwrap_or_default()
    }

    /// The buffer, to append a frame to it.
    pub(crate) fn buffer(&mut self, buffer: Buffer) -> &mut BytesMut {
        match buffer {
            Buffer::Answers => &mut self.answers,
            Buffer::Events => &mut self.events,
        }
    }

    /// Forgets the steps; the frames stay.
    pub fn clear_steps(&mut self) {
        self.deliveries.clear();
        self.notes.clear();
        self.receivers.clear();
        self.own.clear();
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push((self.deliveries.len(), note));
    }

    /// The list that receivers of the next delivery are appended to.
    pub(crate) fn receivers(&mut self) -> &mut Vec<ClientId> {
        &mut self.receivers
    }

    /// Delivers the frame that begins at `start`, the last one in its buffer, to the receivers from index `first` on.
    #[inline]
    pub(crate) fn deliver(
        &mut self,
        (function, message): (Function, MessageId),
        buffer: Buffer,
        start: usize,
        first: usize,
    ) {
        let (end, last, own) = (self.buffer(buffer).len(), self.receivers.len(), None);
        self.deliveries.push(Delivered { function, message, buffer, start, end, first, last, own });
    }

    /// Gives one of the receivers of the last delivery a copy of its own, which begins at `start` and is the last frame in
    /// the buffer of answers.
    pub(crate) fn deliver_own(&mut self, client: ClientId, start: usize) {
        if let Some(delivered) = self.deliveries.last_mut() {
            delivered.own = Some(self.own.len());
            self.own.push((client, Frame { buffer: Buffer::Answers, bytes: start..self.answers.len() }));
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            answers: self.answers.len(),
            events: self.events.len(),
            deliveries: self.deliveries.len(),
            receivers: self.receivers.len(),
            own: self.own.len(),
        }
    }

    /// Takes back what was delivered since `mark`. Notes stay: they tell what led to the error.
    pub(crate) fn take_back(&mut self, mark: Mark) {
        self.answers.truncate(mark.answers);
        self.events.truncate(mark.events);
        self.receivers.truncate(mark.receivers);
        self.own.truncate(mark.own);
        self.deliveries.truncate(mark.deliveries);
        for (before, _) in &mut self.notes {
            *before = mark.deliveries.min(*before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_functions_in_words() {
        let (dn, event) = (DnName::from("REPORTING"), MessageId::EVENT_USER_EVENT);
        for (note, text) in [
            (Note::AbsentThisDn { used: dn.clone() }, "-- Absent ThisDN, REPORTING was used"),
            (
                Note::NobodyRegistered { dn: dn.clone(), event },
                "-- no distribution of EventUserEvent: nobody is registered on REPORTING",
            ),
            (
                Note::NobodyWants { dn, event },
                "-- no distribution of EventUserEvent: the input masks of all clients on REPORTING leave it out",
            ),
            (Note::NoSuchClient { client: -1 }, "-- ClientID -1 is no client that is connected"),
        ] {
            assert_eq!(note.to_string(), text);
        }
        let all = [
            Function::SendToClient,
            Function::DistributeUserEvent,
            Function::DistributeEvent,
            Function::DistributeResponse,
            Function::SendToAll,
        ];
        let names = [
            "send_to_client",
            "distribute_user_event",
            "distribute_event",
            "distribute_response",
            "send_to_all",
        ];
        assert_eq!(all.map(|function| function.to_string()), names);
    }

    #[test]
    fn bytes_of_clients_never_break_a_line() {
        for (bytes, text) in [
            (&b"7001"[..], "7001"),
            (b"a\nb\t\0c", "a\\nb\\t\\u{0}c"),
            (b"\xFFx", "\u{FFFD}x"),
            ("é".as_bytes(), "é"),
        ] {
            assert_eq!(DnName::from(bytes).to_string(), text);
        }
        let long = DnName::from(&[b'x'; 300][..]);
        assert_eq!((long.to_string().len(), long.as_bytes().len()), (257, 300));
        assert_eq!(DnName::from(&[b'x'; 255][..]).to_string().len(), 255);
    }

    #[test]
    fn taking_back_keeps_notes_and_what_was_before() {
        let note = |client| Note::NoSuchClient { client };
        let deliver = |effects: &mut Effects, to: u32| {
            let start = effects.events.len();
            effects.events.extend_from_slice(b"frame");
            let first = effects.receivers().len();
            effects.receivers().push(ClientId(to));
            effects.deliver((Function::SendToClient, MessageId::EVENT_ACK), Buffer::Events, start, first);
        };
        let mut effects = Effects::new();
        deliver(&mut effects, 1);
        effects.note(note(1));
        let mark = effects.mark();
        effects.note(note(2));
        deliver(&mut effects, 2);
        effects.take_back(mark);
        deliver(&mut effects, 3);
        let steps: Vec<_> = effects
            .steps()
            .map(|step| match step {
                Step::Note(note) => note.to_string(),
                Step::Deliver(delivery) => format!("{:?} {:?}", delivery.to, delivery.frame.bytes),
            })
            .collect();
        let expected =
            ["[ClientId(1)] 0..5", &note(1).to_string(), &note(2).to_string(), "[ClientId(3)] 5..10"];
        assert_eq!(steps, expected);
    }
}
