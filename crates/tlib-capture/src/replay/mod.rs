//! Replay: from what was captured to messages that can be sent again, in their order and at their times.
//!
//! [`LogPlan`] takes the records of a log, [`packet_event`] the items of a packet capture; both give [`Step`]s, one for every message
//! that the capture shows: a [`Planned`] message, or why there is none. [`Filter`] chooses among them, [`Pace`] says when each is due,
//! [`ConnIds`] gives calls other ConnIDs and keeps what refers to them consistent.
//!
//! Nothing here sends anything, and nothing grows with the capture.

mod conn_ids;
mod filter;
mod log;
mod pace;
mod packets;
mod period;
mod rebuild;
mod step;
#[cfg(test)]
mod tests;

pub use conn_ids::ConnIds;
pub use filter::Filter;
pub use log::LogPlan;
pub use pace::{Pace, Speed, SpeedError};
pub use packets::packet_event;
pub use period::{Moment, MomentError, Period};
pub use rebuild::rebuild_request;
pub use step::{Heard, Place, Planned, Skip, Step, When};
