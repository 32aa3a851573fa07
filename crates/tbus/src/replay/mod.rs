//! `tbus replay`: captured traffic again, as its clients or as its server.

mod bar;
mod client;
mod files;
mod play;
mod server;
mod source;

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tbus_core::Keep;
use tbus_server::{Listening, Server, ServerConfig};
use tlib_capture::replay::{ConnIds, Filter, Moment, Pace, Planned, Speed};

use self::bar::Bar;
use self::client::{Clients, Manner};
use self::play::{Steps, Target, describe, play, printable};
use self::server::Playing;
use self::source::{Progress, Source, Wanted};
use crate::args::{DEFAULT_ADDRESS, address, duration};
use crate::client::runtime;
use crate::exit::{Exit, Failure, Outcome, counted, note, say};
use crate::log::{Log, LogArgs};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::stop::Stop;
use crate::world;

/// What `tbus replay` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus replay --dry-run server.log\n  tbus replay server.log --to 127.0.0.1:7007 --speed max\n  \
    tbus replay --as server --listen 127.0.0.1:7007 --speed 10 traffic.pcapng\n\n\
    Files are logs of T-Server or its clients, pcap or pcapng; several are merged by their times where these overlap, and \
    read one after the other where not.\n\
    As client, every captured application has a connection under its name. A user event whose request the log names only by its \
    line 04543 is sent as the request that causes it. Who has received events of a DN (lines 04542) registers there first.\n\
    As server, captured events go to whoever is registered on their ThisDN; answers are the server's own.\n\n\
    Exit codes: 0 all was sent and answered, 1 nothing to send, or an answer is missing, 2 EventError came back, wrong usage or a \
    file that cannot be read, 3 no connection."
)]
pub(crate) struct ReplayArgs {
    /// Logs or packet captures; - for standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<String>,
    /// Which side is replayed
    #[arg(long = "as", value_enum, value_name = "SIDE", default_value_t = Side::Client)]
    side: Side,
    /// As client: the server
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = address)]
    to: String,
    /// As server: where clients connect; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = address)]
    listen: String,
    /// How many times as fast as captured, or max
    #[arg(long, value_name = "TIMES|max", default_value = "1")]
    speed: Speed,
    /// Only messages of this name; like all filters, may be repeated
    #[arg(long, value_name = "NAME")]
    message: Vec<String>,
    /// Only messages with this DN or queue in any attribute that names one
    #[arg(long, value_name = "DN")]
    dn: Vec<String>,
    /// Only what this application has sent (or received, where the capture tells)
    #[arg(long, value_name = "NAME")]
    app: Vec<String>,
    /// From this time on: HH:MM, HH:MM:SS.mmm, or YYYY-MM-DDTHH:MM:SS; by the clock of the capture (UTC for packets)
    #[arg(long, value_name = "TIME")]
    from_time: Option<Moment>,
    /// Up to this time; before --from-time, it is one of the next day
    #[arg(long, value_name = "TIME")]
    to_time: Option<Moment>,
    /// Replay the files this many times
    #[arg(long = "loop", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Wait for Enter before every message; at the end of standard input, the rest is sent without asking
    #[arg(long, conflicts_with_all = ["speed", "dry_run"])]
    step: bool,
    /// Print what would be sent, and connect to nobody
    #[arg(long)]
    dry_run: bool,
    /// As client: ReferenceIDs as captured, or new ones
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Which::Keep)]
    references: Which,
    /// ConnIDs as captured, or new ones: those that the server gives now, or as server new numbers, and with them CallIDs and UUIDs. As client renewed unless told
    /// otherwise, as server kept
    #[arg(long, value_enum, value_name = "WHICH")]
    conn_ids: Option<Which>,
    /// As server: event times as captured, or those of now
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Which::Renew)]
    times: Which,
    /// As server: sequence numbers as captured, or new ones
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Which::Renew)]
    sequence: Which,
    /// As client: register nobody who has not registered in the capture
    #[arg(long)]
    no_listeners: bool,
    /// As client: how long an answer may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
    /// As server: begin after so many registrations of clients
    #[arg(long, value_name = "REGISTRATIONS", default_value_t = 1)]
    after: u32,
    /// As server: the world file; without one, every DN can be registered
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// As server: write the real address to this file once clients can connect; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    // Requests go to a server.
    Client,
    // Events go to clients.
    Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    // As captured.
    Keep,
    // New ones.
    Renew,
}

