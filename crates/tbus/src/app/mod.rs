//! `tbus app`: the applications that listen to a T-Server, under their published names.

mod stat_server;
mod subscriber;
mod urs;

use clap::{Args, Subcommand};

use crate::exit::Outcome;

/// What `tbus app` is told.
#[derive(Debug, Args)]
pub(crate) struct AppArgs {
    #[command(subcommand)]
    command: AppCommand,
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    /// Count user events per DN and per value of chosen keys
    StatServer(stat_server::StatServerArgs),
    /// Listen as a router does, and keep a client's log
    Urs(urs::UrsArgs),
}

/// Runs `tbus app`.
pub(crate) fn run(args: &AppArgs) -> Outcome {
    match &args.command {
        AppCommand::StatServer(args) => stat_server::run(args),
        AppCommand::Urs(args) => urs::run(args),
    }
}
