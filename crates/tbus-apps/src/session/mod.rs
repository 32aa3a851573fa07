//! What a callback's session does: which user events it sends, which pairs it attaches to a call, and when.
//!
//! This is all that is kept of an Orchestration Server and its strategy. [`plan`] turns a [`Callback`] (what was asked
//! for) and a [`Script`] (how it goes) into steps with times; [`Outcomes`] decides the script; [`Plan::cancel`] and
//! [`Plan::reschedule`] say what a change in the middle makes of it. Facts: infomart 3, 7 and 8. It has no clock, no socket and no
//! task: whoever drives it does each step when its time has come.
//!
//! Strategies are written by customers. Which pairs are published and which times follow from them is a fact; what a
//! strategy does with a fax or a failed transfer is chosen here, and marked so.

mod callback;
mod course;
mod ids;
mod outcomes;
mod pairs;
mod plan;
mod script;
#[cfg(test)]
mod tests;
mod values;

pub use callback::{Callback, Options, Queue, caller_parameters};
pub use ids::Ids;
pub use outcomes::{Outcome, Outcomes};
pub use plan::{Action, Plan, Refused, Step, plan};
pub use script::{Crash, Dial, QueueFigures, Script};
pub use values::{CallDirection, CallbackType, ConnectOrder, DialResult, Ending, Reason, State};
