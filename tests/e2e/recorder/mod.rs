//! `tbus record` on bad days: killed, without its database, with a full queue.

mod faults;
mod judge;
mod ledger;
mod limits;
mod pair;
mod plan;
mod process;
mod publisher;

use std::time::{Duration, Instant};

/// How long anything may take here: much longer than on a loaded machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at that nobody tells us of: a file's contents, a process's end.
const LOOK: Duration = Duration::from_millis(1);

/// Waits until `ready` gives something.
pub(super) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(LOOK);
    }
}
