//! What a capture is read as: messages, and complaints.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tlib_proto::{Message, Timestamp, WireError};

use super::Mark;

/// In which direction bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// From the client: requests.
    ToServer,
    /// From the server: events.
    ToClient,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToServer => "client to server",
            Self::ToClient => "server to client",
        })
    }
}

/// One message of a capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    /// The capture's time of the packet that made the message complete.
    pub at: Timestamp,
    /// Number of the connection, in the order in which the capture shows them first, from 1.
    pub connection: u32,
    /// Which way it went.
    pub flow: Flow,
    /// The client's end.
    pub client: SocketAddr,
    /// The server's end.
    pub server: SocketAddr,
    /// The client's name, once its RequestRegisterClient was seen.
    pub application: Option<Arc<str>>,
    /// The message.
    pub message: Message,
    /// Number of the packet that holds its last byte, from 1 as Wireshark counts.
    pub packet: u64,
}

/// What reading a capture gives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CaptureItem {
    /// A message.
    Message(Captured),
    /// Something that could not be read, and why. Reading goes on.
    Complaint(Complaint),
}

/// Something in a capture that could not be read, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The packet.
    pub place: Mark,
    /// The connection and its direction, where there is one.
    pub stream: Option<(u32, Flow)>,
    /// What is wrong.
    pub trouble: Trouble,
}

/// What can be wrong with a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Bytes of a stream are not in the capture. The next frame is looked for behind them.
    Lost {
        /// How many.
        bytes: u64,
    },
    /// Bytes that belong to no frame that can be found, up to the next frame or to the end.
    Skipped {
        /// How many.
        bytes: u64,
    },
    /// A frame that is wrong inside; the frame after it is read.
    Damaged(WireError),
    /// A length field that cannot be one; the next frame is looked for.
    NoFrame(WireError),
    /// The stream ends within a frame.
    Unfinished {
        /// How many bytes of the frame are there.
        bytes: u64,
    },
    /// The stream does not begin with a frame: it is some other protocol and ignored.
    Foreign,
    /// A bound on memory is reached: what the stream had waiting is handled as far as it can be.
    GivenUp {
        /// Bytes that it held.
        bytes: u64,
        /// Which bound, in words.
        bound: &'static str,
    },
    /// The capture has only the first bytes of this packet (and perhaps of others: it is said once).
    Cut {
        /// Bytes that are there.
        captured: u32,
        /// Bytes that the packet had.
        original: u32,
    },
    /// A fragment of an IP packet; fragments are not put together (said once).
    Fragment,
    /// A kind of link that is not read (said once for each).
    Link(u16),
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some((connection, flow)) = self.stream {
            write!(f, "connection {connection}, {flow}: ")?;
        }
        match &self.trouble {
            Trouble::Lost { bytes } => write!(f, "{bytes} bytes are not in the capture"),
            Trouble::Skipped { bytes } => write!(f, "{bytes} bytes skipped, no frame found in them"),
            Trouble::Damaged(error) => write!(f, "damaged frame: {error}"),
            Trouble::NoFrame(error) => write!(f, "no frame begins here: {error}; looking for the next one"),
            Trouble::Unfinished { bytes } => {
                write!(f, "the last frame is cut off, {bytes} bytes of it are there")
            }
            Trouble::Foreign => f.write_str("no T-Library traffic of the reference profile, ignored"),
            Trouble::GivenUp { bytes, bound } => {
                write!(
                    f,
                    "{bytes} waiting bytes given up: {bound}; raise the bound, or capture fewer connections"
                )
            }
            Trouble::Cut { captured, original } => {
                write!(
                    f,
                    "only {captured} of {original} bytes were captured; capture with a snap length of 0"
                )
            }
            Trouble::Fragment => f.write_str("IP fragments are not put together"),
            Trouble::Link(link) => write!(
                f,
                "link type {link} is not read; Ethernet, Linux cooked, raw IP and loopback are (convert with editcap)"
            ),
        }
    }
}
