//! Ctrl-C while a load runs on the main thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use anyhow::anyhow;

use super::server::Child;
use crate::client::runtime;
use crate::exit::{Exit, Failure, say};
use crate::stop::Stop;

/// Hears signals on a thread of its own. Until [`may_end_early`](Self::may_end_early) a signal ends the process at once,
/// later only the second one does.
#[derive(Clone, Default)]
pub(super) struct Signal(Arc<State>);

#[derive(Default)]
struct State {
    running: AtomicBool,
    came: AtomicBool,
    /// The server that was started, which must not outlive this process.
    child: Mutex<Option<Child>>,
}

impl Signal {
    /// From now on signals are heard.
    pub(super) fn listen() -> Result<Self, Failure> {
        let signal = Self::default();
        let runtime = runtime()?;
        let mut stop = runtime.block_on(async { Stop::listen() })?;
        let heard = signal.clone();
        let hear = move || {
            runtime.block_on(async {
                loop {
                    stop.wait().await;
                    let again = heard.0.came.swap(true, Ordering::Relaxed);
                    if again || !heard.0.running.load(Ordering::Relaxed) {
                        say("ended before there was a result");
                        drop(heard.child().take());
                        // The main thread may be waiting for a server that does not answer.
                        std::process::exit(Exit::Unmet as i32);
                    }
                }
            });
        };
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(hear);
        thread.map_err(|error| Failure::system(anyhow!(error).context("signals")))?;
        Ok(signal)
    }

    /// From now on the main thread asks whether a signal came.
    pub(super) fn may_end_early(&self) {
        self.0.running.store(true, Ordering::Relaxed);
    }

    /// Whether one came.
    pub(super) fn came(&self) -> bool {
        self.0.came.load(Ordering::Relaxed)
    }

    /// The server that was started, if there is one.
    pub(super) fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.0.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
