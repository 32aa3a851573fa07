//! How a server is spoken to. A dialect is all that the generator knows of a server.

use std::net::TcpStream;
use std::ops::Range;

use crate::error::LoadError;
use crate::plan::Plan;
use crate::template::Template;

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It writes requests and reads answers.
    Publisher {
        /// Its index.
        index: usize,
    },
    /// It reads events.
    Subscriber {
        /// Its index.
        index: usize,
        /// What it listens to: indexes of the plan's DNs.
        dns: Range<usize>,
    },
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Publisher { index } => write!(f, "publisher {index}"),
            Self::Subscriber { index, .. } => write!(f, "subscriber {index}"),
        }
    }
}

/// The frames of a load.
#[derive(Clone, Debug)]
pub struct Templates {
    /// What a publisher writes; it has marks.
    pub request: Template,
    /// What a subscriber gets for it; it has marks.
    pub event: Template,
    /// What the publisher gets for it. Nothing: nobody acknowledges.
    pub answer: Option<Template>,
}

/// What bytes are that do not fit the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// Nothing that the dialect knows: the message is damaged, and the connection ends.
    NotMine,
    /// The start of something; more bytes are needed to tell.
    More,
    /// Something harmless, such as a keep-alive ping.
    Skip {
        /// Bytes of it, from the first on; at least 1.
        length: usize,
        /// What to write back.
        reply: Option<&'static [u8]>,
    },
    /// The server has said that it does not do what it was asked: the connection ends.
    Refused(String),
}

/// What the generator must know of a server.
pub trait Dialect {
    /// What to call the server in a result.
    fn name(&self) -> &str;

    /// The frames of a load, before anybody is connected. A dialect may ask the server with connections of its own.
    ///
    /// # Errors
    /// [`LoadError`]: the payload does not fit, or the server does not do what it should.
    fn templates(&mut self, plan: &Plan) -> Result<Templates, LoadError>;

    /// Makes a new connection a publisher or a subscriber. The socket blocks and has time-outs. It must read what
    /// belongs to the handshake, and not a byte more.
    ///
    /// # Errors
    /// [`LoadError`]: mostly [`LoadError::Handshake`].
    fn open(&self, plan: &Plan, stream: &mut TcpStream, role: &Role) -> Result<(), LoadError>;

    /// What stands at the start of `bytes`, where the template does not fit.
    fn other(&self, role: &Role, bytes: &[u8]) -> Other {
        let _ = (role, bytes);
        Other::NotMine
    }
}
