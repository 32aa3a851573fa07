//! The callback service (GMS): an HTTP API for callbacks, whose sessions report by user events.
//!
//! [`Machine`] is the service without I/O and clock; [`Server`] runs it on a thread of its own, with HTTP (facts infomart
//! 7.1) and with a client of one or more T-Servers. What is published of it and what is chosen: `protocol-spec/callback-api.md`.
//!
//! # To embed it
//!
//! 1. [`ServerConfig::new`] with the T-Server's address; port 0 of the loopback interface is the default.
//! 2. [`Clock::Injected`] for a scripted time. Nothing happens by itself then. The clock must show the time before
//!    [`Server::advance_to`] is called with it, and T-Server should show the same.
//! 3. [`Server::start`], [`Server::address`], HTTP requests by any client; a request is answered at once, and what it has
//!    started is sent by the next [`Server::advance_to`].
//! 4. Step through the time, and look at [`Server::next_due`] for the next step of any session:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use std::sync::atomic::{AtomicI64, Ordering};
//! # use tbus_apps::callback::{Clock, Server, ServerConfig};
//! let time = Arc::new(AtomicI64::new(1_411_120_800));
//! let shown = time.clone();
//! let mut config = ServerConfig::new("127.0.0.1:7007");
//! config.clock = Clock::Injected(Arc::new(move || shown.load(Ordering::SeqCst)));
//! let server = Server::start(config)?;
//! // .. POST http://{server.address()}/genesys/1/service/callback/default ..
//! server.advance_to(time.load(Ordering::SeqCst))?;
//! while let Some(due) = server.next_due() {
//!     time.store(due, Ordering::SeqCst);
//!     server.advance_to(due)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Outcomes and ids come from [`MachineConfig`]: `Outcomes::with_script` for a customer's number, `Ids::new(seed)` for ids
//! that are the same in every run.

mod driver;
mod http;
mod link;
mod log;
mod machine;
mod options;
mod params;
mod refusal;
mod server;
mod shared;
mod time;

pub use link::{Retry, TServer};
pub use log::log_line;
pub use machine::{
    COMPLETED_LIMIT, Job, Machine, MachineConfig, News, Position, Record, Started, What, Work,
};
pub use options::{
    DEFAULT_SERVICE, InQueueChecking, Notice, Options, OptionsError, OptionsErrorKind, SERVICE_LIMIT,
    Service, ServiceOptions, Throttle,
};
pub use params::{Params, Value};
pub use refusal::{Phrase, Refusal};
pub use server::{Advanced, Ended, Event, Left, Server, ServerConfig, StartError, Tell, random_seed};
pub use shared::Clock;
