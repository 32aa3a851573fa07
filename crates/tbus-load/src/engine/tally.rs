//! What is counted while a load runs, and how it is shown.

use std::io;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::clock::nanos;
use crate::error::LoadError;
use crate::plan::Plan;
use crate::process::CpuTimes;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Rate or window rises.
    Ramp,
    /// Everything is checked, nothing is measured.
    WarmUp,
    /// It is measured.
    Measure,
    /// Nothing more is published; what is under way is waited for.
    Drain,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What it is doing.
    pub phase: Phase,
    /// Since the first message.
    pub elapsed: Duration,
    /// Messages written so far, from the first on.
    pub sent: u64,
    /// Messages delivered so far.
    pub delivered: u64,
    /// Answers so far.
    pub acked: u64,
    /// Latency from the schedule of what has been measured so far, in nanoseconds.
    pub scheduled: &'a Histogram<u64>,
    /// Connections that have ended before their time.
    pub dead: u64,
}

/// What is counted while it runs.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(super) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) acked: u64,
    pub(crate) damaged: u64,
    /// Deliveries that are still to come or have come, and those that nobody waits for any more.
    pub(super) expected: u64,
    pub(super) written_off: u64,
    pub(super) unsent: u64,
    /// What is due from here on is measured, to `until`.
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) latency: Histogram<u64>,
    pub(super) scheduled: Histogram<u64>,
    pub(super) answers: Histogram<u64>,
    pub(super) faults: Vec<String>,
}

impl Tally {
    pub(super) fn new(plan: &Plan) -> Result<Self, LoadError> {
        let histogram = || {
            // Three digits from 100 ns to an hour; what is longer counts as an hour.
            Histogram::new_with_bounds(100, 3_600_000_000_000, 3)
                .map_err(|error| LoadError::system("histogram", io::Error::other(error.to_string())))
        };
        let from = nanos(plan.ramp.saturating_add(plan.warmup));
        Ok(Self {
            sent: 0,
            delivered: 0,
            acked: 0,
            damaged: 0,
            expected: 0,
            written_off: 0,
            unsent: 0,
            from,
            until: from.saturating_add(nanos(plan.duration)),
            latency: histogram()?,
            scheduled: histogram()?,
            answers: histogram()?,
            faults: Vec::new(),
        })
    }

    /// Messages that have arrived together.
    #[inline]
    pub(crate) fn arrived(&mut self, now: u64, written: u64, scheduled: u64, count: u64) {
        if count > 0 && (self.from..self.until).contains(&scheduled) {
            self.latency.saturating_record_n(now.saturating_sub(written), count);
            self.scheduled.saturating_record_n(now.saturating_sub(scheduled), count);
        }
    }

    /// Answers that have arrived together.
    #[inline]
    pub(crate) fn answered(&mut self, now: u64, written: u64, count: u64) {
        if (self.from..self.until).contains(&written) {
            self.answers.saturating_record_n(now.saturating_sub(written), count);
        }
    }
}

/// What was counted at some time.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) at: u64,
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) acked: u64,
    pub(super) server_cpu: CpuTimes,
    pub(super) own_cpu: u64,
}
