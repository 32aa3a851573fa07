//! `tbus log`: what a log holds, the blocks that one looks for, and JSON lines.

mod count;
mod files;
mod find;
mod json;
mod summary;
mod text;
mod unit;

use clap::{Args, Subcommand, ValueEnum};

use crate::exit::Outcome;

/// What `tbus log` is told.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  tbus log server.log\n  tbus log --format json server.*.log\n  tbus serve --log - | tbus log -\n\n\
    Several files are read as one log, in the order in which they are named. Memory does not grow with their size."
)]
pub(crate) struct LogCmdArgs {
    #[command(subcommand)]
    command: Option<LogCommand>,
    /// Logs of T-Server or its clients; - for standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<String>,
    /// How to print the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How many rows a table has at most
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    top: usize,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Print the blocks that match, as they stand, with the lines that belong to them
    Grep(Box<find::GrepArgs>),
    /// Write every message as a line of JSON
    Json(json::JsonArgs),
    /// Write JSON lines as log text
    Text(text::TextArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // Tables and a plot, for people.
    Table,
    // One object.
    Json,
}

/// Runs `tbus log`.
pub(crate) fn run(args: &LogCmdArgs) -> Outcome {
    match &args.command {
        None => summary::run(&args.files, args.format, args.top),
        Some(LogCommand::Grep(args)) => find::run(args),
        Some(LogCommand::Json(args)) => json::run(args),
        Some(LogCommand::Text(args)) => text::run(args),
    }
}
