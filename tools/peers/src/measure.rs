//! What one run of one load against one server has given.

use serde::Serialize;

/// The figures of one run. Latencies are counted from the write of the event unless their name says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// Events sent per second.
    pub sent_s: f64,
    /// Deliveries per second, of all subscribers together.
    pub deliv_s: f64,
    /// Delivery, 50 of 100, in µs.
    pub p50_us: f64,
    /// Delivery, 99 of 100, in µs.
    pub p99_us: f64,
    /// Delivery counted from when the schedule asked for the event, 50 of 100, in µs.
    pub sched_p50_us: f64,
    /// The same, 99 of 100.
    pub sched_p99_us: f64,
    /// Acknowledgement, 50 of 100, in µs; none when the server gives none.
    pub ack_p50_us: Option<f64>,
    /// Acknowledgement, 99 of 100, in µs.
    pub ack_p99_us: Option<f64>,
    /// The server's processor time per delivery in µs; none when it was not measured.
    pub cpu_us_per_delivery: Option<f64>,
    /// The server's memory with everybody connected, before the load, in KiB.
    pub rss_idle_kb: Option<u64>,
    /// The server's peak memory in KiB.
    pub rss_peak_kb: Option<u64>,
    /// Processors that the generator used, 0 to 1: near 1, it is the limit and not the server.
    pub generator_cpu: f64,
    /// What went wrong.
    pub faults: Faults,
}

/// What went wrong in a run; all zero when every event came once, in order, whole and acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came twice.
    pub doubled: u64,
    /// Deliveries that came after a later one.
    pub disordered: u64,
    /// Bytes that were not what they should be.
    pub damaged: u64,
    /// Events that nobody acknowledged.
    pub unanswered: u64,
    /// Connections that the server ended.
    pub dead: u64,
}

impl Faults {
    /// All of them.
    pub fn sum(self) -> u64 {
        [self.lost, self.doubled, self.disordered, self.damaged, self.unanswered, self.dead]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lost: self.lost.saturating_add(other.lost),
            doubled: self.doubled.saturating_add(other.doubled),
            disordered: self.disordered.saturating_add(other.disordered),
            damaged: self.damaged.saturating_add(other.damaged),
            unanswered: self.unanswered.saturating_add(other.unanswered),
            dead: self.dead.saturating_add(other.dead),
        }
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (self.lost, "lost"),
            (self.doubled, "doubled"),
            (self.disordered, "disordered"),
            (self.damaged, "damaged"),
            (self.unanswered, "unanswered"),
            (self.dead, "ended by the server"),
        ];
        let mut said = counts.iter().filter(|(count, _)| *count > 0);
        let Some((count, what)) = said.next() else { return f.write_str("none") };
        write!(f, "{count} {what}")?;
        said.try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

/// One of the figures that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Deliveries per second.
    Deliveries,
    /// Delivery, 50 of 100.
    P50,
    /// Delivery, 99 of 100.
    P99,
    /// Acknowledgement, 50 of 100.
    AckP50,
    /// Acknowledgement, 99 of 100.
    AckP99,
    /// Processor time per delivery.
    Cpu,
    /// Memory before the load.
    IdleMemory,
    /// Peak of the memory.
    PeakMemory,
}

impl Figure {
    /// Its value in a run; nothing when it was not measured, or nothing was delivered.
    #[allow(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
    pub fn of(self, run: &Measurement) -> Option<f64> {
        let value = match self {
            Self::Deliveries => Some(run.deliv_s),
            Self::P50 => Some(run.p50_us),
            Self::P99 => Some(run.p99_us),
            Self::AckP50 => run.ack_p50_us,
            Self::AckP99 => run.ack_p99_us,
            Self::Cpu => run.cpu_us_per_delivery,
            Self::IdleMemory => run.rss_idle_kb.map(|kib| kib as f64),
            Self::PeakMemory => run.rss_peak_kb.map(|kib| kib as f64),
        };
        value.filter(|value| value.is_finite() && *value > 0.0)
    }

    /// Whether more of it is better.
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::Deliveries)
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries/s",
            Self::P50 => "latency p50",
            Self::P99 => "latency p99",
            Self::AckP50 => "ACK p50",
            Self::AckP99 => "ACK p99",
            Self::Cpu => "CPU per delivery",
            Self::IdleMemory => "memory, idle",
            Self::PeakMemory => "memory, peak",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_add_up_and_are_named() {
        let one = Faults { lost: 1, dead: 2, ..Faults::default() };
        let two = Faults { doubled: 3, disordered: 4, damaged: 5, unanswered: 6, ..Faults::default() };
        let both = one.and(two);
        assert_eq!(both.sum(), 21);
        assert_eq!(
            both.to_string(),
            "1 lost, 3 doubled, 4 disordered, 5 damaged, 6 unanswered, 2 ended by the server"
        );
        assert_eq!(Faults::default().to_string(), "none");
    }

    #[test]
    fn what_was_not_measured_is_no_figure() {
        let run =
            Measurement { deliv_s: 10.0, p50_us: f64::NAN, rss_idle_kb: Some(7), ..Measurement::default() };
        assert_eq!(Figure::Deliveries.of(&run), Some(10.0));
        assert_eq!(Figure::IdleMemory.of(&run), Some(7.0));
        for none in [Figure::P50, Figure::P99, Figure::AckP50, Figure::Cpu, Figure::PeakMemory] {
            assert_eq!(none.of(&run), None, "{none:?}");
        }
    }
}
