//! `tbus etl`: from the interaction database to the Info Mart.

mod screen;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tbus_db::{DatabaseUrl, DbError, ErrorKind};
use tbus_reporting::etl::{self, EtlError, EtlOptions};
use tbus_reporting::options::Options;
use tbus_reporting::schema::SchemaError;

use self::screen::Screen;
use crate::exit::{Exit, Failure, Outcome, say, unreadable};
use crate::output::Out;

/// What `tbus etl` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus etl --idb demo.sqlite --info-mart infomart.sqlite\n  \
    tbus etl --idb postgres://me@host/idb --info-mart postgres://me@host/infomart\n  \
    tbus etl --idb demo.sqlite --info-mart infomart.sqlite --tenant 101=Sales --format json\n  \
    tbus etl --idb demo.sqlite --info-mart infomart.sqlite --options gim.ini\n\n\
    Run it as often as you like: it reads what is new, and goes on where it was when it was killed. A recorder may go on \
    writing meanwhile. An Info Mart that is not there is made (a SQLite file, or the tables in an empty PostgreSQL \
    database). Events without a fact are named on stderr and stand in STG_TRANSFORM_DISCARDS.\n\n\
    Exit codes: 0 done, also when events gave no facts; 2 a database that is missing, of another version, claimed by \
    another run or not the one of before; 3 a database cannot be reached or has failed.")]
pub(crate) struct EtlArgs {
    /// The interaction database, which is only read: a SQLite file or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    idb: DatabaseUrl,
    /// The Info Mart, which is written
    #[arg(long, value_name = "URL")]
    info_mart: DatabaseUrl,
    /// Name a tenant; may be given several times. Events of tenants without a name get TENANT_KEY -1, but for DBID 1,
    /// Environment
    #[arg(long, value_name = "DBID=NAME", value_parser = tenant)]
    tenant: Vec<(i32, String)>,
    /// The Info Mart's options in the vendor's INI spelling. [agg-feature] enable-callback and [gim-etl]
    /// aggregation-engine-class-name say whether sums are made, which they are without a file; the rest is passed over
    #[arg(long, value_name = "INI")]
    options: Option<PathBuf>,
    /// Rows that are read at a time and committed together
    #[arg(long, value_name = "ROWS", default_value_t = EtlOptions::PAGE, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    page: u32,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // For people.
    Table,
    // One object, for programs.
    Json,
}

/// Most characters of a tenant's name: those of its column.
const NAME_MAX: usize = 255;

fn tenant(text: &str) -> Result<(i32, String), String> {
    let parts = text.split_once('=').and_then(|(dbid, name)| Some((dbid.parse::<i32>().ok()?, name)));
    match parts {
        Some((dbid, name)) if dbid > 0 && !name.is_empty() && name.chars().count() <= NAME_MAX => {
            Ok((dbid, name.to_owned()))
        }
        _ => Err("expected DBID=NAME such as 101=Sales".to_owned()),
    }
}

/// Runs `tbus etl`.
pub(crate) fn run(args: &EtlArgs) -> Outcome {
    if args.idb == args.info_mart {
        return Err(Failure::bad(anyhow!(
            "--idb and --info-mart are the same database: give the Info Mart its own"
        )));
    }
    let mut options =
        EtlOptions::new(args.idb.clone(), args.info_mart.clone(), jiff::Timestamp::now().as_second());
    options.aggregates = told(args.options.as_deref())?.aggregates;
    options.tenants.clone_from(&args.tenant);
    options.page = args.page;
    let mut screen = Screen::new();
    let ended = etl::run(&options, &mut screen);
    screen.end();
    let summary = ended.map_err(failure)?;
    let mut out = Out::new();
    match args.format {
        Format::Table => out.text(&screen::table(&summary, options.aggregates))?,
        Format::Json => out.line(screen::json(&summary))?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What the file says; what has no effect is told.
fn told(path: Option<&Path>) -> Result<Options, Failure> {
    let Some(path) = path else { return Ok(Options::default()) };
    let name = path.display().to_string();
    let mut text = Vec::new();
    // One byte more than is read tells that there is more.
    let limit = u64::try_from(Options::TEXT_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text));
    read.map_err(|error| Failure::bad(unreadable(&error).context(name.clone())))?;
    let (options, notices) = Options::read(&name, &text).map_err(Failure::bad)?;
    for notice in notices {
        say(&notice.to_string());
    }
    Ok(options)
}

/// What the end of a run means for the exit code.
pub(crate) fn failure(error: EtlError) -> Failure {
    match error {
        EtlError::Database(error) | EtlError::Schema(SchemaError::Database(error)) => unusable(error),
        error => Failure::bad(error),
    }
}

/// What a database that cannot be used means for the exit code.
fn unusable(error: DbError) -> Failure {
    match error.kind() {
        ErrorKind::Refused => Failure::bad(error),
        ErrorKind::Claimed => Failure::bad(anyhow!("{error}; wait until that run has ended")),
        ErrorKind::Unreachable => {
            Failure::system(anyhow!("{error}; start the PostgreSQL server, or name another one or a file"))
        }
        _ => Failure::system(error),
    }
}

#[cfg(test)]
mod tests {
    use super::tenant;

    #[test]
    fn tenants_have_a_number_and_a_name() {
        assert_eq!(tenant("101=Sales=EU"), Ok((101, "Sales=EU".to_owned())));
        for text in ["", "101", "101=", "=Sales", "x=Sales", "0=Sales", "-1=Sales", "9999999999=Sales"] {
            assert!(tenant(text).is_err(), "{text}");
        }
        assert!(tenant(&format!("1={}", "x".repeat(256))).is_err());
    }
}
