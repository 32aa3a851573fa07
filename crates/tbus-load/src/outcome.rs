//! What a load has brought.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The result of a load. Counts and rates are of the measured time; what was wrong is counted from the first message to the
/// last, warm-up included.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the dialect calls the server.
    pub server: String,
    /// How long it was measured, in seconds.
    pub seconds: f64,
    /// Messages that publishers have written.
    pub sent: u64,
    /// Messages that subscribers have got, each receiver counted.
    pub delivered: u64,
    /// Requests that were answered.
    pub acked: u64,
    /// From the write to the subscriber, in nanoseconds, of every message that was due in the measured time.
    pub latency: Histogram<u64>,
    /// From the time that the schedule asked for: free of coordinated omission. In a closed loop the same as `latency`.
    pub scheduled: Histogram<u64>,
    /// From the write to the answer, in nanoseconds.
    pub answers: Histogram<u64>,
    /// Messages that never came, each receiver counted.
    pub lost: u64,
    /// Messages that came once more.
    pub doubled: u64,
    /// Messages that came later than their successors.
    pub disordered: u64,
    /// Messages and answers that were not what they should have been; each has ended its connection.
    pub damaged: u64,
    /// Requests that were written and not answered.
    pub unanswered: u64,
    /// Messages that were due, and that the server did not take until the end.
    pub unsent: u64,
    /// Publishers whose connection has ended before its time.
    pub dead_publishers: u64,
    /// Subscribers whose connection has ended before its time.
    pub dead_subscribers: u64,
    /// The first things that were wrong with connections, in words; at most 8.
    pub faults: Vec<String>,
    /// Why the load has ended before its time, if it has.
    pub ended: Option<String>,
    /// What the server's process used.
    pub usage: Option<ServerUse>,
    /// CPU time of the generator in the measured time, in nanoseconds.
    pub generator_cpu_ns: u64,
    /// Bytes of a delivered message.
    pub frame_bytes: usize,
    /// How long the last messages took to come, after the last one was written.
    pub drained: Duration,
}

/// What a server's process used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerUse {
    /// CPU time in the measured time, in nanoseconds.
    pub cpu_ns: u64,
    /// Memory when everybody was connected and nothing had been sent, in KiB.
    pub rss_idle_kib: u64,
    /// Memory at the end, in KiB.
    pub rss_after_kib: u64,
    /// The most memory ever, in KiB.
    pub rss_peak_kib: u64,
}

impl Outcome {
    /// Whether every message came once, in order and undamaged, every request was answered, and every connection held.
    /// That a schedule could not be kept (`unsent`) does not count here.
    pub fn is_clean(&self) -> bool {
        let wrong = [
            self.lost,
            self.doubled,
            self.disordered,
            self.damaged,
            self.unanswered,
            self.dead_publishers,
            self.dead_subscribers,
        ];
        wrong.iter().all(|count| *count == 0)
    }
}
