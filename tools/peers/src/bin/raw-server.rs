//! `raw-server`: the copy server as a process of its own.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use tbus_peers::raw::serve;

/// Copies each publisher's frames to every subscriber, and decodes nothing: the floor for tools/bench-peers.
///
/// A frame is a length of four bytes, big-endian, and so many bytes. A client's first frame is S (subscriber), or P
/// (publisher) and the bytes that acknowledge each of its frames; it gets the frame K. Listens on 127.0.0.1 only.
#[derive(Debug, Parser)]
#[command(name = "raw-server", after_help = "Examples:\n  raw-server\n  raw-server --port 7000 --spin 2000")]
struct Arguments {
    /// Where to listen on 127.0.0.1; 0 takes a free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Poll for so long before sleeping
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0)]
    spin: u64,
    /// Write the address to this file once clients can connect
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raw-server: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    // A thousand subscribers are more than the usual soft limit of descriptors.
    tbus_peers::machine::raise_descriptors();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
        .with_context(|| format!("127.0.0.1:{}", arguments.port))?;
    let address = listener.local_addr().context("the own address")?;
    println!("{address}");
    if let Some(path) = &arguments.ready_file {
        let unfinished = path.with_extension("unfinished");
        let written = std::fs::write(&unfinished, format!("{address}\n"))
            .and_then(|()| std::fs::rename(&unfinished, path));
        written.with_context(|| format!("ready file {}", path.display()))?;
    }
    serve(listener, Duration::from_micros(arguments.spin))
}
