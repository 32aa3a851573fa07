//! `tbus watch`: a client that registers and prints what arrives.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tlib_net::client::ClientOptions;
use tlib_net::{Client, ClientEvent};
use tlib_proto::enums::RegisterMode;
use tokio::time::Instant;

use crate::args::{ServerArgs, dn, duration, event_count, seconds};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, note, say};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::render::{Format, Renderer};
use crate::stop::Stop;

/// What `tbus watch` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus watch --dn REPORTING\n  \
    tbus watch --dn REPORTING --dn Callback_VQ --format json | jq .message\n  \
    tbus watch --dn REPORTING --count 1 --timeout 5s && echo it came\n\n\
    Exit codes: 0 N events came or Ctrl-C, 1 time-out, 2 EventError, 3 no connection.")]
pub(crate) struct WatchArgs {
    /// DN to register on; may be repeated
    #[arg(long, required = true, value_parser = |text: &str| dn("--dn", text))]
    dn: Vec<String>,
    /// Name of this client in the server's log
    #[arg(long, value_name = "NAME", default_value = "watch-1")]
    app: String,
    /// End after so many events
    #[arg(long, value_name = "N", value_parser = event_count)]
    count: Option<u64>,
    /// End after this time with exit code 1, such as 500ms, 5s or 1m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Log)]
    format: Format,
    /// How to share the DN with other clients
    #[arg(long, value_enum, default_value_t = Mode::Share)]
    mode: Mode,
    /// Write the server's address to this file as soon as all DNs are registered; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// When the connection is lost, connect and register again
    #[arg(long)]
    reconnect: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    // Every client in this mode gets the events.
    Share,
    // Nobody else gets the events meanwhile.
    Private,
    // Events only, no requests.
    Monitor,
}

impl Mode {
    const fn register_mode(self) -> RegisterMode {
        match self {
            Self::Share => RegisterMode::MODE_SHARE,
            Self::Private => RegisterMode::MODE_PRIVATE,
            Self::Monitor => RegisterMode::MODE_MONITOR,
        }
    }
}

/// Registers and prints until the count, the time or the user ends it.
pub(crate) fn run(args: &WatchArgs) -> Outcome {
    ReadyFile::clear(args.ready_file.as_deref())?;
    client::runtime()?.block_on(watch(args))
}

async fn watch(args: &WatchArgs) -> Outcome {
    let mut stop = Stop::listen()?;
    let deadline = args.timeout.map(|timeout| Instant::now() + timeout);
    let (mut client, _ready) = tokio::select! {
        registered = register(args) => registered?,
        () = stop.wait() => return ended(args, 0),
        () = until(deadline) => return Err(timed_out(args, 0)),
    };

    let mut out = Out::new();
    let mut renderer = Renderer::new(args.format);
    let mut came = 0_u64;
    let mut dirty = false;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.wait() => {
                out.flush()?;
                return ended(args, came);
            }
            () = until(deadline) => {
                out.flush()?;
                return Err(timed_out(args, came));
            }
            event = client.next() => event,
            // Nothing more has come yet: show what has.
            () = std::future::ready(()), if dirty => {
                out.flush()?;
                dirty = false;
                continue;
            }
        };
        match event {
            Some(ClientEvent::Message(message)) => {
                out.text(renderer.message(message.view()))?;
                dirty = true;
                came += 1;
                if args.count.is_some_and(|count| came >= count) {
                    out.flush()?;
                    return Ok(Exit::Done);
                }
            }
            Some(ClientEvent::Lost { reason }) if args.reconnect => {
                say(&format!("connection to {} lost: {reason}; connecting again", args.server.server));
            }
            Some(ClientEvent::Lost { reason }) => {
                out.flush()?;
                let server = &args.server.server;
                return Err(Failure::system(anyhow!(
                    "connection to {server} lost: {reason}; with --reconnect it is made again"
                )));
            }
            Some(ClientEvent::Opened { .. }) => note(&format!("connected again, {}", registered(args))),
            Some(_) => {}
            None => {
                out.flush()?;
                return Err(Failure::system(anyhow!("connection to {} closed", args.server.server)));
            }
        }
    }
}

/// Connects, registers on every DN, and says so.
async fn register(args: &WatchArgs) -> Result<(Client, Option<ReadyFile>), Failure> {
    let mut options = ClientOptions::new(&args.app);
    if args.reconnect {
        options = options.with_reconnect();
    }
    let client = client::connect(&args.server.server, options).await?;
    for dn in &args.dn {
        let answer = client.register_as(dn, args.mode.register_mode()).await;
        answer.map_err(|error| client::registration_failure(error, "--dn", dn))?;
    }
    note(&format!("{}; waiting", registered(args)));
    let ready = ReadyFile::write(args.ready_file.as_deref(), &args.server.server)?;
    Ok((client, ready))
}

fn registered(args: &WatchArgs) -> String {
    let mode = args.mode.register_mode();
    format!("registered on {} at {} as {} ({mode})", args.dn.join(", "), args.server.server, args.app)
}

/// The user has ended it.
fn ended(args: &WatchArgs, came: u64) -> Outcome {
    match args.count {
        Some(count) => Err(Failure::unmet(anyhow!("interrupted: {came} of {count} events came"))),
        None => Ok(Exit::Done),
    }
}

fn timed_out(args: &WatchArgs, came: u64) -> Failure {
    let time = seconds(args.timeout.unwrap_or_default());
    Failure::unmet(match args.count {
        Some(count) => anyhow!("time-out: {came} of {count} events came within {time}"),
        None => anyhow!("time-out: {came} events came within {time}"),
    })
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
