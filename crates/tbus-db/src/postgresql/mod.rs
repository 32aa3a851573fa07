//! PostgreSQL: connecting, errors, statements.

mod bulk;
mod copy;
mod link;
mod values;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Statement};

pub(crate) use self::bulk::Bulk;
use self::link::Link;
use self::values::Parameter;
use crate::database::{OpenOptions, Sync};
use crate::error::{CLAIMED, DbError, ErrorKind, shortened};
use crate::rows::{Cell, Row, Rows};
use crate::url::Server;
use crate::value::Value;

/// After how long without an acknowledgement the peer counts as gone (chosen).
const PEER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a statement waits for somebody else's lock; then it is an error, and does not hold on to its own (chosen).
const LOCK_TIMEOUT: &str = "SET lock_timeout='30s';";
/// The claim of a sole writer: an advisory lock of the connection, with a number of our own (chosen).
const CLAIM: &str = "SET lock_timeout='3s'; SELECT pg_advisory_lock(8386103186516565345)";
/// Prepared statements kept for each connection; when there are more, all are forgotten (chosen).
const STATEMENTS: usize = 256;

/// An open PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Engine {
    link: Link,
    name: String,
    statements: HashMap<String, Statement>,
}

impl Engine {
    pub(crate) fn open(name: String, server: &Server, options: &OpenOptions) -> Result<Self, DbError> {
        let mut config = Config::new();
        if server.host.starts_with('/') {
            config.host_path(&server.host);
        } else {
            config.host(&server.host);
        }
        config.port(server.port);
        if let Some(user) = &server.user {
            config.user(user);
        }
        if let Some(password) = &server.password {
            config.password(password);
        }
        if let Some(database) = &server.database {
            config.dbname(database);
        }
        config.application_name(server.application_name.as_deref().unwrap_or(&options.application_name));
        config.tcp_user_timeout(PEER_TIMEOUT);
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(4);
        let patience = server.connect_timeout.unwrap_or(options.connect_timeout);
        let link = Link::open(&config, patience, options.answer_timeout)
            .map_err(|cause| error(&name, "connecting", &cause, true))?;
        // In any other encoding there are texts that it cannot hold, and columns whose length counts bytes.
        if let Some(encoding) = link.parameter("server_encoding").filter(|encoding| *encoding != "UTF8") {
            let cause = format!(
                "the database has the encoding {encoding}; make one with CREATE DATABASE .. ENCODING 'UTF8'"
            );
            return Err(DbError::new(ErrorKind::Refused, name, "connecting", cause));
        }
        let mut engine = Self { link, name, statements: HashMap::new() };
        let mut settings = LOCK_TIMEOUT.to_owned();
        match options.sync {
            Sync::Off => settings.push_str("SET synchronous_commit=off;"),
            Sync::Normal => {}
            Sync::Full => settings.push_str("SET synchronous_commit=on;"),
        }
        if options.read_only {
            settings.push_str("SET default_transaction_read_only=on;");
        }
        if options.sole_writer {
            engine.claim()?;
        }
        engine.batch(&settings, "setting up the connection")?;
        Ok(engine)
    }

