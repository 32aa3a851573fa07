//! The command line of tools/bench-peers.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};

use crate::server::{Label, Programs};
use crate::shape::{self, Shape};

/// Runs the same load against tbus, NATS, Redis and a server that only copies (raw), in turn, and compares them.
///
/// A fresh server for each run, repetitions outermost, servers in turn; ratios are paired by repetition. Every delivery of
/// every server is checked: a run of tbus in which anything was lost, doubled, out of order or damaged ends this with 1.
#[derive(Debug, Parser)]
#[command(
    name = "tools/bench-peers",
    version,
    after_help = "Shapes: sat-PxS is P publishers to S subscribers as fast as it goes, sync-1xS one event under way at a time, paced-RxS R events/s.\n\
    Servers: tbus, tbus-busy-poll, raw, raw-spin, nats, nats-new (needs NATS_SERVER), redis, mosquitto.\n\n\
    JSON: an object per line for each shape and server. ratio_raw and ratio_best_peer are of deliv_s in sat and sync shapes\n\
    (more is better) and of p50_us in paced ones (less is better). p50_us and p99_us count from the write of the event,\n\
    sched_p50_us and sched_p99_us from when the schedule asked for it. What was not measured is null. Of scenarios an\n\
    object for each variant, with medians, and one for each goal (goal, value, bound, met).\n\n\
    Scenarios: recorder-1000x3, recorder-1000x3-60, recorder-saturation, log-trace-10000x3, log-trace-saturation,\n\
    slow-, stopped- and reset-10000x3 and -1000x30, idle-10000, dns-100000, churn-5000.\n\n\
    Examples:\n  tools/bench-peers --quick\n  tools/bench-peers --quick --format json --chart fanout.svg\n  \
    tools/bench-peers --shapes sat-1x3,sync-1x3 --servers tbus,raw,redis --reps 7\n  \
    NATS_SERVER=~/nats-server-v2.15/nats-server tools/bench-peers\n  \
    tools/bench-peers --scenarios all\n  tools/bench-peers --scenarios churn,slow-10000x3 --reps 7 --format json\n\n\
    Exit codes: 0 done, goals met or not; 1 a run of tbus failed, or lost, doubled, disordered or damaged something;\n\
    2 wrong usage, or a program is missing; 3 the system failed."
)]
pub struct Args {
    /// Short runs: eight shapes, tbus, raw, nats and redis; ends within three minutes
    #[arg(long)]
    pub quick: bool,
    /// Repetitions
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub reps: u16,
    /// Only these shapes, separated by commas
    #[arg(long, value_name = "SHAPES", value_delimiter = ',')]
    pub shapes: Vec<String>,
    /// Only these servers, separated by commas
    #[arg(long, value_name = "SERVERS", value_delimiter = ',')]
    pub servers: Vec<String>,
    /// Compare tbus with itself instead: these scenarios, separated by commas, or all; the first part of a name is enough.
    /// With --quick they only show that they run
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with_all = ["shapes", "servers", "chart"])]
    pub scenarios: Vec<String>,
    /// How the results are printed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Draw the ratios into this file; a full run draws docs/fanout.svg unless told otherwise
    #[arg(long, value_name = "FILE.svg")]
    pub chart: Option<PathBuf>,
    /// The tbus to measure, instead of the one that was built here
    #[arg(long, value_name = "PATH")]
    pub tbus: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and the list of goals.
    Table,
    /// An object per line; the list of goals goes to standard error.
    Json,
}

impl Args {
    /// The shapes that are asked for.
    ///
    /// # Errors
    /// When one is not known.
    pub fn shapes(&self) -> Result<Vec<Shape>> {
        let known = if self.quick { shape::quick() } else { shape::all() };
        if self.shapes.is_empty() {
            return Ok(known);
        }
        // With --quick any shape can be asked for; it is short then.
        let all = if self.quick { shape::shortened() } else { known };
        for name in &self.shapes {
            if !all.iter().any(|shape| shape.name == *name) {
                let names: Vec<&str> = all.iter().map(|shape| shape.name.as_str()).collect();
                bail!("--shapes: {name}: no such shape; there are {}", names.join(", "));
            }
        }
        Ok(all.into_iter().filter(|shape| self.shapes.contains(&shape.name)).collect())
    }

