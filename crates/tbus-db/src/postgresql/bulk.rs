//! A transaction of PostgreSQL with binary COPY.

use std::fmt;
use std::fmt::Write as _;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::CopyInSink;

use super::copy::{self, Wrong};
use super::{Engine, error};
use crate::error::{DbError, ErrorKind};
use crate::rows::Rows;
use crate::value::{Table, Value};

/// Bytes of one table that make a COPY begin, or its next piece go out, while rows still arrive: the server works on
/// them meanwhile (measured; see the bench).
const PIECE: usize = 64 * 1024;
/// Bytes of one table that may wait while another table's COPY is open (chosen).
const MOST: usize = 8 * 1024 * 1024;
/// How long a rollback may take before the connection is given up (chosen).
const ROLLBACK: Duration = Duration::from_secs(5);

/// A transaction; rolled back when dropped.
pub(crate) struct Bulk<'a> {
    engine: &'a mut Engine,
    tables: Vec<Waiting>,
    /// Where the last row went: most rows go where the one before went.
    last: usize,
    /// The COPY that is open. A connection has at most one.
    copy: Option<Copy>,
    rows: u64,
    open: bool,
}

/// A table's rows that wait.
struct Waiting {
    rows: copy::Rows,
    /// Rows that its open COPY was given.
    sent: u64,
}

