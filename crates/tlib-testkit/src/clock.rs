//! A wall clock for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tlib_proto::Timestamp;

/// A wall clock that stands still until a test moves it. Clones show the same time.
#[derive(Clone, Debug)]
pub struct TestClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    next: VecDeque<Timestamp>,
}

impl TestClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(State { now, next: VecDeque::new() })) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// The next readings, one each; the clock then stays at the last one.
    pub fn script(&self, readings: impl IntoIterator<Item = Timestamp>) {
        self.state().next.extend(readings);
    }

    /// What the clock shows now.
    pub fn now(&self) -> Timestamp {
        let mut state = self.state();
        if let Some(next) = state.next.pop_front() {
            state.now = next;
        }
        state.now
    }
}
