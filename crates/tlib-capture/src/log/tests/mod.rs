//! Tests of the writing half, and what they share.

mod client;
mod file;
mod format;
mod options;
mod sink;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::tz::{TimeZone, offset};
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

use super::{ClientLabel, Level, LogConfig, Record};

/// 00:34:20 in the published log, 2012-09-28 in its zone.
const SECOND: u64 = 1_348_817_660;

fn at(millis: u32) -> Timestamp {
    Timestamp::new(SECOND, millis * 1000)
}

fn zone() -> TimeZone {
    TimeZone::fixed(offset(-7))
}

/// A configuration in which nothing depends on the machine or the moment.
fn config() -> LogConfig {
    let mut config = LogConfig::new("SIP_Server");
    config.command_line = "tbus serve --log x.log".into();
    config.host_name = "lab-1".into();
    config.host_info = "linux x86_64".into();
    config.zone = zone();
    config.gather = std::time::Duration::ZERO;
    config.clock = Box::new(|| at(700));
    config
}

fn label(handle: u32, id: u32, application: &str, port: u16) -> Arc<ClientLabel> {
    Arc::new(ClientLabel::new(handle, id, application, SocketAddr::from(([192, 168, 27, 50], port))))
}

fn orchestration() -> Arc<ClientLabel> {
    label(516, 3, "OrchestrationServer", 40727)
}

/// A line of so many characters, its line feed included.
fn line(n: usize, length: usize) -> Record {
    let head = "00:34:20.757 Std 00001 ".len() + 1;
    let text = format!("{n:0width$}", width = length - head);
    Record::Line { at: at(757), level: Level::Standard, id: 1, text }
}

fn request() -> Message {
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::COMMUNICATION_DN, "REPORTING")
            .user_event(MessageId::EVENT_USER_EVENT)
    })
    .unwrap()
}

fn ack() -> Message {
    Message::build(MessageId::EVENT_ACK, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef8)
            .str(AttributeId::CUSTOMER_ID, "Environment")
            .unsigned(AttributeId::TIMEINU_SECS, 757_000)
            .unsigned(AttributeId::TIMEIN_SECS, 1_348_817_660)
            .unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::THIS_DN, "REPORTING")
            .user_event(MessageId::REQUEST_DISTRIBUTE_USER_EVENT)
    })
    .unwrap()
}

fn user_event() -> Message {
    Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef9)
            .str(AttributeId::CUSTOMER_ID, "Environment")
            .unsigned(AttributeId::TIMEINU_SECS, 757_000)
            .unsigned(AttributeId::TIMEIN_SECS, 1_348_817_660)
            .user_event(MessageId::EVENT_USER_EVENT)
            .list(AttributeId::USER_DATA, tlib_testkit::published::user_data().view())
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333")
            .unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::THIS_DN, "REPORTING")
    })
    .unwrap()
}

/// What the published log shows, from the request on.
fn published() -> Vec<Record> {
    let sender = orchestration();
    let receivers = [
        label(508, 0xc, "Icon_Voice", 42678),
        label(588, 4, "Stat_Server", 40728),
        label(592, 5, "Universal_Routing_Server", 40744),
    ];
    vec![
        Record::Received { at: at(757), request: request(), from: Arc::clone(&sender) },
        Record::Note { text: "-- Absent ThisDN, REPORTING was used".into() },
        Record::Event { at: at(757), function: "send_to_client", message: ack() },
        Record::Sent { at: at(757), message: MessageId::EVENT_ACK, to: [sender].into() },
        Record::Event { at: at(757), function: "distribute_user_event", message: user_event() },
        Record::Sent { at: at(758), message: MessageId::EVENT_USER_EVENT, to: receivers.into() },
    ]
}
