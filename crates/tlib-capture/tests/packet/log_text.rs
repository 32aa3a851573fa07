//! Capture to log text and back: the messages are the same.

use std::net::SocketAddr;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use tlib_capture::packet::{Flow, PcapngWriter};
use tlib_capture::{ClientLabel, Formatter, Record, TimeZone, Verbosity};
use tlib_proto::Message;
use tlib_proto::text::parse_message;
use tlib_testkit::strategy;

use crate::support::{CLIENT, SERVER, address, at, hello, read};

fn written(messages: &[(Flow, Message)]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
    let (client, server): (SocketAddr, SocketAddr) = (address(CLIENT), address(SERVER));
    writer.open(at(0), 1, client, server).unwrap();
    for ((flow, message), time) in messages.iter().zip(1..) {
        writer.bytes(at(time * 1000), 1, *flow, message.frame()).unwrap();
    }
    writer.finish(at(1_000_000)).unwrap()
}

/// The log of a capture, as the server would have written it.
fn log(file: &[u8]) -> String {
    let mut formatter = Formatter::new("8.1.000.62", TimeZone::UTC);
    let mut text = String::new();
    for captured in read(file).clean().captured {
        let name = captured.application.as_deref().unwrap_or("unknown");
        let client = Arc::new(ClientLabel::new(1, captured.connection, name, captured.client));
        let (at, message) = (captured.at, captured.message);
        let records = match captured.flow {
            Flow::ToServer => vec![Record::Received { at, request: message, from: client }],
            Flow::ToClient => {
                let sent = Record::Sent { at, message: message.id(), to: vec![client].into() };
                vec![Record::Event { at, function: "send_to_client", message }, sent]
            }
        };
        for record in &records {
            formatter.format(record, Verbosity::All, &mut text);
        }
    }
    text
}

/// The messages of a log and which way they went.
fn from_log(text: &str) -> Vec<(Flow, Message)> {
    let mut messages = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let flow = if line.starts_with('@') {
            Flow::ToClient
        } else if line.starts_with("message ") {
            Flow::ToServer
        } else {
            continue;
        };
        let mut block = format!("{line}\n");
        while let Some(attribute) = lines.next_if(|line| line.starts_with('\t')) {
            block.push_str(attribute);
            block.push('\n');
        }
        messages.push((flow, parse_message(block.as_bytes()).unwrap().0));
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn capture_to_log_to_capture(messages in vec((any::<bool>(), strategy::message()), 0..12)) {
        let mut expected = vec![(Flow::ToServer, hello("OrchestrationServer"))];
        expected.extend(messages.into_iter().map(|(up, message)| {
            (if up { Flow::ToServer } else { Flow::ToClient }, message)
        }));
        let again = from_log(&log(&written(&expected)));
        prop_assert_eq!(&again, &expected);
        let read = read(&written(&again)).clean();
        let read: Vec<_> = read.captured.into_iter().map(|one| (one.flow, one.message)).collect();
        prop_assert_eq!(read, expected);
    }
}
