//! How far it is, on a terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::source::Progress;

/// A bar on stderr, if that is a terminal: bytes that were read, messages that were sent.
pub(super) struct Bar {
    bar: ProgressBar,
    progress: Arc<Progress>,
    sent: std::cell::Cell<u64>,
}

impl Bar {
    pub(super) fn new(files: &[String], rounds: u32, progress: Arc<Progress>) -> Self {
        if !io::stderr().is_terminal() {
            return Self { progress, ..Self::hidden() };
        }
        let sizes = files.iter().map(|file| std::fs::metadata(file).ok().map(|data| data.len()));
        let total = sizes.sum::<Option<u64>>().map(|total| total.saturating_mul(rounds.into()));
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {msg}");
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self { bar, progress, sent: std::cell::Cell::new(0) }
    }

    pub(super) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), progress: Arc::default(), sent: std::cell::Cell::new(0) }
    }

    /// One more message has been sent.
    pub(super) fn sent(&self) {
        self.sent.set(self.sent.get().saturating_add(1));
        if !self.bar.is_hidden() {
            self.bar.set_position(self.progress.bytes.load(Ordering::Relaxed));
            self.bar.set_message(format!("{} sent", self.sent.get()));
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
