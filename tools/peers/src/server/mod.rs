//! The servers under test: which, how they are started, and how they end.

mod process;
mod setup;

pub use process::{Running, end_with_signals};
pub use setup::{Label, Programs, Ready, Setup};
