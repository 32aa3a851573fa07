//! The whole recorder, from the socket to committed rows with the durable queue in between, beside the bare insert of the
//! same rows in transactions of the same size: a multi-row statement on SQLite, a binary COPY on PostgreSQL.
//!
//! `cargo bench -p tbus-recorder --bench record`, optionally with events of a transaction (`-- 10 103 500`), `full` for a
//! wait for the disk in every commit, or `memory` alone: what more than a million rows cost. An event has 58 pairs, as a callback's. Each line is the median of pairs that
//! run one after the other, in turns. PostgreSQL's programs must be installed (`tools/setup`).

use std::path::Path;
use std::time::{Duration, Instant};

use tbus_db::rusqlite::Connection;
use tbus_db::{Database, DatabaseUrl, OpenOptions, Sync, Value, sqlite};
use tbus_recorder::idb::{Added, G_CUSTOM_DATA_S, GCustomDataS, Gsys};
use tbus_recorder::options::StoreEventData;
use tbus_recorder::queue::QueuePath;
use tbus_recorder::schema::{self, Engine};
use tbus_recorder::{Recorder, RecorderConfig};
use tlib_proto::{AttributeId, KvList, Message, MessageId};
use tlib_testkit::mock_server::{MockServer, To};
use tlib_testkit::{Postgres, PostgresOptions};

#[path = "../../tbus-db/benches/bare/mod.rs"]
mod bare;

/// Pairs of an event.
const PAIRS: usize = 58;
/// Events of one measurement, at least; as many as make whole transactions.
const EVENTS: usize = 6_000;
/// Measurements of each kind.
const ROUNDS: usize = 7;

fn keys() -> Vec<String> {
    (0..PAIRS).map(|n| format!("_CB_N_SOME_KEY_OF_CALLBACK_{n}")).collect()
}

fn value(event: usize, pair: usize) -> String {
    match pair % 4 {
        0 => format!("{}", 1_384_478_060 + event),
        1 => "inbound-delay".to_owned(),
        2 => String::new(),
        _ => format!("345-e22b1dd4-cd63-4b9e-{event:08}"),
    }
}

/// The events as they come over the wire.
fn frames(server: &MockServer, events: usize) -> Vec<u8> {
    let keys = keys();
    let mut frames = Vec::new();
    for event in 0..events {
        let data = KvList::build(|list| {
            keys.iter().enumerate().fold(list, |list, (pair, key)| list.str(key, value(event, pair)))
        });
        let data = data.expect("a list");
        let message: Message = server.event(MessageId::EVENT_USER_EVENT, |m| {
            m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::THIS_DN, "REPORTING")
        });
        frames.extend_from_slice(message.frame());
    }
    frames
}

