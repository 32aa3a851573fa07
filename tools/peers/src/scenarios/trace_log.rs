//! The log at trace to a file: what it costs, and whether every line is there afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use tbus_load::{Payload, Plan};
use tlib_capture::read::{Kind, LogReader};

use super::figures::{Bound, DELIVERED, Figure, Goal, Measured, P99};
use super::load::{drive, last_number, paced, saturated, set_cpu, set_latencies, set_throughput};
use super::{Context, Scenario};
use crate::server::Running;

/// Size of a log file in bytes, as the option has it: 10 MB.
const SEGMENT: u64 = 10 << 20;
/// A segment ends before the block that would make it too long, and then has the lines of that block before that say who
/// got it, and a last line: about 70 bytes each.
const LAST_LINES: u64 = 512;
/// Subscribers of both loads.
const SUBSCRIBERS: u64 = 3;

const WRITTEN: Figure = Figure::new("log_mb_s", "log MB/s");
const FILES: Figure = Figure::new("log_files", "log files");

const OFF: &str = "log-off";
const TRACE: &str = "log-trace";

pub(super) const PACED: Scenario = Scenario {
    name: "log-trace-10000x3",
    about: "10,000 events/s to 3 with the log at trace to a file; then every line is looked for",
    variants: &[OFF, TRACE],
    goals: &[Goal { figure: P99, variant: TRACE, against: Some(OFF), bound: Bound::AtMost(1.5) }],
    run: |context, variant| run(context, variant, false),
};

pub(super) const SATURATED: Scenario = Scenario {
    name: "log-trace-saturation",
    about: "as fast as it goes with the log at trace to a file: publishers slow down, no line is missing",
    variants: &[OFF, TRACE],
    goals: &[Goal { figure: DELIVERED, variant: TRACE, against: None, bound: Bound::AtLeast(1.0) }],
    run: |context, variant| run(context, variant, true),
};

fn run(context: &Context<'_>, variant: &str, as_fast_as_it_goes: bool) -> Result<Measured> {
    let trace = ["--log-level", "trace", "--log-segment", "10 MB", "--log-expire", "false"];
    let options: &[&str] = if variant == TRACE { &trace } else { &["--log-level", "none"] };
    let mut server = Running::start(&context.programs.tbus("tbus", options))?;
    let mut measured = Measured::default();
    let plan = if as_fast_as_it_goes {
        // A log of a gigabyte says no more than one of half of it.
        Plan { duration: context.time(1.5), ..saturated(context, &server) }
    } else {
        paced(context, &server, 10_000.0, 3)
    };
    let begun = Instant::now();
    let (outcome, ()) = drive(plan, Payload::default(), &mut measured, || Ok(()))?;
    let took = begun.elapsed();
    if as_fast_as_it_goes {
        set_throughput(&mut measured, &outcome);
        set_cpu(&mut measured, &outcome);
    } else {
        set_latencies(&mut measured, &outcome);
    }
    // Every event has a number, so this one's tells how many there were.
    let last = last_number(server.address())?;
    let status = server.stop()?;
    measured.must(status.success(), || format!("tbus serve has ended with {status}"));
    if variant == TRACE {
        let files = files(server.folder())?;
        let mut seen = Seen::default();
        let mut bytes = 0;
        for (path, size) in &files {
            bytes += size;
            measured.must(*size <= SEGMENT + LAST_LINES, || format!("{} has {size} bytes", path.display()));
            seen.read(path)?;
        }
        for fault in seen.faults(last) {
            measured.must(false, || fault);
        }
        measured.set(WRITTEN, bytes as f64 / 1e6 / took.as_secs_f64());
        measured.set(FILES, files.len() as f64);
    }
    Ok(measured)
}

/// The files of the log, oldest first, with their sizes.
fn files(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let size = path.metadata()?.len();
            files.push((path, size));
        }
    }
    // The one that was written last has no date in its name, and dates stand before letters.
    files.sort();
    Ok(files)
}

/// What a log says of the load.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Requests received, by their lines.
    received: u64,
    /// Their blocks.
    requests: u64,
    /// Acknowledgements sent, by their lines.
    acks: u64,
    /// Blocks of user events.
    events: u64,
    /// User events sent, by their lines: one for each receiver.
    sent: u64,
    /// Number of the last event.
    last: u64,
    /// Numbers that do not follow the one before.
    jumps: u64,
    complaints: u64,
}

impl Seen {
    fn read(&mut self, path: &Path) -> Result<()> {
        let mut reader = LogReader::open(path)?;
        while let Some(record) = reader.next()? {
            self.complaints += record.complaints.len() as u64;
            match record.kind {
                Kind::Sent(receipt) if receipt.message == b"EventUserEvent" => self.sent += 1,
                Kind::Sent(receipt) if receipt.message == b"EventACK" => self.acks += 1,
                Kind::Interaction(line) if line.message == b"RequestDistributeUserEvent" => {
                    self.received += 1
                }
                Kind::Block(block) => {
                    self.requests += u64::from(block.name == b"RequestDistributeUserEvent");
                    self.events += u64::from(block.name == b"EventUserEvent");
                    let number = block.attribute(b"EventSequenceNumber").map(str::from_utf8);
                    if let Some(Ok(number)) = number {
                        let number = u64::from_str_radix(number, 16)?;
                        self.jumps += u64::from(number != self.last + 1);
                        self.last = number;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is missing, if the last event of the server had this number.
    fn faults(&self, last: u64) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("the log: {what}: {self:?}, last event {last}"));
            }
        };
        must(self.complaints == 0, "lines that cannot be read");
        must(self.jumps == 0, "events are missing, or in another order");
        must(self.last == last, "the last events are missing");
        must(self.requests > 0 && self.received == self.requests, "requests without their lines");
        must(self.acks == self.requests, "acknowledgements are missing");
        must(self.events == self.requests, "user events are missing");
        // The generator's first event, which shows it what events look like, has one receiver.
        must(self.sent == SUBSCRIBERS * self.events.saturating_sub(1) + 1, "lines of receivers are missing");
        faults
    }
}
