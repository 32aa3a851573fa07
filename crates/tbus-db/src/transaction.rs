//! Transactions with bulk inserts.

use crate::error::{DbError, ErrorKind};
use crate::rows::Rows;
use crate::value::{Table, Value};
use crate::{postgresql, sqlite};

/// A transaction. Dropping it rolls it back.
///
/// After an error of any of its methods it can only be dropped: everything later is an error, too.
#[derive(Debug)]
pub struct Transaction<'a> {
    engine: Engine<'a>,
    failed: bool,
}

#[derive(Debug)]
enum Engine<'a> {
    Sqlite(sqlite::Bulk<'a>),
    Postgresql(postgresql::Bulk<'a>),
}

impl<'a> Transaction<'a> {
    pub(crate) fn sqlite(bulk: sqlite::Bulk<'a>) -> Self {
        Self { engine: Engine::Sqlite(bulk), failed: false }
    }

    pub(crate) fn postgresql(bulk: postgresql::Bulk<'a>) -> Self {
        Self { engine: Engine::Postgresql(bulk), failed: false }
    }

    /// Adds one row to a table. It may wait in memory (bounded) until [`flush`](Self::flush), `execute`, `query` or
    /// `commit`; nothing is promised about the order among tables before that. Rows of one table keep their order.
    ///
    /// # Errors
    /// When the number of values is not that of the table's columns, a value is not of its column's kind, a text has a
    /// U+0000, or the database fails. An error of the database can belong to an earlier row.
    #[inline]
    pub fn row(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), DbError> {
        if self.failed {
            return Err(self.has_failed());
        }
        let done = match &mut self.engine {
            Engine::Sqlite(bulk) => bulk.row(table, values),
            Engine::Postgresql(bulk) => bulk.row(table, values),
        };
        self.failed = done.is_err();
        done
    }

    /// Sends every row that waits.
    ///
    /// # Errors
    /// When the database does not take them.
    pub fn flush(&mut self) -> Result<(), DbError> {
        if self.failed {
            return Err(self.has_failed());
        }
        let done = match &mut self.engine {
            Engine::Sqlite(bulk) => bulk.flush(),
            Engine::Postgresql(bulk) => bulk.flush(),
        };
        self.failed = done.is_err();
        done
    }

    /// Flushes, then runs one statement; gives the number of rows that it changed.
    ///
    /// # Errors
    /// When it fails or the number of values is not that of its placeholders.
    pub fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        self.flush()?;
        let done = match &mut self.engine {
            Engine::Sqlite(bulk) => bulk.execute(sql, values),
            Engine::Postgresql(bulk) => bulk.execute(sql, values),
        };
        self.failed = done.is_err();
        done
    }

    /// Flushes, then runs one query and brings all its rows.
    ///
    /// # Errors
    /// When it fails or the number of values is not that of its placeholders.
    pub fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        self.flush()?;
        let done = match &mut self.engine {
            Engine::Sqlite(bulk) => bulk.query(sql, values),
            Engine::Postgresql(bulk) => bulk.query(sql, values),
        };
        self.failed = done.is_err();
        done
    }

    /// Flushes and commits; gives the number of rows that [`row`](Self::row) brought.
    ///
    /// # Errors
    /// When the database does not take everything. With [`ErrorKind::Broken`] it is not known whether the commit has
    /// happened: ask the database after it was opened again.
    pub fn commit(mut self) -> Result<u64, DbError> {
        self.flush()?;
        match self.engine {
            Engine::Sqlite(bulk) => bulk.commit(),
            Engine::Postgresql(bulk) => bulk.commit(),
        }
    }

    #[cold]
    fn has_failed(&self) -> DbError {
        let name = match &self.engine {
            Engine::Sqlite(bulk) => bulk.name(),
            Engine::Postgresql(bulk) => bulk.name(),
        };
        DbError::new(
            ErrorKind::Other,
            name,
            "transaction",
            "a call before has failed; drop it and begin again",
        )
    }
}
