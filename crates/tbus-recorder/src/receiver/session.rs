//! Data-source sessions as the connection brings them: when they begin and end, and what may be missing between them.

use tlib_capture::{Level, ids};
use tlib_proto::Message;

use super::Receiver;
use crate::dss::{Closed, Opened};
use crate::queue::OwnedRecord;
use crate::source;
use crate::time;

impl Receiver {
    pub(super) async fn greeted(&mut self, link: &Message) {
        self.refused.clear();
        let connection = self.source.connected(link.view());
        self.open_session(connection, time::of(link.view())).await;
    }

    pub(super) async fn open_session(&mut self, connection: source::Connection, server_at: Option<i64>) {
        let sessions = self.sessions;
        let Some(session) = self.insist(|queue| queue.next_session(sessions)).await else { return };
        let now = self.log.now();
        let at = time::micros(now);
        let server = self.source.server.clone();
        let text = format!("Connected to {server}: {connection}, data source session {session}");
        self.log.put(now, Level::Trace, ids::SOURCE, text);
        let opened = Opened { connection, at, server_at, started: self.started, server };
        if let Ok(json) = serde_json::to_string(&opened) {
            self.batch.change(OwnedRecord::Opened { session, json });
        }
        self.session = Some(session);
    }

    /// Every DN is registered, or was refused; without an answer, T-Server took too long.
    pub(super) fn registered(&mut self, answer: Option<&Message>) {
        let now = self.log.now();
        let dns: Vec<&str> =
            self.dns.iter().filter(|dn| !self.refused.contains(dn)).map(String::as_str).collect();
        if !dns.is_empty() {
            let (dns, server) = (dns.join(", "), &self.source.server);
            match answer {
                Some(_) => {
                    let text = format!("Registered on {dns} of {server}");
                    self.log.put(now, Level::Trace, ids::SOURCE, text);
                }
                None => {
                    let text = format!(
                        "{server} has not answered the registration on {dns}: without it nothing is received"
                    );
                    self.log.put(now, Level::Standard, ids::SOURCE, text);
                }
            }
        }
        let missing = self.source.registered(answer.map(Message::view), self.dns.len());
        for missing in &missing {
            self.log.put(now, Level::Standard, ids::MISSING, missing.to_string());
        }
        self.log.flush();
        if !missing.is_empty() {
            // With the next append the queue forgets it, too.
            self.log.written();
        }
    }

    pub(super) fn lost(&mut self, reason: &str) {
        let now = self.log.now();
        let text = format!("Disconnected from {}: {reason}", self.source.server);
        self.log.put(now, Level::Standard, ids::SOURCE, text);
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
        self.log.put(now, Level::Standard, ids::MISSING, text);
        self.close_session(false);
    }

    pub(super) fn close_session(&mut self, shutdown: bool) {
        let Some(session) = self.session.take() else { return };
        let at = time::micros(self.log.now());
        self.batch.end(session, at);
        if let Ok(json) = serde_json::to_string(&Closed { at, shutdown }) {
            self.batch.change(OwnedRecord::Closed { session, json });
        }
    }
}
