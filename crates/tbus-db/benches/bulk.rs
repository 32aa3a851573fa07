//! Rows through `Transaction::row` beside the same rows by hand: a bare multi-row insert of SQLite, a bare binary COPY of
//! PostgreSQL. Rows have 24 columns, of which 15 hold something.
//!
//! `cargo bench -p tbus-db`, optionally with rows of a transaction (`-- 600 6000`). Each line is the median of pairs that
//! run one after the other, in turns; PostgreSQL is measured when its programs are installed.

use std::path::Path;
use std::time::{Duration, Instant};

use tbus_db::{Column, Database, DatabaseUrl, Kind, OpenOptions, Table, Value, sqlite};
use tlib_testkit::{Postgres, PostgresOptions};

mod bare;

/// Rows of one measurement.
const ROWS: usize = 120_000;
const PAIRS: usize = 7;
const START: i64 = 1_384_478_060_757_000;

macro_rules! columns {
    ($($name:literal $kind:ident),*) => { &[$(Column { name: $name, kind: Kind::$kind }),*] };
}

static TABLE: Table = Table {
    name: "data",
    columns: columns![
        "c00" Text, "c01" Text, "c02" Int4, "c03" Int4, "c04" Text, "c05" Int4, "c06" Int4, "c07" Int4, "c08" Text,
        "c09" Text, "c10" Time, "c11" Int4, "c12" Int4, "c13" Int4, "c14" Int4, "c15" Int4, "c16" Int8, "c17" Int8,
        "c18" Int4, "c19" Int4, "c20" Text, "c21" Text, "c22" Int4, "c23" Int4
    ],
};

fn row(n: usize) -> [Value<'static>; 24] {
    use Value::{Int, Null, Text, Time};
    const KEYS: [&str; 4] =
        ["gms_ServiceName", "gms_SessionEventSeq", "_CB_T_CALLBACK_ACCEPTED", "_CB_SERVICE_ID"];
    const VALUES: [&str; 4] =
        ["inbound-delay", "3", "2013-11-15T01:14:20.757Z", "345-e22b1dd4-cd63-4b9e-8d0c"];
    let seq = n as i64;
    [
        Null,
        Null,
        Int(0),
        Int(101),
        Text("REPORTING"),
        Null,
        Int(7),
        Int(1),
        Text(KEYS[n % 4]),
        Text(VALUES[n % 4]),
        // Twelve rows are one event.
        Time(START + seq / 12 * 1_000),
        Int(1_384_478_060),
        Int(1_384_477_800),
        Int(3),
        Null,
        Null,
        Int(seq),
        Int(0),
        Null,
        Null,
        Text("0000000000000ef8"),
        Null,
        Int(3_832),
        Null,
    ]
}

fn create(engine_time: &str, id: &str) -> String {
    let columns: Vec<String> = TABLE
        .columns
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::Int4 => "integer",
                Kind::Int8 => "bigint",
                Kind::Text => "text",
                Kind::Time => engine_time,
            };
            format!("{} {kind}", column.name)
        })
        .collect();
    format!("DROP TABLE IF EXISTS data; CREATE TABLE data (id {id}, {})", columns.join(", "))
}

fn ours(database: &mut Database, per_transaction: usize) -> Duration {
    let start = Instant::now();
    for first in (0..ROWS).step_by(per_transaction) {
        let mut transaction = database.begin().expect("begin");
        for n in first..(first + per_transaction).min(ROWS) {
            transaction.row(&TABLE, &row(n)).expect("row");
        }
        transaction.commit().expect("commit");
    }
    start.elapsed()
}

/// Runs pairs in turns and prints the medians.
fn compare(what: &str, mut ours: impl FnMut() -> Duration, mut bare: impl FnMut() -> Duration) {
    let rate = |time: Duration| ROWS as f64 / time.as_secs_f64() / 1_000.0;
    let (mut pairs, mut own, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (a, b) = if pair % 2 == 0 {
            let a = rate(ours());
            (a, rate(bare()))
        } else {
            let b = rate(bare());
            (rate(ours()), b)
        };
        pairs.push(a / b);
        own.push(a);
        others.push(b);
    }
    let spread = pairs.iter().copied().fold((f64::MAX, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    println!(
        "{what:<44} {:>7.0}k rows/s  bare {:>7.0}k  ratio {:.2} ({:.2}-{:.2})",
        bare::median(own),
        bare::median(others),
        bare::median(pairs),
        spread.0,
        spread.1
    );
}

fn on_sqlite(folder: &Path, per_transaction: usize) {
    let path = folder.join("bulk.db");
    let options = OpenOptions::default();
    let fresh = || {
        for name in ["bulk.db", "bulk.db-wal", "bulk.db-shm"] {
            let _ = std::fs::remove_file(folder.join(name));
        }
        let connection = sqlite::open(&path, &options).expect("open");
        connection.execute_batch(&create("text", "integer primary key")).expect("a table");
        connection
    };
    compare(
        &format!("SQLite, {per_transaction} rows a transaction"),
        || {
            drop(fresh());
            ours(&mut Database::open(&DatabaseUrl::sqlite(&path), &options).expect("open"), per_transaction)
        },
        || bare::sqlite(&fresh(), &TABLE, (ROWS, per_transaction), row),
    );
}

fn on_postgresql(server: &Postgres, per_transaction: usize) {
    let url: DatabaseUrl = server.url("bench").parse().expect("a URL");
    let fresh = || {
        let mut database = Database::open(&url, &OpenOptions::default()).expect("open");
        database.script(&create("timestamp", "bigint generated always as identity")).expect("a table");
        database
    };
    for piece in [64 * 1024, usize::MAX / 2] {
        let sent = if piece == 64 * 1024 { "64 KiB pieces" } else { "one piece" };
        compare(
            &format!("COPY, {per_transaction} rows, bare in {sent}"),
            || ours(&mut fresh(), per_transaction),
            || {
                drop(fresh());
                {
                    let size = (ROWS, per_transaction, piece.min(per_transaction * 256));
                    bare::copy(&server.url("bench"), &TABLE, size, row)
                }
            },
        );
    }
}

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![600, 6_000] } else { given };
    let folder = tempfile::tempdir().expect("a folder");
    for &size in &sizes {
        on_sqlite(folder.path(), size);
    }
    let server = Postgres::start_with(PostgresOptions { fsync: true });
    server.create_database("bench");
    for &size in &sizes {
        on_postgresql(&server, size);
    }
}
