//! From the interaction database to the Info Mart: user events become facts, facts become sums.
//!
//! A run reads the rows of `G_CUSTOM_DATA_S` after the last one that the Info Mart knows of, in pages, and writes what each
//! page gives in one transaction, together with how far it has read: it may be killed anywhere and begun again. The
//! interaction database is only read, a page at a time, so that a recorder beside it is never held up. The Info Mart is
//! claimed, so that there is one run at a time. The rules stand in `protocol-spec/infomart.md`.

mod aggregate;
mod calendar;
mod dimension;
mod event;
mod load;
mod lookup;
mod rules;
mod summary;

use std::fmt;
use std::ops::ControlFlow;

use event::{Assembler, End, Event, SourceRow};
use load::{Commit, Loader};
#[cfg(test)]
pub(crate) use rules::number;
pub use rules::{Doubt, Reason};
use rules::{Verdict, judge};
pub use summary::Summary;
use tbus_db::{Database, DatabaseUrl, DbError, OpenOptions, Value};

use crate::keys::{KEYS, slot};
use crate::schema::{self, SchemaError};

const READ: &str = include_str!("../../sql/etl/read.sql");
const READ_MARK: &str = include_str!("../../sql/etl/read_mark.sql");
const ROW_AT: &str = include_str!("../../sql/etl/row_at.sql");
const FIRST_ROW: &str = include_str!("../../sql/etl/first_row.sql");

/// What a run is told.
#[derive(Clone, Debug)]
pub struct EtlOptions {
    /// The interaction database. It is opened read-only.
    pub idb: DatabaseUrl,
    /// The Info Mart. An empty database gets its tables.
    pub info_mart: DatabaseUrl,
    /// Whether sums are made. What is left out is made by the next run that makes them.
    pub aggregates: bool,
    /// Names of tenants by DBID; those that are not in TENANT are added before events are read.
    pub tenants: Vec<(i32, String)>,
    /// The time of the run, UTC seconds.
    pub now: i64,
    /// Rows of a page and so of a transaction, at least 1.
    pub page: u32,
}

impl EtlOptions {
    /// Rows of a page (chosen: with more, runs are not faster).
    pub const PAGE: u32 = 200_000;

    /// Sums are made, no tenants are named.
    pub fn new(idb: DatabaseUrl, info_mart: DatabaseUrl, now: i64) -> Self {
        Self { idb, info_mart, aggregates: true, tenants: Vec::new(), now, page: Self::PAGE }
    }
}

/// An event that gave no fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// Id of the callback, if the event has one.
    pub service: Option<String>,
    /// GSYS_DOMAIN of the event.
    pub session: i32,
    /// Its sequence number as the recorder wrote it.
    pub sequence: String,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Discarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service.as_deref().unwrap_or("(unknown)");
        let Self { session, sequence, reason, .. } = self;
        write!(f, "service {service}: no fact: {reason} (session {session}, event {sequence})")
    }
}

/// A value that is doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubted {
    /// Id of the callback.
    pub service: String,
    /// The key.
    pub key: &'static str,
    /// Its value, cut to what a column holds.
    pub value: String,
    /// What is wrong with it.
    pub doubt: Doubt,
}

impl fmt::Display for Doubted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, key, value, doubt } = self;
        write!(f, "service {service}: {key} = {value:?}: {doubt}")
    }
}

/// Who hears of a run.
pub trait Observer {
    /// An event gave no fact.
    fn discarded(&mut self, _discarded: Discarded) {}
    /// A value is doubtful.
    fn doubted(&mut self, _doubted: Doubted) {}
    /// After every event. `Break` ends the run; what is not committed is not there then.
    fn progress(&mut self, _summary: &Summary) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Nobody listens.
impl Observer for () {}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EtlError {
    /// A database has failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A database has not the tables that are needed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The Info Mart was filled from another interaction database.
    #[error(
        "{idb}: row {id} of G_CUSTOM_DATA_S is not the one that was read last for {info_mart}, so that one was filled from \
         another database, or this one was made anew: name the right one, or another Info Mart"
    )]
    OtherSource {
        /// The interaction database, without password.
        idb: String,
        /// The Info Mart, without password.
        info_mart: String,
        /// The row.
        id: i64,
    },
    /// The observer said so.
    #[error("stopped; what was committed stays, and the next run goes on from there")]
    Stopped,
}

