//! From the interaction database (IDB) to the Info Mart, its aggregates and the two callback reports.
//!
//! What this crate is **not**: it knows nothing of the protocol and has no sockets. Its statements are in `.sql` files.

pub mod etl;
mod generated;
pub mod lint;
pub mod options;
pub mod report;
pub mod schema;

pub use generated::{keys, mart};
