//! Busy polling: the reactor looks at its sockets again and again for a while before it sleeps.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Service;
use super::hub::Shared;

/// Counts the reads, and wakes the task that waits for one.
#[derive(Default)]
pub(super) struct Activity {
    reads: Cell<u64>,
    sleeping: Cell<bool>,
    wake: Notify,
}

impl Activity {
    /// Something was read.
    #[inline]
    pub(super) fn note(&self) {
        self.reads.set(self.reads.get().wrapping_add(1));
        if self.sleeping.take() {
            self.wake.notify_one();
        }
    }

    async fn next(&self) {
        self.sleeping.set(true);
        self.wake.notified().await;
    }
}

/// Keeps the reactor from sleeping until nothing was read for so long. A task that yields is run again only after all
/// sockets were looked at, so nothing else waits for it.
pub(super) async fn keep_awake<S: Service>(shared: Rc<Shared<S>>, patience: Duration) {
    loop {
        let (seen, since) = (shared.activity.reads.get(), Instant::now());
        while shared.activity.reads.get() == seen {
            tokio::task::yield_now().await;
            if since.elapsed() >= patience {
                shared.activity.next().await;
                break;
            }
        }
    }
}
