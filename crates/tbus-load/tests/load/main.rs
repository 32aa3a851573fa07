//! The generator against a T-Server and against servers that do wrong on purpose.

#![cfg(target_os = "linux")]

mod copier;
mod damage;
mod tbus;

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use tbus_load::{Dialect, Load, LoadError, Outcome, Plan};

/// A short load.
fn plan(server: SocketAddr) -> Plan {
    Plan {
        warmup: Duration::from_millis(10),
        duration: Duration::from_millis(100),
        drain: Duration::from_secs(30),
        ..Plan::new(server)
    }
}

/// Runs a load to its end.
fn run(plan: Plan, mut dialect: impl Dialect) -> Result<Outcome, LoadError> {
    Load::connect(plan, &mut dialect)?.run(Duration::from_secs(1), &mut |_| ControlFlow::Continue(()))
}

/// An outcome in the message of an assertion: without the histograms, which are long.
fn told(outcome: &Outcome) -> String {
    format!("{:?} {:?} {:?}", outcome.summary(), outcome.faults, outcome.ended)
}
