//! The recorder: a client that registers on DNs and stores what it hears in an interaction database (IDB), as ICON
//! does. The path is receive, durable queue, database.

mod generated;
pub mod queue;
pub mod schema;

pub use generated::idb;
