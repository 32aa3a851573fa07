//! The client side of the recorder: what comes from the T-Server is in the queue before more of it is read.

use std::sync::Arc;
use std::time::Duration;

use tlib_capture::{Level as LogLevel, ids};
use tlib_net::{Client, ClientError, ClientEvent, ServerError};
use tlib_proto::enums::RegisterMode;
use tlib_proto::{AttributeId, Message, MessageId, MessageRef, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dss::{Closed, Opened};
use crate::log::{Log, PROVIDER};
use crate::options::Options;
use crate::queue::{self, Level, OwnedRecord, Queue, QueueError, Record};
use crate::recorder::StartError;
use crate::source::{self, Source};
use crate::time;
use crate::writer::Shared;

/// Events that are taken at a time.
const BATCH: usize = 4096;

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

/// How long the last events may take at the end (chosen).
const FAREWELL: Duration = Duration::from_secs(2);

/// The fact of the queue that holds what is known of the T-Server.
const SOURCE: &str = "source";

pub(crate) struct Receiver {
    client: Client,
    dns: Vec<String>,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    log: Log,
    source: Source,
    /// When the recorder was started.
    started: i64,
    /// The highest session number that the database knew at the start.
    sessions: i32,
    session: Option<i32>,
    /// DNs that were not registered on this connection.
    refused: Vec<String>,
    limits: Grouping,
    batch: Batch,
    /// What is in the queue, but in no transaction yet.
    open: OpenTransaction,
    full: bool,
    near: bool,
    /// Receiving had stopped because the queue was full, and has not caught up since.
    behind: bool,
    stop: watch::Receiver<bool>,
}

/// When a queue transaction is closed.
#[derive(Clone, Copy, Debug)]
struct Grouping {
    records: u64,
    lifespan: Duration,
}

/// What one read has brought, on its way into the queue.
#[derive(Debug, Default)]
struct Batch {
    records: Vec<OwnedRecord>,
    bytes: Vec<u8>,
    events: u32,
}

#[derive(Debug, Default)]
struct OpenTransaction {
    records: u64,
    bytes: usize,
    /// When the first record came, and the last one.
    times: Option<(Instant, Instant)>,
}

impl Batch {
    fn add(&mut self, session: i32, at: i64, event: MessageRef<'_>) {
        if self.bytes.len().saturating_add(event.frame().len()) > RECORD_BYTES {
            self.end(session, at);
        }
        self.bytes.extend_from_slice(event.frame());
        self.events = self.events.saturating_add(1);
    }

    /// Events and session changes in it.
    fn count(&self) -> u64 {
        let events = u64::from(self.events);
        self.records.iter().fold(events, |sum, record| sum.saturating_add(record.view().records()))
    }

    /// Makes a record of the frames so far.
    fn end(&mut self, session: i32, at: i64) {
        if self.events > 0 {
            let bytes = std::mem::take(&mut self.bytes);
            self.records.push(OwnedRecord::Frames { session, at, events: self.events, bytes });
            self.events = 0;
        }
    }
}

impl Receiver {
    /// A receiver on a connection that was just made; nothing is registered yet.
    #[expect(clippy::too_many_arguments, reason = "its parts, once")]
    pub(crate) fn new(
        client: Client,
        dns: Vec<String>,
        queue: Arc<Queue>,
        shared: Arc<Shared>,
        log: Log,
        options: &Options,
        started: i64,
        sessions: i32,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, QueueError> {
        // A fact that cannot be read any more is no reason not to record.
        let source = queue.get(SOURCE)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let limits =
            Grouping { records: options.acc_queue_size.into(), lifespan: options.acc_queue_lifespan };
        Ok(Self {
            client,
            dns,
            queue,
            shared,
            log,
            source,
            started,
            sessions,
            session: None,
            refused: Vec::new(),
            limits,
            batch: Batch::default(),
            open: OpenTransaction::default(),
            full: false,
            near: false,
            behind: false,
            stop,
        })
    }

    /// Opens the first session and registers on the DNs. Events that come meanwhile are taken.
    /// When one of them is refused, the session is closed again.
    pub(crate) async fn begin(&mut self) -> Result<(), StartError> {
        let link = self.client.link().clone();
        self.greeted(&link).await;
        self.append().await;
        let mut last = None;
        for dn in self.dns.clone() {
            let requester = self.client.requester();
            match self.meanwhile(requester.register_as(&dn, RegisterMode::MODE_SHARE)).await {
                Ok(answer) => last = Some(answer),
                Err(error) => {
                    self.leave(&format!("not registered on {dn}: {error}")).await;
                    return Err(StartError::Registration { dn, error });
                }
            }
        }
        self.registered(last.as_ref());
        Ok(())
    }

    /// Records until it is told to stop, takes what was sent before, and closes the session.
    pub(crate) async fn run(mut self) {
        let mut events = Vec::new();
        let mut stop = self.stop.clone();
        loop {
            let reading = self.has_room();
            let deadline = self.deadline();
            tokio::select! {
                biased;
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep_until(deadline) => {
                    // Nothing waits in the socket either.
                    self.behind &= !reading;
                    self.close_transaction();
                }
                () = self.shared.room.notified(), if !reading => {}
                heard = self.client.next_many(&mut events, BATCH), if reading => {
                    if heard == 0 {
                        // The client connects again by itself; without its driver nothing more can come.
                        self.lost("the client has ended");
                        break;
                    }
                    self.take(&mut events).await;
                }
            }
        }
        self.end().await;
    }

    /// Ends the session. What was sent before is taken first, if that can be.
    async fn end(mut self) {
        let untaken = if self.session.is_none() {
            None
        } else if self.full {
            Some("the queue was full")
        } else {
            (!self.farewell().await).then_some("T-Server did not answer")
        };
        // Without a session it was told when the connection was lost.
        if let Some(why) = untaken.filter(|_| self.session.is_some()) {
            let from = self.source.last_sequence.unwrap_or_default().saturating_add(1);
            let text = format!(
                "Events from sequence number {from:016x} on may be missing: {why} when the recorder was stopped"
            );
            self.log.line(LogLevel::Standard, ids::MISSING, text);
        }
        self.leave("shutdown").await;
    }

    /// Closes the session and the transaction, for the recorder ends.
    async fn leave(&mut self, reason: &str) {
        self.close_session(true);
        self.append().await;
        self.close_transaction();
        let text = format!("Disconnected from {}: {reason}", self.source.server);
        self.log.line(LogLevel::Trace, ids::SOURCE, text);
    }

    /// Gives up the DNs. Answers to requests come after everything that was sent before them: what this recorder should
    /// have is here when that is done. `false`: the server does not answer.
    async fn farewell(&mut self) -> bool {
        let requester = self.client.requester();
        let dns = self.dns.clone();
        let mut last = None;
        let farewell = async {
            for dn in &dns {
                match requester.unregister(dn).await {
                    Ok(answer) => last = Some(answer),
                    Err(ClientError::Server { .. }) => {}
                    // A server that does not answer any more is left alone.
                    Err(_) => return false,
                }
            }
            true
        };
        let answered = self.meanwhile(tokio::time::timeout(FAREWELL, farewell)).await.unwrap_or(false);
        // Its number is none of those that the next run will miss.
        if let Some(answer) = last {
            self.source.heard(answer.view());
        }
        answered
    }

    /// Waits for the future, and takes events until it is done.
    async fn meanwhile<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let mut events = Vec::new();
        loop {
            tokio::select! {
                biased;
                heard = self.client.next_many(&mut events, BATCH) => {
                    if heard == 0 {
                        // Nothing comes any more, but for the end of the future.
                        return future.await;
                    }
                    self.take(&mut events).await;
                }
                output = &mut future => return output,
            }
        }
    }

    /// Takes what has come, and has it in the queue before it returns.
    async fn take(&mut self, events: &mut Vec<ClientEvent>) {
        let now = self.log.now();
        for event in events.drain(..) {
            match event {
                ClientEvent::Message(message) => self.message(now, &message).await,
                ClientEvent::Connected { link } => self.greeted(&link).await,
                ClientEvent::Opened { registered, .. } => {
                    // So that no line of an event is written before the event is in the queue.
                    self.append().await;
                    self.registered(registered.as_ref());
                }
                ClientEvent::Lost { reason } => self.lost(&reason),
                _ => {}
            }
        }
        self.append().await;
    }

    async fn message(&mut self, now: Timestamp, message: &Message) {
        let event = message.view();
        if let Some(connection) = self.source.heard(event) {
            self.close_session(false);
            self.open_session(connection, time::of(event)).await;
        }
        match message.id() {
            MessageId::EVENT_ERROR => {
                let error = ServerError::of(message);
                let dn = event.text(AttributeId::THIS_DN).ok().flatten().unwrap_or_default();
                let text = match self.dns.iter().find(|known| known.as_bytes() == dn) {
                    // Nothing else than a registration is asked for a DN.
                    Some(dn) => {
                        if !self.refused.contains(dn) {
                            self.refused.push(dn.clone());
                        }
                        format!(
                            "Not registered on {dn} of {}, it is tried again with the next connection: {error}",
                            self.source.server
                        )
                    }
                    None => format!("{}: {error}", self.source.server),
                };
                self.log.put(now, LogLevel::Standard, ids::SOURCE, text);
            }
            id if crate::interpret::concerns(id) => {
                let Some(session) = self.session else { return };
                self.log.event(now, &self.source.server, event);
                self.batch.add(session, time::micros(now), event);
                // The transaction ends with the record that fills it, also in the middle of what one read brought.
                if self.open.records.saturating_add(self.batch.count()) >= self.limits.records {
                    self.append().await;
                }
            }
            _ => self.log.event(now, &self.source.server, event),
        }
    }

    async fn greeted(&mut self, link: &Message) {
        self.refused.clear();
        let connection = self.source.connected(link.view());
        self.open_session(connection, time::of(link.view())).await;
    }

    async fn open_session(&mut self, connection: source::Connection, server_at: Option<i64>) {
        let sessions = self.sessions;
        let Some(session) = self.insist(|queue| queue.next_session(sessions)).await else { return };
        let now = self.log.now();
        let at = time::micros(now);
        let server = self.source.server.clone();
        let text = format!("Connected to {server}: {connection}, data source session {session}");
        self.log.put(now, LogLevel::Trace, ids::SOURCE, text);
        let opened = Opened { connection, at, server_at, started: self.started, server };
        if let Ok(json) = serde_json::to_string(&opened) {
            self.batch.records.push(OwnedRecord::Opened { session, json });
        }
        self.session = Some(session);
    }

    /// Every DN is registered, or was refused; without an answer, T-Server took too long.
    fn registered(&mut self, answer: Option<&Message>) {
        let now = self.log.now();
        let dns: Vec<&str> =
            self.dns.iter().filter(|dn| !self.refused.contains(dn)).map(String::as_str).collect();
        if !dns.is_empty() {
            let (dns, server) = (dns.join(", "), &self.source.server);
            match answer {
                Some(_) => {
                    let text = format!("Registered on {dns} of {server}");
                    self.log.put(now, LogLevel::Trace, ids::SOURCE, text);
                }
                None => {
                    let text = format!(
                        "{server} has not answered the registration on {dns}: without it nothing is received"
                    );
                    self.log.put(now, LogLevel::Standard, ids::SOURCE, text);
                }
            }
        }
        let missing = self.source.registered(answer.map(Message::view), self.dns.len());
        for missing in &missing {
            self.log.put(now, LogLevel::Standard, ids::MISSING, missing.to_string());
        }
        self.log.flush();
        if !missing.is_empty() {
            // With the next append the queue forgets it, too.
            self.log.written();
        }
    }

    fn lost(&mut self, reason: &str) {
        let now = self.log.now();
        let text = format!("Disconnected from {}: {reason}", self.source.server);
        self.log.put(now, LogLevel::Standard, ids::SOURCE, text);
        if self.session.is_none() {
            // Somebody is there, but refuses: the rest was said before.
            self.log.flush();
            return;
        }
        let why = if self.behind { ", for the queue was full and nothing was received" } else { "" };
        let from = self.source.last_sequence.unwrap_or_default().saturating_add(1);
        let text = format!(
            "Events from sequence number {from:016x} on may be missing until the connection is made again{why}"
        );
        self.log.put(now, LogLevel::Standard, ids::MISSING, text);
        self.close_session(false);
    }

    fn close_session(&mut self, shutdown: bool) {
        let Some(session) = self.session.take() else { return };
        let at = time::micros(self.log.now());
        self.batch.end(session, at);
        if let Ok(json) = serde_json::to_string(&Closed { at, shutdown }) {
            self.batch.records.push(OwnedRecord::Closed { session, json });
        }
    }

    /// Puts the batch into the queue, however long it takes: nothing is read meanwhile.
    async fn append(&mut self) {
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
    async fn insist<T>(&mut self, mut ask: impl FnMut(&Queue) -> Result<T, QueueError>) -> Option<T> {
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
    fn deadline(&self) -> Option<Instant> {
        let (first, last) = self.open.times?;
        Some((first + self.limits.lifespan).min(last + QUIET))
    }

    fn close_transaction(&mut self) {
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
    fn has_room(&mut self) -> bool {
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

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
