//! `tbus load`: publishers and subscribers, every delivery checked, figures at the end.

mod event;
mod print;
mod screen;
mod server;
mod signal;

use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use tbus_load::{Audience, Load, LoadError, Names, Outcome as Measured, Pace, Payload, Plan, Tbus};
use tlib_net::client::ServerError;

use self::screen::Screen;
use self::server::Own;
use self::signal::Signal;
use crate::args::{address, dn, duration};
use crate::client::server_hint;
use crate::exit::{Exit, Failure, Outcome, say};
use crate::invocation;
use crate::output::Out;

/// What `tbus load` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus load                                    3 subscribers at saturation, on a server of its own\n  \
    tbus load --rate 10000 --duration 30s        paced: latency that a schedule sees\n  \
    tbus load --subscribers 1000 --window 512    fan-out\n  \
    tbus load --dns 100 --spread --subscribers 300 --ramp 5s\n  \
    tbus load --event server.log --rate 500      what was captured, again and again\n  \
    tbus load --server 127.0.0.1:7007 --format json\n\n\
    Every message that a subscriber gets is compared with what was published, and counted.\n\
    At saturation at most --window events of a publisher are under way, written --batch at a time.\n\
    With --rate, events are due on a schedule, and latency is counted from it, so a server that\n\
    stalls cannot hide it (free of coordinated omission).\n\
    The server of its own has a world with the DNs of the load and logs at level `standard`.\n\
    Ctrl-C ends the load early; the result is printed all the same.\n\n\
    Exit codes: 0 every event arrived once and in order, 1 something was lost, doubled,\n\
    disordered or damaged, or a connection died, 2 wrong usage or EventError, 3 cannot connect."
)]
pub(crate) struct LoadArgs {
    /// The T-Server to load; without it, one is started for the load, and its CPU and memory are shown
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    server: Option<String>,
    /// Connections that publish, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 1)]
    publishers: usize,
    /// Connections that listen, 1 to 20000
    #[arg(long, value_name = "N", default_value_t = 3)]
    subscribers: usize,
    /// How many DNs, 1 to 100000: load0001, load0002 ..; one alone is REPORTING
    #[arg(long, value_name = "N", default_value_t = 1)]
    dns: usize,
    /// A DN of this name; may be repeated, all of one length
    #[arg(long, conflicts_with = "dns", value_parser = |text: &str| dn("--dn", text))]
    dn: Vec<String>,
    /// Each subscriber listens to one DN; without it, each listens to all
    #[arg(long)]
    spread: bool,
    /// Events per second, all publishers together, 0.1 to 10000000; without it, saturation
    #[arg(long, value_name = "EVENTS/S", conflicts_with_all = ["window", "batch"])]
    rate: Option<f64>,
    /// At saturation: events of a publisher that are under way at most, 1 to 65536
    #[arg(long, value_name = "N", default_value_t = 1024)]
    window: u64,
    /// At saturation: events of one write, 1 to the window; 64, or the window if that is smaller
    #[arg(long, value_name = "N")]
    batch: Option<u64>,
    /// Length of a delivered event with the default world's names; 512 without --pairs and --event
    #[arg(long, value_name = "BYTES", conflicts_with_all = ["pairs", "event"])]
    size: Option<usize>,
    /// Pairs of UserData, 0 to 1800
    #[arg(long, value_name = "N", conflicts_with = "event")]
    pairs: Option<usize>,
    /// A captured event: the first user event of a T-Server log, or a message as JSON or hex; its UserData,
    /// Extensions, Reason, ANI and DNIS are sent
    #[arg(long, value_name = "FILE|-")]
    event: Option<String>,
    /// In this time the rate, or the window, rises from nothing; an hour at most
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    ramp: Duration,
    /// Checked, but not measured; after the ramp
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    warmup: Duration,
    /// How long it is measured; 10 ms to a day
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    duration: Duration,
    /// At the end, wait so long at most for events that are under way
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    drain: Duration,
    /// The server that is started looks at its sockets for so long before it sleeps, see `tbus serve --help`
    #[arg(long, value_name = "MICROS", num_args = 0..=1, require_equals = true, default_missing_value = "2000",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000), conflicts_with = "server")]
    busy_poll: Option<u64>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // For people.
    Table,
    // One object, with the field names of tools/bench-peers.
    Json,
}

