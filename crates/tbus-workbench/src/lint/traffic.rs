//! User events and attached data in messages.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tbus_reporting::lint::{At, CallData, Checked, Event, Finding, Lint, Pair, Value};
use tlib_capture::packet::CaptureItem;
use tlib_capture::read::{Block, Field, Kind, Record};
use tlib_proto::{AttributeId, KvRef, MessageId, MessageRef, ValueRef};

/// So many events are remembered, to know them when another client has heard them, too (chosen).
const REMEMBERED: usize = 100_000;

/// Which messages are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// What the server has distributed: EventUserEvent, and the UserData of events of calls.
    #[default]
    Events,
    /// What clients have sent: RequestDistributeUserEvent, RequestAttachUserData and RequestUpdateUserData.
    Requests,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What was checked.
    pub checked: Checked,
    /// Messages that were looked at already: several clients have heard them, or several files show them.
    pub again: u64,
    /// Messages that are damaged, and whose pairs therefore say nothing.
    pub damaged: u64,
}

/// Finds user events and attached data in traffic and has them checked, in constant memory beside that of [`Lint`].
#[derive(Debug)]
pub struct TrafficLint {
    lint: Lint,
    source: Source,
    heard: HashSet<Identity>,
    order: VecDeque<Identity>,
    again: u64,
    damaged: u64,
}

/// What tells events apart: sequence number, seconds and microseconds.
type Identity = (u64, u64, u32);

impl TrafficLint {
    /// Nothing read yet.
    pub fn new(call_data: CallData, source: Source) -> Self {
        Self {
            lint: Lint::new(call_data),
            source,
            heard: HashSet::new(),
            order: VecDeque::new(),
            again: 0,
            damaged: 0,
        }
    }

    /// Takes the next record of a log.
    pub fn record(&mut self, file: &Arc<str>, record: &Record<'_>, out: &mut dyn FnMut(Finding)) {
        let block = match &record.kind {
            Kind::Block(block) => block,
            Kind::Damaged(_) => {
                self.damaged = self.damaged.saturating_add(1);
                return;
            }
            _ => return,
        };
        if !block.id().is_some_and(|id| self.is_wanted(id)) {
            return;
        }
        // An attribute that is not published takes nothing from the pairs.
        let unpublished = |reason: &str| reason.ends_with("has no published id and cannot be sent");
        let message = match block.to_message() {
            Ok((message, more))
                if record.complaints.iter().chain(&more).all(|complaint| unpublished(&complaint.reason)) =>
            {
                message
            }
            _ => {
                self.damaged = self.damaged.saturating_add(1);
                return;
            }
        };
        let time = record.time.and_then(|time| time.utc).map(|utc| utc.seconds);
        self.take(file, At::Line(record.at.line), message.view(), time, &lines(block), out);
    }

    /// Takes the next item of a packet capture.
    pub fn captured(&mut self, file: &Arc<str>, item: &CaptureItem, out: &mut dyn FnMut(Finding)) {
        match item {
            CaptureItem::Message(captured) => {
                let (message, at) = (captured.message.view(), At::Packet(captured.packet));
                self.take(file, at, message, Some(captured.at.seconds), &[], out);
            }
            _ => self.damaged = self.damaged.saturating_add(1),
        }
    }

    /// Takes a message.
    pub fn message(
        &mut self,
        file: &Arc<str>,
        at: At,
        message: MessageRef<'_>,
        out: &mut dyn FnMut(Finding),
    ) {
        self.take(file, at, message, None, &[], out);
    }

    /// Everything was read.
    pub fn finish(self, out: &mut dyn FnMut(Finding)) -> Traffic {
        Traffic { checked: self.lint.finish(out), again: self.again, damaged: self.damaged }
    }

    fn is_wanted(&self, id: MessageId) -> bool {
        match self.source {
            Source::Events => id.is_event(),
            Source::Requests => matches!(
                id,
                MessageId::REQUEST_DISTRIBUTE_USER_EVENT
                    | MessageId::REQUEST_ATTACH_USER_DATA
                    | MessageId::REQUEST_UPDATE_USER_DATA
            ),
        }
    }

    /// `lines` are those of the outermost pairs of UserData, if they are known.
    fn take(
        &mut self,
        file: &Arc<str>,
        at: At,
        message: MessageRef<'_>,
        time: Option<u64>,
        lines: &[u64],
        out: &mut dyn FnMut(Finding),
    ) {
        let id = message.id();
        if !self.is_wanted(id) {
            return;
        }
        let Ok(Some(data)) = message.list(AttributeId::USER_DATA) else { return };
        let own_time = message.time().ok().flatten();
        let texts = texts(data);
        let known_lines = lines.len() == texts.len();
        let pairs: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(n, (key, value))| Pair {
                key,
                value: match value {
                    Stored::Text(text) => Value::Text(text),
                    Stored::Number(number) => Value::Number(*number),
                    Stored::List => Value::List,
                    Stored::Binary => Value::Binary,
                },
                at: lines.get(n).filter(|_| known_lines).map_or(at, |line| At::Line(*line)),
            })
            .collect();
        let time = own_time.map(|time| time.seconds).or(time).and_then(|time| i64::try_from(time).ok());
        let event = Event { file, at, time, pairs: &pairs };
        if matches!(id, MessageId::EVENT_USER_EVENT | MessageId::REQUEST_DISTRIBUTE_USER_EVENT) {
            let sequence = message.long(AttributeId::EVENT_SEQUENCE_NUMBER).ok().flatten();
            if let (Some(sequence), Some(time)) = (sequence, own_time)
                && self.is_known((sequence, time.seconds, time.micros))
            {
                self.again = self.again.saturating_add(1);
                return;
            }
            self.lint.user_event(&event, out);
        } else if let Ok(Some(call)) = message.long(AttributeId::CONN_ID) {
            self.lint.attached(&format!("{call:016x}"), &event);
        }
    }

    /// Whether the event came before; it is remembered from now on.
    fn is_known(&mut self, identity: Identity) -> bool {
        if !self.heard.insert(identity) {
            return true;
        }
        self.order.push_back(identity);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.heard.remove(&oldest);
        }
        false
    }
}

/// A value with its text.
enum Stored<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    List,
    Binary,
}

fn texts(data: KvRef<'_>) -> Vec<(Cow<'_, str>, Stored<'_>)> {
    data.pairs()
        .map(|pair| {
            let value = match pair.value {
                ValueRef::Str(bytes) | ValueRef::Unicode(bytes) => {
                    Stored::Text(String::from_utf8_lossy(bytes))
                }
                ValueRef::Int(number) => Stored::Number(number.into()),
                ValueRef::List(_) => Stored::List,
                _ => Stored::Binary,
            };
            (String::from_utf8_lossy(pair.key), value)
        })
        .collect()
}

/// The lines of the outermost pairs of UserData.
fn lines(block: &Block<'_>) -> Vec<u64> {
    let mut lines = Vec::new();
    let mut inside = false;
    for field in block.fields() {
        match field {
            Field::Attribute(attribute) => inside = attribute.name == b"UserData",
            Field::Pair(pair) if inside && pair.depth == 1 => lines.push(pair.line),
            _ => {}
        }
    }
    lines
}
