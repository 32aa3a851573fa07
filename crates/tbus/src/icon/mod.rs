//! `tbus icon explain`: what ICON's rules make of the pairs in a T-Server log, without a database.

mod explain;
mod show;

use clap::{Args, Subcommand};

use crate::exit::Outcome;

/// What `tbus icon` is told.
#[derive(Debug, Args)]
pub(crate) struct IconArgs {
    #[command(subcommand)]
    command: IconCommand,
}

#[derive(Debug, Subcommand)]
enum IconCommand {
    /// List for every pair in a T-Server log which table it reaches, or why none
    Explain(explain::ExplainArgs),
}

/// Runs the subcommand.
pub(crate) fn run(args: &IconArgs) -> Outcome {
    match &args.command {
        IconCommand::Explain(args) => explain::run(args),
    }
}
