//! Whether somebody waits for events, for clients that are to be read on demand only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Shared by a client and its driver.
#[derive(Debug, Default)]
pub(super) struct Demand {
    wanted: AtomicBool,
    raised: Notify,
}

impl Demand {
    /// Somebody waits.
    pub(super) fn raise(&self) {
        self.wanted.store(true, Ordering::Release);
        self.raised.notify_one();
    }

    /// Nobody waits any more, or the wait is over: there is an event.
    pub(super) fn settle(&self) {
        self.wanted.store(false, Ordering::Release);
    }

    /// Whether somebody waits.
    pub(super) fn is_raised(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Waits until somebody waits.
    pub(super) async fn raised(&self) {
        while !self.is_raised() {
            self.raised.notified().await;
        }
    }
}

/// Somebody waits, until this is dropped.
#[derive(Debug)]
pub(super) struct Wanted(pub(super) Arc<Demand>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.settle();
    }
}
