//! The thread that folds the write-ahead log into the file, so that nobody else waits for the disk.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::lock;
use super::store::Store;

/// What appends may wait for, in bytes of the log (chosen).
const LITTLE: u64 = 1 << 20;

/// How often that is tried for: with more, appends come faster than the disk takes them, and have to wait (chosen).
const ROUNDS: usize = 4;

/// The thread, which ends when this is dropped.
pub(super) struct Folder {
    orders: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    /// Starts the thread with a connection of its own.
    pub(super) fn start(connection: Connection, store: &Arc<Mutex<Store>>) -> std::io::Result<Self> {
        // One order may wait while one is carried out; more say nothing new.
        let (orders, todo) = sync_channel(1);
        let store = Arc::clone(store);
        let thread = thread::Builder::new().name("queue".to_owned()).spawn(move || {
            while todo.recv().is_ok() {
                // Most of it while appends go on, until little has come meanwhile ..
                for _ in 0..ROUNDS {
                    lock(&store).forget_log();
                    fold(&connection);
                    if lock(&store).logged() <= LITTLE {
                        break;
                    }
                }
                // .. and that little while they wait, after which the log starts again.
                let store = lock(&store);
                fold(&connection);
                store.forget_log();
            }
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Asks for the log to be folded, soon.
    pub(super) fn ask(&self) {
        if let Some(orders) = &self.orders {
            // When it is full, somebody has asked already.
            let _asked = orders.try_send(());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell, and a panic in it has been printed.
            let _ended = thread.join();
        }
    }
}

fn fold(connection: &Connection) {
    // A failure (no room to grow the file) loses nothing: the log keeps what it has, and the next time comes.
    let _ = connection.pragma_update_and_check(None, "wal_checkpoint", "passive", |_| Ok(()));
}
