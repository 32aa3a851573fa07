//! Vendor-style logs: the writing half.

mod clock;
mod config;
mod error;
mod file;
mod format;
mod header;
pub mod ids;
mod level;
mod output;
mod record;
mod segments;
mod sink;
#[cfg(test)]
mod tests;

pub use config::{Expire, LogConfig, LogTarget, MemoryLog, Segment};
pub use error::{LogError, OptionError};
pub use file::LogFile;
pub use format::Formatter;
pub use level::{Level, Verbosity};
pub use record::{ClientForm, ClientLabel, Record, ServerLabel};
pub use sink::{LogHandle, LogSink};
