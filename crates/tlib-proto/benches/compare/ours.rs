//! tlib-proto. Its strings are bytes in the connection's charset, so it checks no UTF-8; the cases that are compared with
//! codecs that do check every string, too.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use tlib_proto::wire::{KvWriter, MessageWriter, Routing, Texts};
use tlib_proto::{
    AttributeId, KvList, KvRef, Limits, Message, MessageId, MessageRef, ValueRef as Ours, WireError,
};

use crate::event::{Event, EventRef, Value, ValueRef};
use crate::measure::Case;

pub(crate) const CODEC: &str = "tlib-proto";
/// The same structure as the others decode into.
pub(crate) const BORROWED: &str = "borrowed, UTF-8 checked";
pub(crate) const PAIR_BY_PAIR: &str = "encode pair by pair";

fn list<'w, 'b>(list: &'w mut KvWriter<'b>, event: &Event) -> &'w mut KvWriter<'b> {
    for (key, value) in &event.data {
        match value {
            Value::Str(text) => list.str(key, text),
            Value::Int(number) => list.int(key, *number),
        };
    }
    list
}

/// Writes the event in the order in which the server writes one; `user_data` writes the list.
fn write(
    out: &mut BytesMut,
    event: &Event,
    user_data: impl FnOnce(&mut MessageWriter<'_>),
) -> Result<u16, tlib_proto::EncodeError> {
    let mut writer = MessageWriter::start(out, MessageId(event.message));
    writer
        .long(AttributeId::EVENT_SEQUENCE_NUMBER, event.sequence)
        .unsigned(AttributeId::TIMEINU_SECS, event.micros)
        .unsigned(AttributeId::TIMEIN_SECS, event.seconds);
    user_data(&mut writer);
    writer
        .str(AttributeId::ANI, &event.ani)
        .str(AttributeId::DNIS, &event.dnis)
        .long(AttributeId::CONN_ID, event.conn_id)
        .unsigned(AttributeId::CALL_TYPE, event.call_type)
        .unsigned(AttributeId::CALL_ID, event.call_id)
        .str(AttributeId::CALL_UUID, &event.uuid)
        .str(AttributeId::AGENT_ID, &event.agent)
        .str(AttributeId::THIS_QUEUE, &event.queue)
        .str(AttributeId::OTHER_DN, &event.other_dn)
        .unsigned(AttributeId::REFERENCE_ID, event.reference)
        .str(AttributeId::THIS_DN, &event.this_dn);
    writer.finish(&Limits::default())
}

fn encode(out: &mut BytesMut, event: &Event) -> u16 {
    out.clear();
    let done = write(out, event, |writer| {
        writer.list_of(AttributeId::USER_DATA, |pairs| list(pairs, event));
    });
    done.expect("fits")
}

fn encode_packed(out: &mut BytesMut, event: &Event, data: KvRef<'_>) -> u16 {
    out.clear();
    let done = write(out, event, |writer| {
        writer.list(AttributeId::USER_DATA, data);
    });
    done.expect("fits")
}

fn number(value: Ours<'_>) -> u32 {
    if let Ours::Int(value) = value { value.cast_unsigned() } else { 0 }
}

fn long(value: Ours<'_>) -> u64 {
    if let Ours::Long(value) = value { value } else { 0 }
}

/// The event as the other codecs decode it, its texts checked to be UTF-8.
fn decode<'a>(frame: &'a [u8], limits: &Limits) -> Option<EventRef<'a>> {
    let message = MessageRef::parse(frame, limits).ok()?;
    let mut texts = Texts::of(frame);
    let mut text = |bytes| texts.get(bytes);
    let mut event = EventRef { message: message.id().0, ..EventRef::default() };
    for attribute in message.attributes() {
        let value = attribute.value;
        match attribute.id {
            AttributeId::REFERENCE_ID => event.reference = number(value),
            AttributeId::CONN_ID => event.conn_id = long(value),
            AttributeId::EVENT_SEQUENCE_NUMBER => event.sequence = long(value),
            AttributeId::TIMEIN_SECS => event.seconds = number(value),
            AttributeId::TIMEINU_SECS => event.micros = number(value),
            AttributeId::CALL_TYPE => event.call_type = number(value),
            AttributeId::CALL_ID => event.call_id = number(value),
            AttributeId::THIS_DN => event.this_dn = text(value.as_text()?)?,
            AttributeId::OTHER_DN => event.other_dn = text(value.as_text()?)?,
            AttributeId::DNIS => event.dnis = text(value.as_text()?)?,
            AttributeId::ANI => event.ani = text(value.as_text()?)?,
            AttributeId::THIS_QUEUE => event.queue = text(value.as_text()?)?,
            AttributeId::AGENT_ID => event.agent = text(value.as_text()?)?,
            AttributeId::CALL_UUID => event.uuid = text(value.as_text()?)?,
            AttributeId::USER_DATA => {
                let Ours::List(list) = value else { return None };
                event.data.reserve(list.len());
                for pair in list.pairs() {
                    let key = text(pair.key)?;
                    let value = match pair.value {
                        Ours::Str(value) => ValueRef::Str(text(value)?),
                        Ours::Int(number) => ValueRef::Int(number),
                        _ => return None,
                    };
                    event.data.push((key, value));
                }
            }
            _ => {}
        }
    }
    Some(event)
}

