//! The load that runs beside whatever a scenario is about.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tbus_load::{Histogram, Load, Outcome, Pace, Payload, Plan, Tbus};
use tlib_proto::AttributeId;

use super::Context;
use super::client::Client;
use super::figures::{ACK_P99, CPU, DELIVERED, Measured, P50, P99};
use crate::measure::Faults;
use crate::server::Running;

/// How often the generator looks whether it is to end early.
const LOOK: Duration = Duration::from_secs(1);

/// A load at a rate: one publisher, so many subscribers. In the short form a tenth of it, which a server that was built
/// without optimisation takes, too.
pub(super) fn paced(context: &Context<'_>, server: &Running, rate: f64, subscribers: usize) -> Plan {
    Plan {
        subscribers,
        pace: Pace::Open { rate: if context.brief { rate / 10.0 } else { rate } },
        warmup: context.time(0.7),
        duration: context.time(4.0),
        server_pid: Some(server.pid()),
        ..Plan::new(server.address())
    }
}

/// A load that is as fast as the server: one publisher, three subscribers.
pub(super) fn saturated(context: &Context<'_>, server: &Running) -> Plan {
    Plan {
        warmup: context.time(0.7),
        duration: context.time(3.0),
        server_pid: Some(server.pid()),
        ..Plan::new(server.address())
    }
}

/// Runs a load. `beside` is called when everybody is connected, and what it gives lives until the load has ended.
/// What goes wrong with a message is a fault.
pub(super) fn drive<T>(
    plan: Plan,
    payload: Payload,
    measured: &mut Measured,
    beside: impl FnOnce() -> Result<T>,
) -> Result<(Outcome, T)> {
    let mut dialect = Tbus::new(payload);
    let load = Load::connect(plan, &mut dialect)?;
    let beside = beside()?;
    let outcome = load.run(LOOK, &mut |_| ControlFlow::Continue(()))?;
    let counts = counts(&outcome);
    measured.counts = measured.counts.and(counts);
    measured.must(outcome.is_clean(), || format!("{counts}: {}", outcome.faults.join("; ")));
    Ok((outcome, beside))
}

fn counts(outcome: &Outcome) -> Faults {
    Faults {
        lost: outcome.lost,
        doubled: outcome.doubled,
        disordered: outcome.disordered,
        damaged: outcome.damaged,
        unanswered: outcome.unanswered,
        dead: outcome.dead_publishers + outcome.dead_subscribers,
    }
}

/// Latencies and CPU time of a load at a rate.
pub(super) fn set_latencies(measured: &mut Measured, outcome: &Outcome) {
    measured.set(P50, micros(&outcome.latency, 0.50));
    measured.set(P99, micros(&outcome.latency, 0.99));
    measured.set(ACK_P99, micros(&outcome.answers, 0.99));
    set_cpu(measured, outcome);
}

/// Throughput of a load.
pub(super) fn set_throughput(measured: &mut Measured, outcome: &Outcome) {
    measured.set(DELIVERED, outcome.delivered as f64 / outcome.seconds);
}

/// CPU time of the server for each delivery of a load.
pub(super) fn set_cpu(measured: &mut Measured, outcome: &Outcome) {
    if let Some(usage) = outcome.usage.filter(|_| outcome.delivered > 0) {
        measured.set(CPU, usage.cpu_ns as f64 / 1000.0 / outcome.delivered as f64);
    }
}

fn micros(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// The number of a server's last event: that of the answer to a client that comes just now.
pub(super) fn last_number(server: SocketAddr) -> Result<u64> {
    let answer = Client::connect(server)?.hello("last")?;
    answer.view().long(AttributeId::EVENT_SEQUENCE_NUMBER)?.context("EventLinkConnected has no number")
}
