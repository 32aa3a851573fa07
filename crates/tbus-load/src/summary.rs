//! The result as flat fields, one spelling for every tool that prints it.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::outcome::Outcome;

/// The figures of an outcome. Rates are per second, times in microseconds. Serialised, each field is a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// What the dialect calls the server.
    pub server: String,
    /// Measured seconds.
    pub seconds: f64,
    /// Bytes of a delivered message.
    pub frame_bytes: usize,
    /// Messages written.
    pub sent_s: f64,
    /// Messages delivered, each receiver counted.
    pub deliv_s: f64,
    /// Answers.
    pub acked_s: f64,
    /// Latency from the schedule: median.
    pub p50_us: f64,
    /// Latency from the schedule: 90 % are at most this.
    pub p90_us: f64,
    /// Latency from the schedule: 99 %.
    pub p99_us: f64,
    /// Latency from the schedule: 99.9 %.
    pub p999_us: f64,
    /// Latency from the schedule: the longest.
    pub max_us: f64,
    /// Latency from the write: median.
    pub write_p50_us: f64,
    /// Latency from the write: 99 %.
    pub write_p99_us: f64,
    /// From the write to the answer: median.
    pub ack_p50_us: f64,
    /// From the write to the answer: 99 %.
    pub ack_p99_us: f64,
    /// Messages that never came.
    pub lost: u64,
    /// Messages that came once more.
    pub doubled: u64,
    /// Messages that came later than their successors.
    pub disordered: u64,
    /// Messages that were not what was published.
    pub damaged: u64,
    /// Requests without an answer.
    pub unanswered: u64,
    /// Messages that were due and could not be written.
    pub unsent: u64,
    /// Connections that have ended before their time.
    pub dead: u64,
    /// CPU time of the server for each delivery; `null` when its process is not known.
    pub cpu_us_per_delivery: Option<f64>,
    /// CPU time of the server: how many cores it used on average.
    pub cpu_cores: Option<f64>,
    /// The server's memory before the first message.
    pub rss_idle_kib: Option<u64>,
    /// The server's memory at the end.
    pub rss_after_kib: Option<u64>,
    /// The most memory the server ever had.
    pub rss_peak_kib: Option<u64>,
    /// How many cores the generator used: near 1, it is what limits the run.
    pub generator_cores: f64,
}

impl Outcome {
    /// The figures.
    pub fn summary(&self) -> Summary {
        let per_second =
            |count: u64| if self.seconds > 0.0 { rounded(count as f64 / self.seconds, 1.0) } else { 0.0 };
        let cores =
            |ns: u64| if self.seconds > 0.0 { rounded(ns as f64 / 1e9 / self.seconds, 1000.0) } else { 0.0 };
        let usage = self.usage;
        let per_delivery = |ns: u64| rounded(ns as f64 / 1e3 / self.delivered as f64, 10_000.0);
        Summary {
            server: self.server.clone(),
            seconds: rounded(self.seconds, 1000.0),
            frame_bytes: self.frame_bytes,
            sent_s: per_second(self.sent),
            deliv_s: per_second(self.delivered),
            acked_s: per_second(self.acked),
            p50_us: micros(&self.scheduled, 50.0),
            p90_us: micros(&self.scheduled, 90.0),
            p99_us: micros(&self.scheduled, 99.0),
            p999_us: micros(&self.scheduled, 99.9),
            max_us: rounded(self.scheduled.max() as f64 / 1e3, 10.0),
            write_p50_us: micros(&self.latency, 50.0),
            write_p99_us: micros(&self.latency, 99.0),
            ack_p50_us: micros(&self.answers, 50.0),
            ack_p99_us: micros(&self.answers, 99.0),
            lost: self.lost,
            doubled: self.doubled,
            disordered: self.disordered,
            damaged: self.damaged,
            unanswered: self.unanswered,
            unsent: self.unsent,
            dead: self.dead_publishers + self.dead_subscribers,
            cpu_us_per_delivery: usage.filter(|_| self.delivered > 0).map(|usage| per_delivery(usage.cpu_ns)),
            cpu_cores: usage.map(|usage| cores(usage.cpu_ns)),
            rss_idle_kib: usage.map(|usage| usage.rss_idle_kib),
            rss_after_kib: usage.map(|usage| usage.rss_after_kib),
            rss_peak_kib: usage.map(|usage| usage.rss_peak_kib),
            generator_cores: cores(self.generator_cpu_ns),
        }
    }
}

fn micros(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    rounded(histogram.value_at_percentile(percentile) as f64 / 1e3, 10.0)
}

fn rounded(value: f64, by: f64) -> f64 {
    (value * by).round() / by
}