/// Visits every attribute and every pair and adds up what it sees; `check` says whether a text is good.
fn visit<'a>(message: MessageRef<'a>, mut check: impl FnMut(&'a [u8]) -> bool) -> Option<usize> {
    let mut seen = |value: Ours<'a>| match value {
        Ours::Int(value) => Some(value.unsigned_abs() as usize),
        Ours::Long(value) => Some(value as usize),
        other => {
            let text = other.as_text()?;
            check(text).then_some(text.len())
        }
    };
    let mut sum = 0_usize;
    for attribute in message.attributes() {
        if let Ours::List(list) = attribute.value {
            for pair in list.pairs() {
                sum = sum.wrapping_add(seen(Ours::Str(pair.key))?);
                sum = sum.wrapping_add(seen(pair.value)?);
            }
        } else {
            sum = sum.wrapping_add(seen(attribute.value)?);
        }
    }
    Some(sum)
}

fn visit_checked(message: MessageRef<'_>) -> Option<usize> {
    let mut texts = Texts::of(message.frame());
    visit(message, |text| texts.get(text).is_some())
}

pub(crate) fn cases(event: &Event) -> Vec<Case> {
    let limits = Limits::default();
    let mut out = BytesMut::with_capacity(8192);
    encode(&mut out, event);
    let shared = Bytes::copy_from_slice(&out);
    let frame: &'static [u8] = shared.to_vec().leak();
    let bytes = frame.len();
    let data = KvList::build(|pairs| list(pairs, event)).expect("fits");
    encode_packed(&mut out, event, data.view());
    assert_eq!(out, shared);
    assert_eq!(decode(frame, &limits).expect("decodes").to_owned(), *event);
    let routing = Routing::read(frame, &limits).expect("reads");
    assert_eq!((routing.length, routing.id.0), (bytes, event.message));
    assert_eq!((routing.reference, routing.dn), (Some(event.reference), Some(event.this_dn.as_bytes())));

    let parse = move || MessageRef::parse(black_box(frame), &limits);
    let (event, same) = (event.clone(), event.clone());
    let mut packed_out = BytesMut::with_capacity(8192);
    vec![
        Case::new(CODEC, "routing", bytes, move || Routing::read(black_box(frame), &limits)),
        Case::new(CODEC, "walk", bytes, parse),
        Case::new(CODEC, "visit", bytes, move || parse().map(|message| visit(message, |_| true))),
        Case::new(CODEC, "visit, UTF-8 one by one", bytes, move || {
            parse().map(|message| visit(message, |text| std::str::from_utf8(text).is_ok()))
        }),
        Case::new(CODEC, "visit, UTF-8 checked", bytes, move || parse().map(visit_checked)),
        Case::new(CODEC, BORROWED, bytes, move || decode(black_box(frame), &limits)),
        Case::new(CODEC, "owned, frame shared", bytes, move || {
            Message::from_frame(black_box(&shared).clone(), &limits)
        }),
        Case::new(CODEC, "owned", bytes, move || parse().map(MessageRef::to_owned)),
        Case::new(CODEC, "owned, UTF-8 checked", bytes, move || {
            let message = parse()?;
            visit_checked(message).map_or(Ok(None), |_| Ok::<_, WireError>(Some(message.to_owned())))
        }),
        Case::new(CODEC, PAIR_BY_PAIR, bytes, move || {
            encode(&mut out, black_box(&event));
            black_box(&out);
        }),
        Case::new(CODEC, "encode, list packed before", bytes, move || {
            encode_packed(&mut packed_out, black_box(&same), black_box(data.view()));
            black_box(&packed_out);
        }),
    ]
}
