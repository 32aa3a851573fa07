//! `tbus proxy`: between clients and a server, writing down what they say.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use jiff::Zoned;
use tbus_server::{Listening, Proxy, ProxyConfig};

use crate::args::address;
use crate::capture::Capture;
use crate::client::runtime;
use crate::descriptors;
use crate::exit::{Failure, Outcome, note};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::stop::Stop;

/// What `tbus proxy` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus proxy --listen 127.0.0.1:7008 --to 127.0.0.1:7007 --out traffic.pcapng\n  \
    tbus watch --dn REPORTING --server 127.0.0.1:7008\n\n\
    Bytes are passed on unchanged, whatever they are. stderr has a line for every connection that begins or ends.\n\
    Ctrl-C and SIGTERM close the connections and the file, and exit with 0."
)]
pub(crate) struct ProxyArgs {
    /// Where clients connect; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    listen: String,
    /// The server
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    to: String,
    /// The capture (pcapng, for Wireshark); a file that is there is overwritten
    #[arg(long, value_name = "FILE.pcapng")]
    out: PathBuf,
    /// Write the real address to this file once clients can connect; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

/// Passes on until a signal comes.
pub(crate) fn run(args: &ProxyArgs) -> Outcome {
    ReadyFile::clear(args.ready_file.as_deref())?;
    let runtime = runtime()?;
    // Before anybody can know that the proxy is there, so that no signal is missed.
    let mut stop = runtime.block_on(async { Stop::listen() })?;
    let listening = Listening::bind(&args.listen).map_err(Failure::system)?;
    let address = listening.address();
    let (sink, capture) = Capture::create(&args.out)?;
    let mut config = ProxyConfig::new(&args.to);
    // A socket to each end.
    descriptors::raise(config.connections.saturating_mul(2));
    config.capture = Some(sink);
    config.on_note = Box::new(|event| note(&format!("{} {event}", Zoned::now().strftime("%H:%M:%S.%3f"))));
    let proxy = Proxy::run(listening, config).map_err(Failure::system)?;
    let ready = ReadyFile::write(args.ready_file.as_deref(), &address.to_string())?;
    let mut out = Out::new();
    let file = args.out.display();
    out.text(&format!("Capture: {file}\nReady: proxy on {address}, to {}\n", args.to))?;
    out.flush()?;
    drop(out);
    runtime.block_on(async {
        stop.wait().await;
        drop(ready);
        let ended = tokio::task::spawn_blocking(move || {
            proxy.stop();
            capture.close()
        });
        ended.await.map_err(|error| Failure::system(anyhow!(error).context("stopping")))
    })
}
