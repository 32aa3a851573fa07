//! `tbus report`: the two callback reports of an Info Mart.

mod target;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tbus_db::schema::SchemaError;
use tbus_db::{Database, DatabaseUrl, DbError, ErrorKind, OpenOptions};
use tbus_reporting::report::{self, Details, Filter, ReportError};
use tbus_reporting::schema;

use self::target::Target;
use crate::exit::{Exit, Failure, Outcome, note};

/// What `tbus report` is told.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Offered, accepted, connected, abandoned .. per queue, callback type, channel and day
    #[command(after_help = SUMMARY_HELP)]
    CallbackSummary(PromptArgs),
    /// One line for each callback: its times, attempts, waits and outcome
    #[command(after_help = DETAILS_HELP)]
    CallbackDetails(PromptArgs),
}

const SUMMARY_HELP: &str = "Examples:\n  tbus report callback-summary --info-mart infomart.sqlite\n  \
    tbus report callback-summary --info-mart infomart.sqlite -o report.html\n  \
    tbus report callback-summary --info-mart infomart.sqlite --from 2014-09-01 --to 2014-09-30 --format csv\n  \
    tbus report callback-summary --info-mart postgres://me@host/infomart --zone Europe/Berlin --queue Callback_VQ\n\n\
    Figures come from the aggregates that `tbus etl` makes. CSV has the columns of the published report, sub totals \
    included; HTML is one file with charts that needs no network.";

const DETAILS_HELP: &str = "Examples:\n  tbus report callback-details --info-mart infomart.sqlite --queue Callback_VQ\n  \
    tbus report callback-details --info-mart infomart.sqlite --from 2014-09-19 -o callbacks.csv\n  \
    tbus report callback-details --info-mart infomart.sqlite --format json | jq '.rows[] | select(.abandoned == 1)'\n\n\
    CSV and JSON have all columns and all callbacks, a table those that fit on a screen, HTML the first 2000 callbacks.\n\
    A callback without a final record is shown by its latest one and marked.";

#[derive(Debug, Args)]
struct PromptArgs {
    /// The Info Mart: a SQLite file or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    info_mart: DatabaseUrl,
    /// First day, in the report's zone [default: all days]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Date>,
    /// Last day, included [default: all days]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Date>,
    /// Only this queue; may be given several times, as the next three
    #[arg(long, value_name = "NAME")]
    queue: Vec<String>,
    /// Only this channel, such as IVR or WEB
    #[arg(long, value_name = "NAME")]
    channel: Vec<String>,
    /// Only this callback type, such as IMMEDIATE
    #[arg(long = "type", value_name = "NAME")]
    callback_type: Vec<String>,
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// Where days begin and in which times are shown: an IANA name such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    zone: TimeZone,
    /// How the report is written [default: what --output ends with, else table]
    #[arg(long)]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Forms of a report as people type them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // For a terminal.
    Table,
    // For spreadsheets.
    Csv,
    // For programs.
    Json,
    // For a browser, with charts.
    Html,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Csv => Self::Csv,
            Format::Json => Self::Json,
            Format::Html => Self::Html,
        }
    }
}

fn day(text: &str) -> Result<Date, String> {
    // Only this form: others are read differently by different people.
    let is_day = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    let parsed = text.parse::<Date>().ok().filter(|_| is_day);
    parsed.ok_or_else(|| "expected a day such as 2014-09-19".to_owned())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    let database = jiff::tz::db();
    database.get(text).map_err(|_| {
        let wanted = text.to_lowercase();
        let near = |name: &str| {
            // People know the city.
            let name = name.to_lowercase();
            let city = name.rsplit('/').next().unwrap_or(&name).to_owned();
            strsim::jaro_winkler(&name, &wanted).max(strsim::jaro_winkler(&city, &wanted))
        };
        let names = database.available().map(|name| (near(name.as_str()), name.as_str().to_owned()));
        let best = names.filter(|(likeness, _)| *likeness > 0.85).max_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((_, name)) => format!("no such time zone; did you mean {name}?"),
            None => "no such time zone; expected an IANA name such as Europe/Berlin or UTC".to_owned(),
        }
    })
}

impl PromptArgs {
    fn filter(&self) -> Filter {
        Filter {
            from: self.from,
            to: self.to,
            tenants: self.tenant.clone(),
            queues: self.queue.clone(),
            types: self.callback_type.clone(),
            channels: self.channel.clone(),
            zone: self.zone.clone(),
        }
    }

