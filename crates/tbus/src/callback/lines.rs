//! The service's log on standard output, by a thread of its own: a reader that is slow does not make the service slow.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use anyhow::anyhow;
use tbus_apps::callback::{Event, Tell, log_line};

use crate::exit::{Failure, counted};

/// Most lines that wait; further ones are left out and counted (chosen).
const WAITING: usize = 65_536;

/// The thread that prints.
pub(super) struct Lines {
    lines: Option<Receiver<String>>,
    left_out: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Takes lines from now on, and prints none until it is started; and what a service tells its events to.
    pub(super) fn new() -> (Self, Tell) {
        let (to_print, lines) = sync_channel(WAITING);
        let left_out = Arc::<AtomicU64>::default();
        let tell = tell(to_print, left_out.clone());
        (Self { lines: Some(lines), left_out, thread: None }, tell)
    }

    /// Prints what there is, and what comes.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        let Some(lines) = self.lines.take() else { return Ok(()) };
        let left_out = self.left_out.clone();
        let thread =
            std::thread::Builder::new().name("lines".to_owned()).spawn(move || print(&lines, &left_out));
        self.thread = Some(thread.map_err(|error| Failure::system(anyhow!(error).context("cannot start")))?);
        Ok(())
    }

    /// Waits until everything is printed. The service has ended before.
    pub(super) fn close(mut self) {
        if let Some(thread) = self.thread.take() {
            // One that has panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

fn tell(lines: SyncSender<String>, left_out: Arc<AtomicU64>) -> Tell {
    Box::new(move |event: &Event, now| {
        if lines.try_send(log_line(event, now)).is_err() {
            left_out.fetch_add(1, Ordering::Relaxed);
        }
    })
}

/// Prints until nobody tells anything any more, or nobody reads, which is no error.
fn print(lines: &Receiver<String>, left_out: &AtomicU64) {
    let mut out = io::stdout().lock();
    for line in lines {
        let missing = left_out.swap(0, Ordering::Relaxed);
        let written = if missing == 0 {
            writeln!(out, "{line}")
        } else {
            let missing = usize::try_from(missing).unwrap_or(usize::MAX);
            writeln!(out, "({} left out: nobody read them)\n{line}", counted(missing, "line"))
        };
        if let Err(error) = written.and_then(|()| out.flush()) {
            if error.kind() != ErrorKind::BrokenPipe {
                tracing::warn!(%error, "the log cannot be printed any more");
            }
            return;
        }
    }
}
