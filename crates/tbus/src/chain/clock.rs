//! The event clock: T-Server, callback service and recorder read it, the play sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tlib_proto::Timestamp;

/// A clock that shows what it is set to, in whole seconds since 1970. Clones show the same.
#[derive(Clone, Debug)]
pub(super) struct EventClock(Arc<AtomicI64>);

impl EventClock {
    pub(super) fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    /// Never back: what was sent before keeps its place.
    pub(super) fn set(&self, seconds: i64) {
        self.0.fetch_max(seconds, Ordering::SeqCst);
    }

    pub(super) fn seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_duration(Duration::from_secs(u64::try_from(self.seconds()).unwrap_or_default()))
    }
}
