//! One commit of the transform: facts, what they refer to, and how far is read, in one transaction of the Info Mart.

use std::collections::HashMap;

use tbus_db::{Database, DbError, Kind, Transaction, Value};

use super::calendar::Calendar;
use super::dimension::Dimension;
use super::event::{End, Event};
use super::lookup::{Lookup, name_tenants};
use super::rules::{Reading, Reason, quarter};
use crate::keys::{KEYS, slot};
use crate::mart::{self, CallbackFact, CtlAuditLog, CtlTbusMark, CtlTbusSession, StgTransformDiscards};

const LAST_AUDIT_KEY: &str = include_str!("../../sql/etl/last_audit_key.sql");
const FIND_SESSION: &str = include_str!("../../sql/etl/find_session.sql");
const SESSION_SEQUENCE: &str = include_str!("../../sql/etl/session_sequence.sql");
const FIND_FACT: &str = include_str!("../../sql/etl/find_fact.sql");
const FORGET_MARK: &str = include_str!("../../sql/etl/forget_mark.sql");
const PENDING: &str = include_str!("../../sql/etl/pending.sql");
/// Audit keys that a commit leaves free below its own, for sessions that are new in it (chosen).
const FREE: i64 = 15;
/// Sessions that are kept in memory from commit to commit (chosen).
const KEPT: usize = 100_000;
/// Characters of `STG_TRANSFORM_DISCARDS.GUID`.
const GUID_MAX: usize = StgTransformDiscards::GUID_MAX;

/// What fills a column of `CALLBACK_FACT`.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Number(usize),
    Text(usize),
    Added,
    Session,
    Sequence,
    Audit,
    Tenant,
    Start,
    Queue,
    Dimension(usize),
    Zero,
    Null,
}

/// A data-source session.
#[derive(Clone, Copy, Debug)]
struct Session {
    audit: i64,
    /// Highest EVENT_SEQUENCE of its facts.
    last: i32,
    changed: bool,
}

/// What stays from commit to commit.
#[derive(Debug)]
pub(crate) struct Loader {
    fills: Vec<Fill>,
    dimensions: Vec<Dimension>,
    lookup: Lookup,
    calendar: Calendar,
    sessions: HashMap<i32, Session>,
    last_audit: i64,
    /// UTC seconds.
    now: i32,
}

/// What a commit has written so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) facts: i64,
    pub(crate) sessions: u64,
    first: Option<i32>,
    last: Option<i32>,
}

/// A commit under way.
pub(crate) struct Commit<'l, 'd> {
    loader: &'l mut Loader,
    tx: Transaction<'d>,
    audit: i64,
    pub(crate) written: Written,
}

impl Loader {
    pub(crate) fn new(database: &mut Database, now: i64) -> Result<Self, DbError> {
        let dimensions = Dimension::all(database)?;
        let rows = database.query(LAST_AUDIT_KEY, &[])?;
        let last_audit = rows.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(Self {
            fills: fills(&dimensions),
            dimensions,
            lookup: Lookup::new(database)?,
            calendar: Calendar::default(),
            sessions: HashMap::new(),
            last_audit,
            now: i32::try_from(now.max(0)).unwrap_or(i32::MAX),
        })
    }

    /// Begins a commit.
    pub(crate) fn begin<'l, 'd>(&'l mut self, database: &'d mut Database) -> Result<Commit<'l, 'd>, DbError> {
        let tx = database.begin()?;
        let audit = self.last_audit + FREE + 1;
        Ok(Commit { loader: self, tx, audit, written: Written::default() })
    }

    /// A key for a commit without sessions.
    pub(crate) fn next_audit(&mut self) -> i64 {
        self.last_audit += FREE + 1;
        self.last_audit
    }

    /// Gives tenants their names, in a transaction of its own that does nothing else.
    pub(crate) fn name_tenants(
        &mut self,
        database: &mut Database,
        tenants: &[(i32, String)],
    ) -> Result<(), DbError> {
        let mut tx = database.begin()?;
        name_tenants(tenants, self.last_audit, &mut tx)?;
        tx.commit().map(|_| ())
    }

