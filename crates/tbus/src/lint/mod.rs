//! `tbus lint callback`: callback user events of logs, captures, JSON lines or an interaction database, checked.

mod print;

use std::io::BufRead;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};
use tbus_db::{DatabaseUrl, ErrorKind};
use tbus_workbench::lint::{
    At, CallData, Checked, Finding, LintError, Severity, Source, Traffic, TrafficLint, lint_database,
};
use tlib_capture::packet::{CaptureReader, ReadOptions};
use tlib_capture::read::LogReader;
use tlib_proto::{Message, json};

use self::print::Printer;
use crate::doc::Doc;
use crate::exit::{Exit, Failure, Outcome, counted, note};
use crate::input::Input;
use crate::traffic::{Bar, Counted, is_capture, open};

/// What `tbus lint` is told.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    #[command(subcommand)]
    command: LintCommand,
}

#[derive(Debug, Subcommand)]
enum LintCommand {
    /// Check callback user events: mandatory pairs, values, times, first and final events, pairs sent twice
    Callback(CallbackArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus lint callback server.log\n  \
    tbus lint callback capture.pcapng --strict\n  \
    tbus lint callback --idb idb.sqlite --format json | jq -r .code | sort | uniq -c\n\n\
    Files are logs of T-Server or its clients, pcap or pcapng, or JSON lines (tbus log json). protocol-spec/callback-lint.md \
    explains the codes.\n\n\
    Exit codes: 0 nothing found but warnings and notes, 1 errors (with --strict warnings, too), or no callback user event, \
    2 wrong usage, or a file or database that cannot be read, 3 no connection to the database.")]
struct CallbackArgs {
    /// Logs, packet captures or JSON lines; - for standard input
    #[arg(value_name = "FILE|-", required_unless_present = "idb", conflicts_with = "idb")]
    files: Vec<String>,
    /// An interaction database instead: PATH, sqlite:PATH or postgres://...
    #[arg(long, value_name = "DB")]
    idb: Option<DatabaseUrl>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Warnings end with exit code 1, too
    #[arg(long)]
    strict: bool,
    /// Check what clients have sent instead of what the server has distributed
    #[arg(long, conflicts_with = "idb")]
    requests: bool,
    /// Whether four pairs must be on the call, too: auto checks it if there is attached data of any call
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    call_data: When,
    /// How many findings of a code the table has
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines and a table for people
    Table,
    /// A JSON object in a line for each finding, all of them
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl From<When> for CallData {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

/// Runs `tbus lint`.
pub(crate) fn run(args: &LintArgs) -> Outcome {
    let LintCommand::Callback(args) = &args.command;
    let mut printer = Printer::new(args.format == Format::Json, args.top);
    let checked = match &args.idb {
        Some(url) => {
            let mut put = |finding: Finding| printer.finding(&finding);
            lint_database(url, args.call_data.into(), &mut put).map_err(failure)?
        }
        None => files(args, &mut printer)?,
    };
    let counts = printer.end(checked)?;
    if checked.events == 0 {
        return Err(Failure::unmet(anyhow!(
            "no callback user event in what was read{}",
            hint(args, checked)
        )));
    }
    let worst = if args.strict { Severity::Warning } else { Severity::Error };
    Ok(if counts.iter().any(|(severity, count)| *severity >= worst && *count > 0) {
        Exit::Unmet
    } else {
        Exit::Done
    })
}

/// What might help who has no events.
fn hint(args: &CallbackArgs, checked: Checked) -> &'static str {
    match checked.others {
        0 if args.idb.is_none() && !args.requests => "; --requests looks at what clients have sent",
        0 => "",
        _ => "; the user events in it have no key that begins with _CB_",
    }
}

fn files(args: &CallbackArgs, printer: &mut Printer) -> Result<Checked, Failure> {
    let source = if args.requests { Source::Requests } else { Source::Events };
    let mut lint = TrafficLint::new(args.call_data.into(), source);
    let bar = Bar::new(&args.files, 1);
    for file in &args.files {
        read(file, &mut lint, &bar, printer)?;
    }
    bar.end();
    let Traffic { checked, damaged, .. } = lint.finish(&mut |finding| printer.finding(&finding));
    if damaged > 0 {
        let damaged = usize::try_from(damaged).unwrap_or(usize::MAX);
        note(&format!(
            "{} could not be read as a whole and say nothing; tbus log names them",
            counted(damaged, "block")
        ));
    }
    Ok(checked)
}

fn read(file: &str, lint: &mut TrafficLint, bar: &Bar, printer: &mut Printer) -> Result<(), Failure> {
    let (name, source) = open(file)?;
    let mut source = Counted::new(source, bar.bytes());
    let shown: Arc<str> = name.as_str().into();
    let mut put = |finding: Finding| printer.finding(&finding);
    if is_capture(&name, &mut source)? {
        for item in CaptureReader::new(source, ReadOptions::default()) {
            let item = item.map_err(|error| Failure::bad(error).context(name.clone()))?;
            lint.captured(&shown, &item, &mut put);
            bar.show();
        }
        return Ok(());
    }
    if is_json(&mut source) {
        let mut input = Input::reading(&name, source);
        while let Some(line) = input.next_line()? {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let message = message(line).map_err(|error| input.at_line(error))?;
            let at = At::Line(u64::try_from(input.line_number()).unwrap_or(u64::MAX));
            lint.message(&shown, at, message.view(), &mut put);
            bar.show();
        }
        return Ok(());
    }
    let mut reader = LogReader::new(name, source);
    while let Some(record) = reader.next().map_err(Failure::bad)? {
        lint.record(&shown, &record, &mut put);
        bar.show();
    }
    Ok(())
}

/// A line of JSON: a message, or what `tbus log json` makes of one.
fn message(line: &[u8]) -> anyhow::Result<Message> {
    let value = Doc::parse(line)?.value()?;
    Ok(json::to_message(value.get("message").filter(|message| message.is_object()).unwrap_or(&value))?)
}

/// Whether the first character is that of a JSON object: no log begins so. What cannot be read is told by who reads it.
fn is_json(source: &mut impl BufRead) -> bool {
    let head = source.fill_buf().unwrap_or_default();
    head.trim_ascii_start().first() == Some(&b'{')
}

fn failure(error: LintError) -> Failure {
    match &error {
        LintError::Database(database) if database.kind() != ErrorKind::Refused => Failure::system(error),
        _ => Failure::bad(error),
    }
}
