//! A load generator for event buses: publishers, subscribers, and a check of every delivered message.
//!
//! A [`Plan`] says how many publishers and subscribers there are, on which DNs, how fast and for how long. A [`Dialect`]
//! says how a server is spoken to, and what its frames look like ([`Template`]). [`Load`] connects everybody, runs the
//! plan on one thread, and gives an [`Outcome`]. Two dialects live here: [`Tbus`] for T-Servers of this project, [`Raw`]
//! for a server that only copies frames. Others wrap the same event frame into their own bytes.
//!
//! Every message that a subscriber gets is compared with its template, all bytes but those that the server fills in
//! itself, and then its marks are read: publisher, running number, times. Lost, doubled and disordered messages are
//! counted apart. The code is the same for every server, so that they can be compared.
//!
//! Linux only: it needs epoll and `/proc`.
//!
//! What this crate is **not**: it has no routing rules, no SQL and no tokio, and it starts no servers.

#![cfg(target_os = "linux")]

mod check;
mod clock;
mod connect;
mod dialect;
mod engine;
mod error;
mod marks;
mod names;
mod outcome;
mod plan;
mod process;
mod publisher;
mod raw;
mod schedule;
mod seen;
mod shape;
mod subscriber;
mod summary;
mod tbus;
mod template;

pub use connect::raise_descriptor_limit;
pub use dialect::{Dialect, Other, Role, Templates};
pub use engine::{Load, Phase, Progress};
pub use error::{LoadError, TemplateError};
pub use hdrhistogram::Histogram;
pub use marks::MARKS_LEN;
pub use names::Names;
pub use outcome::{Outcome, ServerUse};
pub use plan::{Audience, Pace, Plan};
pub use process::{CpuTimes, Process};
pub use raw::Raw;
pub use shape::{EventShape, Payload};
pub use summary::Summary;
pub use tbus::Tbus;
pub use template::Template;
