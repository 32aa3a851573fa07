//! `tbus infomart schema`: the tables of the Info Mart as SQL.

use clap::{Args, Subcommand};
use tbus_reporting::schema;

use crate::exit::{Exit, Outcome};
use crate::idb::Engine;
use crate::output::Out;

/// What `tbus infomart` is told.
#[derive(Debug, Args)]
pub(crate) struct InfomartArgs {
    #[command(subcommand)]
    command: InfomartCommand,
}

#[derive(Debug, Subcommand)]
enum InfomartCommand {
    /// Print the statements that make tables and views
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus infomart schema --dialect oracle > infomart.sql\n  \
    tbus infomart schema --dialect sqlite | sqlite3 empty.sqlite\n\n\
    A column that vendor documentation does not show is marked: chosen, inferred, or how else it is known.")]
struct SchemaArgs {
    /// Whose SQL to print
    #[arg(long, value_name = "ENGINE")]
    dialect: Engine,
}

/// Runs `tbus infomart`.
pub(crate) fn run(args: &InfomartArgs) -> Outcome {
    let InfomartCommand::Schema(args) = &args.command;
    let mut out = Out::new();
    out.text(schema::ddl(args.dialect.into()))?;
    out.flush()?;
    Ok(Exit::Done)
}
