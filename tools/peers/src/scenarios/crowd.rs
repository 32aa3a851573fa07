//! Ten thousand clients that say nothing, and a load beside them.

use std::time::Instant;

use anyhow::Result;
use tbus_load::{Payload, Process};

use super::client::{Client, hello};
use super::figures::{Bound, DELIVERED, Figure, Goal, Measured, P50, P99};
use super::load::{drive, paced, saturated, set_latencies, set_throughput};
use super::{Context, Scenario};
use crate::server::Running;

const PER_CLIENT: Figure = Figure::new("kib_per_client", "KiB/client");
const CONNECTS: Figure = Figure::new("connects_s", "connects/s");

const ALONE: &str = "alone";
const BESIDE: &str = "beside-idle";

pub(super) const SCENARIO: Scenario = Scenario {
    name: "idle-10000",
    about: "10,000 idle clients: memory, and 10,000 events/s to 3 and saturation beside them",
    variants: &[ALONE, BESIDE],
    goals: &[
        Goal { figure: PER_CLIENT, variant: BESIDE, against: None, bound: Bound::AtMost(12.0) },
        Goal { figure: DELIVERED, variant: BESIDE, against: Some(ALONE), bound: Bound::AtLeast(0.95) },
        Goal { figure: P50, variant: BESIDE, against: Some(ALONE), bound: Bound::AtMost(1.10) },
        Goal { figure: P99, variant: BESIDE, against: Some(ALONE), bound: Bound::AtMost(1.20) },
    ],
    run,
};

fn run(context: &Context<'_>, variant: &str) -> Result<Measured> {
    let server = Running::start(&context.programs.tbus("tbus", &[]))?;
    let mut measured = Measured::default();
    let clients = if variant == BESIDE { crowd(context, &server, &mut measured)? } else { Vec::new() };
    let (outcome, ()) =
        drive(paced(context, &server, 10_000.0, 3), Payload::default(), &mut measured, || Ok(()))?;
    set_latencies(&mut measured, &outcome);
    let (outcome, ()) = drive(saturated(context, &server), Payload::default(), &mut measured, || Ok(()))?;
    set_throughput(&mut measured, &outcome);
    let ended = clients.iter().filter(|client| client.is_ended()).count();
    measured.must(ended == 0, || format!("the server has ended {ended} idle clients"));
    Ok(measured)
}

/// Connects so many clients, a few at a time, each with an open session.
fn crowd(context: &Context<'_>, server: &Running, measured: &mut Measured) -> Result<Vec<Client>> {
    let count = context.scaled(10_000, 500);
    let process = Process::new(server.pid());
    let before = process.rss_kib().unwrap_or_default();
    let hello = hello("idle")?;
    let begun = Instant::now();
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let first = clients.len();
        for _ in first..(first + 50).min(count) {
            let mut client = Client::connect(server.address())?;
            client.send(&hello)?;
            clients.push(client);
        }
        for client in clients.iter_mut().skip(first) {
            client.opened()?;
        }
    }
    measured.set(CONNECTS, count as f64 / begun.elapsed().as_secs_f64());
    let after = process.rss_kib().unwrap_or_default();
    measured.set(PER_CLIENT, after.saturating_sub(before) as f64 / count as f64);
    Ok(clients)
}
