//! The data source: which T-Server is heard, since when, and which events of it are missing.
//!
//! T-Server does not repeat events (facts `icon` 4.4), and every event takes the next number of one counter
//! (`protocol-spec/session.md`). So what a client has not heard while it was away is the gap between the last number
//! before and the number of the greeting after.

use std::fmt;

use serde::{Deserialize, Serialize};
use tlib_proto::{AttributeId, MessageId, MessageRef};

/// How a data-source session came to be: `DSCONN_TYPE` (facts `icon` 1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Connection {
    /// 1: the first one of this run of the recorder.
    First,
    /// 2: the same server again.
    Reconnect,
    /// 3: the server was started again: its sequence numbers have begun anew (how that is detected: chosen).
    ServerRestart,
    /// 4: the server's link to the switch is back.
    SwitchReconnection,
    /// 5: another server of the pair is heard now: it says so, or greets under another name (chosen).
    Switchover,
}

impl Connection {
    /// The number in `DSCONN_TYPE`.
    pub(crate) const fn number(self) -> i32 {
        match self {
            Self::First => 1,
            Self::Reconnect => 2,
            Self::ServerRestart => 3,
            Self::SwitchReconnection => 4,
            Self::Switchover => 5,
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first connection",
            Self::Reconnect => "reconnect",
            Self::ServerRestart => "server restart",
            Self::SwitchReconnection => "switch reconnection",
            Self::Switchover => "switchover",
        })
    }
}

/// Most gaps that are kept until they are told: more come together only when the server is started again and again and
/// answers no registration (chosen).
const GAPS: usize = 16;

/// Events that were perhaps sent while nobody listened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Missing {
    /// Those with these sequence numbers.
    Between(u64, u64),
    /// Those from this sequence number on, up to the end of that server's run.
    From(u64),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(first, last) => write!(
                f,
                "Events with sequence numbers {first:016x} to {last:016x} may be missing: T-Server does not repeat events"
            ),
            Self::From(first) => write!(
                f,
                "Events from sequence number {first:016x} on, until the server was started again, may be missing: T-Server does not repeat events"
            ),
        }
    }
}

/// What is known of the T-Server across connections and runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// `AttributeApplicationName` of its greeting.
    pub(crate) server: String,
    /// The highest sequence number heard from it.
    pub(crate) last_sequence: Option<u64>,
    /// This run of the recorder has had a session. Not known of a run before.
    #[serde(skip)]
    connected: bool,
    #[serde(skip)]
    link_down: bool,
    #[serde(skip)]
    primary_changed: bool,
    /// What may be missing, until the DNs are registered again and it can be told. Kept across runs: a recorder that ends
    /// before has told nobody.
    #[serde(default)]
    gaps: Vec<Missing>,
}

impl Source {
    /// A connection was made, and greeted with EventLinkConnected or EventLinkDisconnected.
    pub(crate) fn connected(&mut self, greeting: MessageRef<'_>) -> Connection {
        let before = self.last_sequence;
        let server = name(greeting);
        let sequence = sequence(greeting);
        let known = before.is_some() && !self.server.is_empty();
        let other = known && !server.is_empty() && server != self.server;
        let restarted = matches!((before, sequence), (Some(before), Some(now)) if now <= before);
        let connection = match () {
            () if !self.connected => Connection::First,
            () if other || self.primary_changed => Connection::Switchover,
            () if restarted => Connection::ServerRestart,
            () => Connection::Reconnect,
        };
        if let Some(first) = before.and_then(|before| before.checked_add(1)) {
            // Another server, or another run of it, counts on its own.
            self.missed(first, sequence.filter(|_| !other && !restarted));
        }
        self.connected = true;
        self.link_down = greeting.id() == MessageId::EVENT_LINK_DISCONNECTED;
        self.primary_changed = false;
        if !server.is_empty() {
            self.server = server;
        }
        self.last_sequence = sequence.or(if other || restarted { None } else { before });
        connection
    }

