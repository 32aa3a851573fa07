//! `tbus app urs`: a client with the log of a router.

use clap::Args;
use tbus_apps::urs::{KIND, NAME, STYLE};
use tlib_proto::Message;

use super::subscriber::{Application, ListenArgs, listen};
use crate::exit::{Failure, Outcome};
use crate::log::{Log, LogArgs};

/// What `tbus app urs` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus app urs\n  tbus app urs --log urs.log --dn REPORTING --dn Callback_VQ\n  \
    tbus app urs --log urs.log --count 2 --timeout 1m && tbus replay urs.log --as server\n\n\
    It routes nothing. The log has the published forms of a T-Library client, and tbus log and tbus replay read it.\n\n\
    Exit codes: 0 N events came or Ctrl-C, 1 time-out, 2 EventError, 3 no connection."
)]
pub(crate) struct UrsArgs {
    /// Name of this client in the server's log
    #[arg(long, value_name = "NAME", default_value = NAME)]
    app: String,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    log: LogArgs,
}

struct Urs;

impl Application for Urs {
    fn event(&mut self, _: &Message) {}

    fn report(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

pub(super) fn run(args: &UrsArgs) -> Outcome {
    let log = Log::open(&args.log, &args.app, Some(KIND))?.start()?;
    listen(&args.listen, &args.app, STYLE, Some(log), None, &mut Urs)
}
