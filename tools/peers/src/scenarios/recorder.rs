//! A recorder beside the load: what it costs the fan-out, and whether it has stored everything.
//!
//! At a rate that it can follow it stores every pair of every event. At saturation it cannot: it reads on demand, so what
//! it has not taken waits in T-Server, which cuts it off at `slow-client-hard-limit` as any slow client. It comes back by
//! itself and records what comes then. What it has missed is not repeated by T-Server; its log says between which sequence
//! numbers that is (line 25191), and the scenario fails when events are missing that the log does not name.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use tbus_load::{Payload, Plan};

use super::figures::{ACK_P99, Bound, DELIVERED, Figure, Goal, Measured};
use super::load::{drive, last_number, paced, saturated, set_latencies, set_throughput};
use super::{Context, Scenario};
use crate::server::{Ready, Running, Setup};

const PUBLISHED: Figure = Figure::new("published", "published");
const EVENTS: Figure = Figure::new("events_recorded", "events recorded");
const ROWS: Figure = Figure::new("rows_recorded", "rows recorded");
const SHARE: Figure = Figure::new("recorded_share", "share recorded");
const CUT_OFF: Figure = Figure::new("recorder_cut_off", "recorder cut off");

const WITHOUT: &str = "without";
const WITH: &str = "with-recorder";

macro_rules! at_a_rate {
    ($($constant:ident $name:literal $about:literal $pairs:literal,)*) => {
        $(pub(super) const $constant: Scenario = Scenario {
            name: $name,
            about: $about,
            variants: &[WITHOUT, WITH],
            goals: &[
                Goal { figure: DELIVERED, variant: WITH, against: Some(WITHOUT), bound: Bound::AtLeast(0.90) },
                Goal { figure: ACK_P99, variant: WITH, against: Some(WITHOUT), bound: Bound::AtMost(1.5) },
                Goal { figure: SHARE, variant: WITH, against: None, bound: Bound::AtLeast(1.0) },
            ],
            run: |context, variant| run(context, variant, Some(1000.0), $pairs),
        };)*
    };
}

at_a_rate! {
    PAIRS_12 "recorder-1000x3" "1,000 events/s of 12 pairs to 3, beside tbus record on the DN (SQLite)" 12,
    PAIRS_60 "recorder-1000x3-60" "1,000 events/s of 60 pairs to 3, beside tbus record on the DN (SQLite)" 60,
}

pub(super) const SATURATED: Scenario = Scenario {
    name: "recorder-saturation",
    about: "events of 12 pairs to 3 as fast as it goes, beside tbus record on the DN (SQLite): it cannot follow, is cut off as \
        a slow client, comes back, and its log names what it has missed",
    variants: &[WITHOUT, WITH],
    goals: &[Goal { figure: DELIVERED, variant: WITH, against: Some(WITHOUT), bound: Bound::AtLeast(0.90) }],
    run: |context, variant| run(context, variant, None, 12),
};

fn run(context: &Context<'_>, variant: &str, rate: Option<f64>, pairs: u64) -> Result<Measured> {
    let server = Running::start(&context.programs.tbus("tbus", &[]))?;
    let mut measured = Measured::default();
    let plan = match rate {
        Some(rate) => paced(context, &server, rate, 3),
        None => saturated(context, &server),
    };
    let plan = Plan { drain: std::time::Duration::from_secs(20), ..plan };
    let payload = Payload::Pairs(usize::try_from(pairs)?);
    let (outcome, (recorder, before)) = drive(plan, payload, &mut measured, || {
        let recorder = (variant == WITH).then(|| Running::start(&setup(context, &server))).transpose()?;
        Ok((recorder, last_number(server.address())?))
    })?;
    set_latencies(&mut measured, &outcome);
    set_throughput(&mut measured, &outcome);
    let Some(mut recorder) = recorder else { return Ok(measured) };

    // Since then everything but this one was an acknowledgement or the event that was acknowledged.
    let last = last_number(server.address())?;
    let published = last.saturating_sub(before) / 2;
    // It takes what was sent before, and writes what is queued.
    let status = recorder.stop()?;
    measured.must(status.success(), || format!("tbus record has ended with {status}"));
    let events = stored(&recorder)?;
    // The pair with the generator's marks is binary, and those are not stored.
    let damaged = events.values().filter(|rows| **rows != pairs).count();
    measured.must(damaged == 0, || format!("{damaged} events have not {pairs} rows"));
    let log = fs::read_to_string(server.folder().join("tbus.log")).context("the server's log")?;
    let cut_off = log.lines().filter(|line| line.contains("slow client")).count();
    let log = fs::read_to_string(recorder.folder().join("icon.log")).context("the recorder's log")?;
    let untold = untold(events.keys().copied(), before, last, &told(&log));
    measured.must(untold == 0, || {
        format!("events are missing at {untold} places that the recorder's log does not name")
    });
    let recorded = events.len() as f64;
    measured.set(PUBLISHED, published as f64);
    measured.set(EVENTS, recorded);
    measured.set(ROWS, events.values().sum::<u64>() as f64);
    measured.set(SHARE, recorded / published as f64);
    measured.set(CUT_OFF, cut_off as f64);
    Ok(measured)
}

