//! The client side of the recorder: what comes from the T-Server is in the queue before more of it is read.

mod queueing;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tlib_capture::{Level as LogLevel, ids};
use tlib_net::{Client, ClientError, ClientEvent, ServerError};
use tlib_proto::enums::RegisterMode;
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::log::Log;
use crate::options::Options;
use crate::queue::{Queue, QueueError};
use crate::recorder::StartError;
use crate::source::Source;
use crate::time;
use crate::writer::Shared;
use queueing::{Batch, Grouping, OpenTransaction};

/// Events that are taken at a time.
const BATCH: usize = 4096;

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
            limits: Grouping::from(options),
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
                if self.is_complete() {
                    self.append().await;
                }
            }
            _ => self.log.event(now, &self.source.server, event),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
