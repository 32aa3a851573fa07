//! The frames of a load on a T-Server of this project, built with tlib-proto: request, event, answer.
//!
//! Other dialects carry the same event frame as their payload, so that every server moves the same bytes.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use tlib_proto::wire::{MessageWriter, profile};
use tlib_proto::{AttributeId, KvList, Message, MessageId, MessageRef, ValueRef};

use crate::error::LoadError;
use crate::marks::MARKS_LEN;
use crate::names::Names;
use crate::template::Template;

/// The key of the pair that holds the marks (chosen).
const MARKS_KEY: &str = "tbus-load";
/// CustomerID of the default world.
const CUSTOMER: &str = "Environment";
/// Bytes of a pair of the default payload: head, key, value.
const PAIR: usize = profile::PAIR_HEAD_BYTES + KEY + VALUE;
const KEY: usize = 10;
const VALUE: usize = 20;
/// Most pairs of a payload (chosen); their keys have two to four digits.
const MOST_PAIRS: usize = 1800;
/// Bytes before the marks that tell this load from others.
const TAG: usize = 8;

/// What an event carries besides the marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// As many pairs as make the event frame so many bytes long; the default is 512, as in most published figures.
    Size(usize),
    /// So many pairs of 35 bytes each, packed: 20 bytes of text under a key of 10.
    Pairs(usize),
    /// A captured event, or request: its UserData, Extensions, Reason, ANI and DNIS.
    Event(Message),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Size(512)
    }
}

/// Request, event and answer of one load.
#[derive(Clone, Debug)]
pub struct EventShape {
    /// RequestDistributeUserEvent for the first DN, with marks, DN and ReferenceID as counter.
    pub request: Template,
    /// EventUserEvent as a T-Server of the default world sends it; EventSequenceNumber, time and ReferenceID vary.
    pub event: Template,
    /// Its EventACK; EventSequenceNumber and time vary, ReferenceID is the counter.
    pub answer: Template,
}

impl EventShape {
    /// The frames for a payload. Each call makes another tag, which tells the events of two loads apart.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a size that cannot be reached, [`LoadError::Encode`] for what does not fit into a frame.
    pub fn new(payload: &Payload, names: &Names) -> Result<Self, LoadError> {
        let dn = names.first();
        let filler = filler();
        let carried = Carried::new(payload, &filler, dn)?;
        let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::COMMUNICATION_DN, dn);
            carried.write(m).str(AttributeId::THIS_DN, dn)
        })?;
        let event = carried.event(dn)?;
        let answer = Message::build(MessageId::EVENT_ACK, |m| {
            head(m)
                .unsigned(AttributeId::REFERENCE_ID, 1)
                .str(AttributeId::THIS_DN, dn)
                .user_event(MessageId::REQUEST_DISTRIBUTE_USER_EVENT)
        })?;
        let marks = Some(filler.as_slice());
        Ok(Self {
            request: request_template(request.view(), &filler, names)?,
            event: answer_template(event.view(), marks, names)?.vary_reference(event.view())?,
            answer: answer_template(answer.view(), None, names)?.count_reference(answer.view())?,
        })
    }
}

/// What the request carries and the event repeats.
struct Carried {
    data: KvList,
    others: Option<Message>,
}

impl Carried {
    fn new(payload: &Payload, filler: &[u8], dn: &[u8]) -> Result<Self, LoadError> {
        match payload {
            Payload::Pairs(count) if *count > MOST_PAIRS => {
                Err(LoadError::Plan(format!("an event has 0 to {MOST_PAIRS} pairs, not {count}")))
            }
            Payload::Pairs(count) => Ok(Self { data: pairs(*count, 0, filler)?, others: None }),
            Payload::Size(size) => {
                let bare = Self { data: pairs(0, 0, filler)?, others: None }.event(dn)?.frame().len();
                let most = profile::USER_DATA_LIMIT;
                let room = size.checked_sub(bare).filter(|_| *size <= most).ok_or_else(|| {
                    LoadError::Plan(format!("an event frame has {bare} to {most} bytes here, not {size}"))
                })?;
                Ok(Self { data: pairs(room / PAIR, room % PAIR, filler)?, others: None })
            }
            Payload::Event(message) => {
                let list = message.view().list(AttributeId::USER_DATA).ok().flatten();
                let data = KvList::build(|writer| {
                    if let Some(list) = list {
                        writer.extend(list);
                    }
                    writer.value(MARKS_KEY, ValueRef::Binary(filler))
                })?;
                Ok(Self { data, others: Some(message.clone()) })
            }
        }
    }

