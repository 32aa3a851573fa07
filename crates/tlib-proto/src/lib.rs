//! The T-Library message model without I/O.
//!
//! One model, three codecs: bytes ([`wire`]), T-Server log text ([`text`]) and JSON ([`json`]). Beside them the two
//! session machines ([`session`]) that turn frames into handshakes, answers and keep-alive.
//!
//! What this crate is **not**: it has no sockets, no files, no clock (time is an argument) and no log macros.
//! Every id, name, type and layout constant is generated from `protocol-spec/`; a test proves that it is current.
//!
//! A [`Message`] is one validated frame in shared [`bytes::Bytes`]; [`MessageRef`] is the borrowed view that all
//! reading goes through. Building writes the frame once, sending it to a thousand clients copies nothing.
//!
//! ```
//! use tlib_proto::{AttributeId, KvList, Message, MessageId};
//!
//! let data = KvList::build(|list| list.str("gms_ServiceName", "inbound-delay").int("gms_SessionEventSeq", 3))?;
//! let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
//!     m.unsigned(AttributeId::REFERENCE_ID, 431)
//!         .str(AttributeId::COMMUNICATION_DN, "REPORTING")
//!         .list(AttributeId::USER_DATA, data.view())
//! })?;
//! assert_eq!(request.view().reference_id()?, Some(431));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod fuzzing;
mod generated;
mod ids;
pub mod json;
pub mod session;
pub mod spec;
pub mod text;
mod time;
pub mod wire;

pub use generated::enums;
pub use ids::{AttributeId, ErrorCode, MessageId};
pub use time::Timestamp;
pub use wire::{
    AttributeError, AttributeRef, EncodeError, KvList, KvRef, Limits, Message, MessageRef, PairRef, ValueRef,
    WireError,
};
