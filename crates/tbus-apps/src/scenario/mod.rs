//! Scenarios: callbacks that are asked for at given times and go as a script says, with what happens around them.
//!
//! A scenario is a TOML file ([`Scenario::read`]), one of those that come with the program ([`named`]), or made from a
//! seed ([`generate`]). All times are of the scenario's own clock; whoever plays it sets that clock.

mod error;
mod file;
mod generate;
mod named;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use error::ScenarioError;
pub use generate::{generate, spread};
pub use named::{NAMED, Named, named};

use crate::session::{Outcomes, Script};

/// Most callbacks of a scenario (chosen).
pub const CALLBACK_LIMIT: usize = 1_000_000;

/// Most callbacks of a scenario that are offered in a call (chosen): each call has a DN of its own.
pub const CALL_LIMIT: usize = 1_000;

/// Longest text of a scenario, in bytes (chosen).
pub const TEXT_LIMIT: usize = 1 << 20;

/// Callbacks, and what happens around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What it shows, in a line.
    pub title: String,
    /// The time zone that its report is meant for, by its IANA name; `None`: UTC.
    pub zone: Option<String>,
    /// The first sequence number of the T-Server.
    pub first_sequence: u64,
    /// The callbacks, in the order of their times.
    pub callbacks: Vec<ScriptedCallback>,
    /// What happens around them, in the order of its times.
    pub events: Vec<Event>,
}

/// A callback that is asked for, and how it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedCallback {
    /// When it is asked for, in seconds since 1970.
    pub at: i64,
    /// The virtual queue.
    pub queue: String,
    /// The parameters of the request, `_customer_number` among them.
    pub request: BTreeMap<String, String>,
    /// The id that its service gets, instead of one from the seed.
    pub service_id: Option<String>,
    /// How it goes. One that ends with the offer is not asked for: see [`Ending::is_offer_only`].
    ///
    /// [`Ending::is_offer_only`]: crate::session::Ending::is_offer_only
    pub script: Script,
    /// It is offered in a call, which gets the pairs that are sent twice.
    pub inbound_call: bool,
    /// It is cancelled, so many seconds after it was asked for.
    pub cancel_after: Option<u32>,
    /// It gets another time: when that is asked for and what the new time is, both in seconds after its start.
    pub reschedule: Option<(u32, u32)>,
    /// Sequence numbers of its user events, in turn. Other traffic of the switch fills the gaps.
    pub sequences: Vec<u64>,
}

impl ScriptedCallback {
    /// The customer's number.
    pub fn customer_number(&self) -> &str {
        self.request.get("_customer_number").map_or("", String::as_str)
    }
}

/// Something that happens around the callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in seconds since 1970. What is due at the same second comes before it.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What happens around the callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The T-Server is started again, and its clients connect again.
    RestartServer {
        /// The sequence number that it begins with.
        first_sequence: u64,
    },
    /// The recorder leaves and comes back: another data-source session.
    ReconnectRecorder,
    /// The transform runs, over what is recorded by then.
    Etl,
}

impl Scenario {
    /// The outcomes for the callback service: each callback's script, by its customer's number.
    pub fn outcomes(&self) -> Outcomes {
        let asked_for = self.callbacks.iter().filter(|callback| !callback.script.ending.is_offer_only());
        asked_for.fold(Outcomes::new(), |outcomes, callback| {
            outcomes.with_script(callback.customer_number(), callback.script.clone())
        })
    }
}