    pub(crate) fn now(&self) -> i32 {
        self.now
    }
}

impl Commit<'_, '_> {
    /// Writes a fact; `false`: it is there already.
    pub(crate) fn fact(&mut self, reading: &mut Reading<'_>) -> Result<bool, DbError> {
        let session = self.session(reading.event.domain)?;
        if reading.sequence <= session.last {
            // Numbers rise within a session, so this is another report of a known event, or the low 31 bits have begun
            // again.
            let key = [reading.added_ts.into(), session.audit, reading.sequence.into()].map(Value::Int);
            if !self.tx.query(FIND_FACT, &key)?.is_empty() {
                return Ok(false);
            }
        } else if let Some(kept) = self.loader.sessions.get_mut(&reading.event.domain) {
            (kept.last, kept.changed) = (reading.sequence, true);
        }
        let Self { loader, tx, audit, written } = self;
        let audit = *audit;
        let start = reading.start_key();
        loader.calendar.hold(start, tx)?;
        let tenant = loader.lookup.tenant(reading, tx)?;
        let queue = loader.lookup.queue(reading, audit, tx)?;
        let mut keys = [0; 5];
        for (dimension, key) in loader.dimensions.iter_mut().zip(&mut keys) {
            *key = dimension.key(reading, audit, tx)?;
        }
        let mut values = [Value::Null; CallbackFact::WIDTH];
        for (value, fill) in values.iter_mut().zip(&loader.fills) {
            *value = match *fill {
                Fill::Number(slot) => Value::Int(reading.number(slot).into()),
                Fill::Text(slot) => reading.event.text(slot).map_or(Value::Null, Value::Text),
                Fill::Added => Value::Int(reading.added_ts.into()),
                Fill::Session => Value::Int(session.audit),
                Fill::Sequence => Value::Int(reading.sequence.into()),
                Fill::Audit => Value::Int(audit),
                Fill::Tenant => Value::Int(tenant.into()),
                Fill::Start => Value::Int(start.into()),
                Fill::Queue => Value::Int(queue.into()),
                Fill::Dimension(at) => Value::Int(keys.get(at).copied().unwrap_or_default().into()),
                Fill::Zero => Value::Int(0),
                Fill::Null => Value::Null,
            };
        }
        tx.row(&mart::CALLBACK_FACT, &values)?;
        written.facts += 1;
        written.first = Some(written.first.map_or(start, |first| first.min(start)));
        written.last = Some(written.last.map_or(start, |last| last.max(start)));
        Ok(true)
    }

    /// Writes why an event gave no fact.
    pub(crate) fn discard(&mut self, event: &Event, reason: &Reason) -> Result<(), DbError> {
        let now = self.loader.now;
        self.loader.calendar.hold(now, &mut self.tx)?;
        let text = reason.to_string();
        let row = StgTransformDiscards {
            table_name: mart::CALLBACK_FACT.name,
            interaction_id: -2,
            guid: event.text(slot::CB_SERVICE_ID).map(|service| cut(service, GUID_MAX)),
            create_audit_key: self.audit,
            code: i32::try_from(reason.code()).unwrap_or_default(),
            reason: cut(&text, StgTransformDiscards::REASON_MAX),
            etl_ts: now,
            etl_date_time_key: quarter(now),
        };
        self.tx.row(&mart::STG_TRANSFORM_DISCARDS, &row.values())
    }

    /// The session of this number; it gets its key when it is new.
    fn session(&mut self, domain: i32) -> Result<Session, DbError> {
        if let Some(session) = self.loader.sessions.get(&domain) {
            return Ok(*session);
        }
        let rows = self.tx.query(FIND_SESSION, &[Value::Int(domain.into())])?;
        let session = match rows.first() {
            Some(row) => Session {
                audit: row.int(0)?,
                last: i32::try_from(row.int(1)?).unwrap_or(i32::MAX),
                changed: false,
            },
            None => self.new_session(domain)?,
        };
        self.loader.sessions.insert(domain, session);
        Ok(session)
    }

