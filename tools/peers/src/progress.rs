//! What is told on standard error while the runs go on.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::matrix::{Run, Watch};

/// A line that is kept up to date on a terminal; elsewhere a line for each repetition.
pub struct Told {
    bar: Option<ProgressBar>,
    repetition: Option<usize>,
}

/// `tools/bench-peers: <text>`.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "tools/bench-peers: {text}");
}

/// `about 2 min 10 s left`.
fn left(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("about {seconds} s left"),
        60..600 => format!("about {} min {} s left", seconds / 60, seconds % 60),
        _ => format!("about {} min left", seconds / 60),
    }
}

impl Told {
    /// Nothing is told yet.
    pub fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        Self { bar, repetition: None }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }
}

impl Default for Told {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch for Told {
    fn begins(&mut self, run: Run<'_>, repetitions: usize, time: Duration) {
        let repetition = format!("repetition {} of {repetitions}", run.repetition + 1);
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{repetition}: {} {}, {}", run.shape, run.server, left(time)));
                bar.tick();
            }
            None if self.repetition != Some(run.repetition) => say(&format!("{repetition}, {}", left(time))),
            None => {}
        }
        self.repetition = Some(run.repetition);
    }

    fn failed(&mut self, run: Run<'_>, error: &str) {
        self.note(&format!("{} {}, repetition {}: {error}", run.shape, run.server, run.repetition + 1));
    }

    fn stopped(&mut self, complete: usize) {
        self.note(&format!("the time is up after {complete} repetitions"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_in_words() {
        let words = [0, 59, 60, 130, 3000].map(|seconds| left(Duration::from_secs(seconds)));
        assert_eq!(
            words,
            [
                "about 0 s left",
                "about 59 s left",
                "about 1 min 0 s left",
                "about 2 min 10 s left",
                "about 50 min left"
            ]
        );
    }
}
