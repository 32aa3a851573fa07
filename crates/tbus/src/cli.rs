//! The command line: which subcommands there are, and what the first page of help says.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::exit::{Exit, Failure, Outcome};
#[cfg(target_os = "linux")]
use crate::load;
use crate::{
    anonymize, app, callback, chain, decode, demo, encode, etl, icon, idb, infomart, kv, lint, log_cmd,
    proxy, record, replay, report, send, serve, spec, watch, world,
};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "tbus",
    version,
    about = "A T-Server protocol simulator and event bus: no licence, no switch, no Configuration Server.\n\
        The bytes on the wire are this project's own: `tbus spec --unverified` lists what is not proven.",
    after_help = "Examples:\n  tbus demo                              the published T-Server exchange, on this machine\n  \
        tbus serve                             a T-Server with the default world on 127.0.0.1:7007\n  \
        tbus watch --dn REPORTING              prints the events of a DN\n  \
        tbus record --db demo.sqlite           stores the events of REPORTING in a database\n  \
        tbus send gms_ServiceName=inbound n:=3 sends a user event to REPORTING\n\n\
        Exit codes: 0 done, 1 time-out or what was expected has not come, 2 EventError came back, wrong\n\
        usage or bad input, 3 cannot connect, listen or write, or the system failed.\n\n\
        TBUS_LOG=debug shows on stderr what the program does."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the published exchange on a T-Server of its own and show its log
    Demo(demo::DemoArgs),
    /// Play callbacks from the HTTP request to the report, all parts on this machine
    Chain(Box<chain::ChainArgs>),
    /// Run a T-Server
    Serve(serve::ServeArgs),
    /// Run a T-Server and capture every frame for Wireshark
    Capture(serve::CaptureArgs),
    /// Pass traffic on between clients and a server, and capture it
    Proxy(proxy::ProxyArgs),
    /// Register on DNs and print what arrives
    Watch(watch::WatchArgs),
    /// Send a user event, or any message, and print the answer
    Send(send::SendArgs),
    /// Store user events and attached data in an interaction database, as ICON does
    Record(record::RecordArgs),
    /// Run Stat Server or URS: register, listen, count, keep a log
    App(app::AppArgs),
    /// Run the callback service: callbacks by HTTP, user events to a T-Server
    Callback(Box<callback::CallbackArgs>),
    /// Print frames (hex or file) as log text or JSON
    Decode(decode::DecodeArgs),
    /// Write log text or JSON as frames
    Encode(encode::EncodeArgs),
    /// Work with packed key-value lists
    Kv(kv::KvArgs),
    /// Work with the interaction database that the recorder fills
    Idb(idb::IdbArgs),
    /// Make facts and sums for reports from the user events of callbacks
    Etl(etl::EtlArgs),
    /// Work with the Info Mart that reports read
    Infomart(infomart::InfomartArgs),
    /// Print the callback reports of an Info Mart, as table, CSV, JSON or HTML with charts
    Report(Box<report::ReportArgs>),
    /// Show what ICON's rules make of a T-Server log
    Icon(icon::IconArgs),
    /// Summarise logs, find blocks in them, convert them to JSON lines and back
    Log(log_cmd::LogCmdArgs),
    /// Send captured traffic again, as its clients or as its server
    Replay(Box<replay::ReplayArgs>),
    /// Replace numbers, names and addresses in logs, captures and databases
    Anonymize(Box<anonymize::AnonymizeArgs>),
    /// Make a world file from logs and captures
    World(world::WorldArgs),
    /// Check the user events of callbacks in logs, captures or an interaction database
    Lint(lint::LintArgs),
    /// Load a T-Server with publishers and subscribers, and check every delivery
    #[cfg(target_os = "linux")]
    Load(Box<load::LoadArgs>),
    /// Show messages, attributes, enumerations and error codes, and how each is known
    Spec(spec::SpecArgs),
}

/// Reads the command line and does what it says.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Outcome {
    let (arguments, ignored) = serve::vendor::translate(arguments.collect())?;
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads to its end is no error.
            let _ = error.print();
            return Ok(if error.use_stderr() { Exit::Refused } else { Exit::Done });
        }
    };
    trace()?;
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Chain(args) => chain::run(&args),
        Command::Serve(args) => serve::run(args, &ignored),
        Command::Capture(args) => serve::run_capture(args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Send(args) => send::run(&args),
        Command::Record(args) => record::run(args),
        Command::App(args) => app::run(&args),
        Command::Callback(args) => callback::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Encode(args) => encode::run(&args),
        Command::Kv(args) => kv::run(&args),
        Command::Idb(args) => idb::run(&args),
        Command::Etl(args) => etl::run(&args),
        Command::Infomart(args) => infomart::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Icon(args) => icon::run(&args),
        Command::Log(args) => log_cmd::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Anonymize(args) => anonymize::run(&args),
        Command::World(args) => world::run(&args),
        Command::Lint(args) => lint::run(&args),
        #[cfg(target_os = "linux")]
        Command::Load(args) => load::run(&args),
        Command::Spec(args) => spec::run(&args),
    }
}

/// What is not the T-Server log goes to stderr, as much of it as `TBUS_LOG` says: `debug`, or `tlib_net=trace,info`.
fn trace() -> Result<(), Failure> {
    use std::io::IsTerminal;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let filter = match std::env::var("TBUS_LOG") {
        Ok(text) => text.parse::<Targets>().map_err(|error| {
            Failure::bad(anyhow::anyhow!(
                "TBUS_LOG={text}: {error}; write a level such as debug, or tlib_net=trace,warn"
            ))
        })?,
        Err(_) => Targets::new().with_default(LevelFilter::WARN),
    };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_first_page_is_one_page() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().count() <= 50, "{help}");
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    }
}