/// Runs the load and prints what it has brought.
pub(crate) fn run(args: &LoadArgs) -> Outcome {
    // Everything that can be wrong about the arguments is told before anything is started.
    let mut plan = plan(args)?;
    plan.check().map_err(failure)?;
    let mut dialect = Tbus::new(payload(args)?);
    tbus_load::raise_descriptor_limit(plan.publishers + plan.subscribers).map_err(failure)?;

    let signal = Signal::listen()?;
    let own = match &args.server {
        Some(server) => {
            plan.server = resolve(server)?;
            None
        }
        None => {
            let own = Own::start(&plan, args.busy_poll, &signal)?;
            plan.server = own.address();
            plan.server_pid = Some(own.pid());
            Some(own)
        }
    };
    let about = print::About::new(&plan, own.is_some());
    let load = Load::connect(plan, &mut dialect).map_err(|error| connect_failure(error, &about))?;
    signal.may_end_early();
    let mut screen = Screen::new();
    let measured = load.run(Screen::EVERY, &mut |progress| {
        screen.show(progress);
        if signal.came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    screen.end();
    let measured = measured.map_err(failure)?;
    drop(own);

    let mut out = Out::new();
    match args.format {
        Format::Table => out.text(&print::table(&about, &measured))?,
        Format::Json => out.line(print::json(&about, &measured)?)?,
    }
    out.flush()?;
    Ok(judge(&measured, signal.came()))
}

fn plan(args: &LoadArgs) -> Result<Plan, Failure> {
    let dns = match (args.dn.as_slice(), args.dns) {
        ([], 1) => Names::reporting(),
        ([], count) => Names::numbered(count).map_err(failure)?,
        (names, _) => Names::new(names).map_err(failure)?,
    };
    let pace = match args.rate {
        Some(rate) => Pace::Open { rate },
        None => {
            Pace::Closed { window: args.window, batch: args.batch.unwrap_or_else(|| args.window.min(64)) }
        }
    };
    // Who has no server yet gets its address later.
    let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Plan {
        publishers: args.publishers,
        subscribers: args.subscribers,
        dns,
        audience: if args.spread { Audience::Spread } else { Audience::Every },
        pace,
        ramp: args.ramp,
        warmup: args.warmup,
        duration: args.duration,
        drain: args.drain,
        ..Plan::new(unknown)
    })
}

fn payload(args: &LoadArgs) -> Result<Payload, Failure> {
    Ok(match (args.size, args.pairs, &args.event) {
        (_, Some(pairs), _) => Payload::Pairs(pairs),
        (_, _, Some(event)) => Payload::Event(event::read(event)?),
        (Some(size), _, _) => Payload::Size(size),
        (None, None, None) => Payload::default(),
    })
}

fn resolve(server: &str) -> Result<SocketAddr, Failure> {
    let found = server.to_socket_addrs().with_context(|| format!("--server {server}"));
    let first = found.map_err(Failure::system)?.next();
    first.ok_or_else(|| Failure::system(anyhow!("--server {server}: no address of that name")))
}

/// The exit code of what the generator says.
fn failure(error: LoadError) -> Failure {
    match error {
        LoadError::Plan(_)
        | LoadError::Encode(_)
        | LoadError::Refused { .. }
        | LoadError::Descriptors { .. } => Failure::bad(error),
        LoadError::Unlike { .. } => Failure::unmet(error),
        _ => Failure::system(error),
    }
}

/// The same, with what to do about it.
fn connect_failure(error: LoadError, about: &print::About) -> Failure {
    let hint = match &error {
        LoadError::Connect { .. } => {
            format!(
                "; `{} serve` starts a server, and without --server one is started",
                invocation::command()
            )
        }
        LoadError::Refused { code, .. } => {
            let error = ServerError { code: *code, text: None };
            format!("{}; --dn names other DNs", server_hint(&error, &[about.first_dn()]))
        }
        _ => return failure(error),
    };
    let text = anyhow!("{error}{hint}");
    match failure(error) {
        Failure::Failed { exit, .. } => Failure::Failed { exit, error: text },
        closed @ Failure::Closed => closed,
    }
}

/// What was wrong, on stderr, and the exit code.
fn judge(measured: &Measured, asked: bool) -> Exit {
    if let Some(ended) = measured.ended.as_ref().filter(|_| !asked) {
        say(&format!("ended early: {ended}"));
    }
    for fault in &measured.faults {
        say(fault);
    }
    if measured.unsent > 0 {
        say(&format!(
            "the rate was not kept: {} events were due and could not be written in time",
            measured.unsent
        ));
    }
    if measured.is_clean() {
        return Exit::Done;
    }
    say("not every event arrived once, in order and undamaged, or not every request was answered");
    Exit::Unmet
}
