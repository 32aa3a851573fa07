//! World files: those that commands are given, and `tbus world`, which makes one.

mod file;
mod infer;

use clap::{Args, Subcommand};

pub(crate) use self::file::read;
use crate::exit::Outcome;

/// What `tbus world` is told.
#[derive(Debug, Args)]
pub(crate) struct WorldArgs {
    #[command(subcommand)]
    command: WorldCommand,
}

#[derive(Debug, Subcommand)]
enum WorldCommand {
    /// Write the world file that logs and captures show: T-Server, DNs, agents, applications, keys
    Infer(infer::InferArgs),
}

/// Runs `tbus world`.
pub(crate) fn run(args: &WorldArgs) -> Outcome {
    match &args.command {
        WorldCommand::Infer(args) => infer::run(args),
    }
}
