//! A transaction of SQLite with multi-row inserts.

use std::fmt;
use std::ops::Range;

use rusqlite::{CachedStatement, Connection};

use super::waiting::{Columns, Waiting};
use super::{execute, failed, kind, query, text};
use crate::error::{DbError, ErrorKind};
use crate::rows::Rows;
use crate::time::TimeText;
use crate::value::{Table, Value};

/// Rows of one statement: from here on more rows save little (measured; see the bench). The smaller ones are for the
/// rows that are left when a transaction flushes; one statement with a LIMIT would do, but takes three times as long.
const SIZES: [usize; 4] = [100, 25, 5, 1];
/// Placeholders of one statement, below SQLite's own limit of 32,766.
const PLACEHOLDERS: usize = 32_000;

/// A transaction; rolled back when dropped.
pub(crate) struct Bulk<'a> {
    connection: &'a Connection,
    name: &'a str,
    inserts: Vec<Insert<'a>>,
    /// Where the last row went: most rows go where the one before went.
    last: usize,
    times: TimeText,
    rows: u64,
    open: bool,
}

/// The inserts of one table.
struct Insert<'a> {
    table: &'static Table,
    rows: Waiting,
    /// Rows that make the largest statement run.
    most: usize,
    /// A statement for each of the sizes, the largest first; prepared when it is needed.
    statements: [Option<Statement<'a>>; SIZES.len()],
}

/// A prepared insert of some rows.
struct Statement<'a> {
    statement: CachedStatement<'a>,
    /// The columns that it names.
    columns: Columns,
    /// Which placeholders hold something: those that are NULL and become NULL again are left alone.
    set: Vec<bool>,
}

impl fmt::Debug for Bulk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("database", &self.name).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'a> Bulk<'a> {
    pub(super) fn begin(connection: &'a Connection, name: &'a str) -> Result<Self, DbError> {
        run(connection, name, "BEGIN IMMEDIATE")?;
        Ok(Self {
            connection,
            name,
            inserts: Vec::new(),
            last: 0,
            times: TimeText::new(),
            rows: 0,
            open: true,
        })
    }

    #[inline]
    pub(crate) fn row(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), DbError> {
        let index = match self.inserts.get(self.last) {
            Some(insert) if std::ptr::eq(insert.table, table) => self.last,
            _ => self.find(table),
        };
        self.last = index;
        let Some(insert) = self.inserts.get_mut(index) else { return Ok(()) };
        if let Err((column, why)) = insert.rows.add(table, values) {
            return Err(wrong(self.name, table, values.len(), column, why));
        }
        self.rows += 1;
        if insert.rows.len() >= insert.most {
            return insert.run(self.connection, self.name, &mut self.times);
        }
        Ok(())
    }

    #[cold]
    fn find(&mut self, table: &'static Table) -> usize {
        if let Some(index) = self.inserts.iter().position(|insert| std::ptr::eq(insert.table, table)) {
            return index;
        }
        self.inserts.push(Insert::new(table));
        self.inserts.len() - 1
    }

    pub(crate) fn flush(&mut self) -> Result<(), DbError> {
        for insert in &mut self.inserts {
            insert.run(self.connection, self.name, &mut self.times)?;
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        execute(self.connection, self.name, sql, values)
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        query(self.connection, self.name, sql, values)
    }

    pub(crate) fn commit(mut self) -> Result<u64, DbError> {
        run(self.connection, self.name, "COMMIT")?;
        self.open = false;
        Ok(self.rows)
    }
}

impl Drop for Bulk<'_> {
    fn drop(&mut self) {
        // Some errors have rolled it back already. Nothing is left to do when this fails: the next BEGIN says so.
        if self.open && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

fn run(connection: &Connection, name: &str, sql: &'static str) -> Result<(), DbError> {
    connection.execute_batch(sql).map_err(|cause| failed(name, sql, &cause))
}

impl<'a> Insert<'a> {
    fn new(table: &'static Table) -> Self {
        let fits = |rows: &usize| rows * table.columns.len() <= PLACEHOLDERS;
        let most = SIZES.into_iter().find(fits).unwrap_or(1);
        Self { table, rows: Waiting::default(), most, statements: [const { None }; SIZES.len()] }
    }

    /// Inserts every row that waits.
    fn run(&mut self, connection: &'a Connection, name: &str, times: &mut TimeText) -> Result<(), DbError> {
        let Self { table, rows, most, statements } = self;
        let mut first = 0;
        for (size, statement) in SIZES.into_iter().zip(statements).filter(|(size, _)| size <= most) {
            while rows.len() - first >= size {
                let columns = rows.used();
                let statement = match &mut *statement {
                    Some(statement) if statement.columns == columns => Ok(statement),
                    other => Statement::prepare(connection, table, columns, size)
                        .map(|prepared| other.insert(prepared)),
                };
                statement.and_then(|statement| statement.run(rows, first..first + size, times)).map_err(
                    |cause| {
                        DbError::new(
                            kind(&cause),
                            name,
                            format!("inserting into {}", table.name),
                            text(&cause),
                        )
                    },
                )?;
                first += size;
            }
        }
        rows.clear();
        Ok(())
    }
}

impl<'a> Statement<'a> {
    fn prepare(
        connection: &'a Connection,
        table: &Table,
        columns: Columns,
        rows: usize,
    ) -> rusqlite::Result<Self> {
        let statement = connection.prepare_cached(&insert_sql(table, columns, rows))?;
        let places = columns.of(table).count() * rows;
        Ok(Self { statement, columns, set: vec![false; places] })
    }

    fn run(&mut self, rows: &Waiting, which: Range<usize>, times: &mut TimeText) -> rusqlite::Result<()> {
        for (place, (value, set)) in (1..).zip(rows.values(which).zip(&mut self.set)) {
            match value {
                Value::Null if !*set => continue,
                Value::Null => self.statement.raw_bind_parameter(place, rusqlite::types::Null),
                Value::Int(value) => self.statement.raw_bind_parameter(place, value),
                Value::Text(text) => self.statement.raw_bind_parameter(place, text),
                // It was checked when the row came.
                Value::Time(micros) => self.statement.raw_bind_parameter(place, times.of(micros)),
            }?;
            *set = value != Value::Null;
        }
        self.statement.raw_execute().map(|_| ())
    }
}

#[cold]
fn wrong(name: &str, table: &Table, given: usize, column: usize, why: &str) -> DbError {
    let cause = match table.columns.get(column) {
        Some(column) => format!("column {}: {why}", column.name),
        None => format!("a row of {} columns was given {given} values", table.columns.len()),
    };
    DbError::new(ErrorKind::Other, name, format!("inserting into {}", table.name), cause)
}

/// It is made once for each transaction and size, so without formatting.
fn insert_sql(table: &Table, columns: Columns, rows: usize) -> String {
    let mut places = String::with_capacity(2 * table.columns.len() + 2);
    let mut names = String::new();
    for column in columns.of(table) {
        places.push_str(if places.is_empty() { "(?" } else { ",?" });
        names.push_str(if names.is_empty() { " (" } else { "," });
        names.push_str(column.name);
    }
    places.push_str("),");
    let mut sql = String::with_capacity(64 + names.len() + places.len() * rows);
    sql.push_str("INSERT INTO ");
    sql.push_str(table.name);
    sql.push_str(&names);
    sql.push_str(") VALUES ");
    for _ in 0..rows {
        sql.push_str(&places);
    }
    sql.pop();
    sql
}
