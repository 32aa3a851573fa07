//! `tbus spec`: what is known of the protocol, and how it is known.

mod entry;
mod find;
mod print;
mod unverified;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use serde_json::Value;
use tlib_proto::spec;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Out;
use entry::Entry;
pub(crate) use find::nearest_messages;

/// What `tbus spec` is told.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  tbus spec EventACK\n  tbus spec 59 ThisDN CallType\n  \
    tbus spec --unverified\n  tbus spec --list messages --format json"
)]
pub(crate) struct SpecArgs {
    /// A message, attribute, enumeration, value or error by its name, or a number of any of them
    #[arg(value_name = "QUERY")]
    queries: Vec<String>,
    /// Everything that no outside source states: inferred and chosen rows, attributes of unknown type
    #[arg(long, conflicts_with_all = ["queries", "list"])]
    unverified: bool,
    /// A whole table, a row a line
    #[arg(long, value_enum, value_name = "TABLE", conflicts_with = "queries")]
    list: Option<Table>,
    /// How to print; json is one object a line
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

/// A table of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    // Message types.
    Messages,
    // Attributes.
    Attributes,
    // Enumerations.
    Enums,
    // Error codes.
    Errors,
}

/// In which form rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    // Aligned text.
    Text,
    // One JSON object a line.
    Json,
}

/// Prints what was asked for.
pub(crate) fn run(args: &SpecArgs) -> Outcome {
    let mut out = Out::new();
    if args.unverified {
        let rows = unverified::rows();
        match args.format {
            Form::Json => json_lines(&mut out, rows.iter().map(unverified::Row::json))?,
            Form::Text => out.text(&unverified::text(&rows))?,
        }
    } else if let Some(table) = args.list {
        let entries = whole(table);
        match args.format {
            Form::Json => json_lines(&mut out, entries.iter().map(print::json))?,
            Form::Text => out.text(&print::table(&entries))?,
        }
    } else {
        return queries(args, out);
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn queries(args: &SpecArgs, mut out: Out) -> Outcome {
    let mut unknown = Vec::new();
    for query in &args.queries {
        let entries = find::find(query);
        if entries.is_empty() {
            unknown.push(find::unknown(query));
        }
        match args.format {
            Form::Json => json_lines(&mut out, entries.iter().map(print::json))?,
            Form::Text => {
                for entry in &entries {
                    out.text(&print::text(entry))?;
                }
            }
        }
    }
    out.flush()?;
    match unknown.is_empty() {
        true => Ok(Exit::Done),
        false => Err(Failure::bad(anyhow!(unknown.join("; ")))),
    }
}

fn json_lines(out: &mut Out, rows: impl Iterator<Item = Value>) -> Result<(), Failure> {
    for row in rows {
        out.line(row)?;
    }
    Ok(())
}

fn whole(table: Table) -> Vec<Entry> {
    match table {
        Table::Messages => spec::messages().iter().map(Entry::Message).collect(),
        Table::Attributes => spec::attributes().iter().map(Entry::Attribute).collect(),
        Table::Enums => spec::enums().iter().map(Entry::Enum).collect(),
        Table::Errors => spec::errors().iter().map(Entry::Error).collect(),
    }
}
