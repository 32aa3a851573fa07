//! A whole ETL run, from rows of user events to committed facts and sums, beside a copy of the same rows within the same
//! engine (`INSERT INTO copy SELECT * FROM G_CUSTOM_DATA_S`, into a table of the same structure), in source rows a second.
//!
//! `cargo bench -p tbus-reporting --bench etl`, optionally with the number of user events (`-- 1000000`) and one engine
//! (`sqlite`, `postgresql`). An event has 58 pairs, a callback two events. Each line is the median of pairs that run one
//! after the other, in turns. PostgreSQL's programs must be installed (`tools/setup`).

use std::time::{Duration, Instant};

use tbus_db::{Database, DatabaseUrl, Dialect, OpenOptions};
use tbus_recorder::idb::{Added, G_CUSTOM_DATA_S, GCustomDataS, Gsys};
use tbus_reporting::etl::{self, EtlOptions};
use tbus_reporting::keys::{self, KEYS, Kind};
use tlib_testkit::{Postgres, PostgresOptions};

/// Pairs of an event.
const PAIRS: usize = 58;
/// User events without an argument.
const EVENTS: usize = 100_000;
/// Measurements of each kind; one is enough for many events.
const ROUNDS: usize = 5;
/// The first callback: 2014-09-01T00:00:00Z.
const FIRST: usize = 1_409_529_600;
/// Seconds between two callbacks.
const STEP: usize = 47;

/// The value of a key in an event; callbacks are two events each.
fn value(key: &keys::Key, event: usize) -> String {
    let callback = event / 2;
    let start = FIRST + callback * STEP;
    match key.kind {
        Kind::Time => (start + 8).to_string(),
        Kind::Seconds => (callback % 180).to_string(),
        Kind::Flag if key.name == keys::CB_FINAL_RECORD => (event % 2).to_string(),
        Kind::Flag => usize::from(!callback.is_multiple_of(7)).to_string(),
        Kind::Count | Kind::Number if key.name == keys::CB_TENANT_DBID => "1".to_owned(),
        Kind::Count | Kind::Number => (callback % 5).to_string(),
        Kind::Domain(values) => values[callback % 3 % values.len()].to_owned(),
        Kind::Disposition => ["QUEUED.AGENT", "COMPLETED.AGENT"][event % 2].to_owned(),
        Kind::Text if key.name == keys::CB_SERVICE_ID => {
            format!("445-{callback:08x}-6f94-48fc-a3a3-81ca343c3cc2")
        }
        Kind::Text if key.name == keys::CB_DIM_VQ => format!("Callback_VQ_{}", callback % 5),
        Kind::Text if key.name == keys::VQ_CFG_TYPE => "Virtual Queue".to_owned(),
        Kind::Text if key.name == keys::CB_DIM_FINAL_TARGET => "Support@Stat_Server.GA".to_owned(),
        Kind::Text => format!("007702b3d14{callback:05x}"),
    }
}

/// The keys of an event: the mandatory ones, and as many others as make 58.
fn chosen() -> Vec<&'static keys::Key> {
    let published = KEYS.get(..keys::PUBLISHED).expect("the published keys");
    let spare = published.len() - PAIRS;
    let optional = published
        .iter()
        .filter(|key| key.name.starts_with("_CB_PRIORITY") || key.name.starts_with("_CB_T_DIAL_"));
    let left_out: Vec<&str> = optional.map(|key| key.name).take(spare).collect();
    published.iter().filter(|key| !left_out.contains(&key.name)).collect()
}

/// Fills an interaction database as the recorder does.
fn fill(url: &DatabaseUrl, events: usize) {
    let mut database = Database::open(url, &OpenOptions::default()).expect("open");
    tbus_recorder::schema::prepare(&mut database, url).expect("a schema");
    let keys = chosen();
    assert_eq!(keys.len(), PAIRS);
    let mut insert = 0;
    for first in (0..events).step_by(2_000) {
        let mut transaction = database.begin().expect("begin");
        for event in first..events.min(first + 2_000) {
            let at = i64::try_from(FIRST + event / 2 * STEP + event % 2 * 18).expect("a time");
            let sequence = format!("{event:016x}");
            for key in &keys {
                insert += 1;
                let value = value(key, event);
                let row = GCustomDataS {
                    endpointid: Some(0),
                    endpointdn: Some("REPORTING"),
                    switchid: Some(101),
                    tenantid: Some(1),
                    keyname: Some(key.name),
                    value: Some(&value),
                    added: Added {
                        added: at * 1_000_000,
                        added_ts: i32::try_from(at).ok(),
                        added_tcode: i32::try_from(at - at % 300).ok(),
                    },
                    gsys: Gsys {
                        gsys_domain: Some(1),
                        gsys_seq: Some(insert),
                        gsys_useq: Some(0),
                        gsys_ext_vch1: Some(&sequence),
                        gsys_ext_int1: i32::try_from(event).ok(),
                        ..Gsys::default()
                    },
                    ..GCustomDataS::default()
                };
                transaction.row(&G_CUSTOM_DATA_S, &row.values()).expect("a row");
            }
        }
        transaction.commit().expect("commit");
    }
}

