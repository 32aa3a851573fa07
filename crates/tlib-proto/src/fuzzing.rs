//! What the fuzz targets run; the same functions replay the corpus as ordinary tests on the stable compiler.
//!
//! Each function returns normally on any input, or panics when it has found a bug.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a failed check must stop the fuzzer

use std::time::{Duration, Instant};

use crate::session::{ClientSession, Delivery, ServerSession, Timeout};
use crate::text::{TextStyle, parse_message, print_message};
use crate::wire::{Limits, MessageWriter, Routing, Split, Texts, split_frame};
use crate::{AttributeId, Message, MessageId, MessageRef, ValueRef, json};

/// Decoding never panics; a frame that decodes is walked to the last byte. Its routing and its texts are what reading
/// them one by one gives.
pub fn decode(data: &[u8]) {
    let mut rest = data;
    while let Ok(Split::Frame(frame, after)) = split_frame(rest, &Limits::default()) {
        rest = after;
        let routing = Routing::read(frame, &Limits::default());
        let Ok(message) = MessageRef::parse(frame, &Limits::default()) else { continue };
        assert_eq!(message.attributes().count(), message.len(), "attributes counted and found");
        let mut texts = Texts::of(frame);
        for attribute in message.attributes() {
            walk(attribute.value, &mut texts);
        }
        let text = |id| message.text(id).ok().flatten();
        let expected = Routing {
            length: frame.len(),
            id: message.id(),
            reference: message.reference_id().ok().flatten(),
            dn: text(AttributeId::COMMUNICATION_DN).or_else(|| text(AttributeId::THIS_DN)),
        };
        assert_eq!(routing, Ok(expected), "routing of a good frame");
    }
}

fn walk<'a>(value: ValueRef<'a>, texts: &mut Texts<'a>) {
    if let ValueRef::List(list) = value {
        assert_eq!(list.pairs().count(), list.len(), "pairs counted and found");
        for pair in list.pairs() {
            assert_eq!(texts.get(pair.key), std::str::from_utf8(pair.key).ok(), "a key");
            walk(pair.value, texts);
        }
    } else if let Some(text) = value.as_text() {
        assert_eq!(texts.get(text), std::str::from_utf8(text).ok(), "a text");
    }
}

/// bytes -> message -> bytes, message -> text -> message and message -> JSON -> message give every byte back.
pub fn round_trip(data: &[u8]) {
    let Ok(message) = MessageRef::parse(data, &Limits::default()) else { return };
    if message.id().is_control() {
        return;
    }
    let built = Message::build(message.id(), |m| m.copy(message, |_| true)).expect("what was decoded fits");
    assert_eq!(built.frame(), data, "bytes -> message -> bytes");
    let built = Message::build(message.id(), |m| rewrite(m, message)).expect("what was decoded fits");
    assert_eq!(built.frame(), data, "bytes -> values -> bytes");

    let mut text = String::new();
    print_message(&mut text, message, &TextStyle::default());
    let (parsed, complaints) = parse_message(text.as_bytes()).expect("our own text is readable");
    assert_eq!(complaints, [], "our own text has nothing to complain of:\n{text}");
    assert_eq!(parsed.frame(), data, "message -> text -> message:\n{text}");

    let value = json::from_message(message);
    let parsed = json::to_message(&value).expect("our own JSON is readable");
    assert_eq!(parsed.frame(), data, "message -> JSON -> message:\n{value}");
}

/// Every attribute by its value, every list pair by pair.
fn rewrite<'w, 'b>(m: &'w mut MessageWriter<'b>, message: MessageRef<'_>) -> &'w mut MessageWriter<'b> {
    for attribute in message.attributes() {
        match attribute.value {
            ValueRef::List(list) => m.list_of(attribute.id, |pairs| pairs.extend(list)),
            value => m.value(attribute.id, value),
        };
    }
    m
}

/// Reading any text never panics, and what was read prints to a text that reads the same.
pub fn log_text(data: &[u8]) {
    let Ok((message, _)) = parse_message(data) else { return };
    let mut text = String::new();
    print_message(&mut text, message.view(), &TextStyle::default());
    let (again, complaints) = parse_message(text.as_bytes()).expect("our own text is readable");
    assert_eq!(complaints, []);
    assert_eq!(again, message, "text -> message -> text -> message:\n{text}");
}

/// Two session machines under any mixture of frames and passing time: no answer without its request, none twice.
pub fn session(data: &[u8]) {
    #[expect(
        clippy::disallowed_methods,
        reason = "any instant will do, and there is no other way to get one"
    )]
    let mut now = Instant::now();
    let mut server = ServerSession::new(now, Duration::from_secs(10), Duration::from_secs(20));
    let mut client = ClientSession::new(now, Duration::from_secs(20));
    let mut waiting = Vec::new();
    for operation in data.chunks_exact(4) {
        let &[kind, a, b, c] = operation else { return };
        let id = MessageId(u16::from_be_bytes([a, b]));
        match kind % 5 {
            0 => {
                server.heard(now);
                server.arrived(id);
            }
            1 => {
                let request = Message::build(id, |m| m).unwrap();
                if let Ok((reference, sent)) = client.assign(request) {
                    assert_eq!(sent.view().reference_id(), Ok(Some(reference)));
                    assert!(!waiting.contains(&reference), "a ReferenceID under way is not given out again");
                    waiting.push(reference);
                }
            }
            2 => {
                let event = Message::build(id, |m| m.unsigned(AttributeId::REFERENCE_ID, c.into())).unwrap();
                let was_open = client.is_open();
                client.heard(now);
                match client.arrived(event.view()) {
                    Delivery::Answer { reference } => {
                        let at = waiting.iter().position(|waits| *waits == reference);
                        waiting.swap_remove(at.expect("an answer has its request, once"));
                    }
                    Delivery::Opened { .. } => assert!(!was_open, "a session opens once"),
                    _ => {}
                }
            }
            3 => {
                now = now.checked_add(Duration::from_millis(u64::from(c).saturating_mul(100))).unwrap_or(now)
            }
            _ => {
                let due = server.deadline().is_some_and(|deadline| deadline <= now);
                assert_eq!(server.timeout(now) != Timeout::None, due, "a time-out comes at its deadline");
                let due = client.deadline().is_some_and(|deadline| deadline <= now);
                assert_eq!(client.timeout(now) != Timeout::None, due, "a time-out comes at its deadline");
            }
        }
    }
}