    /// What was sent from `first` on was not heard: up to the number of the greeting, or else to the end of that run.
    fn missed(&mut self, first: u64, greeted: Option<u64>) {
        // A connection that was lost before its DNs were registered: nothing was told of what was missed before it.
        let first = match self.gaps.last() {
            Some(&Missing::Between(before, _)) => {
                self.gaps.pop();
                before.min(first)
            }
            _ => first,
        };
        if self.gaps.len() >= GAPS {
            self.gaps.remove(0);
        }
        self.gaps.push(match greeted {
            Some(greeted) => Missing::Between(first, greeted),
            None => Missing::From(first),
        });
    }

    /// Every DN is registered, the last of `dns` with this answer: from here on nothing is missed. Returns what may
    /// have been, once.
    pub(crate) fn registered(&mut self, answer: Option<MessageRef<'_>>, dns: usize) -> Vec<Missing> {
        let registered = answer.and_then(sequence);
        self.last_sequence = self.last_sequence.max(registered);
        let gaps = std::mem::take(&mut self.gaps).into_iter();
        gaps.filter_map(|gap| match gap {
            Missing::Between(first, greeted) => {
                // The greeting and the answers have numbers, too. With others among them, events may have come
                // while not every DN was registered.
                let answers = u64::try_from(dns).unwrap_or(u64::MAX);
                let last = match registered {
                    Some(last) if last.saturating_sub(greeted) > answers => last,
                    _ => greeted,
                };
                let last = last.saturating_sub(1);
                (first <= last).then_some(Missing::Between(first, last))
            }
            missing @ Missing::From(_) => Some(missing),
        })
        .collect()
    }

    /// A message has come. `Some`: it begins another data-source session on the same connection.
    pub(crate) fn heard(&mut self, message: MessageRef<'_>) -> Option<Connection> {
        if let Some(sequence) = sequence(message) {
            self.last_sequence = self.last_sequence.max(Some(sequence));
        }
        match message.id() {
            MessageId::EVENT_LINK_DISCONNECTED => {
                self.link_down = true;
                None
            }
            MessageId::EVENT_PRIMARY_CHANGED => {
                self.primary_changed = true;
                None
            }
            MessageId::EVENT_LINK_CONNECTED => {
                let server = name(message);
                let other = !server.is_empty() && server != self.server;
                if other {
                    self.server = server;
                    // It counts on its own.
                    self.last_sequence = sequence(message);
                }
                let switchover = other || std::mem::take(&mut self.primary_changed);
                let link = std::mem::take(&mut self.link_down);
                match (switchover, link) {
                    (true, _) => Some(Connection::Switchover),
                    (false, true) => Some(Connection::SwitchReconnection),
                    (false, false) => None,
                }
            }
            _ => None,
        }
    }
}

/// The event's sequence number. An attribute of the wrong kind counts as absent: the event is stored all the same.
pub(crate) fn sequence(message: MessageRef<'_>) -> Option<u64> {
    message.long(AttributeId::EVENT_SEQUENCE_NUMBER).ok().flatten()
}

