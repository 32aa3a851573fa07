//! Callback user events are checked by [`tbus_reporting::lint`]; here they are found: in logs, in packet captures, among messages,
//! and in an interaction database.

mod database;
#[cfg(test)]
mod tests;
mod traffic;

pub use database::{LintError, lint_database};
pub use tbus_reporting::lint::{At, CallData, Checked, Code, Finding, Place, Severity};
pub use traffic::{Source, Traffic, TrafficLint};
