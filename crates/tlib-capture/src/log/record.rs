//! What the reactor hands over: one record per thing that happened, cheap to make, formatted later and elsewhere.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use tlib_proto::{Message, MessageId, Timestamp};

use super::Level;

/// Who a client is in the log: `[516] (00000003 OrchestrationServer 192.168.27.50:40727)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLabel {
    handle: u32,
    application: String,
    address: SocketAddr,
    id: u32,
    // A line is printed for every receiver of every event: the label is made into text once.
    printed: Box<str>,
}

impl ClientLabel {
    /// A label. White space and control characters in the application's name become `_`, an empty name becomes `_`:
    /// the line stays one line, and readers split it at blanks.
    pub fn new(handle: u32, id: u32, application: &str, address: SocketAddr) -> Self {
        let clean = |c: char| if c.is_whitespace() || c.is_control() { '_' } else { c };
        let mut application: String = application.chars().map(clean).collect();
        if application.is_empty() {
            application.push('_');
        }
        let mut printed = String::new();
        // Writing to a String cannot fail.
        let _ = write!(printed, "[{handle}] ({id:08x} {application} {address})");
        Self { handle, application, address, id, printed: printed.into_boxed_str() }
    }

    /// Number of the connection, as in `[516]`.
    pub const fn handle(&self) -> u32 {
        self.handle
    }

    /// Number of the client, as in `00000003`.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Name of the application, cleaned.
    pub fn application(&self) -> &str {
        &self.application
    }

    /// Its end of the connection.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The label as it stands in a line.
    pub fn printed(&self) -> &str {
        &self.printed
    }
}

/// The T-Server that a client talks to, as the client's log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLabel {
    name: String,
    printed: Box<str>,
    printed_peer: Box<str>,
}

impl ServerLabel {
    /// The number by which the logs of clients call their first server (facts `tlib` 5.2, all samples).
    pub const HANDLE: u32 = 65200;

    /// A label: name of the server, its `host:port`, and the number behind `fd=`, for which a client without a socket's number
    /// counts its connections (chosen). White space, control characters, quotes and parentheses in name and address become `_`,
    /// an empty name becomes `_`: readers split the line at them.
    pub fn new(name: &str, address: &str, connection: u32) -> Self {
        let clean = |text: &str| -> String {
            let text = if text.is_empty() { "_" } else { text };
            let bad =
                |c: char| c.is_whitespace() || c.is_control() || matches!(c, '(' | ')' | '"' | '\'' | '@');
            text.chars().map(|c| if bad(c) { '_' } else { c }).collect()
        };
        let name = clean(name);
        let printed = format!("{}({name})", Self::HANDLE);
        let printed_peer = format!("{printed}{}(fd={connection})", clean(address));
        Self { name, printed: printed.into(), printed_peer: printed_peer.into() }
    }

    /// The server's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `65200(SIP_Server)`.
    pub(super) fn printed(&self) -> &str {
        &self.printed
    }

    /// `65200(SIP_Server)host:port(fd=1)`.
    pub(super) fn printed_peer(&self) -> &str {
        &self.printed_peer
    }
}

/// In which published form a client prints a message (facts `tlib` 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientForm {
    /// `request to 65200(SIP_Server) message RequestX` and the attributes, at interaction; the time before it is chosen.
    RequestTo,
    /// `received from 65200(SIP_Server)host:port(fd=1) message EventX(refid=5)` and the attributes, at interaction; the time
    /// before it is chosen.
    ReceivedFrom,
    /// `Trc 04541 Message EventX received from 'SIP_Server@DN'`, `message EventX` and the attributes at trace, then line
    /// `Int 04543 Interaction message "EventX" received from 65200 ("SIP_Server@DN")` at interaction. That the block stands
    /// between the two lines is chosen, after T-Server's log.
    Told,
}

/// One entry of the log.
///
/// [`Record::Note`] and [`Record::Sent`] belong to the [`Record::Received`] or [`Record::Event`] before them: a
/// segment never ends between them.
#[derive(Clone, Debug)]
pub enum Record {
    /// A request: line 04541, `message X` and the attributes at trace, then line 04543 at interaction.
    Received {
        /// When it was read.
        at: Timestamp,
        /// The request.
        request: Message,
        /// Its sender.
        from: Arc<ClientLabel>,
    },
    /// A remark on the record before, `-- Absent ThisDN, REPORTING was used`, at interaction. Holds the whole line.
    Note {
        /// The whole line.
        text: String,
    },
    /// An event: `@HH:MM:SS.ffff [0] 8.1.000.62 <function>: message EventX` and the attributes, at interaction.
    Event {
        /// When it was built.
        at: Timestamp,
        /// What built it, such as `send_to_client`.
        function: &'static str,
        /// The event.
        message: Message,
    },
    /// Line 04542 for every receiver, at trace. The list is shared: the receivers of a DN, or the one client that is
    /// answered, need to be put together only when they change. `vec.into()` makes one.
    Sent {
        /// When it was handed to the sockets.
        at: Timestamp,
        /// Which message.
        message: MessageId,
        /// The receivers, in their order.
        to: Arc<[Arc<ClientLabel>]>,
    },
    /// A message in the log of a client.
    Client {
        /// When it was sent or received.
        at: Timestamp,
        /// In which form it is printed.
        form: ClientForm,
        /// The server.
        server: Arc<ServerLabel>,
        /// The message.
        message: Message,
    },
    /// Any other line: `HH:MM:SS.mmm Std 04100 text`.
    Line {
        /// When.
        at: Timestamp,
        /// At which level.
        level: Level,
        /// Its number, see [`crate::ids`].
        id: u32,
        /// Its text; control characters are printed as blanks.
        text: String,
    },
}

impl Record {
    /// The most important line that this record prints: below that level it prints nothing, and need not be made.
    pub const fn level(&self) -> Level {
        match self {
            Self::Received { .. } | Self::Note { .. } | Self::Event { .. } | Self::Client { .. } => {
                Level::Interaction
            }
            Self::Sent { .. } => Level::Trace,
            Self::Line { level, .. } => *level,
        }
    }

    /// The time at which a new block starts; `None` for what continues the block before.
    pub(super) const fn starts_block(&self) -> Option<Timestamp> {
        match self {
            Self::Received { at, .. }
            | Self::Event { at, .. }
            | Self::Client { at, .. }
            | Self::Line { at, .. } => Some(*at),
            Self::Note { .. } | Self::Sent { .. } => None,
        }
    }

    /// About how many bytes the record keeps alive while it waits.
    pub(super) fn cost(&self) -> usize {
        let held = match self {
            Self::Received { request: message, .. }
            | Self::Event { message, .. }
            | Self::Client { message, .. } => message.frame().len(),
            Self::Note { text } | Self::Line { text, .. } => text.len(),
            // The list is usually shared, but each receiver is a line to be formatted.
            Self::Sent { to, .. } => to.len().saturating_mul(16),
        };
        held.saturating_add(size_of::<Self>())
    }
}
