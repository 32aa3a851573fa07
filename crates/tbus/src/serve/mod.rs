//! `tbus serve`: a T-Server until somebody ends it.

pub(crate) mod vendor;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use tbus_core::World;
use tbus_server::{Listening, Server, ServerConfig};

use crate::args::{DEFAULT_ADDRESS, address};
use crate::capture::Capture;
use crate::client::runtime;
use crate::descriptors;
use crate::exit::{Exit, Failure, Outcome, say};
use crate::invocation;
use crate::log::{Log, LogArgs};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::stop::Stop;
use crate::world;

/// What `tbus serve` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus serve\n  tbus serve --listen 127.0.0.1:0 --ready-file ready --log logs/\n  \
    tbus serve --world world.toml --log server.log --log-level trace --log-segment '10 MB' --log-expire 5\n  \
    tbus serve --capture traffic.pcapng\n  \
    tbus serve --busy-poll --log-level standard\n  \
    tbus -host cfg -port 2020 -app SIP_P -l 7260@licence    (a vendor's start line)\n\n\
    Ctrl-C and SIGTERM write what is queued for clients, close the log, and exit with 0.\n\
    A second signal, half a second later or more, ends it at once with 1."
)]
pub(crate) struct ServeArgs {
    /// Capture every frame, both ways (pcapng, for Wireshark); a file that is there is overwritten
    #[arg(long, value_name = "FILE.pcapng")]
    capture: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// What `tbus capture` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "The same as tbus serve --capture FILE.pcapng. To capture between clients and a server that is there: tbus proxy.\n\n\
    Examples:\n  tbus capture --out traffic.pcapng\n  \
    tshark -X lua_script:tools/wireshark/tlib.lua -r traffic.pcapng -Y 'tlib.message == 96'"
)]
pub(crate) struct CaptureArgs {
    /// Where the frames go (pcapng, for Wireshark); a file that is there is overwritten
    #[arg(long, value_name = "FILE.pcapng")]
    out: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// What every T-Server is told.
#[derive(Debug, Args)]
struct ServerArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = address)]
    listen: String,
    /// Tenant, switch, DNs, options (TOML); without it, the world of the published example
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Name of the T-Server instead of the world's; -app works, too
    #[arg(long, value_name = "NAME", value_parser = application)]
    app: Option<String>,
    /// Write the real address to this file once clients can connect; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// After each read go on looking at the sockets for so long (microseconds; alone: 2000) before sleeping: about half
    /// the latency for up to one whole core
    #[arg(long, value_name = "MICROS", num_args = 0..=1, require_equals = true, default_missing_value = "2000",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    busy_poll: Option<u64>,
    #[command(flatten)]
    log: LogArgs,
}

/// The name of an application, as a world would accept it.
fn application(name: &str) -> Result<String, String> {
    match name {
        "" => Err("the name is empty".to_owned()),
        _ if name.len() > 255 => Err("the name is over 255 bytes long".to_owned()),
        _ if name.chars().any(char::is_control) => Err("the name holds a control character".to_owned()),
        _ => Ok(name.to_owned()),
    }
}

/// Serves until a signal comes.
pub(crate) fn run(args: ServeArgs, ignored: &[String]) -> Outcome {
    serve(args.server, args.capture.as_deref(), ignored)
}

/// Serves until a signal comes, and captures.
pub(crate) fn run_capture(args: CaptureArgs) -> Outcome {
    serve(args.server, Some(&args.out), &[])
}

fn serve(args: ServerArgs, capture_file: Option<&Path>, ignored: &[String]) -> Outcome {
    let world = world(&args)?;
    ReadyFile::clear(args.ready_file.as_deref())?;
    let runtime = runtime()?;
    // Before anybody can know that the server is there, so that no signal is missed.
    let mut stop = runtime.block_on(async { Stop::listen() })?;

    descriptors::raise(world.t_server.options.max_clients);
    let log = Log::open(&args.log, &world.t_server.name, None)?;
    let listening = Listening::bind(&args.listen).map_err(Failure::system)?;
    let address = listening.address().to_string();
    let (tap, capture) = capture_file.map(Capture::create).transpose()?.unzip();

    // Clients can connect, and nothing says that they can before both of these could be written.
    let ready = ReadyFile::write(args.ready_file.as_deref(), &address)?;
    let mut out = Out::new();
    out.text(&screen(&world, &address, &log, capture_file, ignored))?;
    out.flush()?;
    drop(out);
    let (sink, log) = log.start()?;
    let mut config = ServerConfig::new(world);
    config.log = Some((sink, args.log.log_level));
    config.capture = tap;
    config.serve.busy_poll = args.busy_poll.map_or(Duration::ZERO, Duration::from_micros);
    let server = Server::run(listening, config).map_err(Failure::system)?;
    tracing::info!(address, "ready");

    runtime.block_on(async {
        stop.wait().await;
        drop(ready);
        let drained = tokio::task::spawn_blocking(move || {
            server.stop();
            log.close();
            capture.map_or(Exit::Done, Capture::close)
        });
        tokio::select! {
            done = drained => done.map_err(|error| Failure::system(anyhow!(error).context("stopping"))),
            () = stop.wait() => {
                say("stopped at once, what was queued for clients is lost");
                // The thread that drains cannot be interrupted in any other way.
                std::process::exit(Exit::Unmet as i32)
            }
        }
    })
}

/// The world of the file, or the default one, with the name that the command line gives.
fn world(args: &ServerArgs) -> Result<World, Failure> {
    let mut world = world::read(args.world.as_deref())?;
    if let Some(name) = &args.app {
        world.t_server.name.clone_from(name);
    }
    Ok(world)
}

/// What a newcomer sees first: at most 12 lines, the last one says that clients can connect.
fn screen(world: &World, address: &str, log: &Log, capture: Option<&Path>, ignored: &[String]) -> String {
    let tbus = invocation::command();
    let server = if address == DEFAULT_ADDRESS { String::new() } else { format!(" --server {address}") };
    let deserted = world.dns.is_empty() && !world.switch.create_unknown_dns;
    let dns = match world.dns.as_slice() {
        [] if deserted => "0 DNs: nobody can register; add [[dn]]".to_owned(),
        [dn] => format!("1 DN ({})", dn.number),
        dns => format!("{} DNs", dns.len()),
    };
    let has = |name: &str| world.dns.iter().any(|dn| dn.number == name);
    let dn = match world.dns.first() {
        Some(first) if !has("REPORTING") => first.number.as_str(),
        _ => "REPORTING",
    };
    let quoted = if dn.contains(char::is_whitespace) { format!("'{dn}'") } else { dn.to_owned() };
    let name = &world.t_server.name;
    let mut lines = vec![
        format!("tbus {}, a T-Server protocol simulator", env!("CARGO_PKG_VERSION")),
        format!(
            "World:   tenant {}, switch {}, T-Server {name}, {dns}",
            world.tenant.name, world.switch.name
        ),
        format!("Listen:  {address}"),
        format!("Log:     {}", log.describe()),
    ];
    lines.extend(capture.map(|path| format!("Capture: {}", path.display())));
    lines.extend(vendor::notice(ignored));
    lines.push("Try this next, in other terminals:".to_owned());
    if deserted {
        lines.push(format!("  {tbus} send --json '{{\"message\":\"RequestQueryServer\"}}'{server}"));
    } else {
        lines.push(format!("  {tbus} watch --dn {quoted}{server}"));
        lines.push(format!("  {tbus} send --dn {quoted} greeting=hello n:=3{server}"));
    }
    lines.push(format!("Ready: {name} on {address}"));
    lines.join("\n") + "\n"
}
