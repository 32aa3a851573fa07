//! A recorder beside the load: what it costs the fan-out, and whether it has stored everything.

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
    about: "events of 12 pairs to 3 as fast as it goes, beside tbus record on the DN (SQLite), which cannot follow",
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
    let published = last_number(server.address())?.saturating_sub(before) / 2;
    // It takes what was sent before, and writes what is queued.
    let status = recorder.stop()?;
    measured.must(status.success(), || format!("tbus record has ended with {status}"));
    // The pair with the generator's marks is binary, and those are not stored.
    let (rows, events) = stored(&recorder)?;
    let log = fs::read_to_string(server.folder().join("tbus.log")).context("the server's log")?;
    let cut_off = log.lines().filter(|line| line.contains("slow client")).count();
    if rate.is_some() {
        let expected = published * pairs;
        measured.must(rows == expected, || format!("{rows} rows were stored of {expected}"));
        measured.must(cut_off == 0, || "the recorder was cut off as a slow client".to_owned());
    }
    measured.must(rows == events * pairs, || format!("{rows} rows of {events} events: some are not whole"));
    measured.set(PUBLISHED, published as f64);
    measured.set(EVENTS, events as f64);
    measured.set(ROWS, rows as f64);
    measured.set(SHARE, events as f64 / published as f64);
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

/// Rows of pairs, and the events that they are of.
fn stored(recorder: &Running) -> Result<(u64, u64)> {
    let path = recorder.folder().join("idb.sqlite");
    let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count = |what: &str| -> Result<u64> {
        let text = format!("SELECT {what} FROM G_CUSTOM_DATA_S");
        Ok(u64::try_from(database.query_row(&text, [], |row| row.get::<_, i64>(0))?)?)
    };
    Ok((count("count(*)")?, count("count(DISTINCT GSYS_EXT_INT1)")?))
}
