//! The dry run: a log goes through the recorder's rules, and what they decide is shown.

use std::convert::Infallible;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tbus_db::{Table, Value};
use tbus_recorder::directory::Directory;
use tbus_recorder::interpret::{
    Arrival, Counters, Decision, Interpreter, Outcome as Fate, Remark, Sink, Update,
};
use tlib_proto::{AttributeId, MessageId, MessageRef, ValueRef};

use super::show::{self, Summary};
use crate::blocks::{Blocks, Item};
use crate::exit::{Exit, Failure, Outcome, say};
use crate::input::Input;
use crate::output::Out;
use crate::record::RuleArgs;

/// What `tbus icon explain` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus icon explain tserver.log\n  \
    tbus icon explain --options icon.ini --adata-spec ccon_adata_spec.xml tserver.log\n  \
    tbus serve --log - | tbus icon explain - --format json\n\n\
    Every event of the log counts, as for a recorder that is registered on all DNs; requests do not count. Nothing is \
    stored, no database is needed.\nWithout --options, store-event-data is all, as for `tbus record`; the vendor's \
    default is none.")]
pub(super) struct ExplainArgs {
    /// T-Server log, or - for standard input
    #[arg(value_name = "LOGFILE")]
    log: String,
    #[command(flatten)]
    rules: RuleArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // A block for each event, for people.
    Table,
    // One line of JSON per decision, and one with the sums at the end.
    Json,
}

/// What became of a pair in one table.
pub(super) struct Line {
    pub(super) source: &'static str,
    pub(super) key: Vec<u8>,
    pub(super) value: Shown,
    pub(super) fate: Fate,
}

/// A value as it can be shown.
pub(super) enum Shown {
    Text(String),
    Int(i32),
    Long(u64),
    Binary(Vec<u8>),
    List(usize),
    /// The call has lost the key.
    Deleted,
}

impl Shown {
    fn new(value: Option<ValueRef<'_>>) -> Self {
        match value {
            None => Self::Deleted,
            Some(ValueRef::Int(number)) => Self::Int(number),
            Some(ValueRef::Long(number)) => Self::Long(number),
            Some(ValueRef::List(list)) => Self::List(list.len()),
            Some(ValueRef::Binary(bytes) | ValueRef::Other(_, bytes)) => Self::Binary(bytes.to_vec()),
            Some(value) => Self::Text(show::text(value.as_text().unwrap_or_default())),
        }
    }
}

/// Listens to decisions; rows go nowhere.
#[derive(Default)]
struct Listener {
    lines: Vec<Line>,
    counters: Counters,
}

impl Sink for Listener {
    type Error = Infallible;

    fn insert(&mut self, _: &'static Table, _: &[Value<'_>]) -> Result<(), Infallible> {
        Ok(())
    }

    fn update(&mut self, _: Update<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn decided(&mut self, decision: &Decision<'_>) {
        self.counters.count(decision);
        self.lines.push(Line {
            source: decision.source.name(),
            key: decision.key.to_vec(),
            value: Shown::new(decision.value),
            fate: decision.outcome,
        });
    }

    fn remarked(&mut self, remark: Remark) {
        self.counters.remark(remark);
    }
}

/// One event, as its block begins.
pub(super) struct Event<'a> {
    pub(super) line: u64,
    pub(super) message: MessageId,
    pub(super) dn: Option<&'a [u8]>,
}

/// Reads the log and shows what becomes of it.
pub(super) fn run(args: &ExplainArgs) -> Outcome {
    let rules = args.rules.read()?;
    let mut interpreter = Interpreter::new(
        Arc::new(rules.options),
        Arc::new(rules.specification),
        Arc::new(Directory::default()),
    );
    let mut blocks = Blocks::new(Input::open(Some(&args.log))?);
    let mut out = Out::new();
    let mut summary = Summary::default();
    while let Some(item) = blocks.next()? {
        for complaint in blocks.complaints() {
            say(&format!("{}: line {}: left out: {}", blocks.name(), complaint.line, complaint.reason));
        }
        let Item::Message(message) = item else { continue };
        if message.id().is_request() {
            summary.requests += 1;
            continue;
        }
        let listener = hear(&mut interpreter, message.view());
        let dn = message.view().text(AttributeId::THIS_DN).ok().flatten();
        let event = Event { line: blocks.began(), message: message.id(), dn };
        summary.add(&listener.counters, &listener.lines);
        match args.format {
            Format::Table => show::table(&event, &listener.lines, &mut out)?,
            Format::Json => show::json(&event, &listener.lines, &mut out)?,
        }
    }
    finish(args.format, blocks.name(), &summary, &mut out)
}

fn hear(interpreter: &mut Interpreter, message: MessageRef<'_>) -> Listener {
    let mut listener = Listener::default();
    let arrival = Arrival { session: 0, at: 0, message };
    match interpreter.event(&arrival, &mut listener) {
        Ok(()) => listener,
        Err(never) => match never {},
    }
}

fn finish(format: Format, name: &str, summary: &Summary, out: &mut Out) -> Result<Exit, Failure> {
    match format {
        Format::Table => summary.table(out)?,
        Format::Json => summary.json(out)?,
    }
    out.flush()?;
    if summary.events == 0 {
        say(&match summary.requests {
            0 => format!("{name}: no messages in it (`message <Name>` lines)"),
            _ => format!("{name}: requests only; a recorder hears the events that the server sends"),
        });
    }
    Ok(Exit::Done)
}
