//! `tbus`: a T-Server protocol simulator and event bus, on the command line.
//!
//! One module per subcommand, with its arguments beside its code. What this crate is **not**: it has no protocol logic
//! and no SQL; a command reads its input, calls the libraries, and says how it ended.

mod anonymize;
mod app;
mod args;
mod blocks;
mod callback;
mod capture;
mod chain;
mod cli;
mod client;
mod decode;
mod demo;
mod descriptors;
mod doc;
mod encode;
mod etl;
mod exit;
mod hex;
mod icon;
mod idb;
mod infomart;
mod input;
mod invocation;
mod kv;
mod lint;
#[cfg(target_os = "linux")]
mod load;
mod log;
mod log_cmd;
mod output;
mod proxy;
mod ready;
mod record;
mod render;
mod replay;
mod report;
mod send;
mod serve;
mod spec;
mod stop;
mod stream;
mod traffic;
mod watch;
mod world;

fn main() -> std::process::ExitCode {
    exit::report(cli::run(std::env::args_os()))
}
