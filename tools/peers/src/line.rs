//! What is said of one server in one shape: a line of JSON, a row of the table.

use serde::Serialize;

use crate::measure::{Faults, Figure, Measurement};
use crate::results::{Results, Spread};
use crate::server::Label;
use crate::shape::Shape;

/// The server that ratios are of.
pub const RAW: &str = Label::Raw.name();

/// The figures of one server in one shape: medians over the repetitions, ratios paired by repetition. What was not measured
/// is null. `ratio_raw` and `ratio_best_peer` are of the shape's main figure: `deliv_s` in sat and sync shapes (more is
/// better), `p50_us` in paced ones (less is better); `main` says which.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What the server is called.
    pub server: String,
    /// What the shape is called.
    pub shape: String,
    /// Deliveries per second.
    pub deliv_s: Option<f64>,
    /// Delivery counted from the write, 50 of 100, in µs.
    pub p50_us: Option<f64>,
    /// The same, 99 of 100.
    pub p99_us: Option<f64>,
    /// The server's processor time per delivery, in µs.
    pub cpu_us_per_delivery: Option<f64>,
    /// The main figure divided by that of the copy server.
    pub ratio_raw: Option<f64>,
    /// The main figure divided by that of the peer that is best in it.
    pub ratio_best_peer: Option<f64>,
    /// Repetitions with figures.
    pub reps: usize,
    /// What went wrong, in all repetitions together.
    #[serde(flatten)]
    pub faults: Faults,
    /// `deliv_s` or `p50_us`.
    pub main: &'static str,
    /// The peer that is best in the main figure.
    pub best_peer: Option<String>,
    /// Least and most of `deliv_s`.
    pub deliv_s_range: Option<[f64; 2]>,
    /// Least and most of `p50_us`.
    pub p50_us_range: Option<[f64; 2]>,
    /// Least and most of `ratio_raw`.
    pub ratio_raw_range: Option<[f64; 2]>,
    /// Least and most of `ratio_best_peer`.
    pub ratio_best_peer_range: Option<[f64; 2]>,
    /// Events sent per second.
    pub sent_s: Option<f64>,
    /// Delivery counted from when the schedule asked for the event, in µs.
    pub sched_p50_us: Option<f64>,
    /// The same, 99 of 100.
    pub sched_p99_us: Option<f64>,
    /// Acknowledgement, in µs.
    pub ack_p50_us: Option<f64>,
    /// The same, 99 of 100.
    pub ack_p99_us: Option<f64>,
    /// Memory with everybody connected, before the load, in KiB.
    pub rss_idle_kb: Option<f64>,
    /// Peak of the memory, in KiB.
    pub rss_peak_kb: Option<f64>,
    /// Processors that the generator used: near 1, it is the limit.
    pub generator_cpu: Option<f64>,
    /// `deliv_s` divided by that of the copy server.
    pub ratio_raw_deliv: Option<f64>,
    /// `p50_us`, the same.
    pub ratio_raw_p50: Option<f64>,
    /// `p99_us`, the same.
    pub ratio_raw_p99: Option<f64>,
    /// `cpu_us_per_delivery`, the same.
    pub ratio_raw_cpu: Option<f64>,
    /// `ack_p50_us`, the same.
    pub ratio_raw_ack: Option<f64>,
    /// `deliv_s` divided by that of the peer that is best in it.
    pub ratio_peer_deliv: Option<f64>,
    /// `p50_us`, the same.
    pub ratio_peer_p50: Option<f64>,
    /// `p99_us`, the same.
    pub ratio_peer_p99: Option<f64>,
    /// `cpu_us_per_delivery`, the same.
    pub ratio_peer_cpu: Option<f64>,
    /// `ack_p50_us`, the same.
    pub ratio_peer_ack: Option<f64>,
}

/// Four digits: a run cannot know more.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3.0 - value.abs().log10().floor();
    if digits <= 0.0 {
        return value.round();
    }
    let scale = 10_f64.powf(digits);
    (value * scale).round() / scale
}

fn median(spread: Option<Spread>) -> Option<f64> {
    spread.map(|spread| rounded(spread.median))
}

fn range(spread: Option<Spread>) -> Option<[f64; 2]> {
    spread.map(|spread| [rounded(spread.min), rounded(spread.max)])
}

/// The peer that is best in a figure of a shape.
pub fn best_peer<'r>(results: &'r Results, shape: &str, figure: Figure) -> Option<&'r str> {
    let is_peer = |name: &str| Label::named(name).is_some_and(Label::is_peer);
    let servers = results.cells().filter(|(of, server)| *of == shape && is_peer(server));
    results.best(shape, servers.map(|(_, server)| server), figure)
}

/// A figure divided by that of the copy server.
pub fn to_raw(results: &Results, shape: &str, server: &str, figure: Figure) -> Option<Spread> {
    results.ratio((shape, server), (shape, RAW), figure)
}

/// A figure divided by that of the peer that is best in it.
pub fn to_peer(results: &Results, shape: &str, server: &str, figure: Figure) -> Option<Spread> {
    let peer = best_peer(results, shape, figure)?;
    results.ratio((shape, server), (shape, peer), figure)
}