    fn new_session(&mut self, domain: i32) -> Result<Session, DbError> {
        let nth = i64::try_from(self.written.sessions).unwrap_or(i64::MAX);
        self.written.sessions += 1;
        // The first ones fit below the commit's own key.
        let audit = match nth < FREE {
            true => self.audit - FREE + nth,
            false => self.audit + 1 + nth - FREE,
        };
        let now = self.loader.now;
        let row = CtlTbusSession { gsys_domain: domain, audit_key: audit, last_sequence: -1 };
        self.tx.row(&mart::CTL_TBUS_SESSION, &row.values())?;
        let log = CtlAuditLog {
            audit_key: audit,
            job_name: "Job_ExtractICON",
            processing_status: "COMMITTED",
            created_ts: now,
            data_source_session: Some(domain),
            ..CtlAuditLog::default()
        };
        self.tx.row(&mart::CTL_AUDIT_LOG, &log.values())?;
        Ok(Session { audit, last: -1, changed: false })
    }

    /// Writes how far is read, and commits.
    pub(crate) fn finish(mut self, end: End) -> Result<Written, DbError> {
        let Self { loader, tx, audit, written } = &mut self;
        for (domain, session) in &mut loader.sessions {
            if std::mem::take(&mut session.changed) {
                let values = [Value::Int(session.last.into()), Value::Int((*domain).into())];
                tx.execute(SESSION_SEQUENCE, &values)?;
            }
        }
        if loader.sessions.len() >= KEPT {
            loader.sessions.clear();
        }
        let log = CtlAuditLog {
            audit_key: *audit,
            job_name: "Job_TransformGIM",
            processing_status: "COMMITTED",
            min_date_time_key: written.first,
            max_date_time_key: written.last,
            created_ts: loader.now,
            row_count: written.facts,
            ..CtlAuditLog::default()
        };
        tx.row(&mart::CTL_AUDIT_LOG, &log.values())?;
        if written.facts > 0 {
            tx.execute(PENDING, &[Value::Int(*audit)])?;
        }
        let mark = CtlTbusMark {
            id: 1,
            last_id: end.id,
            last_sequence: end.insert,
            last_domain: int4(end.domain),
            last_added_ts: int4(end.added_ts),
            updated_ts: loader.now,
        };
        tx.execute(FORGET_MARK, &[])?;
        tx.row(&mart::CTL_TBUS_MARK, &mark.values())?;
        let beyond = i64::try_from(written.sessions).unwrap_or(i64::MAX).saturating_sub(FREE).max(0);
        loader.last_audit = *audit + beyond;
        let written = *written;
        self.tx.commit()?;
        Ok(written)
    }
}

/// What fills each column of `CALLBACK_FACT`.
fn fills(dimensions: &[Dimension]) -> Vec<Fill> {
    let fill = |column: &tbus_db::Column| match column.name {
        "ADDED_TS" => Fill::Added,
        "DS_AUDIT_KEY" => Fill::Session,
        "EVENT_SEQUENCE" => Fill::Sequence,
        "CREATE_AUDIT_KEY" | "UPDATE_AUDIT_KEY" => Fill::Audit,
        "TENANT_KEY" => Fill::Tenant,
        "START_DATE_TIME_KEY" => Fill::Start,
        "RESOURCE_KEY" => Fill::Queue,
        "PRODUCER_BATCH_ID" => Fill::Null,
        name => {
            let of = |dimension: &Dimension| name.strip_suffix("_KEY") == Some(dimension.name());
            if let Some(at) = dimensions.iter().position(of) {
                return Fill::Dimension(at);
            }
            let target = format!("{}.{name}", mart::CALLBACK_FACT.name);
            match KEYS.iter().position(|key| key.targets.contains(&target.as_str())) {
                Some(slot) if column.kind == Kind::Text => Fill::Text(slot),
                Some(slot) => Fill::Number(slot),
                None => Fill::Zero,
            }
        }
    };
    mart::CALLBACK_FACT.columns.iter().map(fill).collect()
}

/// A number of the interaction database as its column there holds it.
fn int4(number: Option<i64>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number).ok())
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}
