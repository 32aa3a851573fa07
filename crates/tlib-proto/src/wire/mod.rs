//! Bytes to messages and back.
//!
//! Nobody has published the bytes of a T-Library frame, so these are the project's own **reference profile**
//! (`protocol-spec/profiles/reference.toml`, every row `chosen`). `head` is the only module that knows the heads of
//! frames and attributes; a layout that somebody proves one day becomes a second profile there, which translates at
//! the edge, and nothing else changes.
//!
//! Reading is in two steps. [`split_frame`] finds a complete frame in a buffer ("need more" is not an error), and
//! [`MessageRef::parse`] checks every length, count and depth inside it once, without allocating. After that every
//! view is a borrowed slice and cannot fail.

mod build;
mod error;
mod head;
mod kv;
mod message;
mod prebuilt;
mod routing;
mod span;
mod texts;

pub use crate::generated::profile;
pub use build::{KvWriter, MessageWriter};
pub use error::{AttributeError, EncodeError, Part, WireError};
pub use head::{Split, control_frame, split_frame};
pub use kv::{KvList, KvRef, PairRef, Pairs};
pub use message::{AttributeRef, Attributes, Message, MessageRef, ValueRef};
pub use prebuilt::{IntPlace, LongPlace, Prebuilt, Values};
pub use routing::Routing;
pub use span::{Span, Spans};
pub use texts::Texts;

/// Whether the profile gives this kind byte a meaning; values of other kinds are carried unchanged.
pub const fn is_known_kind(kind: u8) -> bool {
    matches!(
        kind,
        profile::KIND_STRING
            | profile::KIND_INT
            | profile::KIND_BINARY
            | profile::KIND_LIST
            | profile::KIND_UNICODE
            | profile::KIND_LONG
    )
}

/// What a decoder accepts. Each limit is checked before anything is allocated or entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest frame in bytes, without its length field. Default 1 MiB (chosen).
    pub frame: usize,
    /// How deep lists may nest; a list in an attribute has depth 1. Default 16 (chosen).
    pub nesting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { frame: profile::FRAME_LIMIT, nesting: profile::NESTING_LIMIT }
    }
}
