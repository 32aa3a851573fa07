//! The logs of clients, and that our own reader takes them.

use std::sync::Arc;

use tlib_proto::{AttributeId, Message, MessageId};

use super::super::{ClientForm, Formatter, Record, ServerLabel, Verbosity};
use super::{at, user_event, zone};
use crate::read::{Kind, LogReader, Origin};
use crate::replay::{LogPlan, Step};

fn server() -> Arc<ServerLabel> {
    Arc::new(ServerLabel::new("SIP_Server", "127.0.0.1:7007", 1))
}

fn register() -> Message {
    Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::THIS_DN, "REPORTING")
    })
    .unwrap()
}

fn print(form: ClientForm, message: Message, verbosity: Verbosity) -> String {
    let mut out = String::new();
    let record = Record::Client { at: at(757), form, server: server(), message };
    Formatter::new("8.1.000.62", zone()).format(&record, verbosity, &mut out);
    out
}

/// What the plan of a replay makes of a log: messages, and what is skipped.
fn planned(text: &str) -> Vec<String> {
    let (mut plan, mut steps) = (LogPlan::new(), Vec::new());
    let mut out = |step: Step| {
        steps.push(match step {
            Step::Message(planned) => planned.message.id().to_string(),
            Step::Skipped { why, .. } => format!("skipped: {why}"),
            Step::Heard(heard) => format!("heard: {heard:?}"),
        });
    };
    let mut reader = LogReader::new("test", text.as_bytes());
    while let Some(record) = reader.next().unwrap() {
        assert_eq!(record.complaints, [], "{text}");
        plan.push(&record, &mut out);
    }
    plan.finish(&mut out);
    steps
}

#[test]
fn requests_and_events_have_the_published_headings() {
    let request = print(ClientForm::RequestTo, register(), Verbosity::Interaction);
    assert_eq!(
        request,
        "00:34:20.757 request to 65200(SIP_Server) message RequestRegisterAddress\n\
         \tAttributeReferenceID\t1\n\tAttributeThisDN\t'REPORTING'\n"
    );
    let event = print(ClientForm::ReceivedFrom, user_event(), Verbosity::Interaction);
    let heading = "00:34:20.757 received from 65200(SIP_Server)127.0.0.1:7007(fd=1) message \
                   EventUserEvent(refid=431)\n\tAttributeEventSequenceNumber\t0000000000000ef9\n";
    assert!(event.starts_with(heading), "{event}");
    assert_eq!(print(ClientForm::ReceivedFrom, user_event(), Verbosity::Standard), "");
    assert_eq!(planned(&format!("{request}{event}")), ["RequestRegisterAddress", "EventUserEvent"]);

    let mut reader = LogReader::new("test", event.as_bytes());
    let record = reader.next().unwrap().unwrap();
    let Kind::Block(block) = record.kind else { panic!("{record:?}") };
    let expected = Origin::ReceivedFrom {
        handle: 65_200,
        server: b"SIP_Server",
        address: b"127.0.0.1:7007",
        socket: b"1",
        reference: Some(b"431"),
    };
    assert_eq!(block.origin, expected);
    assert_eq!(block.to_message().unwrap().0, user_event());
}

#[test]
fn an_application_that_is_told_of_an_event() {
    let all = print(ClientForm::Told, user_event(), Verbosity::Trace);
    let begins = "00:34:20.757 Trc 04541 Message EventUserEvent received from 'SIP_Server@REPORTING'\n\
                  message EventUserEvent\n\tAttributeEventSequenceNumber\t0000000000000ef9\n";
    let last = "00:34:20.757 Int 04543 Interaction message \"EventUserEvent\" received from 65200 \
                (\"SIP_Server@REPORTING\")\n";
    assert!(all.starts_with(begins) && all.ends_with(last), "{all}");
    assert_eq!(print(ClientForm::Told, user_event(), Verbosity::Interaction), last);
    // The block says it all: the line behind it is no second event that nothing is known of.
    assert_eq!(planned(&all), ["EventUserEvent"]);
    assert_eq!(planned(last), ["skipped: named by line 04543 only, nothing shows what it said"]);
}

#[test]
fn names_cannot_break_the_heading() {
    let label = ServerLabel::new("a b(c)@\"d\"\n", "", 7);
    assert_eq!(label.printed_peer(), "65200(a_b_c___d__)_(fd=7)");
    let odd = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.str(AttributeId::THIS_DN, "a'b\")\nmessage EventACK")
            .list(AttributeId::USER_DATA, tlib_proto::KvRef::EMPTY)
    })
    .unwrap();
    for form in [ClientForm::ReceivedFrom, ClientForm::Told] {
        assert_eq!(planned(&print(form, odd.clone(), Verbosity::All)), ["EventUserEvent"], "{form:?}");
    }
}
