//! What can go wrong before a load runs. What goes wrong while it runs is counted in the outcome.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use tlib_proto::{EncodeError, ErrorCode, WireError};

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The plan asks for something that is out of bounds; the text says what the bounds are.
    #[error("{0}")]
    Plan(String),
    /// No connection can be made.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A connection was made, but the server does not do what the dialect expects.
    #[error("{who}: {text}")]
    Handshake {
        /// Which connection, such as `subscriber 3`.
        who: String,
        /// What happened.
        text: String,
    },
    /// A T-Server has answered the handshake with EventError.
    #[error("{who}: the server sent EventError {}{}", code.0, text.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// Which connection.
        who: String,
        /// Its ErrorCode.
        code: ErrorCode,
        /// Its ErrorMessage.
        text: Option<String>,
    },
    /// More connections than the process may have open files.
    #[error(
        "{needed} open files are needed, {limit} are allowed; raise the limit with `ulimit -n {needed}`, or use fewer connections"
    )]
    Descriptors {
        /// How many are needed.
        needed: u64,
        /// How many the system's hard limit allows.
        limit: u64,
    },
    /// The first event or answer is not what was expected.
    #[error("the server's first {what} is not what was expected: {text}")]
    Unlike {
        /// `event` or `answer`.
        what: &'static str,
        /// Where it differs.
        text: String,
    },
    /// A template is wrong in itself.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The payload does not fit into a frame.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// What the server sent is no frame.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The system refuses what the generator needs.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it says.
        source: io::Error,
    },
}

impl LoadError {
    /// A handshake that failed.
    pub fn handshake(who: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Handshake { who: who.into(), text: text.into() }
    }

    /// A call of the system that failed.
    pub(crate) fn system(what: &'static str, source: impl Into<io::Error>) -> Self {
        Self::System { what, source: source.into() }
    }
}

/// A range of a template that is outside of its bytes, or that something else is in already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at bytes {} to {} of a template of {length} bytes: {wrong}", at.start, at.end)]
pub struct TemplateError {
    /// What should have been there.
    pub(crate) what: &'static str,
    /// Where.
    pub(crate) at: Range<usize>,
    /// Length of the template in bytes.
    pub(crate) length: usize,
    /// What is wrong with that place.
    pub(crate) wrong: &'static str,
}
