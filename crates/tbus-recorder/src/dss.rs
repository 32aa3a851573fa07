//! Data-source sessions: what the queue carries of them, and their rows in the G_DSS tables (facts `icon` 1.8).

use serde::{Deserialize, Serialize};
use tbus_db::{DbError, Table, Transaction, Value};
use tlib_proto::MessageRef;

use crate::directory::Directory;
use crate::generated::idb::dictionary::ds_type;
use crate::generated::idb::{self, GDssProvider, Gsys};
use crate::options::Options;
use crate::source::{self, Connection};
use crate::time::{self, Moment};

/// A session that began, as the queue carries it. Times are in microseconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// When, by the recorder's clock.
    pub(crate) at: i64,
    /// The same by the server's clock, if its greeting told.
    pub(crate) server_at: Option<i64>,
    /// When the recorder was started.
    pub(crate) started: i64,
    /// The T-Server's name.
    pub(crate) server: String,
}

/// A session that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// When, by the recorder's clock.
    pub(crate) at: i64,
    /// Whether the recorder ends, too.
    pub(crate) shutdown: bool,
}

/// What changes a session's row; `G_DSS_PROVIDER` stands for the table's name.
const CLOSE: &str = include_str!("../sql/dss/close.sql");
const EVENTS: &str = include_str!("../sql/dss/events.sql");

/// The first and the last event of a session within one transaction.
#[derive(Clone, Copy, Debug)]
struct Span {
    session: i32,
    first: Seen,
    last: Seen,
}

/// When an event was received and sent, and its sequence number.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Microseconds since 1970, the recorder's clock.
    at: i64,
    /// The server's.
    server_at: i64,
    sequence: u64,
}

/// A table that is kept, and what changes its rows.
#[derive(Debug)]
struct Kept {
    table: &'static Table,
    events: String,
    close: String,
}

impl Kept {
    fn new(table: &'static Table) -> Self {
        let of_table = |sql: &str| sql.replace("G_DSS_PROVIDER", table.name);
        Self { table, events: of_table(EVENTS), close: of_table(CLOSE) }
    }
}

/// The tables that are kept, and what fills them.
#[derive(Debug)]
pub(crate) struct Monitor {
    tables: Vec<Kept>,
    icon: i32,
    server: i32,
    switch: i32,
    spans: Vec<Span>,
}

impl Monitor {
    /// With `use-dss-monitor`, the table of every role that the recorder has and that hears the T-Server: gcc and gud.
    /// (Agent logins, gls, are not stored; gos and cfg hear other servers.)
    pub(crate) fn new(options: &Options, directory: &Directory) -> Self {
        let mut tables = Vec::new();
        if options.use_dss_monitor {
            if options.roles.gcc {
                tables.push(Kept::new(&idb::G_DSS_GCC_PROVIDER));
            }
            if options.roles.gud {
                tables.push(Kept::new(&idb::G_DSS_GUD_PROVIDER));
            }
        }
        let (icon, server, switch) = (directory.icon, directory.t_server, directory.switch);
        Self { tables, icon, server, switch, spans: Vec::new() }
    }

    /// A session has begun.
    pub(crate) fn opened(
        &mut self,
        tx: &mut Transaction<'_>,
        session: i32,
        opened: &Opened,
    ) -> Result<(), DbError> {
        let server_at = opened.server_at.unwrap_or(opened.at);
        let begun = Moment::new(server_at);
        let row = GDssProvider {
            dss_id: session,
            icon_dbid: self.icon,
            ds_dbid: Some(self.server),
            ds_dbid_prim: Some(self.server),
            ds2_dbid: Some(self.switch),
            ds_type: Some(ds_type::T_SERVER),
            icon_stime: Some(opened.started),
            dsconn_stime: Some(opened.at),
            dsconn_sdstime: Some(server_at),
            dsconn_sdsts: begun.seconds,
            dsconn_type: Some(opened.connection.number()),
            added: begun.added(),
            gsys: Gsys { gsys_domain: Some(session), ..Gsys::default() },
            ..GDssProvider::default()
        };
        let row = row.values();
        for kept in &self.tables {
            tx.row(kept.table, &row)?;
        }
        Ok(())
    }

    /// An event of a session, received then, was stored.
    pub(crate) fn event(&mut self, session: i32, at: i64, event: MessageRef<'_>) {
        if self.tables.is_empty() {
            return;
        }
        let server_at = time::of(event).unwrap_or(at);
        let seen = Seen { at, server_at, sequence: source::sequence(event).unwrap_or_default() };
        match self.spans.last_mut() {
            Some(span) if span.session == session => span.last = seen,
            _ => self.spans.push(Span { session, first: seen, last: seen }),
        }
    }

    /// Writes which events were stored so far. Once before the end of a transaction, and before a session's end.
    pub(crate) fn write(&mut self, tx: &mut Transaction<'_>) -> Result<(), DbError> {
        for Span { session, first, last } in self.spans.drain(..) {
            let (first_sequence, last_sequence) = (hex(first.sequence), hex(last.sequence));
            for kept in &self.tables {
                tx.execute(
                    &kept.events,
                    &[
                        Value::Time(first.at),
                        Value::Time(first.server_at),
                        Value::Text(&first_sequence),
                        seconds(first.server_at),
                        Value::Time(last.at),
                        Value::Time(last.server_at),
                        Value::Text(&last_sequence),
                        seconds(last.server_at),
                        Value::Int(session.into()),
                    ],
                )?;
            }
        }
        Ok(())
    }

    /// A session has ended.
    pub(crate) fn closed(
        &mut self,
        tx: &mut Transaction<'_>,
        session: i32,
        closed: &Closed,
    ) -> Result<(), DbError> {
        self.write(tx)?;
        let shutdown = if closed.shutdown { Value::Time(closed.at) } else { Value::Null };
        for kept in &self.tables {
            let values = [Value::Time(closed.at), shutdown, Value::Int(session.into())];
            tx.execute(&kept.close, &values)?;
        }
        Ok(())
    }
}

fn seconds(micros: i64) -> Value<'static> {
    Moment::new(micros).seconds.map_or(Value::Null, |seconds| Value::Int(seconds.into()))
}

/// A sequence number as the log prints it: 16 hex digits (log).
fn hex(sequence: u64) -> String {
    format!("{sequence:016x}")
}
