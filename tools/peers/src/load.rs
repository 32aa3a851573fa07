//! One run: a fresh server, the load, what came of it.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context, Result};
use tbus_load::{Dialect, Load, Outcome, Payload, Plan, Raw, Tbus};

use crate::dialect::{Mqtt, Nats, Redis};
use crate::measure::{Faults, Measurement};
use crate::server::{Label, Programs, Running};
use crate::shape::Shape;

/// How long what is under way at the end may take to come (chosen): with a deep window and a thousand subscribers the slowest
/// peer needs a quarter of a minute. What comes late is slow, not lost.
const DRAIN: Duration = Duration::from_secs(30);

/// How a server is spoken to.
fn dialect(label: Label) -> Box<dyn Dialect> {
    match label {
        Label::Tbus | Label::TbusBusyPoll => Box::new(Tbus::new(Payload::default())),
        Label::Raw | Label::RawSpin => Box::new(Raw::new(Payload::default())),
        Label::Nats | Label::NatsNew => Box::new(Nats),
        Label::Redis => Box::new(Redis),
        Label::Mqtt => Box::new(Mqtt),
    }
}

/// Starts a server, runs a shape against it, and ends it.
///
/// # Errors
/// When the server cannot be started or does not do what it should, or the load cannot be run.
pub fn run(programs: &Programs, label: Label, shape: &Shape) -> Result<Measurement> {
    let server = Running::start(&programs.setup(label)?)?;
    measure(&server, dialect(label).as_mut(), shape)
}

/// Runs a shape against a server that is there.
///
/// # Errors
/// When the server does not do what it should, or the load cannot be run.
pub fn measure(server: &Running, dialect: &mut dyn Dialect, shape: &Shape) -> Result<Measurement> {
    let load = Load::connect(plan(server, shape), dialect).context("connecting")?;
    // Nobody looks on: what would be shown costs time.
    let outcome = load.run(Duration::from_secs(3600), &mut |_| ControlFlow::Continue(()))?;
    Ok(Measurement::from(&outcome))
}

/// The plan of a shape.
pub fn plan(server: &Running, shape: &Shape) -> Plan {
    Plan {
        publishers: shape.publishers,
        subscribers: shape.subscribers,
        pace: shape.pace,
        warmup: shape.warm_up,
        duration: shape.duration,
        drain: DRAIN,
        server_pid: Some(server.pid()),
        ..Plan::new(server.address())
    }
}

impl From<&Outcome> for Measurement {
    fn from(outcome: &Outcome) -> Self {
        let figures = outcome.summary();
        let acknowledged = outcome.acked > 0;
        Self {
            sent_s: figures.sent_s,
            deliv_s: figures.deliv_s,
            p50_us: figures.write_p50_us,
            p99_us: figures.write_p99_us,
            sched_p50_us: figures.p50_us,
            sched_p99_us: figures.p99_us,
            ack_p50_us: acknowledged.then_some(figures.ack_p50_us),
            ack_p99_us: acknowledged.then_some(figures.ack_p99_us),
            cpu_us_per_delivery: figures.cpu_us_per_delivery,
            rss_idle_kb: figures.rss_idle_kib,
            rss_peak_kb: figures.rss_peak_kib,
            generator_cpu: figures.generator_cores,
            faults: Faults {
                lost: figures.lost,
                doubled: figures.doubled,
                disordered: figures.disordered,
                damaged: figures.damaged,
                unanswered: figures.unanswered,
                dead: figures.dead,
            },
        }
    }
}
