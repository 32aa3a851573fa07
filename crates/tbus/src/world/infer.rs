//! `tbus world infer`: the world file that traffic shows.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use tbus_workbench::world::{Inference, Style};
use tlib_capture::packet::{CaptureReader, ReadOptions};
use tlib_capture::read::LogReader;

use crate::exit::{Exit, Failure, Outcome, say};
use crate::output::Out;
use crate::traffic::{Bar, Counted, is_capture, open};

/// What `tbus world infer` is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tbus world infer server.log -o world.toml\n  tbus serve --world world.toml\n  \
    tbus replay server.log\n\n\
    Files are logs of T-Server or its clients, pcap or pcapng. Types of DNs follow from what happened on them; the file says \
    beside each how it is known, or that it is a guess. Keys are listed as comments, with their kinds and how often they came, \
    without values.\n\n\
    Exit codes: 0 done, 1 no message in the files, 2 wrong usage or a file that cannot be read, 3 the world file cannot be written."
)]
pub(super) struct InferArgs {
    /// Logs or packet captures; - for standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<String>,
    /// Write the world to this file, which must not exist yet; without it, to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the world file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Show the first value of each key. Values may be what customers have said
    #[arg(long)]
    examples: bool,
}

/// Reads the files and writes the world.
pub(super) fn run(args: &InferArgs) -> Outcome {
    let mut inference = Inference::new();
    if args.examples {
        inference = inference.with_examples();
    }
    let bar = Bar::new(&args.files, 1);
    for file in &args.files {
        read(file, &mut inference, &bar)?;
    }
    bar.end();
    let inferred = inference.finish();
    for remark in inferred.remarks() {
        say(remark);
    }
    if inferred.messages() == 0 {
        return Err(Failure::unmet(anyhow!("no message in what was read, so there is no world to infer")));
    }
    let text = inferred.to_toml(Style { examples: args.examples });
    match &args.output {
        Some(path) => write(path, &text, args.force)?,
        None => {
            let mut out = Out::new();
            out.text(&text)?;
            out.flush()?;
        }
    }
    Ok(Exit::Done)
}

fn read(file: &str, inference: &mut Inference, bar: &Bar) -> Result<(), Failure> {
    let (name, source) = open(file)?;
    let mut source = Counted::new(source, bar.bytes());
    if is_capture(&name, &mut source)? {
        for item in CaptureReader::new(source, ReadOptions::default()) {
            inference.captured(item.map_err(|error| Failure::bad(error).context(name.clone()))?);
            bar.show();
        }
        return Ok(());
    }
    let mut reader = LogReader::new(name, source);
    while let Some(record) = reader.next().map_err(Failure::bad)? {
        inference.record(&record);
        bar.show();
    }
    inference.end_of_log();
    Ok(())
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let name = path.display();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::bad(anyhow!(
                "{name} is there already; choose another name, or replace it with --force"
            )),
            _ => Failure::system(anyhow!(error).context(name.to_string())),
        }
    })
}