    /// Waits for the claim as long as for any lock: the connection of a process that was killed may last a moment.
    fn claim(&mut self) -> Result<(), DbError> {
        let claimed = self.link.run(|client| client.batch_execute(CLAIM));
        claimed.map_err(|cause| match &cause {
            link::Error::Postgres(told) if told.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                DbError::new(ErrorKind::Claimed, &self.name, "claiming it", CLAIMED)
            }
            _ => error(&self.name, "claiming it", &cause, false),
        })
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        // It may change tables that prepared statements know in their old form.
        self.statements.clear();
        self.batch(sql, "running a script")
    }

    pub(crate) fn begin(&mut self) -> Result<Bulk<'_>, DbError> {
        self.batch("BEGIN", "BEGIN")?;
        Ok(Bulk::new(self))
    }

    fn batch(&mut self, sql: &str, doing: &str) -> Result<(), DbError> {
        let done = self.link.run(|client| client.batch_execute(sql));
        done.map_err(|cause| error(&self.name, doing, &cause, false))
    }

    /// The prepared statement of this text; it is prepared when it is not known yet.
    fn statement(&mut self, sql: &str) -> Result<Statement, link::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.link.run(|client| client.prepare(sql))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn checked(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Statement, DbError> {
        let statement =
            self.statement(sql).map_err(|cause| error(&self.name, &shortened(sql), &cause, false))?;
        let wanted = statement.params().len();
        if wanted != values.len() {
            let cause = format!("it has {wanted} placeholders, {} values were given", values.len());
            return Err(DbError::new(ErrorKind::Other, &self.name, shortened(sql), cause));
        }
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        let statement = self.checked(sql, values)?;
        let values: Vec<Parameter<'_>> = values.iter().copied().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + std::marker::Sync)> = values.iter().map(|value| value as _).collect();
        let done = self.link.run(|client| client.execute(&statement, &values));
        done.map_err(|cause| error(&self.name, &shortened(sql), &cause, false))
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Rows, DbError> {
        let statement = self.checked(sql, values)?;
        let values: Vec<Parameter<'_>> = values.iter().copied().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + std::marker::Sync)> = values.iter().map(|value| value as _).collect();
        let found = self.link.run(|client| client.query(&statement, &values));
        let found = found.map_err(|cause| error(&self.name, &shortened(sql), &cause, false))?;
        let mut rows = Rows::new(&self.name, columns(&statement));
        for row in &found {
            rows.push(cells(row).map_err(|cause| error(&self.name, &shortened(sql), &cause.into(), false))?);
        }
        Ok(rows)
    }

    pub(crate) fn each<E: From<DbError>>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let statement = self.checked(sql, values)?;
        let failed = |name: &str, cause: &link::Error| error(name, &shortened(sql), cause, false);
        let values: Vec<Parameter<'_>> = values.iter().copied().map(Parameter).collect();
        let found = self.link.run(|client| client.query_raw(&statement, &values));
        // The connection takes no more rows from the server while a few wait here.
        let mut found = Box::pin(found.map_err(|cause| failed(&self.name, &cause))?);
        let mut rows = Rows::new(&self.name, columns(&statement));
        loop {
            let next = self.link.run(|_| found.try_next()).map_err(|cause| failed(&self.name, &cause))?;
            let Some(next) = next else { return Ok(()) };
            rows.clear();
            rows.push(cells(&next).map_err(|cause| failed(&self.name, &cause.into()))?);
            rows.first().map_or(Ok(()), &mut *each)?;
        }
    }
}

/// The names of a statement's columns.
fn columns(statement: &Statement) -> Vec<String> {
    statement.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// The cells of one row.
fn cells(row: &tokio_postgres::Row) -> Result<Vec<Cell>, tokio_postgres::Error> {
    (0..row.len()).map(|column| row.try_get(column)).collect()
}

/// The kind and words of an error of PostgreSQL.
fn error(name: &str, doing: &str, cause: &link::Error, connecting: bool) -> DbError {
    let lost = if connecting { ErrorKind::Unreachable } else { ErrorKind::Broken };
    let cause = match cause {
        link::Error::Lost => {
            return DbError::new(
                ErrorKind::Broken,
                name,
                doing,
                "the connection was lost before; open it again",
            );
        }
        link::Error::Late(patience) => {
            let cause = format!("the server does not answer within {} s", patience.as_secs_f32());
            return DbError::new(lost, name, doing, cause);
        }
        link::Error::Runtime(cause) => return DbError::new(ErrorKind::Other, name, doing, cause.to_string()),
        link::Error::Postgres(cause) => cause,
    };
    let Some(told) = cause.as_db_error() else {
        let mut text = cause.to_string();
        let mut source = std::error::Error::source(cause);
        let mut io = cause.is_closed();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            io |= cause.is::<std::io::Error>();
            source = cause.source();
        }
        // A password that is missing is said without an answer of the server.
        let kind = match io {
            true => lost,
            false if connecting => ErrorKind::Refused,
            false => ErrorKind::Other,
        };
        return DbError::new(kind, name, doing, text);
    };
    let mut text = told.message().to_owned();
    for more in [told.detail(), told.hint()].into_iter().flatten() {
        text = format!("{text}; {more}");
    }
    text = format!("{text} (SQLSTATE {})", told.code().code());
    DbError::new(kind(told.code(), lost), name, doing, text)
}

/// The kind of a SQLSTATE (PostgreSQL's documentation, appendix A).
fn kind(code: &SqlState, lost: ErrorKind) -> ErrorKind {
    match code.code() {
        "57P01" | "57P02" | "57P05" | "25P03" => ErrorKind::Broken,
        "57P03" => ErrorKind::Unreachable,
        "3D000" | "42501" | "25006" | "57P04" => ErrorKind::Refused,
        "53100" | "54023" => ErrorKind::Full,
        "40001" | "40P01" | "55P03" | "55006" => ErrorKind::Busy,
        code => match code.get(..2) {
            Some("08") => lost,
            Some("28") => ErrorKind::Refused,
            Some("23") => ErrorKind::Constraint,
            Some("53") => ErrorKind::Busy,
            _ => ErrorKind::Other,
        },
    }
}
