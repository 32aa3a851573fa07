//! What a connection knows, as machines without clock, socket or task: frames and times in, decisions out.
//!
//! The driver's loop is the same for both ends: hand every frame to `arrived`, call `timeout` when `deadline` has come,
//! and do what they say. `protocol-spec/session.md` has the rules; `tlib-net` has the loop.

mod client;
mod keep_alive;
mod server;

pub use client::{ClientSession, Delivery, Hello, RequestError};
pub use keep_alive::KeepAlive;
pub use server::{Arrival, ServerSession};

/// What is to be done because a deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Timeout {
    /// Nothing yet.
    None,
    /// Send a keep-alive ping.
    Ping,
    /// Close: the peer has said nothing within the handshake time.
    Handshake,
    /// Close: the peer has not answered a keep-alive ping.
    Silent,
}
