//! The plan of a log.

use std::sync::Arc;

use tlib_proto::{AttributeId, Message, MessageId};

use super::rebuild::rebuild_request;
use super::step::{Heard, Place, Planned, Skip, Step, When, is_answer};
use crate::read::{Block, Complaint, Kind, Origin, Record};

/// Follows the records of a log, of T-Server or of a client, and gives [`Step`]s.
///
/// A T-Server names a request by line 04541 with the block behind it, by line 04543, or by both; where only line 04543 is there, the
/// request is rebuilt from the EventACK and EventUserEvent that follow.
#[derive(Debug, Default)]
pub struct LogPlan {
    /// Who has written the log, by its header.
    writer: Option<Arc<str>>,
    /// A block whose sender is told by the line 04543 behind it.
    bare: Option<Planned>,
    /// The request, or the event in the log of a client, whose block has just been read: its line 04543 says nothing new.
    shown: Vec<u8>,
    /// A request that only its line 04543 has named so far.
    named: Option<Named>,
    /// An event that lines 04542 may follow.
    held: Option<Held>,
}

/// Receivers of one event that are remembered at most (chosen).
const RECEIVERS: usize = 4096;

/// An event, until its receivers are known.
#[derive(Debug)]
struct Held {
    planned: Planned,
    /// As printed.
    name: Vec<u8>,
}

/// A request that only its line 04543 has named.
#[derive(Debug)]
struct Named {
    place: Place,
    at: Option<When>,
    application: Arc<str>,
    message: Vec<u8>,
    /// Whether the note `-- Absent ThisDN` follows it.
    absent_this_dn: bool,
    /// ReferenceID and ThisDN of its EventACK.
    acknowledged: Option<(Option<u32>, Option<Vec<u8>>)>,
}

impl LogPlan {
    /// A plan at the start of a log. The files of one log share a plan.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record; gives what it says to `out`, in order.
    pub fn push(&mut self, record: &Record<'_>, out: &mut impl FnMut(Step)) {
        // Only the line behind a bare block may tell its sender.
        if let Some(bare) = self.bare.take() {
            let sender = match &record.kind {
                Kind::Interaction(line) if names(line.message, bare.message.id()) => {
                    Some(text(line.application()))
                }
                _ => None,
            };
            let application = sender.or_else(|| bare.application.clone());
            out(Step::Message(Planned { application, ..bare }));
        }
        if let (Kind::Sent(receipt), Some(held)) = (&record.kind, &mut self.held)
            && held.name == receipt.message
        {
            if held.planned.receivers.len() < RECEIVERS {
                held.planned.receivers.push(text(receipt.client.application));
            }
            return;
        }
        self.end_held(out);
        match &record.kind {
            Kind::Header(header) => {
                if let Some(name) = header.get("Application name") {
                    self.writer = Some(text(name));
                }
            }
            Kind::Block(block) => self.block(record, block, out),
            Kind::Damaged(_) => {
                let detail =
                    record.complaints.first().map(|first| first.reason.to_string()).unwrap_or_default();
                out(Step::Skipped { place: Place::Line(record.at.line), why: Skip::Damaged, detail });
            }
            Kind::Interaction(line) => {
                if std::mem::take(&mut self.shown) == line.message {
                    return;
                }
                self.end_named(out);
                let named = Named {
                    place: Place::Line(record.at.line),
                    at: record.time.map(When::from),
                    application: text(line.application()),
                    message: line.message.to_vec(),
                    absent_this_dn: false,
                    acknowledged: None,
                };
                // A client's line about an event that it has received has nothing to be rebuilt from.
                if names(line.message, MessageId::REQUEST_DISTRIBUTE_USER_EVENT) {
                    self.named = Some(named);
                } else {
                    out(named.skipped());
                }
            }
            // Its line 04543, which may follow, is the one that counts.
            Kind::Received(_) => self.shown.clear(),
            Kind::Note(note) => {
                if let Some(named) = &mut self.named
                    && note.starts_with(b"Absent ThisDN")
                {
                    named.absent_this_dn = true;
                }
            }
            _ => {}
        }
    }

    /// The log has ended: gives what was still waiting.
    pub fn finish(&mut self, out: &mut impl FnMut(Step)) {
        if let Some(bare) = self.bare.take() {
            out(Step::Message(bare));
        }
        self.end_held(out);
        self.end_named(out);
        *self = Self { writer: self.writer.take(), ..Self::default() };
    }

    fn end_held(&mut self, out: &mut impl FnMut(Step)) {
        let Some(Held { planned, .. }) = self.held.take() else { return };
        let dn: Option<Arc<[u8]>> = planned.this_dn().filter(|_| !planned.answer).map(Into::into);
        let receivers = planned.receivers.clone();
        out(Step::Message(planned));
        if let Some(dn) = dn {
            for application in receivers {
                out(Step::Heard(Heard { application, dn: Arc::clone(&dn) }));
            }
        }
    }

