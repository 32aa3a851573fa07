//! The recorder: a client that registers on DNs and stores what it hears in an interaction database (IDB), as ICON
//! does. The path is receive, durable queue, database.

pub mod adata;
pub mod directory;
mod dss;
pub mod fuzzing;
mod generated;
pub mod interpret;
mod log;
mod mark;
pub mod options;
pub mod queue;
pub mod read;
mod receiver;
mod recorder;
pub mod rows;
pub mod schema;
mod source;
mod time;
mod writer;

pub use directory::Directory;
pub use generated::idb;
pub use log::Clock;
pub use recorder::{Found, Recorder, RecorderConfig, StartError, Summary, queue_of};
