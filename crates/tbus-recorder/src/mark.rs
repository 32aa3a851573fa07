//! The mark that makes every queue transaction reach the database exactly once: its number, written with its rows.

use tbus_db::{Database, DbError, Transaction, Value};

const READ: &str = include_str!("../sql/mark/read.sql");
const SESSIONS: &str = include_str!("../sql/mark/sessions.sql");
const INSERT: &str = include_str!("../sql/mark/insert.sql");
const WRITE: &str = include_str!("../sql/mark/write.sql");

/// What the database has of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its last transaction.
    pub(crate) transaction: u64,
    /// The last data-source session in it.
    pub(crate) session: i32,
}

/// The mark of a queue; `None` when it was never used with this database.
pub(crate) fn read(database: &mut Database, queue: &str) -> Result<Option<Mark>, DbError> {
    let rows = database.query(READ, &[Value::Text(queue)])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let transaction = u64::try_from(row.int(0)?).unwrap_or_default();
    Ok(Some(Mark { transaction, session: session(row.int(1)?) }))
}

/// The highest session number in the database.
pub(crate) fn sessions(database: &mut Database) -> Result<i32, DbError> {
    let rows = database.query(SESSIONS, &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0).map(session))
}

/// Has the database know a queue.
pub(crate) fn insert(database: &mut Database, queue: &str, now: i64) -> Result<(), DbError> {
    let mut tx = database.begin()?;
    tx.execute(INSERT, &[Value::Text(queue), Value::Time(now)])?;
    tx.commit().map(|_| ())
}

/// Marks a transaction as written; part of the transaction that writes it. `false`: it is there already.
pub(crate) fn write(
    tx: &mut Transaction<'_>,
    queue: &str,
    transaction: u64,
    session: i32,
    now: i64,
) -> Result<bool, DbError> {
    let number = Value::Int(i64::try_from(transaction).unwrap_or(i64::MAX));
    let values = [number, Value::Int(session.into()), Value::Time(now), Value::Text(queue), number];
    Ok(tx.execute(WRITE, &values)? > 0)
}

fn session(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}
