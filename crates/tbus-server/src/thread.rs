//! The thread that a server or a proxy runs on.

use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// A thread with a reactor on it. Dropped, it is told to stop and waited for.
#[derive(Debug)]
pub(crate) struct Reactor {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reactor {
    /// A thread that ends when the other end of `stop` hears of it; a dropped sender means stop, too.
    pub(crate) const fn new(stop: oneshot::Sender<()>, thread: JoinHandle<()>) -> Self {
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that has panicked has said so on stderr; there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}