    fn end_named(&mut self, out: &mut impl FnMut(Step)) {
        if let Some(named) = self.named.take() {
            out(named.skipped());
        }
    }

    fn block(&mut self, record: &Record<'_>, block: &Block<'_>, out: &mut impl FnMut(Step)) {
        self.shown.clear();
        let place = Place::Line(record.at.line);
        let read = match block.to_message() {
            Ok((message, more)) => {
                // Servers have more attributes than are published; a message without them is still what was sent.
                let (unpublished, wrong): (Vec<_>, Vec<_>) = more.iter().partition(|c| is_unpublished(c));
                match record.complaints.first().or_else(|| wrong.first().copied()) {
                    None => Ok((message, unpublished.len())),
                    Some(complaint) => Err(format!("line {}: {}", complaint.line, complaint.reason)),
                }
            }
            Err(error) => Err(error.to_string()),
        };
        let is_request = block.id().is_some_and(MessageId::is_request);
        if is_request {
            self.end_named(out);
        }
        if is_request || matches!(block.origin, Origin::Bare) {
            self.shown.extend_from_slice(block.name);
        }
        let (message, unpublished) = match read {
            Ok(read) => read,
            Err(detail) => {
                let why = if block.id().is_none() { Skip::Unknown } else { Skip::Damaged };
                return out(Step::Skipped { place, why, detail });
            }
        };
        let id = message.id();
        let function = if let Origin::Event { function, .. } = block.origin { Some(function) } else { None };
        let application = match block.origin {
            Origin::Received(client) => Some(text(client.application)),
            Origin::RequestTo { .. } | Origin::ReceivedFrom { .. } => self.writer.clone(),
            _ => None,
        };
        let planned = Planned {
            place,
            at: record.time.map(When::from),
            application,
            rebuilt: false,
            answer: id.is_event() && (is_answer(id) || function == Some(b"send_to_client")),
            unpublished,
            receivers: Vec::new(),
            message,
        };
        if id.is_request() {
            if id == MessageId::REQUEST_REGISTER_CLIENT {
                return out(Step::Skipped { place, why: Skip::Handshake, detail: String::new() });
            }
            if matches!(block.origin, Origin::Bare | Origin::Other) {
                self.bare = Some(planned);
            } else {
                out(Step::Message(planned));
            }
            return;
        }
        self.event(planned, block.name, out);
    }

    fn event(&mut self, planned: Planned, name: &[u8], out: &mut impl FnMut(Step)) {
        if let Some(request) = self.caused(&planned) {
            out(request);
        }
        self.held = Some(Held { planned, name: name.to_vec() });
    }

    /// The request that has caused this event, once the event shows all of it.
    fn caused(&mut self, event: &Planned) -> Option<Step> {
        let named = self.named.as_mut()?;
        let view = event.message.view();
        let reference = view.reference_id().ok().flatten();
        match event.message.id() {
            MessageId::EVENT_ACK if named.acknowledged.is_none() => {
                // An EventACK says what it answers.
                let answered = view.int(AttributeId::USER_EVENT).ok().flatten();
                let answers =
                    answered.is_none_or(|id| id == i32::from(MessageId::REQUEST_DISTRIBUTE_USER_EVENT.0));
                if answers {
                    named.acknowledged = Some((reference, event.this_dn().map(<[u8]>::to_vec)));
                }
                None
            }
            MessageId::EVENT_ERROR => self.named.take().map(|named| named.skipped()),
            MessageId::EVENT_USER_EVENT => {
                let fits = named.acknowledged.as_ref().is_none_or(|(acknowledged, dn)| {
                    *acknowledged == reference && dn.as_deref() == event.this_dn()
                });
                if !fits {
                    return None;
                }
                let named = self.named.take()?;
                Some(match rebuild_request(&event.message, named.absent_this_dn) {
                    Ok(message) => Step::Message(named.rebuilt(message)),
                    Err(error) => {
                        Step::Skipped { place: named.place, why: Skip::NamedOnly, detail: error.to_string() }
                    }
                })
            }
            _ => None,
        }
    }
}

impl Named {
    fn rebuilt(self, message: Message) -> Planned {
        Planned {
            place: self.place,
            at: self.at,
            application: Some(self.application),
            message,
            rebuilt: true,
            answer: false,
            unpublished: 0,
            receivers: Vec::new(),
        }
    }

    fn skipped(self) -> Step {
        let detail = String::from_utf8_lossy(&self.message).into_owned();
        Step::Skipped { place: self.place, why: Skip::NamedOnly, detail }
    }
}

fn names(name: &[u8], id: MessageId) -> bool {
    id.name().is_some_and(|known| known.as_bytes() == name)
}

/// Whether a complaint of the text codec is that an attribute's name has no published id.
fn is_unpublished(complaint: &Complaint) -> bool {
    complaint.reason.ends_with("has no published id and cannot be sent")
}

fn text(bytes: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(bytes).into()
}
