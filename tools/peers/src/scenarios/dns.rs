//! A hundred thousand DNs in the world: memory, time to start, and what an event costs when it may be for any of them.

use std::time::Instant;

use anyhow::Result;
use tbus_load::{Names, Payload, Plan, Process};

use super::figures::{Bound, CPU, DELIVERED, Figure, Goal, Measured, P50};
use super::load::{drive, paced, saturated, set_latencies, set_throughput};
use super::{Context, Scenario};
use crate::server::Running;

const START: Figure = Figure::new("start_ms", "start ms");
const PER_DN: Figure = Figure::new("kib_per_dn", "KiB/DN");
const PER_REGISTERED: Figure = Figure::new("kib_per_dn_registered", "KiB/DN, registered");
const REGISTERS: Figure = Figure::new("registers_s", "registrations/s");

const SMALL: &str = "1-dn";
const ONE: &str = "1-of-100000-dns";
const ALL: &str = "100000-dns";

pub(super) const SCENARIO: Scenario = Scenario {
    name: "dns-100000",
    about: "100,000 DNs in the world: memory, and events that go round all of them against events for one",
    variants: &[SMALL, ONE, ALL],
    goals: &[
        Goal { figure: PER_DN, variant: ALL, against: None, bound: Bound::AtMost(1.0) },
        Goal { figure: CPU, variant: ALL, against: Some(SMALL), bound: Bound::AtMost(1.15) },
        Goal { figure: P50, variant: ALL, against: Some(SMALL), bound: Bound::AtMost(1.10) },
        Goal { figure: DELIVERED, variant: ONE, against: Some(SMALL), bound: Bound::AtLeast(0.95) },
        Goal { figure: DELIVERED, variant: ALL, against: Some(SMALL), bound: Bound::AtLeast(0.90) },
    ],
    run,
};

/// A world with so many DNs, and the names that its load publishes to.
fn world(names: &Names) -> String {
    names.iter().fold(String::new(), |text, name| {
        text + "[[dn]]\nnumber = \"" + name + "\"\ntype = \"Communication DN\"\n"
    })
}

fn run(context: &Context<'_>, variant: &str) -> Result<Measured> {
    let many = context.scaled(100_000, 2000);
    let names = Names::numbered(many)?;
    // Of the same width, so that all frames are of one length.
    let first = Names::new(names.iter().take(1))?;
    let there = if variant == SMALL { &first } else { &names };
    let used = if variant == ALL { &names } else { &first };

    // What a server needs that has one DN is not the DNs'.
    let empty = Running::start(&setup(context, &first))?;
    let base = Process::new(empty.pid()).rss_kib().unwrap_or_default();
    drop(empty);
    let setup = setup(context, there);
    let begun = Instant::now();
    let server = Running::start(&setup)?;
    let mut measured = Measured::default();
    measured.set(START, begun.elapsed().as_secs_f64() * 1000.0);
    let process = Process::new(server.pid());
    let idle = process.rss_kib().unwrap_or_default();
    if variant != SMALL {
        measured.set(PER_DN, idle.saturating_sub(base) as f64 / many as f64);
    }

    let plan = Plan { dns: used.clone(), ..paced(context, &server, 10_000.0, 3) };
    let registrations = (3 * used.len()) as f64;
    let begun = Instant::now();
    let mut registered = (0.0, 0);
    let (outcome, ()) = drive(plan, Payload::default(), &mut measured, || {
        registered = (begun.elapsed().as_secs_f64(), process.rss_kib().unwrap_or_default());
        Ok(())
    })?;
    set_latencies(&mut measured, &outcome);
    if variant == ALL {
        measured.set(REGISTERS, registrations / registered.0);
        measured.set(PER_REGISTERED, registered.1.saturating_sub(base) as f64 / many as f64);
    }
    let plan = Plan { dns: used.clone(), ..saturated(context, &server) };
    let (outcome, ()) = drive(plan, Payload::default(), &mut measured, || Ok(()))?;
    set_throughput(&mut measured, &outcome);
    Ok(measured)
}

fn setup(context: &Context<'_>, names: &Names) -> crate::server::Setup {
    let mut setup = context.programs.tbus("tbus", &["--world", "{folder}/world.toml"]);
    setup.files.push(("world.toml".to_owned(), world(names)));
    setup
}