impl ReplayArgs {
    const fn pace(&self) -> Pace {
        Pace::new(if self.step { Speed::Max } else { self.speed })
    }

    fn steps(&self) -> Result<Steps, Failure> {
        if self.step { Steps::ask() } else { Ok(Steps::off()) }
    }
}

/// Replays the files.
pub(crate) fn run(args: &ReplayArgs) -> Outcome {
    let stdin = args.files.iter().filter(|file| *file == "-").count();
    if stdin > 1 || (stdin == 1 && (args.rounds > 1 || args.step)) {
        return Err(Failure::bad(anyhow!("standard input can be read only once")));
    }
    let progress = Arc::new(Progress::default());
    let bar = Bar::new(&args.files, args.rounds, Arc::clone(&progress));
    let source = Source {
        files: args.files.clone(),
        filter: Filter {
            messages: args.message.clone(),
            dns: args.dn.clone(),
            applications: args.app.clone(),
            from: args.from_time,
            to: args.to_time,
        },
        wanted: if args.side == Side::Client { Wanted::Requests } else { Wanted::Events },
        rounds: args.rounds,
    };
    match args.side {
        _ if args.dry_run => dry_run(args, source, &progress),
        Side::Client => as_client(args, source, &progress, &bar),
        Side::Server => as_server(args, source, &progress, &bar),
    }
}

fn dry_run(args: &ReplayArgs, source: Source, progress: &Arc<Progress>) -> Outcome {
    struct Printer(Out, u64, u64);

    impl Target for Printer {
        async fn send(&mut self, planned: Planned) -> Result<(), Failure> {
            self.1 += 1;
            self.2 += u64::from(planned.rebuilt);
            self.0.line(describe(&planned))
        }

        async fn again(&mut self) -> Result<(), Failure> {
            Ok(())
        }
    }

    let mut printer = Printer(Out::new(), 0, 0);
    if args.side == Side::Client && !args.no_listeners {
        for heard in source.listeners()? {
            let dn = String::from_utf8_lossy(&heard.dn);
            printer.0.line(printable(&format!("registers first: {} on {dn}", heard.application)))?;
        }
    }
    let news = source.start(Arc::clone(progress))?;
    let played =
        runtime()?.block_on(play(&mut printer, news, Pace::new(Speed::Max), Steps::off(), &Bar::hidden()));
    let Printer(mut out, sent, rebuilt) = printer;
    played?;
    out.text(&summary(progress, &format!("would send {sent}{}", of_which_rebuilt(rebuilt))))?;
    out.flush()?;
    Ok(if sent == 0 { Exit::Unmet } else { Exit::Done })
}

/// Prints the summary, and then says why it was not played to its end, if so; `played` is whether a signal came.
fn finish(progress: &Progress, sent: &str, played: Result<bool, Failure>, exit: Exit) -> Outcome {
    let mut out = Out::new();
    out.text(&summary(progress, sent))?;
    out.flush()?;
    if played? {
        say("stopped before the end");
        return Ok(Exit::Unmet);
    }
    Ok(exit)
}

fn as_client(args: &ReplayArgs, source: Source, progress: &Arc<Progress>, bar: &Bar) -> Outcome {
    let manner = Manner {
        keep_references: args.references == Which::Keep,
        keep_conn_ids: args.conn_ids == Some(Which::Keep),
        timed: args.speed != Speed::Max && !args.step,
        timeout: args.timeout,
    };
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut stop = Stop::listen()?;
        let mut clients = Clients::new(&args.to, manner);
        let played = tokio::select! {
            () = stop.wait() => Ok(true),
            played = async {
                if !args.no_listeners {
                    for heard in source.listeners()? {
                        clients.listen(&heard).await?;
                    }
                }
                let news = source.start(Arc::clone(progress))?;
                play(&mut clients, news, args.pace(), args.steps()?, bar).await?;
                clients.finish().await;
                Ok(false)
            } => played,
        };
        bar.end();
        let results = &clients.results;
        let mut sent = format!(
            "sent {}{} over {}",
            results.sent,
            of_which_rebuilt(results.rebuilt),
            counted(clients.count(), "connection")
        );
        let answers = [
            (results.answered, "answered"),
            (results.errors, "answered with EventError"),
            (results.unanswered, "without an answer"),
        ];
        append_counts(&mut sent, &answers);
        let exit = match results {
            results if results.errors > 0 => Exit::Refused,
            results if results.unanswered > 0 || results.sent == 0 => Exit::Unmet,
            _ => Exit::Done,
        };
        finish(progress, &sent, played, exit)
    })
}

