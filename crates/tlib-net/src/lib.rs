//! The one tokio driver: everything that touches a T-Library socket, for servers ([`serve`]) and clients ([`client`]).
//!
//! What this crate is **not**: it has no routing rules and no SQL, and it does not know what a DN is. The rules of a
//! connection are `tlib_proto::session`; this crate gives them bytes and time.

pub mod client;
pub mod serve;

pub use client::{Client, ClientError, ClientEvent, ClientOptions, Pending, Requester, ServerError};
