//! The applications around the switch, a module each.
//!
//! What this crate is **not**: it has no SQL and no routing rules; its applications are clients of a T-Server.

mod generated;
pub mod session;

pub use generated::keys;