    /// UserData and what comes after it, in the order in which the server writes it.
    fn write<'w, 'b>(&self, m: &'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b> {
        m.list(AttributeId::USER_DATA, self.data.view());
        for id in [AttributeId::EXTENSIONS, AttributeId::REASON, AttributeId::ANI, AttributeId::DNIS] {
            m.optional(id, self.others.as_ref().and_then(|message| message.view().find(id)));
        }
        m
    }

    /// EventUserEvent, in the order of tbus-core.
    fn event(&self, dn: &[u8]) -> Result<Message, LoadError> {
        Ok(Message::build(MessageId::EVENT_USER_EVENT, |m| {
            self.write(head(m).user_event(MessageId::EVENT_USER_EVENT))
                .unsigned(AttributeId::REFERENCE_ID, 1)
                .str(AttributeId::THIS_DN, dn)
        })?)
    }
}

/// What every event of a server begins with.
fn head<'w, 'b>(m: &'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b> {
    m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 1)
        .str(AttributeId::CUSTOMER_ID, CUSTOMER)
        .unsigned(AttributeId::TIMEINU_SECS, 0)
        .unsigned(AttributeId::TIMEIN_SECS, 0)
}

/// So many pairs; the last one, or without one the marks' pair, is longer by some bytes.
fn pairs(count: usize, longer: usize, filler: &[u8]) -> Result<KvList, LoadError> {
    let letters = b"65UA6ISSJH76R340BNDQ";
    let value = |more: usize| letters.iter().cycle().take(VALUE + more).copied().collect::<Vec<u8>>();
    let filled = [filler, &vec![0; if count == 0 { longer } else { 0 }]].concat();
    Ok(KvList::build(|list| {
        for number in 1..=count {
            let more = if number == count { longer } else { 0 };
            list.str(format!("load_{number:05}"), value(more));
        }
        // Next to ReferenceID, so that what varies is close together.
        list.value(MARKS_KEY, ValueRef::Binary(&filled))
    })?)
}

/// What stands where the marks will be: a tag that no other load has, and a pattern to find the place by.
fn filler() -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let tag = u64::try_from(now & u128::from(u64::MAX)).unwrap_or_default()
        ^ u64::from(std::process::id()).rotate_right(16);
    let mut filler = tag.to_be_bytes().to_vec();
    filler.extend((0..MARKS_LEN).map(|at| at as u8 ^ 0xa5));
    filler
}

