//! `tbus callback serve`: the callback service until somebody ends it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use tbus_apps::callback::{Clock, Left, Notice, Options, Server, ServerConfig, StartError, TServer};
use tbus_apps::scenario;
use tbus_apps::session::{Outcome as SessionOutcome, Outcomes};

use super::lines::Lines;
use super::screen;
use crate::args::{DEFAULT_ADDRESS, address};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, counted, cut, note, say, unreadable};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::stop::Stop;
use crate::world;

/// Most numbers of a scenario that the first lines show.
const SHOWN: usize = 3;

/// How often it is looked whether the service still runs.
const WATCH: Duration = Duration::from_secs(1);

/// What `tbus callback serve` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus callback serve\n  \
    tbus callback serve --speed 10 --seed 7\n  \
    tbus callback serve --options gms.ini --t-server Sip_Switch=127.0.0.1:7007\n  \
    tbus callback serve --listen 127.0.0.1:0 --ready-file ready --scenario h-redial-limit\n\n\
    Without --options there is one service, default, that reports to the DN REPORTING. With it there is one for each \
    section [service.NAME]; reporting is off there until _rep_userevent_enable = true and _rep_userevent_dn.\n\n\
    How a callback goes is told by its number: one that ends with 555 and 0100 is a success, 0101 is reached the third \
    time, 0102 is abandoned, 0103 finds no agent, 0104 reaches the redial limit, 0105 is a fax, 0106 a call error, 0107 \
    is transferred, 0108 cancelled by a plug-in, 0109 dies, 0110 is sent twice. Others succeed, or share weights (--seed).\n\n\
    Ctrl-C and SIGTERM finish the requests and messages under way, and exit with 0. Callbacks are not kept. A second \
    signal, half a second later or more, ends it at once with 1.")]
pub(super) struct ServeArgs {
    /// Where HTTP listens; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: String,
    /// The T-Server for user events; with SWITCH= the one of that _rep_userevent_switch, and more than one
    #[arg(long, value_name = "[SWITCH=]HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = t_server)]
    t_server: Vec<TServer>,
    /// Options of the services, in INI spelling
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// Share out outcomes among ordinary numbers, by weights from this seed; without it all of them succeed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Numbers of this named scenario go as it says
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// How many times as fast sessions go; the times that they report go as fast
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    speed: u32,
    /// Where the numbers of tenant and queues in the configuration database are looked up (TOML)
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Name of this client in the T-Server's log
    #[arg(long, value_name = "NAME", default_value = "OrchestrationServer")]
    app: String,
    /// Write the HTTP address to this file once requests are taken; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

/// Reads `host:port` or `switch=host:port`.
fn t_server(text: &str) -> Result<TServer, String> {
    let (switch, rest) = text.split_once('=').unwrap_or(("", text));
    if rest.len() != text.len() && switch.is_empty() {
        return Err("a switch is missing before =".to_owned());
    }
    Ok(TServer { switch: switch.to_owned(), address: address(rest)? })
}

/// Serves until a signal comes.
pub(super) fn run(args: &ServeArgs) -> Outcome {
    let (options, notices) = options(args.options.as_deref())?;
    let (outcomes, scripted) = outcomes(args)?;
    let world = world::read(args.world.as_deref())?;
    ReadyFile::clear(args.ready_file.as_deref())?;
    let runtime = client::runtime()?;
    // Before anybody can know that the service is there, so that no signal is missed.
    let mut stop = runtime.block_on(async { Stop::listen() })?;

    let (mut lines, sink) = Lines::new();
    let mut config = ServerConfig::new("");
    config.listen.clone_from(&args.listen);
    config.t_servers.clone_from(&args.t_server);
    config.application.clone_from(&args.app);
    config.clock = Clock::Wall { speed: args.speed };
    config.machine.outcomes = outcomes;
    config.machine.tenant_dbid = world.tenant.dbid;
    config.machine.queues = world.dns.iter().map(|dn| (dn.number.clone(), dn.dbid)).collect();
    let head = screen::head(&told(args, &scripted), &options, &notices);
    config.machine.options = options;
    config.tell = Some(sink);
    let server = Server::start(config).map_err(failure)?;
    let address = server.address().to_string();
    let ready = ReadyFile::write(args.ready_file.as_deref(), &address)?;
    let mut out = Out::new();
    out.text(&screen::text(&head, &address))?;
    out.flush()?;
    drop(out);
    lines.start()?;

    let (has_failed, left) = runtime.block_on(async {
        let has_failed = loop {
            tokio::select! {
                () = stop.wait() => break false,
                () = tokio::time::sleep(WATCH) => {
                    if !server.is_running() {
                        break true;
                    }
                }
            }
        };
        drop(ready);
        let stopped = tokio::task::spawn_blocking(move || {
            let left = server.stop();
            lines.close();
            left
        });
        tokio::select! {
            left = stopped => {
                Ok((has_failed, left.map_err(|error| Failure::system(anyhow!(error).context("stopping")))?))
            }
            () = stop.wait() => {
                say("stopped at once");
                // What is under way cannot be interrupted in any other way.
                std::process::exit(Exit::Unmet as i32)
            }
        }
    })?;
    if has_failed {
        return Err(Failure::system(anyhow!("the callback service has ended by itself")));
    }
    tell_left(left);
    Ok(Exit::Done)
}

/// What is lost with the end.
fn tell_left(left: Left) {
    if left.open > 0 {
        let was = if left.open == 1 { "was" } else { "were" };
        note(&format!(
            "{} {was} not completed; a restart begins without any",
            counted(left.open, "callback")
        ));
    }
    if left.unanswered > 0 {
        note(&format!("{} had no answer from T-Server", counted(left.unanswered, "message")));
    }
}

fn options(path: Option<&Path>) -> Result<(Options, Vec<Notice>), Failure> {
    let Some(path) = path else { return Ok((Options::default(), Vec::new())) };
    let name = path.display().to_string();
    let mut text = Vec::new();
    // One byte more than is read tells that there is more.
    let limit = u64::try_from(Options::TEXT_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text));
    read.map_err(|error| Failure::bad(unreadable(&error).context(name.clone())))?;
    Options::read(&name, &text).map_err(Failure::bad)
}

