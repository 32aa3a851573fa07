//! Files of traffic.
//!
//! Vendor-style logs are written: the [`Formatter`] makes the text of one [`Record`], a [`LogFile`] puts records into
//! files with header, segments and expiry, and a [`LogSink`] does that on a thread of its own, so that the reactor neither
//! formats nor waits for a disk. They are read as a stream by [`read::LogReader`]. Packet captures are in [`packet`],
//! and what makes captured traffic into what can be sent again is in [`replay`]. [`anonymize`] replaces what is about people.
//!
//! What this crate is **not**: it has no sockets, no tokio and no SQL, and it decides nothing about traffic. What
//! happened, and when, is told to it by the `at` of the records.

pub mod anonymize;
pub mod fuzzing;
mod log;
pub mod packet;
pub mod read;
pub mod replay;

pub use jiff::tz::TimeZone;
pub use log::{
    ClientForm, ClientLabel, Expire, Formatter, Level, LogConfig, LogError, LogFile, LogHandle, LogSink,
    LogTarget, MemoryLog, OptionError, Record, Segment, ServerLabel, Verbosity, ids,
};