/// Reads what is new, and writes facts and sums.
///
/// # Errors
///
/// A database that cannot be opened, fails, or is of another version; an Info Mart that another run has claimed, or that was
/// filled from another interaction database. What was committed before stays.
pub fn run(options: &EtlOptions, observer: &mut dyn Observer) -> Result<Summary, EtlError> {
    let open = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
    let mut idb = Database::open(&options.idb, &open)?;
    schema::check_source(&mut idb, &options.idb)?;
    let open = OpenOptions { sole_writer: true, ..OpenOptions::default() };
    let mut mart = Database::open(&options.info_mart, &open)?;
    schema::prepare(&mut mart, &options.info_mart)?;
    let from = mark(options, &mut idb, &mut mart)?;
    let mut loader = Loader::new(&mut mart, options.now)?;
    let mut run =
        Run { options, observer, assembler: Assembler::new(), summary: Summary::default(), position: from };
    if !options.tenants.is_empty() {
        loader.name_tenants(&mut mart, &options.tenants)?;
    }
    while run.page(&mut idb, &mut mart, &mut loader)? {}
    let mut summary = run.summary;
    if options.aggregates {
        summary.periods = aggregate::run(&mut mart, loader.now(), || loader.next_audit())?;
    }
    Ok(summary)
}

/// The ID after which there is something new.
fn mark(options: &EtlOptions, idb: &mut Database, mart: &mut Database) -> Result<i64, EtlError> {
    let rows = mart.query(READ_MARK, &[])?;
    let Some(mark) = rows.first() else { return Ok(0) };
    let id = mark.int(0)?;
    let there = idb.query(ROW_AT, &[Value::Int(id)])?;
    let same = match there.first() {
        Some(row) => {
            let has = |at| Ok::<_, DbError>(row.int_or_null(at)? == mark.int_or_null(at + 1)?);
            has(0)? && has(1)? && has(2)?
        }
        // Old rows are purged, the new ones are behind them in both numbers; a database that was made anew begins with 1.
        None => match idb.query(FIRST_ROW, &[])?.first() {
            Some(row) => row.int(0)? > id && row.int_or_null(1)? > mark.int_or_null(1)?,
            None => false,
        },
    };
    if same {
        return Ok(id);
    }
    Err(EtlError::OtherSource { idb: options.idb.to_string(), info_mart: options.info_mart.to_string(), id })
}

/// A run under way.
struct Run<'a> {
    options: &'a EtlOptions,
    observer: &'a mut dyn Observer,
    assembler: Assembler,
    summary: Summary,
    /// ID of the last row that was read.
    position: i64,
}

impl Run<'_> {
    /// Reads one page and commits what its events give. `false`: there is no more.
    fn page(
        &mut self,
        idb: &mut Database,
        mart: &mut Database,
        loader: &mut Loader,
    ) -> Result<bool, EtlError> {
        let limit = i64::from(self.options.page.max(1));
        let mut commit = loader.begin(mart)?;
        let mut end = None;
        let mut rows = 0_i64;
        let from = [Value::Int(self.position), Value::Int(limit)];
        idb.each(READ, &from, |row| {
            let row = SourceRow::of(row)?;
            rows += 1;
            if self.assembler.ends_before(&row) {
                self.event(&mut commit, &mut end)?;
            }
            self.position = row.id;
            self.summary.rows += 1;
            self.assembler.add(&row);
            Ok::<(), EtlError>(())
        })?;
        let more = rows == limit;
        if !more && self.assembler.is_under_way() {
            // An event's rows are written in one transaction: there are no more of it.
            self.event(&mut commit, &mut end)?;
        }
        if let Some(end) = end {
            let written = commit.finish(end)?;
            self.summary.commits += 1;
            self.summary.sessions += written.sessions;
        }
        Ok(more)
    }

    /// What the event under way gives.
    fn event(&mut self, commit: &mut Commit<'_, '_>, end: &mut Option<End>) -> Result<(), EtlError> {
        let Some(event) = self.assembler.take() else { return Ok(()) };
        self.summary.events += 1;
        self.summary.unknown_keys += event.unknown;
        match judge(event) {
            Verdict::NotOurs => self.summary.not_callback += 1,
            Verdict::Discard(reason) => {
                commit.discard(event, &reason)?;
                self.summary.discard(&reason);
                self.observer.discarded(discarded(event, reason));
            }
            Verdict::Fact(mut reading) => {
                if commit.fact(&mut reading)? {
                    self.summary.facts += 1;
                    for (slot, doubt) in &reading.doubts {
                        let Some(key) = KEYS.get(*slot) else { continue };
                        self.summary.doubt(key.name, *doubt);
                        self.observer.doubted(doubted(event, *slot, key.name, *doubt));
                    }
                } else {
                    self.summary.duplicates += 1;
                }
            }
        }
        *end = Some(event.end);
        match self.observer.progress(&self.summary) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(EtlError::Stopped),
        }
    }
}

fn discarded(event: &Event, reason: Reason) -> Discarded {
    Discarded {
        service: event.text(slot::CB_SERVICE_ID).map(str::to_owned),
        session: event.domain,
        sequence: event.sequence_text().to_owned(),
        reason,
    }
}

fn doubted(event: &Event, slot: usize, key: &'static str, doubt: Doubt) -> Doubted {
    let text = |slot| event.text(slot).unwrap_or_default().to_owned();
    Doubted { service: text(slot::CB_SERVICE_ID), key, value: text(slot), doubt }
}