    fn format(&self) -> Format {
        let ending = self.output.as_deref().and_then(|path| path.extension()?.to_str());
        self.format.unwrap_or(match ending {
            Some("csv") => Format::Csv,
            Some("json") => Format::Json,
            Some("html" | "htm") => Format::Html,
            _ => Format::Table,
        })
    }

    fn open(&self) -> Result<Database, Failure> {
        let options = OpenOptions { create: false, read_only: true, ..OpenOptions::default() };
        let mut database = Database::open(&self.info_mart, &options).map_err(unusable)?;
        schema::check(&mut database, &self.info_mart).map_err(|error| match error {
            SchemaError::Database(error) => unusable(error),
            SchemaError::Missing { .. } => Failure::bad(anyhow!("{error}; `tbus etl` makes an Info Mart")),
            error => Failure::bad(error),
        })?;
        Ok(database)
    }
}

/// Runs `tbus report`.
pub(crate) fn run(args: &ReportArgs) -> Outcome {
    match &args.command {
        ReportCommand::CallbackSummary(args) => summary(args),
        ReportCommand::CallbackDetails(args) => details(args),
    }
}

fn summary(args: &PromptArgs) -> Outcome {
    let (mut database, filter, format) = (args.open()?, args.filter(), args.format());
    let report = report::summary(&mut database, &filter).map_err(failure)?;
    let mut target = Target::open(args.output.as_deref())?;
    match format {
        Format::Table => target.text(&report.table())?,
        Format::Csv => report.write_csv(&mut target).map_err(|error| target.failure(error))?,
        Format::Json => {
            let charts = report::charts(&mut database, &filter).map_err(failure)?;
            target.text(&format!("{}\n", report.json(&charts)))?;
        }
        Format::Html => {
            let charts = report::charts(&mut database, &filter).map_err(failure)?;
            target.text(&report::summary_html(&report, &charts))?;
        }
    }
    target.close()?;
    finish(args, &mut database, &filter, report.pages.is_empty(), "callback-summary")
}

fn details(args: &PromptArgs) -> Outcome {
    let (mut database, filter, format) = (args.open()?, args.filter(), args.format());
    let mut target = Target::open(args.output.as_deref())?;
    let done = report::details(&mut database, &filter, format.into(), &mut target);
    let done: Details = done.map_err(|error| target.failure(error))?;
    target.close()?;
    finish(args, &mut database, &filter, done.callbacks == 0, "callback-details")
}

/// What stderr says at the end: why there is nothing, where it is, what could be next.
fn finish(args: &PromptArgs, database: &mut Database, filter: &Filter, empty: bool, name: &str) -> Outcome {
    if empty {
        for hint in report::hints(database, filter).map_err(failure)? {
            note(&hint);
        }
    }
    if let Some(path) = &args.output {
        note(&format!("written to {}", path.display()));
    } else if args.format() == Format::Table && !empty {
        let url = args.info_mart.to_string();
        note(&match name {
            "callback-summary" => {
                format!("\nwith charts: tbus report {name} --info-mart {url} -o report.html")
            }
            _ => format!("\nall columns: tbus report {name} --info-mart {url} -o callbacks.csv"),
        });
    }
    Ok(Exit::Done)
}

/// What a database that cannot be used means for the exit code.
fn unusable(error: DbError) -> Failure {
    match error.kind() {
        ErrorKind::Refused => Failure::bad(error),
        ErrorKind::Unreachable => Failure::system(anyhow!(
            "{error}; start the PostgreSQL server, or name another one or a file with --info-mart"
        )),
        _ => Failure::system(error),
    }
}

fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Database(error) => unusable(error),
        ReportError::Output(error) => Failure::output(error),
        ReportError::Dates { .. } => Failure::bad(anyhow!("{error}; turn --from and --to round")),
        error => Failure::bad(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form() {
        assert_eq!(day("2014-09-19").map(|day| day.to_string()), Ok("2014-09-19".to_owned()));
        for text in
            ["", "2014-9-19", "19.09.2014", "9/19/2014", "2014-02-30", "2014-09-19T00:00", "20140919--"]
        {
            assert_eq!(day(text), Err("expected a day such as 2014-09-19".to_owned()), "{text}");
        }
    }

    #[test]
    fn zones_have_iana_names() {
        assert_eq!(zone("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert_eq!(zone("berlin").unwrap_err(), "no such time zone; did you mean Europe/Berlin?");
        assert_eq!(zone("Europe/Berln").unwrap_err(), "no such time zone; did you mean Europe/Berlin?");
        assert!(zone("x").unwrap_err().contains("such as Europe/Berlin"));
    }
}
