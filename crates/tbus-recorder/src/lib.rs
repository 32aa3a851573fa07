//! The recorder: a client that registers on DNs and stores what it hears in an interaction database (IDB), as ICON
//! does. The path is receive, durable queue, database.

pub mod adata;
pub mod directory;
mod generated;
pub mod interpret;
pub mod options;
pub mod queue;
pub mod rows;
pub mod schema;

pub use generated::idb;