/// A table of the same structure, empty.
fn make_copy(database: &mut Database) {
    database.script("DROP TABLE IF EXISTS copy").expect("dropped");
    match database.dialect() {
        Dialect::Postgresql => database.script("CREATE TABLE copy (LIKE G_CUSTOM_DATA_S INCLUDING ALL)"),
        Dialect::Sqlite => {
            let rows = database.query("SELECT sql FROM sqlite_master WHERE name = 'G_CUSTOM_DATA_S'", &[]);
            let sql = rows.expect("a table").first().expect("a table").text(0).expect("its text").to_owned();
            database.script(&sql.replacen("G_CUSTOM_DATA_S", "copy", 1))
        }
    }
    .expect("a table");
}

/// The copy within the engine.
fn copied(url: &DatabaseUrl) -> Duration {
    // A server may need longer for so many rows than for an answer.
    let options = OpenOptions { answer_timeout: Duration::from_secs(3600), ..OpenOptions::default() };
    let mut database = Database::open(url, &options).expect("open");
    make_copy(&mut database);
    let start = Instant::now();
    database.script("INSERT INTO copy SELECT * FROM G_CUSTOM_DATA_S").expect("a copy");
    let time = start.elapsed();
    database.script("DROP TABLE copy").expect("dropped");
    time
}

/// A run into an empty Info Mart.
fn transformed(idb: &DatabaseUrl, mart: &DatabaseUrl, events: usize) -> Duration {
    let start = Instant::now();
    let summary =
        etl::run(&EtlOptions::new(idb.clone(), mart.clone(), 1_411_124_400), &mut ()).expect("a run");
    let time = start.elapsed();
    assert_eq!((summary.facts, summary.discarded), (events as u64, 0), "{summary:?}");
    let mut database = Database::open(mart, &OpenOptions::default()).expect("open");
    let sums =
        database.query("SELECT CAST(SUM(OFFERED) AS bigint) FROM AG2_CALLBACK_DAY", &[]).expect("sums");
    let offered = sums.first().expect("a row").int(0).expect("a number");
    let want = (0..events / 2).filter(|callback| !callback.is_multiple_of(7)).count();
    assert_eq!(usize::try_from(offered).ok(), Some(want));
    time
}

/// Most memory that this process ever had, in MiB; 0 where nobody says.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(name: &str, events: usize, mut etl: impl FnMut() -> Duration, mut copy: impl FnMut() -> Duration) {
    let rounds = if events > 2 * EVENTS { 1 } else { ROUNDS };
    let rows = (events * PAIRS) as f64;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (a, b) = (rows / etl().as_secs_f64(), rows / copy().as_secs_f64());
        ours.push(a);
        theirs.push(b);
        ratios.push(a / b);
    }
    println!(
        "{name}: {:.0} events, ETL {:.0} rows/s, copy {:.0} rows/s, ratio {:.2} (median of {rounds}), memory {} MiB",
        events as f64,
        median(ours),
        median(theirs),
        median(ratios),
        memory()
    );
}

fn on_sqlite(events: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let idb = DatabaseUrl::sqlite(folder.path().join("idb.sqlite"));
    let mart = folder.path().join("mart.sqlite");
    fill(&idb, events);
    compare(
        "SQLite",
        events,
        || {
            for end in ["", "-wal", "-shm", ".lock"] {
                let _ = std::fs::remove_file(format!("{}{end}", mart.display()));
            }
            transformed(&idb, &DatabaseUrl::sqlite(&mart), events)
        },
        || copied(&idb),
    );
}

fn on_postgresql(events: usize) {
    let server = Postgres::start_with(PostgresOptions { fsync: true });
    let idb: DatabaseUrl = server.new_database().parse().expect("a URL");
    fill(&idb, events);
    // As autovacuum would have done it by the time.
    Database::open(&idb, &OpenOptions::default()).expect("open").script("ANALYZE").expect("analysed");
    compare(
        "PostgreSQL",
        events,
        || transformed(&idb, &server.new_database().parse().expect("a URL"), events),
        || copied(&idb),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let events = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(EVENTS);
    let only = |engine: &str| arguments.iter().any(|argument| argument == engine);
    if !only("postgresql") {
        on_sqlite(events);
    }
    if !only("sqlite") {
        on_postgresql(events);
    }
}