/// `tbus record` on the load's DN, with its database, queue and log in its own folder.
fn setup(context: &Context<'_>, server: &Running) -> Setup {
    let address = server.address().to_string();
    let arguments = [
        "record",
        "--server",
        &address,
        "--dn",
        "REPORTING",
        "--db",
        "{folder}/idb.sqlite",
        "--log",
        "{folder}/icon.log",
        "--log-level",
        "standard",
        "--ready-file",
        "{folder}/ready",
    ];
    Setup {
        name: "tbus record".to_owned(),
        program: context.programs.tbus.clone(),
        arguments: arguments.map(str::to_owned).to_vec(),
        files: Vec::new(),
        ready: Ready::File,
    }
}

/// The numbers of the events that are stored, each with how many rows it has.
fn stored(recorder: &Running) -> Result<BTreeMap<u64, u64>> {
    let path = recorder.folder().join("idb.sqlite");
    let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let text = "SELECT GSYS_EXT_INT1, count(*) FROM G_CUSTOM_DATA_S GROUP BY GSYS_EXT_INT1";
    let mut query = database.prepare(text)?;
    let mut rows = query.query([])?;
    let mut events = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let number = |column| Ok::<_, anyhow::Error>(u64::try_from(row.get::<_, i64>(column)?)?);
        events.insert(number(0)?, number(1)?);
    }
    Ok(events)
}

/// From which numbers on events may be missing, as the recorder's log says (line 25191).
fn told(log: &str) -> Vec<u64> {
    let lines = log.lines().filter(|line| line.contains(" 25191 "));
    let numbers = lines.filter_map(|line| {
        let (_, rest) = line.split_once("sequence number")?;
        let hex = rest.trim_start_matches('s').split_whitespace().next()?;
        u64::from_str_radix(hex, 16).ok()
    });
    numbers.collect()
}

/// At how many places events are missing between the numbers `before` and `last` without being told. An event and its
/// acknowledgement have two numbers; when clients come in between, it is some more.
fn untold(events: impl Iterator<Item = u64>, before: u64, last: u64, told: &[u64]) -> usize {
    let (mut previous, mut count) = (before, 0);
    for number in events.chain([last]) {
        let gap = previous + 1..=number;
        if number.saturating_sub(previous) > 4 && !told.iter().any(|from| gap.contains(from)) {
            count += 1;
        }
        previous = number;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_names_is_not_missing_untold() {
        let log = "01:50:26.668 Std 25190 Disconnected from SIP_Server: closed by the server\n\
            01:50:26.668 Std 25191 Events from sequence number 0000000000000010 on may be missing until the connection is made again\n\
            01:50:27.199 Std 25191 Events with sequence numbers 0000000000000010 to 0000000000000024 may be missing: T-Server does not repeat events\n";
        assert_eq!(told(log), [16, 16]);
        let events = || [12, 14, 38, 40].into_iter();
        assert_eq!(untold(events(), 10, 41, &told(log)), 0);
        assert_eq!(untold(events(), 10, 41, &[]), 1, "the gap from 14 to 38");
        assert_eq!(untold(events(), 10, 90, &[16]), 1, "the end");
        assert_eq!(untold(events(), 2, 41, &[16]), 1, "the beginning");
    }
}