/// Where the value of each attribute stands in a frame.
pub(crate) fn places(message: MessageRef<'_>) -> impl Iterator<Item = (AttributeId, Range<usize>)> + '_ {
    let mut at = profile::HEAD_BYTES;
    message.attributes().map(move |attribute| {
        let length = match attribute.value {
            ValueRef::Int(_) => 4,
            ValueRef::Long(_) => 8,
            ValueRef::List(list) => list.packed_len(),
            ValueRef::Str(bytes)
            | ValueRef::Binary(bytes)
            | ValueRef::Unicode(bytes)
            | ValueRef::Other(_, bytes) => bytes.len(),
            _ => 0,
        };
        let start = at + profile::ATTRIBUTE_HEAD_BYTES;
        at = start + length;
        (attribute.id, start..at)
    })
}

/// A template that is being made of a message.
pub(crate) trait References: Sized {
    /// ReferenceID may be anything.
    fn vary_reference(self, message: MessageRef<'_>) -> Result<Self, LoadError>;
    /// ReferenceID counts the publisher's messages.
    fn count_reference(self, message: MessageRef<'_>) -> Result<Self, LoadError>;
}

fn reference(message: MessageRef<'_>) -> Option<Range<usize>> {
    places(message).find(|(id, at)| *id == AttributeId::REFERENCE_ID && at.len() == 4).map(|(_, at)| at)
}

impl References for Template {
    fn vary_reference(self, message: MessageRef<'_>) -> Result<Self, LoadError> {
        match reference(message) {
            Some(at) => Ok(self.vary(at)?),
            None => Ok(self),
        }
    }

    fn count_reference(self, message: MessageRef<'_>) -> Result<Self, LoadError> {
        match reference(message) {
            Some(at) => Ok(self.counter(at.start, 4)?),
            None => Ok(self),
        }
    }
}

/// A request with its marks, its DN and its ReferenceID.
pub(crate) fn request_template(
    message: MessageRef<'_>,
    filler: &[u8],
    names: &Names,
) -> Result<Template, LoadError> {
    named(marked(Template::new(message.frame()), message, filler)?, message, names)?.count_reference(message)
}

/// What a server sends: its own numbers vary.
pub(crate) fn answer_template(
    message: MessageRef<'_>,
    filler: Option<&[u8]>,
    names: &Names,
) -> Result<Template, LoadError> {
    let mut template = Template::new(message.frame());
    if let Some(filler) = filler {
        template = marked(template, message, filler)?;
    }
    for (id, at) in places(message) {
        let own = [AttributeId::EVENT_SEQUENCE_NUMBER, AttributeId::TIMEINU_SECS, AttributeId::TIMEIN_SECS];
        if own.contains(&id) {
            template = template.vary(at)?;
        }
    }
    named(template, message, names)
}

fn named(mut template: Template, message: MessageRef<'_>, names: &Names) -> Result<Template, LoadError> {
    for (id, at) in places(message) {
        if [AttributeId::COMMUNICATION_DN, AttributeId::THIS_DN].contains(&id) && at.len() == names.width() {
            template = template.name(at.start, at.len())?;
        }
    }
    Ok(template)
}

fn marked(template: Template, message: MessageRef<'_>, filler: &[u8]) -> Result<Template, LoadError> {
    let pattern = filler.get(TAG..).unwrap_or_default();
    let mut found = message.frame().windows(MARKS_LEN).enumerate().filter(|(_, bytes)| *bytes == pattern);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(template.marks(at)?),
        (None, _) => {
            Err(LoadError::Unlike { what: "event", text: "the load's own pair is not in it".to_owned() })
        }
        (Some(_), Some(_)) => Err(LoadError::Plan("the event holds the marks of a load already".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::Limits;

    fn shape(payload: Payload) -> Result<EventShape, LoadError> {
        EventShape::new(&payload, &Names::reporting())
    }

    #[test]
    fn an_event_has_the_length_that_was_asked_for() {
        for size in [200, 201, 235, 512, 1024, 15_999] {
            let event = shape(Payload::Size(size)).unwrap().event;
            assert_eq!(event.len(), size);
            assert!(MessageRef::parse(event.bytes(), &Limits::default()).is_ok());
        }
        let error = shape(Payload::Size(64)).unwrap_err().to_string();
        assert!(
            error.starts_with("an event frame has ") && error.ends_with(" to 16000 bytes here, not 64"),
            "{error}"
        );
        assert!(shape(Payload::Size(usize::MAX)).is_err());
    }

    #[test]
    fn pairs_are_counted() {
        let event = shape(Payload::Pairs(12)).unwrap().event;
        let message = MessageRef::parse(event.bytes(), &Limits::default()).unwrap();
        assert_eq!(
            message.list(AttributeId::USER_DATA).unwrap().unwrap().len(),
            13,
            "and one with the marks"
        );
        assert!(shape(Payload::Pairs(1800)).is_ok());
        assert_eq!(
            shape(Payload::Pairs(1801)).unwrap_err().to_string(),
            "an event has 0 to 1800 pairs, not 1801"
        );
    }

    #[test]
    fn a_captured_event_keeps_its_data() {
        let data = KvList::build(|list| list.str("gms_ServiceName", "inbound").int("n", 3)).unwrap();
        let event = Message::build(MessageId::EVENT_USER_EVENT, |m| {
            m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::ANI, "777")
        });
        let request = shape(Payload::Event(event.unwrap())).unwrap().request;
        let message = MessageRef::parse(request.bytes(), &Limits::default()).unwrap();
        assert_eq!(message.text(AttributeId::ANI), Ok(Some(b"777".as_slice())));
        let list = message.list(AttributeId::USER_DATA).unwrap().unwrap();
        assert_eq!((list.len(), list.find("n")), (3, Some(ValueRef::Int(3))));
    }
}