/// How callbacks go, and the numbers of the scenario that decides over some.
fn outcomes(args: &ServeArgs) -> Result<(Outcomes, Vec<String>), Failure> {
    let (outcomes, numbers) = match &args.scenario {
        None => (Outcomes::new(), Vec::new()),
        Some(name) => {
            let named = scenario::named(name).map_err(|meant| {
                let names: Vec<_> = scenario::NAMED.iter().map(|named| named.name).collect();
                let hint = match meant {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("there are {}", names.join(", ")),
                };
                Failure::bad(anyhow!("--scenario: there is no scenario {}; {hint}", cut(name)))
            })?;
            let scenario = named.read().map_err(Failure::bad)?;
            let numbers =
                scenario.callbacks.iter().take(SHOWN).map(|callback| callback.customer_number().to_owned());
            (scenario.outcomes(), numbers.collect())
        }
    };
    let weights = SessionOutcome::ALL.iter().map(|outcome| (*outcome, outcome.usual_weight()));
    let outcomes = match args.seed {
        None => outcomes,
        Some(seed) => outcomes.with_weights(seed, weights),
    };
    Ok((outcomes, numbers))
}

/// What the first lines say of the command line.
fn told<'a>(args: &'a ServeArgs, scripted: &'a [String]) -> screen::Told<'a> {
    screen::Told {
        t_servers: &args.t_server,
        application: &args.app,
        seed: args.seed,
        scenario: args.scenario.as_deref().map(|name| (name, scripted)),
        speed: args.speed,
    }
}

/// The exit code of an error, and what to do about it.
fn failure(error: StartError) -> Failure {
    match error {
        StartError::Client(error) => match client::failure(error) {
            Failure::Failed { exit, error } => {
                let text = error.to_string().replace("--server names", "--t-server names");
                Failure::Failed { exit, error: anyhow!(text) }
            }
            closed @ Failure::Closed => closed,
        },
        StartError::NoSwitch { .. } => Failure::bad(error),
        error => Failure::system(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_servers() {
        let read = |text| t_server(text).map(|server| (server.switch, server.address));
        let pair = |switch: &str, address: &str| Ok((switch.to_owned(), address.to_owned()));
        assert_eq!(read("localhost:7007"), pair("", "localhost:7007"));
        assert_eq!(read("Sip_Switch=[::1]:7007"), pair("Sip_Switch", "[::1]:7007"));
        for text in ["", "=localhost:7007", "Sip_Switch=", "localhost", "a=b=localhost:7007"] {
            let is_legal = read(text).is_ok();
            assert_eq!(is_legal, text == "a=b=localhost:7007", "{text}");
        }
    }
}
