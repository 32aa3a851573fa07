//! The result, for people and for programs.

use std::fmt::Write;

use anyhow::Context;
use serde::Serialize;
use tbus_load::{Audience, Histogram, Outcome, Pace, Plan, Summary};

use crate::args::seconds;
use crate::exit::{Failure, counted};

/// What the load was.
#[derive(Debug, Serialize)]
pub(super) struct About {
    publishers: usize,
    subscribers: usize,
    dns: usize,
    spread: bool,
    /// `null` at saturation.
    rate: Option<f64>,
    /// `null` with a rate.
    window: Option<u64>,
    batch: Option<u64>,
    #[serde(skip)]
    first_dn: String,
    #[serde(skip)]
    server: String,
    #[serde(skip)]
    times: String,
}

impl About {
    pub(super) fn new(plan: &Plan, own: bool) -> Self {
        let (rate, window, batch) = match plan.pace {
            Pace::Open { rate } => (Some(rate), None, None),
            Pace::Closed { window, batch } => (None, Some(window), Some(batch)),
        };
        let ramp = if plan.ramp.is_zero() { String::new() } else { format!("ramp {}, ", seconds(plan.ramp)) };
        Self {
            publishers: plan.publishers,
            subscribers: plan.subscribers,
            dns: plan.dns.len(),
            spread: plan.audience == Audience::Spread,
            rate,
            window,
            batch,
            first_dn: String::from_utf8_lossy(plan.dns.first()).into_owned(),
            server: if own {
                format!("started for this load on {}, log level standard", plan.server)
            } else {
                plan.server.to_string()
            },
            times: format!("{ramp}warm-up {}", seconds(plan.warmup)),
        }
    }

    pub(super) fn first_dn(&self) -> &str {
        &self.first_dn
    }
}

#[derive(Serialize)]
struct Printed<'p> {
    #[serde(flatten)]
    about: &'p About,
    #[serde(flatten)]
    summary: Summary,
    faults: &'p [String],
    ended: Option<&'p str>,
}

/// One object.
pub(super) fn json(about: &About, outcome: &Outcome) -> Result<String, Failure> {
    let ended = outcome.ended.as_deref();
    let printed = Printed { about, summary: outcome.summary(), faults: &outcome.faults, ended };
    serde_json::to_string(&printed).context("the result").map_err(Failure::system)
}

/// Tables.
pub(super) fn table(about: &About, outcome: &Outcome) -> String {
    let mut text = String::new();
    let summary = outcome.summary();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    let dns = if about.dns == 1 { format!("DN {}", about.first_dn) } else { format!("{} DNs", about.dns) };
    let heard = if about.spread { " (each subscriber on one)" } else { "" };
    let pace = match (about.rate, about.window, about.batch) {
        (Some(rate), _, _) => format!("{rate} events/s"),
        (None, Some(window), Some(batch)) => format!("saturation, window {window}, batch {batch}"),
        _ => "saturation".to_owned(),
    };
    line(
        "Load",
        &format!(
            "{}, {}, {dns}{heard}, {pace}, events of {} bytes",
            counted(about.publishers, "publisher"),
            counted(about.subscribers, "subscriber"),
            summary.frame_bytes
        ),
    );
    line("Server", &about.server);
    line("Measured", &format!("{:.2} s after {}", summary.seconds, about.times));
    line("", "");
    line("", &format!("{:>14}{:>14}", "per second", "in all"));
    let counts = [
        ("sent", summary.sent_s, outcome.sent),
        ("delivered", summary.deliv_s, outcome.delivered),
        ("acknowledged", summary.acked_s, outcome.acked),
    ];
    for (name, rate, count) in counts {
        line(name, &format!("{:>14}{:>14}", grouped(rate as u64), grouped(count)));
    }
    line("", "");
    let head: String =
        ["p50", "p90", "p99", "p99.9", "max"].iter().map(|name| format!("{name:>10}")).collect();
    line("Latency, us", &head);
    if about.rate.is_some() {
        line("from schedule", &percentiles(&outcome.scheduled));
    }
    line("from write", &percentiles(&outcome.latency));
    line("to EventACK", &percentiles(&outcome.answers));
    line("", "");
    line(
        "Wrong",
        &format!(
            "lost {}, doubled {}, disordered {}, damaged {}, unanswered {}, dead connections {}",
            summary.lost,
            summary.doubled,
            summary.disordered,
            summary.damaged,
            summary.unanswered,
            summary.dead
        ),
    );
    if let Some(usage) = &outcome.usage {
        let each = summary.cpu_us_per_delivery.unwrap_or_default();
        let cores = summary.cpu_cores.unwrap_or_default();
        line("Server CPU", &format!("{cores:.2} cores, {each:.2} us per delivery"));
        line(
            "Memory",
            &format!(
                "{} idle, {} after, {} at most",
                mib(usage.rss_idle_kib),
                mib(usage.rss_after_kib),
                mib(usage.rss_peak_kib)
            ),
        );
    }
    let limits = if summary.generator_cores > 0.9 && about.rate.is_none() {
        ": it is what limits this load"
    } else {
        ""
    };
    line("Generator", &format!("{:.2} cores{limits}", summary.generator_cores));
    // No blanks at the ends of lines.
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn percentiles(histogram: &Histogram<u64>) -> String {
    if histogram.is_empty() {
        return "         -".repeat(5);
    }
    let values = [50.0, 90.0, 99.0, 99.9].map(|percentile| histogram.value_at_percentile(percentile));
    let values = values.into_iter().chain([histogram.max()]);
    values.map(|value| format!("{:>10}", micros(value))).collect()
}

/// Microseconds, a tenth where it matters.
fn micros(nanos: u64) -> String {
    let micros = nanos as f64 / 1e3;
    if micros < 100.0 { format!("{micros:.1}") } else { grouped(micros.round() as u64) }
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1_234, 99_940, 1_234_567_000].map(micros), ["1.2", "99.9", "1,234,567"]);
    }
}
