//! What people and programs see of a run.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use tbus_reporting::etl::{Discarded, Doubted, Observer, Summary};

use crate::exit::{counted, note};

/// Lines of either kind that are shown (chosen).
const LINES: u64 = 20;
/// A shorter run shows no progress.
const QUIET: Duration = Duration::from_secs(2);
/// Progress is looked at after so many events.
const STEP: u64 = 256;

/// What stderr shows while it runs.
pub(super) struct Screen {
    started: Instant,
    bar: ProgressBar,
    discarded: u64,
    doubted: u64,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), bar: ProgressBar::hidden(), discarded: 0, doubted: 0 }
    }

    /// The end: what was not shown.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
        if let Some(more @ 1..) = self.discarded.checked_sub(LINES) {
            note(&format!("tbus: and {more} more events without facts: see STG_TRANSFORM_DISCARDS"));
        }
        if let Some(more @ 1..) = self.doubted.checked_sub(LINES) {
            note(&format!("tbus: and {more} more doubtful values"));
        }
    }

    fn line(&self, text: &str) {
        // Values are others' text: nothing in them may steer a terminal.
        let text: String = text.chars().map(|sign| if sign.is_control() { '?' } else { sign }).collect();
        self.bar.suspend(|| note(&format!("tbus: {text}")));
    }
}

impl Observer for Screen {
    fn discarded(&mut self, discarded: Discarded) {
        self.discarded += 1;
        if self.discarded <= LINES {
            self.line(&discarded.to_string());
        }
    }

    fn doubted(&mut self, doubted: Doubted) {
        self.doubted += 1;
        if self.doubted <= LINES {
            self.line(&doubted.to_string());
        }
    }

    fn progress(&mut self, summary: &Summary) -> ControlFlow<()> {
        if summary.events.is_multiple_of(STEP) {
            if self.bar.is_hidden() && self.started.elapsed() >= QUIET {
                self.bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                    self.bar.set_style(style);
                }
            }
            if !self.bar.is_hidden() {
                self.bar.set_message(format!("{} events, {} facts", summary.events, summary.facts));
                self.bar.tick();
            }
        }
        ControlFlow::Continue(())
    }
}

/// The summary for people.
pub(super) fn table(summary: &Summary, aggregates: bool) -> String {
    let mut text = String::new();
    let number = |count: u64, what: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12} {value}");
    };
    line(
        "read",
        format!("{} of G_CUSTOM_DATA_S, {}", number(summary.rows, "row"), number(summary.events, "event")),
    );
    let sessions = number(summary.sessions, "new session");
    line("facts", format!("{} ({}, {sessions})", summary.facts, number(summary.commits, "commit")));
    line("no facts", summary.discarded.to_string());
    for (key, count) in &summary.missing {
        line("", format!("{count} without {key}"));
    }
    for (key, count) in &summary.bad {
        line("", format!("{count} with a {key} that is no number"));
    }
    if summary.nameless > 0 {
        line("", format!("{} without time or sequence number", summary.nameless));
    }
    line("known before", summary.duplicates.to_string());
    line("passed over", format!("{} without a _CB_ key", number(summary.not_callback, "event")));
    line("doubtful", number(summary.doubts.values().sum(), "value"));
    for ((key, doubt), count) in &summary.doubts {
        line("", format!("{count} of {key}: {doubt}"));
    }
    if summary.unknown_keys > 0 {
        line(
            "ignored",
            format!("{} that the Info Mart does not know", number(summary.unknown_keys, "_CB_ pair")),
        );
    }
    line(
        "aggregates",
        match aggregates {
            false => "left out: the options say so".to_owned(),
            true => format!("{} of 15 minutes", number(summary.periods, "period")),
        },
    );
    text
}

/// The summary for programs.
pub(super) fn json(summary: &Summary) -> Value {
    let keys = |counts: &std::collections::BTreeMap<&'static str, u64>| -> Map<String, Value> {
        counts.iter().map(|(key, count)| ((*key).to_owned(), json!(count))).collect()
    };
    let doubts: Vec<Value> = summary
        .doubts
        .iter()
        .map(|((key, doubt), count)| json!({ "key": key, "doubt": doubt.name(), "count": count }))
        .collect();
    json!({
        "rows": summary.rows,
        "events": summary.events,
        "facts": summary.facts,
        "discarded": summary.discarded,
        "missing": keys(&summary.missing),
        "bad": keys(&summary.bad),
        "nameless": summary.nameless,
        "duplicates": summary.duplicates,
        "not_callback": summary.not_callback,
        "doubts": doubts,
        "unknown_keys": summary.unknown_keys,
        "sessions": summary.sessions,
        "commits": summary.commits,
        "periods": summary.periods,
    })
}
