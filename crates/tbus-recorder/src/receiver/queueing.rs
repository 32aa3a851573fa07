//! From what one read has brought to numbered transactions of the queue.

use std::time::Duration;

use tlib_capture::{Level as LogLevel, ids};
use tlib_proto::MessageRef;
use tokio::time::Instant;

use super::{Receiver, SOURCE};
use crate::log::PROVIDER;
use crate::options::Options;
use crate::queue::{self, Level, OwnedRecord, Queue, QueueError, Record};
use crate::time;

/// A queue transaction is closed when nothing has come for so long (chosen: in the published log a transaction is
/// committed 221 ms after the last event, long before `acc-queue-lifespan`).
const QUIET: Duration = Duration::from_millis(200);

/// A queue transaction is closed at so many bytes, whatever `acc-queue-size` says (chosen): it is written from memory.
const TRANSACTION_BYTES: usize = 8 << 20;

/// Bytes of one record of the queue.
const RECORD_BYTES: usize = 1 << 20;

/// First and longest wait before the queue is tried again (chosen).
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// When a queue transaction is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grouping {
    records: u64,
    lifespan: Duration,
}

impl From<&Options> for Grouping {
    fn from(options: &Options) -> Self {
        Self { records: options.acc_queue_size.into(), lifespan: options.acc_queue_lifespan }
    }
}

/// What one read has brought, on its way into the queue.
#[derive(Debug, Default)]
pub(super) struct Batch {
    records: Vec<OwnedRecord>,
    bytes: Vec<u8>,
    events: u32,
}

#[derive(Debug, Default)]
pub(super) struct OpenTransaction {
    records: u64,
    bytes: usize,
    /// When the first record came, and the last one.
    times: Option<(Instant, Instant)>,
}

impl Batch {
    pub(super) fn add(&mut self, session: i32, at: i64, event: MessageRef<'_>) {
        if self.bytes.len().saturating_add(event.frame().len()) > RECORD_BYTES {
            self.end(session, at);
        }
        self.bytes.extend_from_slice(event.frame());
        self.events = self.events.saturating_add(1);
    }

    /// A session begins or ends here.
    pub(super) fn change(&mut self, record: OwnedRecord) {
        self.records.push(record);
    }

    /// Events and session changes in it.
    fn count(&self) -> u64 {
        let events = u64::from(self.events);
        self.records.iter().fold(events, |sum, record| sum.saturating_add(record.view().records()))
    }

    /// Makes a record of the frames so far.
    pub(super) fn end(&mut self, session: i32, at: i64) {
        if self.events > 0 {
            let bytes = std::mem::take(&mut self.bytes);
            self.records.push(OwnedRecord::Frames { session, at, events: self.events, bytes });
            self.events = 0;
        }
    }
}

impl Receiver {
    /// Whether the batch completes the open transaction.
    pub(super) fn is_complete(&self) -> bool {
        self.open.records.saturating_add(self.batch.count()) >= self.limits.records
    }

    /// Puts the batch into the queue, however long it takes: nothing is read meanwhile.
    pub(super) async fn append(&mut self) {
        let now = self.log.now();
        if let Some(session) = self.session {
            self.batch.end(session, time::micros(now));
        }
        if self.batch.records.is_empty() {
            self.log.flush();
            return;
        }
        let records = std::mem::take(&mut self.batch.records);
        for record in &records {
            self.open.records = self.open.records.saturating_add(record.view().records());
            if let OwnedRecord::Frames { bytes, .. } = record {
                self.open.bytes = self.open.bytes.saturating_add(bytes.len());
            }
        }
        let full = self.open.records >= self.limits.records || self.open.bytes >= TRANSACTION_BYTES;
        let source = serde_json::to_string(&self.source).unwrap_or_default();
        let appended = self.insist(|queue| {
            let views: Vec<Record<'_>> = records.iter().map(OwnedRecord::view).collect();
            let facts = [(SOURCE, source.as_str())];
            if full {
                return queue.append_and_close(&views, &facts);
            }
            queue.append_with(&views, &facts).map(|()| None)
        });
        let Some(closed) = appended.await else {
            let events: u64 = records.iter().map(|record| record.view().records()).sum();
            let text = format!(
                "{events} records that were received are lost: the recorder was stopped while the queue could not be written"
            );
            self.log.line(LogLevel::Standard, ids::MISSING, text);
            self.log.forget();
            return;
        };
        // Who sees line 04543 knows that the event is in the queue.
        self.log.flush();
        let now = Instant::now();
        let first = self.open.times.map_or(now, |(first, _)| first);
        self.open.times = Some((first, now));
        if let Some(closed) = closed {
            self.closed(closed);
        }
    }

    /// Asks the queue until it does what is asked; nothing is read meanwhile. `None`: the recorder is stopped.
    pub(super) async fn insist<T>(
        &mut self,
        mut ask: impl FnMut(&Queue) -> Result<T, QueueError>,
    ) -> Option<T> {
        let mut wait = FIRST_WAIT;
        loop {
            let error = match ask(&self.queue) {
                Ok(done) => return Some(done),
                Err(error) => error,
            };
            let text = format!(
                "Persistent Queue {PROVIDER}: not written, nothing more is received, next attempt in {} ms: {error}",
                wait.as_millis()
            );
            self.log.line(LogLevel::Standard, ids::QUEUE_ROOM, text);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.stop.wait_for(|stop| *stop) => {
                    // Once more, for it is the last time.
                    return ask(&self.queue).ok();
                }
            }
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    /// When the open transaction is to be closed.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (first, last) = self.open.times?;
        Some((first + self.limits.lifespan).min(last + QUIET))
    }

    pub(super) fn close_transaction(&mut self) {
        match self.queue.close_transaction() {
            Ok(Some(closed)) => self.closed(closed),
            Ok(None) => self.open = OpenTransaction::default(),
            Err(error) => {
                // What is in the queue stays there; it gets its number later.
                let now = Instant::now();
                self.open.times = Some((now, now));
                let text = format!("Persistent Queue {PROVIDER}: transaction not committed: {error}");
                self.log.line(LogLevel::Standard, ids::QUEUE_ROOM, text);
            }
        }
    }

    /// A transaction has its number: says so, and begins another.
    fn closed(&mut self, closed: queue::Closed) {
        self.open = OpenTransaction::default();
        self.log.committed(&closed);
        self.shared.announce(closed.transaction);
    }

    /// Whether more may be read. From full on not until half of the queue is free again.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.queue.room();
        let state = format!("{} of {} bytes", room.bytes, room.limit);
        let half = room.bytes <= room.limit / 2;
        if self.full && half {
            (self.full, self.near) = (false, false);
            let text =
                format!("Persistent Queue {PROVIDER}: there is room again ({state}), receiving goes on");
            self.log.line(LogLevel::Standard, ids::QUEUE_ROOM, text);
        } else if !self.full && room.level == Level::Full {
            (self.full, self.behind) = (true, true);
            // What waits in an open transaction can only leave the queue with a number.
            self.close_transaction();
            let text = format!(
                "Persistent Queue {PROVIDER}: full ({state}), nothing more is received until the database has caught up"
            );
            self.log.line(LogLevel::Standard, ids::QUEUE_ROOM, text);
        } else if !self.near && room.level == Level::Near {
            self.near = true;
            let text = format!("Persistent Queue {PROVIDER}: nearly full ({state})");
            self.log.line(LogLevel::Standard, ids::QUEUE_ROOM, text);
        } else if half {
            self.near = false;
        }
        !self.full
    }
}