/// An open COPY.
struct Copy {
    table: usize,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl fmt::Debug for Bulk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("database", &self.engine.name)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl<'a> Bulk<'a> {
    pub(super) fn new(engine: &'a mut Engine) -> Self {
        Self { engine, tables: Vec::new(), last: 0, copy: None, rows: 0, open: true }
    }

    #[inline]
    pub(crate) fn row(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), DbError> {
        let index = match self.tables.get(self.last) {
            Some(waiting) if std::ptr::eq(waiting.rows.table, table) => self.last,
            _ => self.find(table),
        };
        self.last = index;
        let Some(waiting) = self.tables.get_mut(index) else { return Ok(()) };
        let begin = waiting.rows.len() == 0 && waiting.sent == 0;
        if let Err(cause) = waiting.rows.add(values, begin) {
            return Err(wrong(&self.engine.name, table, &cause));
        }
        self.rows += 1;
        let bytes = waiting.rows.len();
        if bytes >= PIECE { self.piece(index, bytes) } else { Ok(()) }
    }

    fn find(&mut self, table: &'static Table) -> usize {
        if let Some(index) = self.tables.iter().position(|waiting| std::ptr::eq(waiting.rows.table, table)) {
            return index;
        }
        self.tables.push(Waiting { rows: copy::Rows::new(table), sent: 0 });
        self.tables.len() - 1
    }

    /// Sends what waits for a table if that is possible now, or if too much waits.
    fn piece(&mut self, index: usize, bytes: usize) -> Result<(), DbError> {
        match &self.copy {
            Some(copy) if copy.table != index && bytes < MOST => Ok(()),
            Some(copy) if copy.table != index => {
                self.finish()?;
                self.send(index, false)
            }
            _ => self.send(index, false),
        }
    }

    /// Sends what waits for a table; its COPY begins when none is open.
    fn send(&mut self, index: usize, last: bool) -> Result<(), DbError> {
        let Some(waiting) = self.tables.get_mut(index) else { return Ok(()) };
        let table = waiting.rows.table;
        let failed =
            |name: &str, cause| error(name, &format!("inserting into {}", table.name), &cause, false);
        let engine = &mut *self.engine;
        let mut copy = match self.copy.take() {
            Some(copy) => copy,
            None => {
                let sink = begin(engine, table).map_err(|cause| failed(&engine.name, cause))?;
                Copy { table: index, sink: Box::pin(sink) }
            }
        };
        waiting.sent += waiting.rows.waiting();
        let bytes = waiting.rows.take(last, if last { 0 } else { PIECE + PIECE / 8 });
        let sent = engine.link.run(|_| copy.sink.send(bytes));
        match sent {
            Ok(()) => {
                self.copy = Some(copy);
                Ok(())
            }
            // The server has ended the COPY; finishing it brings the reason.
            Err(cause) => match engine.link.run(|_| copy.sink.as_mut().finish()) {
                Err(reason @ super::link::Error::Postgres(_)) => Err(failed(&engine.name, reason)),
                _ => Err(failed(&engine.name, cause)),
            },
        }
    }

    /// Ends the COPY that is open.
    fn finish(&mut self) -> Result<(), DbError> {
        let Some(index) = self.copy.as_ref().map(|copy| copy.table) else { return Ok(()) };
        self.send(index, true)?;
        let (Some(mut copy), Some(waiting)) = (self.copy.take(), self.tables.get_mut(index)) else {
            return Ok(());
        };
        let doing = format!("inserting into {}", waiting.rows.table.name);
        let sent = std::mem::take(&mut waiting.sent);
        let taken = self.engine.link.run(|_| copy.sink.as_mut().finish());
        match taken {
            Ok(taken) if taken == sent => Ok(()),
            Ok(taken) => {
                let cause =
                    format!("{sent} rows were sent, {taken} are there; is there a trigger or a rule?");
                Err(DbError::new(ErrorKind::Other, &self.engine.name, doing, cause))
            }
            Err(cause) => Err(error(&self.engine.name, &doing, &cause, false)),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), DbError> {
        self.finish()?;
        for index in 0..self.tables.len() {
            if self.tables.get(index).is_some_and(|waiting| waiting.rows.waiting() > 0) {
                self.open_copy(index)?;
                self.finish()?;
            }
        }
        Ok(())
    }

    /// Begins the COPY of a table without sending anything yet.
    fn open_copy(&mut self, index: usize) -> Result<(), DbError> {
        let Some(waiting) = self.tables.get(index) else { return Ok(()) };
        let table = waiting.rows.table;
        let sink = begin(self.engine, table).map_err(|cause| {
            error(&self.engine.name, &format!("inserting into {}", table.name), &cause, false)
        })?;
        self.copy = Some(Copy { table: index, sink: Box::pin(sink) });
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.engine.name
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        self.engine.execute(sql, values)
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        self.engine.query(sql, values)
    }

    pub(crate) fn commit(mut self) -> Result<u64, DbError> {
        self.engine.batch("COMMIT", "COMMIT")?;
        self.open = false;
        Ok(self.rows)
    }
}

impl Drop for Bulk<'_> {
    fn drop(&mut self) {
        // A COPY that is dropped fails on the server, and the rollback follows it.
        self.copy = None;
        if self.open {
            // When it does not get there, the connection is lost, and the server rolls back.
            let _ = self.engine.link.run_within(ROLLBACK, |client| client.batch_execute("ROLLBACK"));
        }
    }
}

fn begin(engine: &mut Engine, table: &Table) -> Result<CopyInSink<Bytes>, super::link::Error> {
    let mut sql = format!("COPY {} (", table.name);
    for (index, column) in table.columns.iter().enumerate() {
        let _ = write!(sql, "{}{}", if index > 0 { "," } else { "" }, column.name);
    }
    sql.push_str(") FROM STDIN BINARY");
    let statement = engine.statement(&sql)?;
    engine.link.run(|client| client.copy_in(&statement))
}

#[cold]
fn wrong(name: &str, table: &Table, wrong: &Wrong) -> DbError {
    let cause = match wrong {
        Wrong::Count(given) => format!("a row of {} columns was given {given} values", table.columns.len()),
        Wrong::Value { column, why } => {
            format!("column {}: {why}", table.columns.get(*column).map_or("?", |column| column.name))
        }
    };
    DbError::new(ErrorKind::Other, name, format!("inserting into {}", table.name), cause)
}
