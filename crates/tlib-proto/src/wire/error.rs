//! What can be wrong with bytes, with a typed read of an attribute, and with what is to be encoded.

use std::fmt;

use crate::{AttributeId, MessageId};

/// The part of a frame that a [`WireError`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Length, message id and attribute count.
    FrameHead,
    /// Kind, id and length of an attribute.
    AttributeHead,
    /// The value of this attribute.
    AttributeValue(AttributeId),
    /// The pair count of a list.
    ListCount,
    /// Byte length and pair count of a nested list.
    NestedHead,
    /// Type, key length and value length of a pair.
    PairHead,
    /// Key of a pair.
    PairKey,
    /// Value of a pair.
    PairValue,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameHead => f.write_str("frame head"),
            Self::AttributeHead => f.write_str("attribute head"),
            Self::AttributeValue(id) => write!(f, "value of Attribute{id}"),
            Self::ListCount => f.write_str("pair count of a list"),
            Self::NestedHead => f.write_str("head of a nested list"),
            Self::PairHead => f.write_str("pair head"),
            Self::PairKey => f.write_str("pair key"),
            Self::PairValue => f.write_str("pair value"),
        }
    }
}

/// Bytes that are not a frame of the reference profile. Offsets count from the first byte of the frame's length field
/// (or of the list, where a list is read on its own).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The length field claims more than the limit.
    #[error("frame of {length} bytes is over the limit of {limit}")]
    FrameTooLong {
        /// Bytes that the length field claims.
        length: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The length field claims less than a message id and a count need.
    #[error("frame of {length} bytes is too short to hold a message id and an attribute count")]
    FrameTooShort {
        /// Bytes that the length field claims.
        length: usize,
    },
    /// A length inside the frame points past its parent.
    #[error("{part} at byte {offset} needs {needed} bytes, {left} are left")]
    Truncated {
        /// What was being read.
        part: Part,
        /// Where it starts.
        offset: usize,
        /// Bytes it claims.
        needed: usize,
        /// Bytes its parent has left.
        left: usize,
    },
    /// A parent has bytes left after its last counted child.
    #[error("{count} bytes left over at byte {offset} after {part}")]
    Trailing {
        /// What was read last.
        part: Part,
        /// Where the leftover starts.
        offset: usize,
        /// How many bytes are left.
        count: usize,
    },
    /// A value of fixed size has another length.
    #[error("{part} at byte {offset} has {found} bytes, its kind {kind} has {expected}")]
    ValueLength {
        /// Whose value it is.
        part: Part,
        /// Where the value starts.
        offset: usize,
        /// Kind byte.
        kind: u8,
        /// Length of that kind.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// Lists nest deeper than the limit.
    #[error("lists nest deeper than {limit} at byte {offset}")]
    TooDeep {
        /// Where the list starts that is one too many.
        offset: usize,
        /// The limit in force.
        limit: usize,
    },
}

/// An attribute that is there, but not of the kind that its reader needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Attribute{attribute} is of kind {found}, expected {expected}")]
pub struct AttributeError {
    /// Which attribute.
    pub attribute: AttributeId,
    /// The kind that was asked for.
    pub expected: &'static str,
    /// The kind that was found.
    pub found: &'static str,
}

/// Something that does not fit into a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A value, a key or a packed list over 65535 bytes.
    #[error("{what} of {length} bytes is over the limit of {limit}")]
    TooLong {
        /// What does not fit.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The limit: 65535 by the width of the length field, or a configured `user-data-limit`.
        limit: usize,
    },
    /// More than 65535 attributes or pairs.
    #[error("more than 65535 {what}")]
    TooMany {
        /// What was counted.
        what: &'static str,
    },
    /// The finished frame is over the limit.
    #[error("{message} of {length} bytes is over the frame limit of {limit}")]
    FrameTooLong {
        /// Which message.
        message: MessageId,
        /// Its length without the length field.
        length: usize,
        /// The limit in force.
        limit: usize,
    },
}
