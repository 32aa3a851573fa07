//! Rows through `Transaction::row` beside the same rows by hand: a bare multi-row insert of SQLite, a bare binary COPY of
//! PostgreSQL. Rows have 24 columns, of which 15 hold something.
//!
//! `cargo bench -p tbus-db`, optionally with rows of a transaction (`-- 600 6000`). Each line is the median of pairs that
//! run one after the other, in turns; PostgreSQL is measured when its programs are installed.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt;
use tbus_db::rusqlite::{Connection, types::Null};
use tbus_db::{Column, Database, DatabaseUrl, Kind, OpenOptions, Table, Value, format_time, sqlite};
use tlib_testkit::{Postgres, PostgresOptions};
use tokio_postgres::NoTls;

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

/// What a careful hand writes: one prepared statement of 100 rows, every value bound, times already formatted.
fn bare_sqlite(connection: &Connection, per_transaction: usize) -> Duration {
    const MANY: usize = 100;
    let places = format!("({})", ["?"; 24].join(","));
    let names: Vec<&str> = TABLE.columns.iter().map(|column| column.name).collect();
    let sql = |rows: usize| {
        format!("INSERT INTO data ({}) VALUES {}", names.join(","), vec![places.as_str(); rows].join(","))
    };
    let (mut many, mut one) =
        (connection.prepare(&sql(MANY)).expect("sql"), connection.prepare(&sql(1)).expect("sql"));
    let time = format_time(START).expect("a time");
    let start = Instant::now();
    for first in (0..ROWS).step_by(per_transaction) {
        connection.execute_batch("BEGIN IMMEDIATE").expect("begin");
        let end = (first + per_transaction).min(ROWS);
        let mut n = first;
        while n < end {
            let (statement, rows) = if end - n >= MANY { (&mut many, MANY) } else { (&mut one, 1) };
            let mut place = 0;
            for n in n..n + rows {
                for value in row(n) {
                    place += 1;
                    match value {
                        Value::Null => statement.raw_bind_parameter(place, Null),
                        Value::Int(value) => statement.raw_bind_parameter(place, value),
                        Value::Text(text) => statement.raw_bind_parameter(place, text),
                        Value::Time(_) => statement.raw_bind_parameter(place, time.as_str()),
                    }
                    .expect("bind");
                }
            }
            statement.raw_execute().expect("insert");
            n += rows;
        }
        connection.execute_batch("COMMIT").expect("commit");
    }
    start.elapsed()
}

fn encode(out: &mut Vec<u8>, values: &[Value<'_>]) {
    out.extend_from_slice(&24_i16.to_be_bytes());
    for (value, column) in values.iter().zip(TABLE.columns) {
        match value {
            Value::Null => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            Value::Int(value) if column.kind == Kind::Int8 => {
                out.extend_from_slice(&8_i32.to_be_bytes());
                out.extend_from_slice(&value.to_be_bytes());
            }
            Value::Int(value) => {
                out.extend_from_slice(&4_i32.to_be_bytes());
                out.extend_from_slice(&(*value as i32).to_be_bytes());
            }
            Value::Text(text) => {
                out.extend_from_slice(&(text.len() as i32).to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Value::Time(micros) => {
                out.extend_from_slice(&8_i32.to_be_bytes());
                out.extend_from_slice(&(micros - 946_684_800_000_000).to_be_bytes());
            }
        }
    }
}

/// One prepared COPY a transaction, sent in pieces of `piece` bytes while rows are encoded.
fn bare_copy(url: &str, per_transaction: usize, piece: usize) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connect");
        tokio::spawn(connection);
        let names: Vec<&str> = TABLE.columns.iter().map(|column| column.name).collect();
        let sql = format!("COPY data ({}) FROM STDIN BINARY", names.join(","));
        let statement = client.prepare(&sql).await.expect("prepare");
        let start = Instant::now();
        for first in (0..ROWS).step_by(per_transaction) {
            client.batch_execute("BEGIN").await.expect("begin");
            let mut sink = Box::pin(client.copy_in::<_, Bytes>(&statement).await.expect("copy"));
            let mut out = Vec::with_capacity(piece + 1_024);
            out.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
            for n in first..(first + per_transaction).min(ROWS) {
                encode(&mut out, &row(n));
                if out.len() >= piece {
                    let full = std::mem::replace(&mut out, Vec::with_capacity(piece + 1_024));
                    sink.send(full.into()).await.expect("send");
                    tokio::task::yield_now().await;
                }
            }
            out.extend_from_slice(&(-1_i16).to_be_bytes());
            sink.send(out.into()).await.expect("send");
            sink.as_mut().finish().await.expect("finish");
            client.batch_execute("COMMIT").await.expect("commit");
        }
        start.elapsed()
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
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
        median(own),
        median(others),
        median(pairs),
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
        || bare_sqlite(&fresh(), per_transaction),
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
                bare_copy(&server.url("bench"), per_transaction, piece.min(per_transaction * 256))
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
