//! An open database.

use std::time::Duration;

use crate::error::DbError;
use crate::postgresql;
use crate::rows::{Row, Rows};
use crate::sqlite;
use crate::transaction::Transaction;
use crate::url::{DatabaseUrl, Dialect, Target};
use crate::value::Value;

/// What a commit has reached when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sync {
    /// Memory only: a power loss can cost commits (and on SQLite the file). SQLite: `synchronous=OFF`, PostgreSQL:
    /// `synchronous_commit=off`.
    Off,
    /// A power loss can cost the last commits of SQLite, never the file; PostgreSQL does as its server says.
    #[default]
    Normal,
    /// The disk. SQLite: `synchronous=FULL`, PostgreSQL: `synchronous_commit=on`.
    Full,
}

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether a SQLite file that is missing is created; a PostgreSQL database is never created.
    pub create: bool,
    /// Whether writing is refused.
    pub read_only: bool,
    /// Whether the database is claimed for this opening: another process that asks for the same is refused meanwhile;
    /// those that do not ask are not hindered. PostgreSQL: an advisory lock of the connection; SQLite: a lock on the
    /// file of the database's name with `.lock` after it.
    pub sole_writer: bool,
    /// What a commit has reached when it returns.
    pub sync: Sync,
    /// How long to wait for a PostgreSQL server, from the connect to its first readiness. The URL's `connect_timeout`
    /// comes before it.
    pub connect_timeout: Duration,
    /// How long one call may wait for a PostgreSQL server's answer; then the connection is lost. SQLite waits for nobody
    /// but another writer, for 5 seconds.
    pub answer_timeout: Duration,
    /// What a PostgreSQL server shows as the connection's application. The URL's `application_name` comes before it.
    pub application_name: String,
}

impl Default for OpenOptions {
    /// Create, write, [`Sync::Normal`], 10 and 60 seconds, `tbus` (chosen).
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            sole_writer: false,
            sync: Sync::default(),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            application_name: "tbus".to_owned(),
        }
    }
}

/// An open database. It is used by one thread at a time.
#[derive(Debug)]
pub struct Database(Engine);

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Engine),
    Postgresql(Box<postgresql::Engine>),
}

impl Database {
    /// Opens the database that the URL names.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable) when no server answers,
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) when the database is not there, is none, does not let us in, or
    /// (PostgreSQL) has another encoding than UTF8.
    pub fn open(url: &DatabaseUrl, options: &OpenOptions) -> Result<Self, DbError> {
        match &url.0 {
            Target::Sqlite(path) => {
                sqlite::Engine::open(path, options).map(|engine| Self(Engine::Sqlite(engine)))
            }
            Target::Postgresql(server) => postgresql::Engine::open(url.to_string(), server, options)
                .map(|engine| Self(Engine::Postgresql(Box::new(engine)))),
        }
    }

    /// The dialect that the database speaks.
    pub fn dialect(&self) -> Dialect {
        match self.0 {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgresql(_) => Dialect::Postgresql,
        }
    }

    /// Runs statements that are separated by `;`, without parameters and results: for schemas.
    ///
    /// # Errors
    /// When one of them fails; those before it have taken effect unless the script has its own transaction.
    pub fn script(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.0 {
            Engine::Sqlite(engine) => engine.script(sql),
            Engine::Postgresql(engine) => engine.script(sql),
        }
    }

    /// Runs one query and brings all its rows: for small control queries.
    ///
    /// # Errors
    /// When the query fails or the number of values is not that of its placeholders.
    pub fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        match &mut self.0 {
            Engine::Sqlite(engine) => engine.query(sql, values),
            Engine::Postgresql(engine) => engine.query(sql, values),
        }
    }

    /// Runs one query and hands over its rows one after the other, of which only a few are in memory at a time. When `row`
    /// gives an error, that is the end.
    ///
    /// # Errors
    /// When the query fails, the number of values is not that of its placeholders, or `row` gives an error.
    pub fn each<E: From<DbError>>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut row: impl FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &mut self.0 {
            Engine::Sqlite(engine) => engine.each(sql, values, &mut row),
            Engine::Postgresql(engine) => engine.each(sql, values, &mut row),
        }
    }

    /// Begins a transaction, which is rolled back unless it is committed. On SQLite it takes the right to write at once.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy) when another process keeps writing for longer than 5 seconds.
    pub fn begin(&mut self) -> Result<Transaction<'_>, DbError> {
        match &mut self.0 {
            Engine::Sqlite(engine) => engine.begin().map(Transaction::sqlite),
            Engine::Postgresql(engine) => engine.begin().map(Transaction::postgresql),
        }
    }
}