fn as_server(args: &ReplayArgs, source: Source, progress: &Arc<Progress>, bar: &Bar) -> Outcome {
    ReadyFile::clear(args.ready_file.as_deref())?;
    let mut world = world::read(args.world.as_deref())?;
    if args.world.is_none() {
        world.switch.create_unknown_dns = true;
    }
    let runtime = runtime()?;
    let mut stop = runtime.block_on(async { Stop::listen() })?;
    let log = args.log.is_named().then(|| Log::open(&args.log, &world.t_server.name, None)).transpose()?;
    let listening = Listening::bind(&args.listen).map_err(Failure::system)?;
    let address = listening.address();
    let ready = ReadyFile::write(args.ready_file.as_deref(), &address.to_string())?;
    let (sink, log) = log.map(Log::start).transpose()?.unzip();
    let (tap, mut registered) = server::registrations();
    let mut config = ServerConfig::new(world);
    config.log = sink.map(|sink| (sink, args.log.log_level));
    config.tap = Some(tap);
    let server = Arc::new(Server::run(listening, config).map_err(Failure::system)?);
    note(&format!(
        "Ready: server on {address}; begins after {}",
        counted(args.after as usize, "registration")
    ));

    let keep = Keep { times: args.times == Which::Keep, sequence: args.sequence == Which::Keep };
    let first = jiff::Timestamp::now().as_microsecond().unsigned_abs();
    let conn_ids = (args.conn_ids == Some(Which::Renew)).then(|| ConnIds::renewed(first));
    let mut playing = Playing::new(Arc::clone(&server), keep, conn_ids);
    let played = runtime.block_on(async {
        tokio::select! {
            () = stop.wait() => Ok(true),
            played = async {
                // The server lives, so the count does.
                let _ = registered.wait_for(|count| *count >= args.after).await;
                let news = source.start(Arc::clone(progress))?;
                play(&mut playing, news, args.pace(), args.steps()?, bar).await?;
                Ok(false)
            } => played,
        }
    });
    bar.end();
    drop(ready);
    let results = playing.finish();
    // Its last owner stops it: it writes what is queued and closes the connections.
    drop(server);
    if let Some(log) = log {
        log.close();
    }
    let mut sent = format!("sent {}, received {} times", results.sent, results.delivered);
    append_counts(&mut sent, &[(results.nobody, "reached nobody"), (results.refused, "could not be sent")]);
    let exit = if results.sent == 0 { Exit::Unmet } else { Exit::Done };
    finish(progress, &sent, played, exit)
}

fn of_which_rebuilt(rebuilt: u64) -> String {
    if rebuilt == 0 { String::new() } else { format!(" ({rebuilt} rebuilt)") }
}

fn append_counts(text: &mut String, counts: &[(u64, &str)]) {
    for (count, what) in counts.iter().filter(|(count, _)| *count > 0) {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {count} {what}");
    }
}

/// What was read, sent and skipped, with the reasons.
fn summary(progress: &Progress, sent: &str) -> String {
    progress.with(|tally| {
        let skipped: u64 = tally.skipped.values().sum();
        let mut text = format!("read {} messages\n{sent}\nskipped {skipped}\n", tally.read);
        for (why, count) in &tally.skipped {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {count:>7}  {why}");
        }
        if tally.unpublished > 0 {
            let left_out = tally.unpublished;
            let _ = writeln!(text, "sent without {left_out} attributes that have no published id");
        }
        text
    })
}
