//! The capture that is shipped, `tests/captures/callback.pcapng`: what is in it, and that the writer still writes it.
//!
//! A user event is sent to three applications, over IPv4 and IPv6, cut into segments and run together in one, with nested
//! and empty lists, a keep-alive and ids that nobody has published.

use std::path::PathBuf;

use tlib_capture::packet::{Flow, PcapngWriter};
use tlib_proto::wire::{control_frame, profile};
use tlib_proto::{AttributeId, KvList, Message, MessageId, ValueRef};
use tlib_testkit::published;

use crate::support::{address, at, hello, read, stream};

pub(crate) fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/captures/callback.pcapng"].iter().collect()
}

/// What goes over the connections, in its order: time in microseconds, connection, direction, message.
pub(crate) fn traffic() -> Vec<(u64, u64, Flow, Message)> {
    let names = ["OrchestrationServer", "Icon_Voice", "Stat_Server", "Universal_Routing_Server"];
    let mut all = Vec::new();
    for (name, connection) in names.iter().zip(1_u64..) {
        let time = connection * 10_000;
        all.push((time, connection, Flow::ToServer, hello(name)));
        let connected =
            Message::build(MessageId::EVENT_LINK_CONNECTED, |m| m.unsigned(AttributeId(0xfffe), 7));
        all.push((time + 300, connection, Flow::ToClient, connected.unwrap()));
        if connection == 1 {
            continue;
        }
        let register = Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::THIS_DN, "REPORTING")
        });
        all.push((time + 600, connection, Flow::ToServer, register.unwrap()));
        let registered = Message::build(MessageId::EVENT_REGISTERED, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::THIS_DN, "REPORTING")
        });
        all.push((time + 900, connection, Flow::ToClient, registered.unwrap()));
    }
    let data = published::user_data();
    let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::COMMUNICATION_DN, "REPORTING")
            .list(AttributeId::USER_DATA, data.view())
    });
    all.push((100_000, 1, Flow::ToServer, request.unwrap()));
    let ack = Message::build(MessageId::EVENT_ACK, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef8)
            .unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::THIS_DN, "REPORTING")
            .unsigned(AttributeId::USER_EVENT, 48)
    });
    all.push((100_200, 1, Flow::ToClient, ack.unwrap()));
    let nested = KvList::build(|list| {
        list.str("key", "Gr\u{fc}\u{df}e").int("number", -3).value("bytes", ValueRef::Binary(&[0, 255]))
    });
    let empty = KvList::build(|list| list).unwrap();
    let extensions = KvList::build(|list| {
        list.list("inside", nested.unwrap().view()).list("empty", empty.view()).str("", "")
    });
    let event = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 0xef9)
            .unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::THIS_DN, "REPORTING")
            .unsigned(AttributeId::USER_EVENT, 96)
            .list(AttributeId::USER_DATA, data.view())
            .list(AttributeId::EXTENSIONS, extensions.unwrap().view())
            .value(AttributeId::CONN_ID, ValueRef::Long(0x0067_0000_0000_0001))
            .value(AttributeId(400), ValueRef::Other(9, b"?"))
    })
    .unwrap();
    for connection in 2..=4 {
        all.push((100_300, connection, Flow::ToClient, event.clone()));
    }
    // Together they are one segment, or cut at other places than their ends.
    for n in 0..6_u16 {
        let more = Message::build(MessageId(if n == 5 { 203 } else { 96 }), |m| {
            m.int(AttributeId::REFERENCE_ID, i32::from(n)).str(AttributeId::THIS_DN, "REPORTING")
        });
        all.push((200_000, if n < 3 { 2 } else { 3 }, Flow::ToClient, more.unwrap()));
    }
    all
}

/// The file.
pub(crate) fn file() -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), "tbus").unwrap();
    let mut traffic = traffic().into_iter().peekable();
    for (connection, port) in (1..=4).zip(40_727..) {
        let (client, server) = match connection {
            4 => (format!("[2001:db8::50]:{port}"), "[2001:db8::51]:7007"),
            _ => (format!("192.168.27.50:{port}"), "192.168.27.51:7007"),
        };
        writer.open(at(connection * 10_000 - 100), connection, address(&client), address(server)).unwrap();
        while let Some((time, of, flow, message)) =
            traffic.next_if(|next| next.1 == connection && next.0 < 100_000)
        {
            writer.bytes(at(time), of, flow, message.frame()).unwrap();
        }
    }
    let mut last = Vec::new();
    for (time, connection, flow, message) in traffic {
        match (time, connection) {
            (200_000, _) => last.push((connection, message)),
            // In three pieces, one of them of a single byte.
            (_, 3) => {
                let (head, rest) = message.frame().split_at(3);
                for (piece, n) in [head, &rest[..1], &rest[1..]].iter().zip(0..) {
                    writer.bytes(at(time + n * 10), connection, flow, piece).unwrap();
                }
            }
            _ => writer.bytes(at(time), connection, flow, message.frame()).unwrap(),
        }
    }
    let ping = control_frame(MessageId(profile::CONTROL_PING));
    writer.bytes(at(150_000), 2, Flow::ToServer, &ping).unwrap();
    for connection in [2, 3] {
        let messages: Vec<_> =
            last.iter().filter(|one| one.0 == connection).map(|one| one.1.clone()).collect();
        let bytes = stream(&messages);
        let end = if connection == 2 { bytes.len() } else { messages[0].frame().len() + 9 };
        writer.bytes(at(200_000), connection, Flow::ToClient, &bytes[..end]).unwrap();
        writer.bytes(at(200_100), connection, Flow::ToClient, &bytes[end..]).unwrap();
    }
    writer.finish(at(300_000)).unwrap()
}

#[test]
fn the_shipped_capture_is_what_the_writer_writes() {
    let shipped = std::fs::read(path()).unwrap_or_default();
    assert!(
        shipped == file(),
        "tests/captures/callback.pcapng is not what the writer writes: if that is right, run\n  \
         cargo test -p tlib-capture --test packet write_the_shipped_capture -- --ignored"
    );
}

#[test]
#[ignore = "writes the file that the other test compares"]
fn write_the_shipped_capture() {
    std::fs::write(path(), file()).unwrap();
}

#[test]
fn the_shipped_capture_is_read_completely() {
    let read = read(&file()).clean();
    let mut expected: Vec<_> =
        traffic().into_iter().map(|(_, of, flow, message)| (of, flow, message)).collect();
    let mut found: Vec<_> =
        read.captured.iter().map(|one| (u64::from(one.connection), one.flow, one.message.clone())).collect();
    // Of one connection the order is kept; that of the others among each other is that of their last segments.
    expected.sort_by_key(|one| (one.0, one.1));
    found.sort_by_key(|one| (one.0, one.1));
    assert_eq!(found, expected);
    assert_eq!((read.summary.control, read.summary.connections), (1, 4));
    assert_eq!(read.captured.last().unwrap().application.as_deref(), Some("Stat_Server"));
}
