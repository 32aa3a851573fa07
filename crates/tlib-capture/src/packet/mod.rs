//! Captured packets: pcap and pcapng files in, T-Library messages out, and messages in, pcapng out.
//!
//! Reading goes down a stair, one module a step: `file` finds the packets of a file, `heads` the TCP segment in a packet,
//! `half` puts the segments of one direction into order, `frames` finds the frames in the bytes, `table` holds the
//! connections and their bounds, and [`CaptureReader`] is what users see.
//!
//! Writing goes up again: [`PcapngWriter`] makes up TCP/IP heads around bytes, [`CaptureSink`] does that on a thread of its
//! own.

mod connection;
mod file;
mod frames;
mod half;
mod heads;
mod hello;
mod item;
mod reader;
mod search;
mod sink;
mod table;
mod writer;

pub use file::CaptureError;
pub use frames::Mark;
pub use hello::Hello;
pub use item::{CaptureItem, Captured, Complaint, Flow, Trouble};
pub use reader::{CaptureReader, CaptureSummary, ReadOptions};
pub use sink::{CaptureHandle, CaptureRecord, CaptureSink};
pub use writer::{PcapngWriter, WriteError};