fn name(message: MessageRef<'_>) -> String {
    let name = message.text(AttributeId::APPLICATION_NAME).ok().flatten().unwrap_or_default();
    // As much of it as a log line or a session should hold (chosen).
    String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::Message;

    fn link(id: MessageId, server: &str, sequence: u64) -> Message {
        Message::build(id, |m| {
            m.long(AttributeId::EVENT_SEQUENCE_NUMBER, sequence).str(AttributeId::APPLICATION_NAME, server)
        })
        .unwrap()
    }

    fn up(server: &str, sequence: u64) -> Message {
        link(MessageId::EVENT_LINK_CONNECTED, server, sequence)
    }

    fn event(id: MessageId, sequence: u64) -> Message {
        Message::build(id, |m| m.long(AttributeId::EVENT_SEQUENCE_NUMBER, sequence)).unwrap()
    }

    /// Connects, and registers one DN at once.
    fn connect(source: &mut Source, server: &str, sequence: u64) -> (Connection, Option<Missing>) {
        let connection = source.connected(up(server, sequence).view());
        let registered = event(MessageId::EVENT_REGISTERED, sequence + 1);
        let missing = source.registered(Some(registered.view()), 1);
        assert!(missing.len() <= 1, "{missing:?}");
        (connection, missing.first().copied())
    }

    #[test]
    fn sessions_are_told_apart() {
        let mut source = Source::default();
        assert_eq!(connect(&mut source, "SIP_Server", 5), (Connection::First, None));
        assert_eq!(source.heard(event(MessageId::EVENT_USER_EVENT, 9).view()), None);

        let missing = Some(Missing::Between(10, 11));
        assert_eq!(connect(&mut source, "SIP_Server", 12), (Connection::Reconnect, missing));
        assert_eq!(connect(&mut source, "SIP_Server", 14), (Connection::Reconnect, None), "nothing was sent");

        let missing = Some(Missing::From(16));
        assert_eq!(connect(&mut source, "SIP_Server", 2), (Connection::ServerRestart, missing));
        let missing = Some(Missing::From(4));
        assert_eq!(connect(&mut source, "SIP_Server_B", 400), (Connection::Switchover, missing));
        assert_eq!(source.last_sequence, Some(401));
    }

    #[test]
    fn what_happens_between_the_greeting_and_the_registration_is_missing_too() {
        let mut source = Source::default();
        connect(&mut source, "SIP_Server", 5);
        source.connected(up("SIP_Server", 7).view());
        let registered = event(MessageId::EVENT_REGISTERED, 12);
        assert_eq!(source.registered(Some(registered.view()), 1), [Missing::Between(7, 11)]);
        assert_eq!(source.registered(Some(registered.view()), 1), [], "it is told once");
        source.connected(up("SIP_Server", 13).view());
        let registered = event(MessageId::EVENT_REGISTERED, 15);
        assert_eq!(source.registered(Some(registered.view()), 2), [], "two answers are two numbers");
    }

    #[test]
    fn the_link_to_the_switch_and_the_primary_begin_sessions_on_the_same_connection() {
        let mut source = Source::default();
        source.connected(up("SIP_Server", 1).view());
        assert_eq!(source.heard(up("SIP_Server", 2).view()), None, "it was up before");
        assert_eq!(source.heard(link(MessageId::EVENT_LINK_DISCONNECTED, "SIP_Server", 3).view()), None);
        assert_eq!(source.heard(up("SIP_Server", 4).view()), Some(Connection::SwitchReconnection));
        assert_eq!(source.heard(event(MessageId::EVENT_PRIMARY_CHANGED, 5).view()), None);
        assert_eq!(source.heard(link(MessageId::EVENT_LINK_DISCONNECTED, "SIP_Server", 6).view()), None);
        assert_eq!(source.heard(up("SIP_Server", 7).view()), Some(Connection::Switchover));
        assert_eq!(source.heard(up("SIP_Server_B", 8).view()), Some(Connection::Switchover));
    }

    #[test]
    fn a_run_before_is_remembered_for_what_is_missing_only() {
        let mut source = Source::default();
        connect(&mut source, "SIP_Server", 5);
        let kept = serde_json::to_string(&source).unwrap();
        let mut source: Source = serde_json::from_str(&kept).unwrap();
        let missing = Some(Missing::Between(7, 8));
        assert_eq!(connect(&mut source, "SIP_Server", 9), (Connection::First, missing));
    }

    /// What a recorder does that is killed before it is registered, and started again.
    fn killed(source: &Source) -> Source {
        serde_json::from_str(&serde_json::to_string(source).unwrap()).unwrap()
    }

    #[test]
    fn what_was_missed_is_told_although_a_run_ended_before_it_could() {
        let mut source = Source::default();
        connect(&mut source, "SIP_Server", 5);
        source.connected(up("SIP_Server", 9).view());
        let mut source = killed(&source);
        let missing = Some(Missing::Between(7, 19));
        assert_eq!(connect(&mut source, "SIP_Server", 20), (Connection::First, missing));

        source.connected(up("SIP_Server", 30).view());
        let mut source = killed(&source);
        source.connected(up("SIP_Server", 2).view());
        let mut source = killed(&source);
        source.connected(up("SIP_Server", 8).view());
        let registered = event(MessageId::EVENT_REGISTERED, 9);
        let missing = [Missing::From(22), Missing::Between(3, 7)];
        assert_eq!(source.registered(Some(registered.view()), 1), missing);
        let mut source = killed(&source);
        assert_eq!(connect(&mut source, "SIP_Server", 10), (Connection::First, None), "it is told once");
    }
}
