//! What stderr shows while a load runs: how many events arrive, and how fast.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tbus_load::{Phase, Progress};

use super::print::grouped;
use crate::exit::note;

/// Without a terminal there is a line after so long, and then every so often.
const LINE: Duration = Duration::from_secs(2);

/// The line that moves, or lines one below the other where stderr is no terminal.
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    shown: Duration,
    before: (Duration, u64),
}

impl Screen {
    /// How often it is looked at.
    pub(super) const EVERY: Duration = Duration::from_millis(250);

    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            match ProgressStyle::with_template("{spinner} {msg}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self { bar, shown: Duration::ZERO, before: (Duration::ZERO, 0) }
    }

    pub(super) fn show(&mut self, progress: &Progress<'_>) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(line(progress, self.before));
                bar.tick();
            }
            None if progress.elapsed.saturating_sub(self.shown) < LINE => return,
            None => {
                note(&format!("tbus: {}", line(progress, self.before)));
                self.shown = progress.elapsed;
            }
        }
        self.before = (progress.elapsed, progress.delivered);
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(progress: &Progress<'_>, (then, before): (Duration, u64)) -> String {
    let phase = match progress.phase {
        Phase::Ramp => "ramp",
        Phase::WarmUp => "warm-up",
        Phase::Measure => "measured",
        Phase::Drain => "waiting for the last events",
    };
    let time = progress.elapsed.saturating_sub(then).as_secs_f64().max(1e-3);
    let rate = (progress.delivered.saturating_sub(before) as f64 / time) as u64;
    let mut text =
        format!("{:.1} s, {phase}: {} deliveries/s", progress.elapsed.as_secs_f64(), grouped(rate));
    if !progress.scheduled.is_empty() {
        let micros = |percentile| progress.scheduled.value_at_percentile(percentile) as f64 / 1e3;
        text += &format!(", p50 {:.0} us, p99 {:.0} us so far", micros(50.0), micros(99.0));
    }
    if progress.dead > 0 {
        text += &format!(", {} connections have ended", progress.dead);
    }
    text
}