impl Line {
    /// What the results say of a server in a shape.
    pub fn new(results: &Results, shape: &Shape, server: &str) -> Self {
        let (name, main) = (shape.name.as_str(), shape.main());
        let figure = |figure| results.figure(name, server, figure);
        let plain =
            |value: fn(&Measurement) -> f64| median(results.spread(name, server, |run| Some(value(run))));
        let raw = |figure| median(to_raw(results, name, server, figure));
        let peer = |figure| median(to_peer(results, name, server, figure));
        let (main_raw, main_peer) =
            (to_raw(results, name, server, main), to_peer(results, name, server, main));
        Self {
            server: server.to_owned(),
            shape: name.to_owned(),
            deliv_s: median(figure(Figure::Deliveries)),
            p50_us: median(figure(Figure::P50)),
            p99_us: median(figure(Figure::P99)),
            cpu_us_per_delivery: median(figure(Figure::Cpu)),
            ratio_raw: median(main_raw),
            ratio_best_peer: median(main_peer),
            reps: results.repetitions(name, server),
            faults: results.faults(name, server),
            main: if main == Figure::Deliveries { "deliv_s" } else { "p50_us" },
            best_peer: best_peer(results, name, main).map(str::to_owned),
            deliv_s_range: range(figure(Figure::Deliveries)),
            p50_us_range: range(figure(Figure::P50)),
            ratio_raw_range: range(main_raw),
            ratio_best_peer_range: range(main_peer),
            sent_s: plain(|run| run.sent_s),
            sched_p50_us: plain(|run| run.sched_p50_us),
            sched_p99_us: plain(|run| run.sched_p99_us),
            ack_p50_us: median(figure(Figure::AckP50)),
            ack_p99_us: median(figure(Figure::AckP99)),
            rss_idle_kb: median(figure(Figure::IdleMemory)),
            rss_peak_kb: median(figure(Figure::PeakMemory)),
            generator_cpu: plain(|run| run.generator_cpu),
            ratio_raw_deliv: raw(Figure::Deliveries),
            ratio_raw_p50: raw(Figure::P50),
            ratio_raw_p99: raw(Figure::P99),
            ratio_raw_cpu: raw(Figure::Cpu),
            ratio_raw_ack: raw(Figure::AckP50),
            ratio_peer_deliv: peer(Figure::Deliveries),
            ratio_peer_p50: peer(Figure::P50),
            ratio_peer_p99: peer(Figure::P99),
            ratio_peer_cpu: peer(Figure::Cpu),
            ratio_peer_ack: peer(Figure::AckP50),
        }
    }
}

/// The lines of all shapes and servers that have figures.
pub fn lines(results: &Results, shapes: &[Shape]) -> Vec<Line> {
    let line = |(name, server): (&str, &str)| {
        let shape = shapes.iter().find(|shape| shape.name == name)?;
        Some(Line::new(results, shape, server))
    };
    results.cells().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape;

    #[test]
    fn a_line_has_the_fields_that_programs_read() {
        let mut results = Results::default();
        let shapes: Vec<Shape> =
            shape::all().into_iter().filter(|shape| shape.name == "paced-1000x3").collect();
        for (server, p50_us, deliv_s) in
            [("tbus", 50.0, 3000.0), ("raw", 40.0, 3000.0), ("nats", 100.0, 2999.0), ("redis", 62.5, 3000.0)]
        {
            let run = Measurement { p50_us, deliv_s, ack_p50_us: Some(10.0), ..Measurement::default() };
            results.add("paced-1000x3", server, 0, Ok(run));
        }
        let lines = lines(&results, &shapes);
        assert_eq!(lines.len(), 4);
        let json = serde_json::to_value(&lines[0]).unwrap();
        let expected = serde_json::json!({
            "server": "tbus", "shape": "paced-1000x3", "deliv_s": 3000.0, "p50_us": 50.0, "ratio_raw": 1.25,
            "ratio_best_peer": 0.8, "best_peer": "redis", "main": "p50_us", "reps": 1, "lost": 0, "doubled": 0,
            "disordered": 0, "damaged": 0, "dead": 0, "unanswered": 0, "p99_us": null, "cpu_us_per_delivery": null,
            "ratio_raw_p50": 1.25, "ratio_raw_ack": 1.0, "ratio_raw_cpu": null, "ratio_peer_p50": 0.8,
            "ratio_raw_range": [1.25, 1.25], "ack_p50_us": 10.0, "rss_idle_kb": null,
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(json.get(key), Some(value), "{key}");
        }
        // A peer is compared, too; the best one with itself.
        assert_eq!(lines[2].ratio_best_peer, Some(1.6));
        assert_eq!(lines[3].ratio_best_peer, Some(1.0));
    }

    #[test]
    fn nothing_to_compare_with_is_null() {
        let mut results = Results::default();
        results.add("sat-1x1", "tbus", 0, Ok(Measurement { deliv_s: 5.0, ..Measurement::default() }));
        let lines = lines(&results, &shape::all());
        assert_eq!((lines[0].ratio_raw, lines[0].ratio_best_peer, lines[0].deliv_s), (None, None, Some(5.0)));
        assert_eq!(lines[0].main, "deliv_s");
    }

    #[test]
    fn four_digits() {
        let cases = [
            (0.0, 0.0),
            (1_234_567.0, 1_234_567.0),
            (12345.6, 12346.0),
            (1.234_56, 1.235),
            (0.000_123_456, 0.000_123_5),
        ];
        for (value, expected) in cases {
            assert!((rounded(value) - expected).abs() < 1e-9, "{value}");
        }
    }
}
