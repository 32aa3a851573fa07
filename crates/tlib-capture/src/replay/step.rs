//! What a plan is made of.

use std::fmt;
use std::sync::Arc;

use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

use crate::read::Time;

/// When something was captured, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Since some moment that is the same for the whole capture.
    pub elapsed: u64,
    /// Since midnight, by the clock of the capture: local time in logs, UTC in packet captures.
    pub clock: u64,
    /// Since 1970-01-01 00:00:00 by the same clock, where the date is known.
    pub date: Option<i64>,
}

impl From<Time> for When {
    fn from(time: Time) -> Self {
        let micros = i64::try_from(time.micros % 1_000_000).unwrap_or_default();
        let date =
            time.local_seconds().map(|seconds| seconds.saturating_mul(1_000_000).saturating_add(micros));
        Self { elapsed: time.elapsed(), clock: time.micros, date }
    }
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        let elapsed = at.seconds.saturating_mul(1_000_000).saturating_add(at.micros.into());
        Self { elapsed, clock: elapsed % 86_400_000_000, date: i64::try_from(elapsed).ok() }
    }
}

/// Where a message stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a log: number of the line, from 1.
    Line(u64),
    /// In a packet capture: number of the packet that holds its last byte, from 1.
    Packet(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Packet(packet) => write!(f, "packet {packet}"),
        }
    }
}

/// A message that can be sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Where the capture shows it; for a request that was rebuilt, its line 04543.
    pub place: Place,
    /// When it was captured; `None` before the first time stamp of a log.
    pub at: Option<When>,
    /// The client: who has sent the request, or, where the capture tells, who has received the event.
    pub application: Option<Arc<str>>,
    /// The message.
    pub message: Message,
    /// Whether the capture does not show the request itself: it was made from the event that followed it.
    pub rebuilt: bool,
    /// Whether the event is an answer to one client and not one for everybody on a DN.
    pub answer: bool,
    /// Attributes that the capture shows and the message lacks, because they have no published id.
    pub unpublished: usize,
    /// Of an event in a server's log: to whom its lines 04542 say that it was sent.
    pub receivers: Vec<Arc<str>>,
}

impl Planned {
    /// Whether a client has sent it.
    pub fn is_request(&self) -> bool {
        self.message.id().is_request()
    }

    /// ThisDN.
    pub fn this_dn(&self) -> Option<&[u8]> {
        self.message.view().text(AttributeId::THIS_DN).ok().flatten()
    }
}

/// A client has received an event of a DN: it was registered there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    /// The client.
    pub application: Arc<str>,
    /// ThisDN of the event.
    pub dn: Arc<[u8]>,
}

/// Why a message of the capture is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Skip {
    /// RequestRegisterClient: each connection makes its own.
    Handshake,
    /// Its block cannot be read as a whole.
    Damaged,
    /// Only its line 04543 is there, and nothing that shows what the request has said.
    NamedOnly,
    /// Its name is that of no published message, or its direction is not known.
    Unknown,
    /// A filter leaves it out.
    Filtered,
    /// An event, where requests are replayed.
    Event,
    /// A request, where events are replayed.
    Request,
    /// An answer to one client: whoever asks is answered by the server itself.
    Answer,
    /// An event without ThisDN.
    NoDn,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "RequestRegisterClient, each connection makes its own",
            Self::Damaged => "cannot be read as a whole",
            Self::NamedOnly => "named by line 04543 only, nothing shows what it said",
            Self::Unknown => "no published message",
            Self::Filtered => "left out by a filter",
            Self::Event => "events, sent by the server itself",
            Self::Request => "requests, sent by the clients themselves",
            Self::Answer => "answers to one client",
            Self::NoDn => "events without ThisDN",
        })
    }
}

/// What a plan says of one message of the capture.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It can be sent.
    Message(Planned),
    /// It cannot.
    Skipped {
        /// Where it stands.
        place: Place,
        /// Why.
        why: Skip,
        /// More about it, for people; empty if there is no more.
        detail: String,
    },
    /// Somebody has received the event before.
    Heard(Heard),
}

/// Events that answer the client that has asked and go to nobody else.
pub(super) fn is_answer(id: MessageId) -> bool {
    matches!(
        id,
        MessageId::EVENT_ACK
            | MessageId::EVENT_ERROR
            | MessageId::EVENT_REGISTERED
            | MessageId::EVENT_UNREGISTERED
            | MessageId::EVENT_ADDRESS_INFO
            | MessageId::EVENT_SERVER_INFO
            | MessageId::EVENT_LINK_CONNECTED
            | MessageId::EVENT_LINK_DISCONNECTED
            | MessageId::EVENT_SERVER_CONNECTED
            | MessageId::EVENT_SERVER_DISCONNECTED
            | MessageId::EVENT_PARTY_INFO
            | MessageId::EVENT_SWITCH_INFO
            | MessageId::EVENT_LOCATION_INFO
    )
}
