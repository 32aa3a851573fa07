//! `tbus idb schema`: the tables of the interaction database as SQL.

use clap::{Args, Subcommand, ValueEnum};
use tbus_recorder::schema;

use crate::exit::{Exit, Outcome};
use crate::output::Out;

/// What `tbus idb` is told.
#[derive(Debug, Args)]
pub(crate) struct IdbArgs {
    #[command(subcommand)]
    command: IdbCommand,
}

#[derive(Debug, Subcommand)]
enum IdbCommand {
    /// Print the statements that make the tables
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus idb schema --dialect oracle > idb.sql\n  \
    tbus idb schema --dialect sqlite | sqlite3 empty.sqlite\n\n\
    A column that vendor documentation does not show is marked: chosen, inferred, or how else it is known.\n\
    `tbus record` makes the tables by itself in an empty SQLite or PostgreSQL database.")]
struct SchemaArgs {
    /// Whose SQL to print
    #[arg(long, value_name = "ENGINE")]
    dialect: Engine,
}

/// Engines as people type them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Engine {
    /// SQLite
    Sqlite,
    /// PostgreSQL
    Postgresql,
    /// Microsoft SQL Server
    Mssql,
    /// Oracle Database
    Oracle,
}

impl From<Engine> for tbus_db::schema::Engine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite,
            Engine::Postgresql => Self::Postgresql,
            Engine::Mssql => Self::Mssql,
            Engine::Oracle => Self::Oracle,
        }
    }
}

/// Runs `tbus idb`.
pub(crate) fn run(args: &IdbArgs) -> Outcome {
    let IdbCommand::Schema(args) = &args.command;
    let mut out = Out::new();
    out.text(schema::ddl(args.dialect.into()))?;
    out.flush()?;
    Ok(Exit::Done)
}