    /// The servers that are asked for, and what is said of those that are left out.
    ///
    /// # Errors
    /// When one that is named is not known, or not there.
    pub fn servers(&self, programs: &Programs) -> Result<(Vec<Label>, Vec<String>)> {
        let busy_poll = || programs.tbus_knows("--busy-poll");
        if self.servers.is_empty() {
            let wanted: &[Label] = if self.quick {
                &[Label::Tbus, Label::Raw, Label::Nats, Label::NatsNew, Label::Redis]
            } else {
                &Label::ALL
            };
            let mut left_out = Vec::new();
            let mut servers = Vec::new();
            for label in wanted.iter().copied().filter(|label| *label != Label::Mqtt) {
                match programs.setup(label) {
                    Ok(_) if label == Label::TbusBusyPoll && !busy_poll() => {
                        left_out.push(format!("{}: this tbus has no --busy-poll", label.name()));
                    }
                    Ok(_) => servers.push(label),
                    // Nobody has asked for a newer one.
                    Err(_) if label == Label::NatsNew => {}
                    Err(error) => left_out.push(error.to_string()),
                }
            }
            return Ok((servers, left_out));
        }
        let mut servers = Vec::new();
        for name in &self.servers {
            let Some(label) = Label::named(name) else {
                let names = Label::ALL.map(Label::name).join(", ");
                bail!("--servers: {name}: no such server; there are {names}");
            };
            programs.setup(label)?;
            if label == Label::TbusBusyPoll && !busy_poll() {
                bail!("--servers: {name}: this tbus has no --busy-poll");
            }
            servers.push(label);
        }
        servers.sort_unstable();
        servers.dedup();
        Ok((servers, Vec::new()))
    }

    /// Where the chart goes, if anywhere.
    pub fn chart(&self) -> Option<PathBuf> {
        let whole = !self.quick && self.shapes.is_empty() && self.servers.is_empty();
        let docs = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/fanout.svg");
        self.chart.clone().or_else(|| whole.then(docs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn args(arguments: &[&str]) -> Args {
        Args::try_parse_from([&["tools/bench-peers"], arguments].concat()).unwrap()
    }

    #[test]
    fn the_command_line_holds_together() {
        Args::command().debug_assert();
        let defaults = args(&[]);
        assert_eq!((defaults.reps, defaults.format, defaults.quick), (5, Format::Table, false));
        assert!(Args::try_parse_from(["tools/bench-peers", "--reps", "0"]).is_err());
    }

    #[test]
    fn shapes_are_chosen_by_name() {
        let names = |arguments: &[&str]| -> Vec<String> {
            args(arguments).shapes().unwrap().into_iter().map(|shape| shape.name).collect()
        };
        assert_eq!(names(&[]).len(), 14);
        assert_eq!(names(&["--quick"]).len(), 8);
        assert_eq!(names(&["--shapes", "sync-1x3,sat-1x1"]), ["sat-1x1", "sync-1x3"]);
        assert_eq!(names(&["--quick", "--shapes", "sync-1x3"]), ["sync-1x3"]);
        let error = args(&["--shapes", "sat-1x2"]).shapes().unwrap_err().to_string();
        assert!(error.contains("sat-1x2: no such shape; there are sat-1x1, sat-1x3"), "{error}");
    }

    #[test]
    fn servers_that_are_missing_are_told_or_refused() {
        let programs = Programs { redis: Some(PathBuf::from("/bin/true")), ..Programs::default() };
        let (servers, left_out) = args(&["--quick"]).servers(&programs).unwrap();
        assert_eq!(servers, [Label::Tbus, Label::Raw, Label::Redis]);
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].starts_with("nats: not installed"), "{left_out:?}");
        let (servers, _) = args(&["--servers", "redis,tbus,redis"]).servers(&programs).unwrap();
        assert_eq!(servers, [Label::Tbus, Label::Redis]);
        assert!(args(&["--servers", "nats"]).servers(&programs).is_err());
        let error = args(&["--servers", "kafka"]).servers(&programs).unwrap_err().to_string();
        assert!(error.contains("kafka: no such server; there are tbus, "), "{error}");
    }

    #[test]
    fn only_a_full_run_draws_unasked() {
        assert!(args(&[]).chart().unwrap().ends_with("docs/fanout.svg"));
        for partial in [&["--quick"][..], &["--shapes", "sat-1x1"], &["--servers", "raw"]] {
            assert_eq!(args(partial).chart(), None);
        }
        assert_eq!(args(&["--quick", "--chart", "x.svg"]).chart(), Some(PathBuf::from("x.svg")));
    }
}