/// A recorder, and a server that it is connected to, with nothing left to be written.
fn start(
    database: &DatabaseUrl,
    queue: &Path,
    sync: Sync,
    per_transaction: u32,
) -> (Recorder, MockServer, To) {
    let server = MockServer::start();
    let queue = QueuePath::File(queue.to_owned());
    let dns = vec!["REPORTING".to_owned()];
    let mut config = RecorderConfig::new(server.address(), dns, database.clone(), queue);
    config.options.store_event_data = Some(StoreEventData::All);
    config.options.acc_queue_size = per_transaction;
    config.sync = sync;
    let recorder = Recorder::start(config).expect("a recorder");
    let client = server.expect_sessions(1);
    // The session's own record is written first, so that the events begin a transaction.
    until(|| recorder.summary().records >= 1);
    (recorder, server, To::One(client))
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Socket to commit: rows a second.
fn recorder(database: &DatabaseUrl, queue: &Path, sync: Sync, per_transaction: u32, events: usize) -> f64 {
    let (recorder, server, client) = start(database, queue, sync, per_transaction);
    let frames = frames(&server, events);
    let wanted = u64::try_from(events * PAIRS).expect("a number");
    let before = recorder.summary().rows;
    let start = Instant::now();
    let sender = std::thread::spawn(move || {
        assert_eq!(server.blast(client, &frames, 1), 1);
        server
    });
    until(|| recorder.summary().rows >= before + wanted);
    let time = start.elapsed();
    drop(sender.join());
    let summary = recorder.stop();
    assert!(summary.rows >= wanted && summary.pending.records == 0, "{summary:?}");
    rate(wanted, time)
}

/// Memory of this process, the server that sends included, while rows are recorded.
fn memory() {
    const ROUNDS: usize = 20;
    const EACH: usize = 1_000;
    let folder = tempfile::tempdir().expect("a folder");
    let url = DatabaseUrl::sqlite(folder.path().join("idb.sqlite"));
    let (recorder, server, client) = start(&url, &folder.path().join("idb.pq"), Sync::Normal, 500);
    let frames = frames(&server, EACH);
    for round in 1..=ROUNDS {
        assert_eq!(server.blast(client, &frames, 1), 1);
        let wanted = u64::try_from(round * EACH * PAIRS).expect("a number");
        until(|| recorder.summary().rows >= wanted);
        if round == 2 || round == ROUNDS {
            println!("{:>8} rows: {} KiB resident", round * EACH * PAIRS, resident());
        }
    }
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn rate(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64() / 1_000.0
}

/// The rows that the recorder makes of the events, made before anything is measured.
struct Rows {
    keys: Vec<String>,
    values: Vec<String>,
    sequences: Vec<String>,
}

impl Rows {
    fn new(events: usize) -> Self {
        Self {
            keys: keys(),
            values: (0..events * PAIRS).map(|row| value(row / PAIRS, row % PAIRS)).collect(),
            sequences: (0..events).map(|event| format!("{event:016x}")).collect(),
        }
    }

    fn row(&self, n: usize) -> [Value<'_>; GCustomDataS::WIDTH] {
        let event = n / PAIRS;
        let at = 1_384_478_060_757_000 + event as i64 * 1_000;
        GCustomDataS {
            endpointid: Some(0),
            endpointdn: Some("REPORTING"),
            switchid: Some(0),
            tenantid: Some(0),
            keyname: self.keys.get(n % PAIRS).map(String::as_str),
            value: self.values.get(n).map(String::as_str),
            added: Added { added: at, added_ts: Some(1_384_478_060), added_tcode: Some(1_384_477_800) },
            gsys: Gsys {
                gsys_domain: Some(1),
                gsys_seq: Some(n as i64),
                gsys_useq: Some(0),
                gsys_ext_vch1: self.sequences.get(event).map(String::as_str),
                gsys_ext_int1: Some(event as i32),
                ..Gsys::default()
            },
            ..GCustomDataS::default()
        }
        .values()
    }
}

/// Runs pairs in turns and prints the medians.
fn compare(what: &str, mut ours: impl FnMut() -> f64, mut bare: impl FnMut() -> f64) {
    let (mut ratios, mut own, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (a, b) = if round % 2 == 0 {
            let a = ours();
            (a, bare())
        } else {
            let b = bare();
            (ours(), b)
        };
        ratios.push(a / b);
        own.push(a);
        others.push(b);
    }
    let lowest = ratios.iter().copied().fold(f64::MAX, f64::min);
    let highest = ratios.iter().copied().fold(0.0, f64::max);
    println!(
        "{what:<46} {:>6.0}k rows/s  bare {:>6.0}k  ratio {:.2} ({lowest:.2}-{highest:.2})",
        bare::median(own),
        bare::median(others),
        bare::median(ratios),
    );
}

fn on_sqlite(per_transaction: usize, events: usize, sync: Sync, rows: &Rows) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("idb.sqlite");
    let fresh = || {
        for name in ["idb.sqlite", "idb.sqlite-wal", "idb.sqlite-shm", "idb.sqlite.pq", "idb.sqlite.pq-wal"] {
            let _ = std::fs::remove_file(folder.path().join(name));
        }
    };
    let url = DatabaseUrl::sqlite(&path);
    let queue = folder.path().join("idb.sqlite.pq");
    compare(
        &format!("SQLite, {} rows a transaction, {sync:?}", per_transaction * PAIRS),
        || {
            fresh();
            recorder(&url, &queue, sync, u32::try_from(per_transaction).expect("a number"), events)
        },
        || {
            fresh();
            let options = OpenOptions { sync, ..OpenOptions::default() };
            let connection: Connection = sqlite::open(&path, &options).expect("open");
            connection.execute_batch(schema::ddl(Engine::Sqlite)).expect("a schema");
            let size = (events * PAIRS, per_transaction * PAIRS);
            let time = bare::sqlite(&connection, &G_CUSTOM_DATA_S, size, |n| rows.row(n));
            rate((events * PAIRS) as u64, time)
        },
    );
}

fn on_postgresql(server: &Postgres, per_transaction: usize, events: usize, sync: Sync, rows: &Rows) {
    let folder = tempfile::tempdir().expect("a folder");
    let url: DatabaseUrl = server.url("bench").parse().expect("a URL");
    let fresh = || {
        let mut database = Database::open(&url, &OpenOptions::default()).expect("open");
        database.script("DROP SCHEMA public CASCADE; CREATE SCHEMA public").expect("an empty database");
        schema::prepare(&mut database, &url).expect("a schema");
    };
    let mut number = 0;
    compare(
        &format!("COPY, {} rows a transaction, {sync:?}", per_transaction * PAIRS),
        || {
            fresh();
            number += 1;
            let queue = folder.path().join(format!("{number}.pq"));
            recorder(&url, &queue, sync, u32::try_from(per_transaction).expect("a number"), events)
        },
        || {
            fresh();
            let size = (events * PAIRS, per_transaction * PAIRS, 64 * 1024);
            let time = bare::copy(&server.url("bench"), &G_CUSTOM_DATA_S, size, |n| rows.row(n));
            rate((events * PAIRS) as u64, time)
        },
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "memory") {
        return memory();
    }
    let given: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![10, 103, 500] } else { given };
    let syncs = if arguments.iter().any(|argument| argument == "full") {
        vec![Sync::Full]
    } else {
        vec![Sync::Normal]
    };
    let server = Postgres::start_with(PostgresOptions { fsync: true });
    server.create_database("bench");
    for sync in syncs {
        for &size in &sizes {
            let events = EVENTS.div_ceil(size) * size;
            let rows = Rows::new(events);
            on_sqlite(size, events, sync, &rows);
            on_postgresql(&server, size, events, sync, &rows);
        }
    }
}
