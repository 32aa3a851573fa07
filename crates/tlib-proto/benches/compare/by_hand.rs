//! A plain codec of about the same layout, written by hand and not tuned: the measure of what the layout itself costs.
//!
//! Frame: u32 length, u16 message, u32 reference; attribute: u16 id, u8 kind, u16 length, value; pair: u8 kind, u16 key
//! length, key, u16 value length, value. The reference stands in the head, so a routing decode reads ten bytes.

use std::hint::black_box;

use crate::event::{Event, EventRef, Value, ValueRef};
use crate::measure::Case;

const STR: u8 = 1;
const U32: u8 = 2;
const U64: u8 = 3;
const LIST: u8 = 4;
const INT: u8 = 5;

pub(crate) const CODEC: &str = "by hand";

fn attribute(out: &mut Vec<u8>, id: u16, kind: u8, value: &[u8]) {
    let [i, d] = id.to_be_bytes();
    let [l, n] = short(value).to_be_bytes();
    out.extend_from_slice(&[i, d, kind, l, n]);
    out.extend_from_slice(value);
}

fn short(value: &[u8]) -> u16 {
    u16::try_from(value.len()).expect("a short value")
}

fn encode(event: &Event, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&event.message.to_be_bytes());
    out.extend_from_slice(&event.reference.to_be_bytes());
    attribute(out, 1, U64, &event.conn_id.to_be_bytes());
    attribute(out, 2, U64, &event.sequence.to_be_bytes());
    for (id, value) in [(3, event.seconds), (4, event.micros), (5, event.call_type), (6, event.call_id)] {
        attribute(out, id, U32, &value.to_be_bytes());
    }
    let texts = [
        (7, &event.this_dn),
        (8, &event.other_dn),
        (9, &event.dnis),
        (10, &event.ani),
        (11, &event.queue),
        (12, &event.agent),
        (13, &event.uuid),
    ];
    for (id, value) in texts {
        attribute(out, id, STR, value.as_bytes());
    }
    attribute(out, 14, LIST, &[]);
    let start = out.len();
    for (key, value) in &event.data {
        let kind = if matches!(value, Value::Str(_)) { STR } else { INT };
        let [k, l] = short(key.as_bytes()).to_be_bytes();
        out.extend_from_slice(&[kind, k, l]);
        out.extend_from_slice(key.as_bytes());
        match value {
            Value::Str(text) => {
                out.extend_from_slice(&short(text.as_bytes()).to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Value::Int(number) => {
                out.extend_from_slice(&4_u16.to_be_bytes());
                out.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
    let list = short(&out[start..]);
    out[start - 2..start].copy_from_slice(&list.to_be_bytes());
    let length = u32::try_from(out.len() - 4).expect("a short frame");
    out[..4].copy_from_slice(&length.to_be_bytes());
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    take_array(rest).map(u16::from_be_bytes).map(usize::from)
}

fn body(mut frame: &[u8]) -> Option<(u16, u32, &[u8])> {
    let length = u32::from_be_bytes(take_array(&mut frame)?);
    if frame.len() != usize::try_from(length).ok()? {
        return None;
    }
    Some((u16::from_be_bytes(take_array(&mut frame)?), u32::from_be_bytes(take_array(&mut frame)?), frame))
}

/// Walks all attributes and pairs, checks every length, and counts them.
fn walk(frame: &[u8]) -> Option<(u32, u32)> {
    let (_, _, mut rest) = body(frame)?;
    let (mut attributes, mut pairs) = (0, 0);
    while !rest.is_empty() {
        let [_, _, kind, l, n] = take_array(&mut rest)?;
        let mut value = take(&mut rest, usize::from(u16::from_be_bytes([l, n])))?;
        attributes += 1;
        while kind == LIST && !value.is_empty() {
            let [_] = take_array(&mut value)?;
            for _ in 0..2 {
                let length = take_length(&mut value)?;
                take(&mut value, length)?;
            }
            pairs += 1;
        }
    }
    Some((attributes, pairs))
}

/// The whole event, its texts checked to be UTF-8. The layout does not say how many pairs come.
fn decode(frame: &[u8], expected: usize) -> Option<EventRef<'_>> {
    let text = |value| std::str::from_utf8(value).ok();
    let (message, reference, mut rest) = body(frame)?;
    let mut event =
        EventRef { message, reference, data: Vec::with_capacity(expected), ..EventRef::default() };
    while !rest.is_empty() {
        let [i, d, kind, l, n] = take_array(&mut rest)?;
        let mut value = take(&mut rest, usize::from(u16::from_be_bytes([l, n])))?;
        match (u16::from_be_bytes([i, d]), kind) {
            (1, U64) => event.conn_id = u64::from_be_bytes(value.try_into().ok()?),
            (2, U64) => event.sequence = u64::from_be_bytes(value.try_into().ok()?),
            (3, U32) => event.seconds = u32::from_be_bytes(value.try_into().ok()?),
            (4, U32) => event.micros = u32::from_be_bytes(value.try_into().ok()?),
            (5, U32) => event.call_type = u32::from_be_bytes(value.try_into().ok()?),
            (6, U32) => event.call_id = u32::from_be_bytes(value.try_into().ok()?),
            (7, STR) => event.this_dn = text(value)?,
            (8, STR) => event.other_dn = text(value)?,
            (9, STR) => event.dnis = text(value)?,
            (10, STR) => event.ani = text(value)?,
            (11, STR) => event.queue = text(value)?,
            (12, STR) => event.agent = text(value)?,
            (13, STR) => event.uuid = text(value)?,
            (14, LIST) => {
                while !value.is_empty() {
                    let [kind] = take_array(&mut value)?;
                    let length = take_length(&mut value)?;
                    let key = text(take(&mut value, length)?)?;
                    let length = take_length(&mut value)?;
                    let bytes = take(&mut value, length)?;
                    let value = match kind {
                        STR => ValueRef::Str(text(bytes)?),
                        INT => ValueRef::Int(i32::from_be_bytes(bytes.try_into().ok()?)),
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

pub(crate) fn cases(event: &Event) -> Vec<Case> {
    let mut out = Vec::with_capacity(8192);
    encode(event, &mut out);
    let frame: &'static [u8] = out.clone().leak();
    let bytes = frame.len();
    assert_eq!(decode(frame, 16).expect("decodes").to_owned(), *event);
    assert_eq!(walk(frame), Some((14, u32::try_from(event.data.len()).expect("few"))));
    let event = event.clone();
    vec![
        Case::new(CODEC, "walk", bytes, move || walk(black_box(frame))),
        Case::new(CODEC, "borrowed", bytes, move || decode(black_box(frame), 64)),
        Case::new(CODEC, "owned", bytes, move || decode(black_box(frame), 16).map(|event| event.to_owned())),
        Case::new(CODEC, "encode", bytes, move || {
            encode(black_box(&event), &mut out);
            black_box(&out);
        }),
    ]
}
