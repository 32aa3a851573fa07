//! The applications around the switch, a module each.
//!
//! [`subscriber`] is what applications that only listen have in common: it registers, receives, logs and connects again.
//! [`stat_server`] counts what it hears, [`urs`] keeps the log that a router keeps.
//!
//! What this crate is **not**: it has no SQL and no routing rules; its applications are clients of a T-Server.

pub mod callback;
mod generated;
pub mod scenario;
pub mod session;
pub mod stat_server;
pub mod subscriber;
pub mod urs;

pub use generated::keys;
