//! A transaction of SQLite with multi-row inserts.

use std::fmt;
use std::fmt::Write as _;

use rusqlite::{CachedStatement, Connection};

use super::{execute, failed, kind, query, text};
use crate::error::{DbError, ErrorKind};
use crate::rows::Rows;
use crate::time::TimeText;
use crate::value::{Kind, Table, Value};

/// Rows of one statement: from here on more rows save nothing (measured; see the bench).
const ROWS: usize = 100;
/// Placeholders of one statement, well below SQLite's own limit of 32,766.
const PLACEHOLDERS: usize = 16_000;

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

/// The insert of one table: a statement whose placeholders fill up row by row.
struct Insert<'a> {
    table: &'static Table,
    statement: CachedStatement<'a>,
    /// Rows that the statement takes.
    capacity: usize,
    /// Rows that are bound.
    bound: usize,
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
            _ => self.find(table)?,
        };
        self.last = index;
        let Some(insert) = self.inserts.get_mut(index) else { return Ok(()) };
        insert.add(values, &mut self.times).map_err(|wrong| insert.wrong(self.name, wrong))?;
        if insert.bound == insert.capacity {
            insert.run(self.name)?;
        }
        self.rows += 1;
        Ok(())
    }

    #[cold]
    fn find(&mut self, table: &'static Table) -> Result<usize, DbError> {
        if let Some(index) = self.inserts.iter().position(|insert| std::ptr::eq(insert.table, table)) {
            return Ok(index);
        }
        self.inserts.push(Insert::prepare(self.connection, self.name, table)?);
        Ok(self.inserts.len() - 1)
    }

    pub(crate) fn flush(&mut self) -> Result<(), DbError> {
        for insert in &mut self.inserts {
            if insert.bound > 0 {
                insert.run(self.name)?;
            }
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

/// Why a row cannot be bound.
enum Wrong {
    Count(usize),
    Value { column: usize, why: &'static str },
    Bind(rusqlite::Error),
}

impl<'a> Insert<'a> {
    fn prepare(connection: &'a Connection, name: &str, table: &'static Table) -> Result<Self, DbError> {
        let columns = table.columns.len();
        let capacity = PLACEHOLDERS.checked_div(columns).unwrap_or(1).clamp(1, ROWS);
        let sql = insert_sql(table, capacity);
        let statement = connection.prepare_cached(&sql).map_err(|cause| {
            DbError::new(kind(&cause), name, format!("inserting into {}", table.name), text(&cause))
        })?;
        Ok(Self { table, statement, capacity, bound: 0, set: vec![false; columns * capacity] })
    }

    #[inline]
    fn add(&mut self, values: &[Value<'_>], times: &mut TimeText) -> Result<(), Wrong> {
        let columns = self.table.columns;
        if values.len() != columns.len() {
            return Err(Wrong::Count(values.len()));
        }
        let first = self.bound * columns.len();
        let set = self.set.get_mut(first..).unwrap_or_default();
        for (index, ((value, column), set)) in values.iter().zip(columns).zip(set).enumerate() {
            let wrong = |why| Err(Wrong::Value { column: index, why });
            let place = first + index + 1;
            let bound = match *value {
                Value::Null if !*set => continue,
                Value::Null => {
                    *set = false;
                    self.statement.raw_bind_parameter(place, rusqlite::types::Null).map_err(Wrong::Bind)?;
                    continue;
                }
                Value::Int(value) => match column.kind {
                    Kind::Int8 => self.statement.raw_bind_parameter(place, value),
                    Kind::Int4 if i32::try_from(value).is_ok() => {
                        self.statement.raw_bind_parameter(place, value)
                    }
                    Kind::Int4 => return wrong("the integer does not fit into 4 bytes"),
                    Kind::Text | Kind::Time => {
                        return wrong("an integer was given, which the column does not hold");
                    }
                },
                Value::Text(text) if column.kind == Kind::Text => {
                    if text.as_bytes().contains(&0) {
                        return wrong("the text has a U+0000 in it");
                    }
                    self.statement.raw_bind_parameter(place, text)
                }
                Value::Text(_) => return wrong("a text was given, which the column does not hold"),
                Value::Time(micros) if column.kind == Kind::Time => match times.of(micros) {
                    Some(time) => self.statement.raw_bind_parameter(place, time),
                    None => return wrong("the time is not in the years 1 to 9999"),
                },
                Value::Time(_) => return wrong("a time was given, which the column does not hold"),
            };
            bound.map_err(Wrong::Bind)?;
            *set = true;
        }
        self.bound += 1;
        Ok(())
    }

    /// Inserts the rows that are bound.
    fn run(&mut self, name: &str) -> Result<(), DbError> {
        let limit = self.table.columns.len() * self.capacity + 1;
        let done = self
            .statement
            .raw_bind_parameter(limit, self.bound as i64)
            .and_then(|()| self.statement.raw_execute());
        self.bound = 0;
        done.map(|_| ()).map_err(|cause| self.wrong(name, Wrong::Bind(cause)))
    }

    #[cold]
    fn wrong(&self, name: &str, wrong: Wrong) -> DbError {
        let (kind, cause) = match wrong {
            Wrong::Count(given) => {
                let wanted = self.table.columns.len();
                (ErrorKind::Other, format!("a row of {wanted} columns was given {given} values"))
            }
            Wrong::Value { column, why } => {
                let column = self.table.columns.get(column).map_or("?", |column| column.name);
                (ErrorKind::Other, format!("column {column}: {why}"))
            }
            Wrong::Bind(cause) => (kind(&cause), text(&cause)),
        };
        DbError::new(kind, name, format!("inserting into {}", self.table.name), cause)
    }
}

fn insert_sql(table: &Table, rows: usize) -> String {
    let mut sql = format!("INSERT INTO {} (", table.name);
    for (index, column) in table.columns.iter().enumerate() {
        let _ = write!(sql, "{}{}", if index > 0 { "," } else { "" }, column.name);
    }
    sql.push_str(") SELECT * FROM (VALUES ");
    let places = vec!["?"; table.columns.len()].join(",");
    for row in 0..rows {
        let _ = write!(sql, "{}({places})", if row > 0 { "," } else { "" });
    }
    sql.push_str(") LIMIT ?");
    sql
}
