//! What a log is made of.

use std::borrow::Cow;
use std::fmt;
use std::io;

use super::{Block, Header, Time};

/// Where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// The name that the reader was given for the file.
    pub file: &'a str,
    /// Number of the line, from 1.
    pub line: u64,
    /// Offset of the line's first byte, from 0.
    pub byte: u64,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {} (byte {})", self.file, self.line, self.byte)
    }
}

/// A line that cannot be what it should be, and why. What is wrong with a record comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Number of the line, from 1.
    pub line: u64,
    /// Offset of the line's first byte in the file, from 0.
    pub byte: u64,
    /// What is wrong with it.
    pub reason: Cow<'static, str>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} (byte {}): {}", self.line, self.byte, self.reason)
    }
}

/// The log could not be read on.
#[derive(Debug, thiserror::Error)]
#[error("{file}: line {line} (byte {byte}): {source}")]
pub struct ReadError {
    /// The name that the reader was given for the file.
    pub file: String,
    /// Number of the line at which reading failed, from 1.
    pub line: u64,
    /// Offset of that line's first byte, from 0.
    pub byte: u64,
    /// What the system says.
    pub source: io::Error,
}

/// One thing that the log says: a line, or lines that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it begins.
    pub at: Position<'a>,
    /// How many lines it has.
    pub lines: u64,
    /// When it was written; `None` for what has no time of its own and follows nothing that has.
    pub time: Option<Time>,
    /// What it is.
    pub kind: Kind<'a>,
    /// What is wrong with it; empty for nearly all records. At most 64 are kept for a record, the last one says so.
    pub complaints: &'a [Complaint],
    /// Its lines as they stand, line feeds included. A last line that has none in the file has one here.
    pub text: &'a [u8],
}

/// The kinds of records.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// Header lines that follow each other: the beginning of a log or of a segment.
    Header(Header<'a>),
    /// A message with its attributes, whatever has printed it.
    Block(Block<'a>),
    /// Line 04541 whose `message X` does not follow it.
    Received(Receipt<'a>),
    /// Line 04542.
    Sent(Receipt<'a>),
    /// Line 04543.
    Interaction(Interaction<'a>),
    /// What follows `-- `.
    Note(&'a [u8]),
    /// Any other line with time, level and number.
    Line(Line<'a>),
    /// A line of a form that is not known, such as those of other components. A complaint comes with it only if it is no text.
    Unknown(&'a [u8]),
    /// A block whose heading is missing or damaged, or a line that is too long; there is always a complaint. Attributes
    /// that could be told apart are in the block, whose name is empty.
    Damaged(Block<'a>),
}

/// Who a client is: `[516] (00000003 OrchestrationServer 192.168.27.50:40727)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client<'a> {
    /// Number of the connection.
    pub handle: u32,
    /// Number of the client, eight hex digits as printed.
    pub id: &'a [u8],
    /// Name of the application.
    pub application: &'a [u8],
    /// Its address and port, as printed.
    pub address: &'a [u8],
}

/// Line 04541 or 04542: which message was received from or sent to which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// Name of the message.
    pub message: &'a [u8],
    /// The other end.
    pub client: Client<'a>,
}

/// Line 04543: `Interaction message "X" received from 516 ("OrchestrationServer")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interaction<'a> {
    /// Name of the message.
    pub message: &'a [u8],
    /// Number of the connection.
    pub handle: u32,
    /// What stands between the quotes: an application, or `server@dn` in the logs of clients.
    pub peer: &'a [u8],
}

impl<'a> Interaction<'a> {
    /// The application or server: what stands before the last `@`.
    pub fn application(&self) -> &'a [u8] {
        self.parts().0
    }

    /// The DN behind the `@`, in the logs of clients.
    pub fn dn(&self) -> Option<&'a [u8]> {
        self.parts().1
    }

    fn parts(&self) -> (&'a [u8], Option<&'a [u8]>) {
        let at = memchr::memrchr(b'@', self.peer);
        match at.and_then(|at| self.peer.split_at_checked(at)) {
            Some((server, dn)) => (server, dn.get(1..)),
            None => (self.peer, None),
        }
    }
}

/// A standard line: `HH:MM:SS.mmm Lvl NNNNN text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The level as printed, such as `Std`.
    pub level: &'a [u8],
    /// The number of the line's kind, such as 4100.
    pub id: u32,
    /// The text behind it.
    pub text: &'a [u8],
}

/// Who has printed a block, and what its heading says beside the message's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// T-Server: line 04541 and `message X`.
    Received(Client<'a>),
    /// T-Server: `message X` without line 04541.
    Bare,
    /// T-Server: `@HH:MM:SS.ffff [0] version function: message X`.
    Event {
        /// What stands in brackets, `0` in published logs.
        mark: &'a [u8],
        /// Version of the application.
        version: &'a [u8],
        /// What has made the event, such as `send_to_client`.
        function: &'a [u8],
    },
    /// A client: `request to 65200(TServer) message X`.
    RequestTo {
        /// Number of the connection.
        handle: u32,
        /// Name of the server.
        server: &'a [u8],
    },
    /// A client: `received from 65200(SIP_Server)host:port(fd=4) message X(refid=5)`.
    ReceivedFrom {
        /// Number of the connection.
        handle: u32,
        /// Name of the server.
        server: &'a [u8],
        /// Host and port, as printed.
        address: &'a [u8],
        /// Number of the socket, as printed; may be empty.
        socket: &'a [u8],
        /// Reference id, as printed.
        reference: Option<&'a [u8]>,
    },
    /// Any other line that ends in `message X` with a published name.
    Other,
    /// The heading is missing or damaged.
    Missing,
}

impl Origin<'_> {
    /// Whether who has printed the block had received the message (`true`) or sent it; `None` where the heading does not say.
    pub const fn is_received(&self) -> Option<bool> {
        match self {
            Self::Received(_) | Self::ReceivedFrom { .. } => Some(true),
            Self::Event { .. } | Self::RequestTo { .. } => Some(false),
            Self::Bare | Self::Other | Self::Missing => None,
        }
    }
}
