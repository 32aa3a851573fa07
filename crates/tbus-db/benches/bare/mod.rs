//! Bulk inserts as a careful hand writes them, without this project's code: what its own are measured beside.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt;
use tbus_db::rusqlite::{Connection, types::Null};
use tbus_db::{Kind, Table, Value, format_time};
use tokio_postgres::NoTls;

/// What a careful hand writes: one prepared statement of 100 rows, every value bound, times already formatted.
pub(crate) fn sqlite<'v, const N: usize>(
    connection: &Connection,
    table: &Table,
    (rows, per_transaction): (usize, usize),
    row: impl Fn(usize) -> [Value<'v>; N],
) -> Duration {
    const MANY: usize = 100;
    let places = format!("({})", ["?"; N].join(","));
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let sql = |many: usize| {
        format!(
            "INSERT INTO {} ({}) VALUES {}",
            table.name,
            names.join(","),
            vec![places.as_str(); many].join(",")
        )
    };
    let (mut many, mut one) =
        (connection.prepare(&sql(MANY)).expect("sql"), connection.prepare(&sql(1)).expect("sql"));
    // Rows of one event share their time, as everywhere.
    let mut formatted = (0, String::new());
    let start = Instant::now();
    for first in (0..rows).step_by(per_transaction) {
        connection.execute_batch("BEGIN IMMEDIATE").expect("begin");
        let end = (first + per_transaction).min(rows);
        let mut n = first;
        while n < end {
            let (statement, many) = if end - n >= MANY { (&mut many, MANY) } else { (&mut one, 1) };
            let mut place = 0;
            for n in n..n + many {
                for value in row(n) {
                    place += 1;
                    match value {
                        Value::Null => statement.raw_bind_parameter(place, Null),
                        Value::Int(value) => statement.raw_bind_parameter(place, value),
                        Value::Text(text) => statement.raw_bind_parameter(place, text),
                        Value::Time(at) => {
                            if formatted.0 != at || formatted.1.is_empty() {
                                formatted = (at, format_time(at).expect("a time"));
                            }
                            statement.raw_bind_parameter(place, formatted.1.as_str())
                        }
                    }
                    .expect("bind");
                }
            }
            statement.raw_execute().expect("insert");
            n += many;
        }
        connection.execute_batch("COMMIT").expect("commit");
    }
    start.elapsed()
}

fn encode(out: &mut Vec<u8>, table: &Table, values: &[Value<'_>]) {
    out.extend_from_slice(&(values.len() as i16).to_be_bytes());
    for (value, column) in values.iter().zip(table.columns) {
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
pub(crate) fn copy<'v, const N: usize>(
    url: &str,
    table: &Table,
    (rows, per_transaction, piece): (usize, usize, usize),
    row: impl Fn(usize) -> [Value<'v>; N],
) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connect");
        tokio::spawn(connection);
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, names.join(","));
        let statement = client.prepare(&sql).await.expect("prepare");
        let start = Instant::now();
        for first in (0..rows).step_by(per_transaction) {
            client.batch_execute("BEGIN").await.expect("begin");
            let mut sink = Box::pin(client.copy_in::<_, Bytes>(&statement).await.expect("copy"));
            let mut out = Vec::with_capacity(piece + 1_024);
            out.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
            for n in first..(first + per_transaction).min(rows) {
                encode(&mut out, table, &row(n));
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

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
