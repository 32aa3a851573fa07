//! The property that holds the three codecs together, and reading over a pipe that gives one byte at a time.

use proptest::prelude::*;
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{Limits, Message, MessageRef, fuzzing};
use tlib_testkit::strategy;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// bytes -> message -> bytes, message -> text -> message, message -> JSON -> message.
    #[test]
    fn every_form_gives_every_byte_back(message in strategy::message()) {
        prop_assert!(MessageRef::parse(message.frame(), &Limits::default()).is_ok());
        fuzzing::round_trip(message.frame());
    }

    /// Damaged frames are refused or read, and never more than that.
    #[test]
    fn damage_is_never_fatal(message in strategy::message(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut frame = message.frame().to_vec();
        let at = at.index(frame.len());
        frame[at] = byte;
        fuzzing::decode(&frame);
        fuzzing::round_trip(&frame);
    }

    /// Every split of a stream gives the same frames; the missing bytes are never understated to zero.
    #[test]
    fn frames_come_over_a_pipe_that_gives_one_byte_at_a_time(
        messages in prop::collection::vec(strategy::message(), 1..5),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(|message| message.frame().iter().copied()).collect();
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for byte in stream {
            buffer.push(byte);
            match split_frame(&buffer, &Limits::default()).unwrap() {
                Split::Frame(frame, rest) => {
                    prop_assert!(rest.is_empty());
                    found.push(MessageRef::parse(frame, &Limits::default()).unwrap().to_owned());
                    buffer.clear();
                }
                Split::More(missing) => prop_assert!(missing > 0),
            }
        }
        prop_assert_eq!(found, messages);
    }

    /// Text of any kind is read or refused.
    #[test]
    fn any_text_is_read_or_refused(text in "(message (EventACK|X)\n)?([ \t]*(Attribute[A-Z][a-zA-Z]{0,8}|'k'|'k'\\(list\\) )[ \t]?(\\[5\\]|'x'|7|[{}'\"a]{0,3})\r?\n){0,8}") {
        fuzzing::log_text(text.as_bytes());
    }
}

/// The published exchange reads as messages and prints as it was.
#[test]
fn published_events_print_as_published() {
    let log = include_str!("../../../tests/evidence/tserver_reporting.log");
    let style = tlib_proto::text::TextStyle { utc_offset: -7 * 3600 };
    let mut events = 0;
    for block in log.split("\n@").skip(1) {
        let (message, complaints) = tlib_proto::text::parse_message(block.as_bytes()).unwrap();
        assert_eq!(complaints, []);
        let lines = block.split_inclusive('\n').skip(1).take_while(|line| line.starts_with('\t'));
        let mut printed = String::new();
        tlib_proto::text::print_attributes(&mut printed, message.view(), &style);
        assert_eq!(printed, lines.collect::<String>());
        events += 1;
    }
    assert_eq!(events, 2);
}

/// Every printed length and prefix of the published lists.
#[test]
fn published_lists_pack_to_their_printed_lengths() {
    let samples = include_str!("../../../tests/evidence/kv_samples.jsonl");
    for sample in samples.lines() {
        let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
        let list = tlib_proto::json::to_list(&sample["pairs"]).unwrap();
        let mut head = String::new();
        tlib_proto::text::print_list_head(&mut head, list.view());
        let expected = format!("[{}] {}", sample["printed_len"], sample["printed_prefix"].as_str().unwrap());
        assert_eq!(head, expected);
        assert_eq!(tlib_proto::json::from_list(list.view()), sample["pairs"]);
    }
}

#[test]
fn a_message_of_every_id_goes_round() {
    for id in (0..183).map(tlib_proto::MessageId) {
        let message = Message::build(id, |m| m.str(tlib_proto::AttributeId::THIS_DN, "REPORTING")).unwrap();
        fuzzing::round_trip(message.frame());
    }
}
