//! Ctrl-C and SIGTERM.

use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;

use crate::exit::Failure;

/// A signal this soon after another one is the same one: GNU timeout signals the process and its group.
const ECHO: Duration = Duration::from_millis(500);

/// Hears the signals that ask the process to end.
pub(crate) struct Stop {
    /// When the last one came.
    last: Option<Instant>,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    /// From now on signals end nothing by themselves. Must be called within the runtime.
    pub(crate) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let failed = |error: std::io::Error| Failure::system(anyhow!(error).context("signals"));
            Ok(Self {
                last: None,
                interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
                terminate: signal(SignalKind::terminate()).map_err(failed)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self { last: None })
    }

    /// Waits for the next signal that is none of those before.
    pub(crate) async fn wait(&mut self) {
        loop {
            self.signal().await;
            if self.is_new(Instant::now()) {
                return;
            }
        }
    }

    fn is_new(&mut self, now: Instant) -> bool {
        let echo = self.last.is_some_and(|last| now.duration_since(last) < ECHO);
        if !echo {
            self.last = Some(now);
        }
        !echo
    }

    async fn signal(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a signal there is nothing to wait for.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_that_come_together_are_one() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut stop = runtime.block_on(async { Stop::listen() }).unwrap();
        let start = Instant::now();
        let new = [0, 1, 499, 500, 600, 1001].map(|at| stop.is_new(start + Duration::from_millis(at)));
        assert_eq!(new, [true, false, false, true, false, true]);
    }
}
