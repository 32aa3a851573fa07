//! What HTTP and the driver share: the machine, the clock, and a way to wake the driver.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::machine::Machine;

/// What time it is for the service, and so for everything that it reports.
#[derive(Clone)]
pub enum Clock {
    /// The system's wall clock from the start on, so many times as fast; 1 is the usual speed.
    Wall {
        /// How many times as fast, at least 1.
        speed: u32,
    },
    /// Somebody else's clock, in seconds since 1970. Nothing happens by itself then, only by
    /// [`Server::advance_to`](super::Server::advance_to).
    Injected(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wall { speed } => f.debug_struct("Wall").field("speed", speed).finish(),
            Self::Injected(_) => f.write_str("Injected"),
        }
    }
}

/// The clock, running.
pub(super) enum Running {
    Wall { started: Instant, at: Duration, speed: u32 },
    Injected(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl Running {
    pub(super) fn start(clock: &Clock) -> Self {
        match clock {
            Clock::Wall { speed } => Self::Wall {
                started: Instant::now(),
                at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
                speed: (*speed).max(1),
            },
            Clock::Injected(clock) => Self::Injected(clock.clone()),
        }
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        match self {
            Self::Wall { started, at, speed } => {
                let now = at.saturating_add(started.elapsed().saturating_mul(*speed));
                i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
            }
            Self::Injected(clock) => clock(),
        }
    }

    /// How long it takes until a time; `None` when the clock does not run by itself.
    pub(super) fn until(&self, time: i64) -> Option<Duration> {
        match self {
            Self::Wall { started, at, speed } => {
                let time = Duration::from_secs(u64::try_from(time).unwrap_or_default());
                let now = at.saturating_add(started.elapsed().saturating_mul(*speed));
                time.saturating_sub(now).checked_div(*speed)
            }
            Self::Injected(_) => None,
        }
    }
}

/// The machine under its lock.
pub(super) struct Shared {
    machine: Mutex<Machine>,
    pub(super) clock: Running,
    changed: Notify,
}

impl Shared {
    pub(super) fn new(machine: Machine, clock: Running) -> Self {
        Self { machine: Mutex::new(machine), clock, changed: Notify::new() }
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the machine at the present time.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Machine, i64) -> T) -> T {
        let mut machine = self.machine();
        let now = self.clock.now();
        act(&mut machine, now)
    }

    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}
