//! `tbus callback`: the callback service (GMS).

mod lines;
mod screen;
mod serve;

use clap::{Args, Subcommand};

use crate::exit::Outcome;

/// What `tbus callback` is told.
#[derive(Debug, Args)]
pub(crate) struct CallbackArgs {
    #[command(subcommand)]
    command: CallbackCommand,
}

#[derive(Debug, Subcommand)]
enum CallbackCommand {
    /// Run the callback service: HTTP in, user events out
    Serve(serve::ServeArgs),
}

/// Runs `tbus callback`.
pub(crate) fn run(args: &CallbackArgs) -> Outcome {
    match &args.command {
        CallbackCommand::Serve(args) => serve::run(args),
    }
}
