//! The dissector of `tools/wireshark`, run by tshark, says what the decoder says.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tlib_capture::packet::{Captured, Flow, PcapngWriter};
use tlib_proto::{AttributeId, KvRef, MessageId, ValueRef};

use crate::shipped;
use crate::support::{address, at, event, hello, read};

fn script() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tools/wireshark/tlib.lua"].iter().collect()
}

/// What tshark prints, cut off from the settings of whoever runs this.
fn tshark(file: &Path, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).arg("-X").arg(format!("lua_script:{}", script().display()));
    command.args(arguments).env("HOME", home.path()).env("WIRESHARK_CONFIG_DIR", home.path());
    let output = command.output().unwrap_or_else(|error| {
        panic!("tshark cannot be run ({error}): tools/setup installs it, or says how to")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("Lua") && !errors.contains(".lua"), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The fields of every packet that has messages, by its number: all values of a field, in their order.
fn fields(file: &Path, names: &[String], filter: &str) -> BTreeMap<u64, Vec<Vec<String>>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields", "-E", "aggregator=|", "-E", "separator=/t"];
    arguments.extend(["-e", "frame.number"]);
    for name in names {
        arguments.extend(["-e", name]);
    }
    let text = tshark(file, &arguments);
    let packets = text.lines().map(|line| {
        let mut columns = line.split('\t');
        let number = columns.next().unwrap().parse().unwrap();
        let values = |column: &str| column.split('|').map(str::to_owned).collect();
        (number, columns.map(values).collect())
    });
    packets.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The fields that a value has, by the prefix of their names.
fn value(prefix: &str, value: ValueRef<'_>, out: &mut Vec<(String, String)>) {
    let (name, text) = match value {
        ValueRef::Str(text) | ValueRef::Unicode(text) => {
            ("string", String::from_utf8_lossy(text).into_owned())
        }
        ValueRef::Int(number) => ("int", number.to_string()),
        ValueRef::Long(number) => ("long", format!("{number:#018x}")),
        ValueRef::List(_) => return,
        ValueRef::Binary(bytes) | ValueRef::Other(_, bytes) => ("bytes", hex(bytes)),
        _ => unreachable!(),
    };
    out.push((format!("{prefix}.{name}"), text));
}

fn pairs(list: KvRef<'_>, out: &mut Vec<(String, String)>) {
    out.push(("tlib.pairs".to_owned(), list.len().to_string()));
    for pair in list.pairs() {
        out.push(("tlib.pair.key".to_owned(), String::from_utf8_lossy(pair.key).into_owned()));
        value("tlib.pair", pair.value, out);
        if let ValueRef::List(inside) = pair.value {
            pairs(inside, out);
        }
    }
}

/// What the decoder says of a message, as the dissector's fields.
fn of(captured: &Captured) -> Vec<(String, String)> {
    let message = captured.message.view();
    let mut out = vec![
        ("tlib.message".to_owned(), message.id().0.to_string()),
        ("tlib.message.name".to_owned(), message.id().to_string()),
        ("tlib.count".to_owned(), message.len().to_string()),
        ("tlib.application".to_owned(), captured.application.as_deref().unwrap_or_default().to_owned()),
    ];
    for attribute in message.attributes() {
        out.push(("tlib.attribute".to_owned(), attribute.id.0.to_string()));
        match (attribute.id.name(), attribute.value) {
            (_, ValueRef::List(list)) => pairs(list, &mut out),
            (Some(name), attribute) => {
                let mut own = Vec::new();
                value("", attribute, &mut own);
                out.extend(own.into_iter().map(|(_, text)| (format!("tlib.attribute.{name}"), text)));
            }
            (None, attribute) => value("tlib.value", attribute, &mut out),
        }
    }
    out
}

#[test]
fn tshark_says_what_the_decoder_says() {
    let path = shipped::path();
    let mut expected: BTreeMap<u64, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for captured in read(&shipped::file()).clean().captured {
        let packet = expected.entry(captured.packet).or_default();
        for (name, text) in of(&captured) {
            packet.entry(name).or_default().push(text);
        }
    }
    let mut names: Vec<String> = expected.values().flat_map(|packet| packet.keys().cloned()).collect();
    names.sort();
    names.dedup();
    assert!(names.len() > 15, "{names:?}");
    let mut found = fields(&path, &names, "tlib");
    // The keep-alive is no message, but the dissector shows it.
    let ping = found.iter().find(|(_, values)| values.iter().flatten().any(|value| value == "KeepAlivePing"));
    let ping = *ping.unwrap().0;
    found.remove(&ping);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (number, packet) in &expected {
        for (name, values) in names.iter().zip(&found[number]) {
            let none = vec![String::new()];
            assert_eq!(values, packet.get(name).unwrap_or(&none), "{name} of packet {number}");
        }
    }
}

#[test]
fn filters_find_messages() {
    let path = shipped::path();
    let messages = read(&shipped::file()).clean().captured;
    let expected = |wanted: &dyn Fn(&Captured) -> bool| {
        let mut numbers: Vec<u64> = messages.iter().filter(|one| wanted(one)).map(|one| one.packet).collect();
        numbers.dedup();
        numbers.sort_unstable();
        numbers
    };
    let is = |id: MessageId| move |one: &Captured| one.message.id() == id;
    let on_reporting = |one: &Captured| {
        one.message.view().text(AttributeId::THIS_DN).ok().flatten() == Some(&b"REPORTING"[..])
    };
    for (filter, numbers) in [
        ("tlib.message == 96", expected(&is(MessageId::EVENT_USER_EVENT))),
        ("tlib.message.name == \"EventACK\"", expected(&is(MessageId::EVENT_ACK))),
        ("tlib.attribute.ThisDN == \"REPORTING\"", expected(&on_reporting)),
        (
            "tlib.application == \"OrchestrationServer\" && tlib.pair.key == \"gms_ServiceName\"",
            expected(&is(MessageId::REQUEST_DISTRIBUTE_USER_EVENT)),
        ),
    ] {
        let found = fields(&path, &[], filter);
        assert_eq!(found.into_keys().collect::<Vec<_>>(), numbers, "{filter}");
    }
    assert!(!expected(&on_reporting).is_empty());
    // Heads and checksums are right, and nothing in them is remarkable.
    let checked = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    let filter = "tcp.checksum.status == 0 || ip.checksum.status == 0 || tcp.analysis.flags || tlib.damaged";
    assert_eq!(tshark(&path, &[&checked[..], &["-Y", filter]].concat()), "");
}

#[test]
fn damage_is_marked_and_other_ports_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.pcapng");
    let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
    writer.open(at(0), 1, address("10.0.0.1:40000"), address("10.0.0.2:9000")).unwrap();
    writer.bytes(at(1), 1, Flow::ToServer, hello("Icon_Voice").frame()).unwrap();
    let mut damaged = event(1, 20).frame().to_vec();
    damaged[7] = 9;
    writer.bytes(at(2), 1, Flow::ToClient, &damaged).unwrap();
    writer.bytes(at(3), 1, Flow::ToClient, event(2, 20).frame()).unwrap();
    // Longer than a packet may be, so that it comes in two.
    writer.bytes(at(4), 1, Flow::ToClient, event(3, 65_500).frame()).unwrap();
    writer.bytes(at(5), 1, Flow::ToClient, &[0xff; 20]).unwrap();
    std::fs::write(&path, writer.finish(at(6)).unwrap()).unwrap();
    let field = ["tlib.message".to_owned()];
    for port in [&[][..], &["-d", "tcp.port==9000,tlib"]] {
        let lines = |filter| {
            let arguments = [port, &["-Y", filter, "-T", "fields", "-e", "tlib.message"]].concat();
            tshark(&path, &arguments).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines("tlib"), ["0", "96", "96", "96", ""], "{port:?}");
        assert_eq!(lines("tlib.damaged"), ["96"], "{port:?}");
        assert_eq!(lines("tlib.no_frame"), [""], "{port:?}");
    }
    assert_eq!(fields(&path, &field, "tlib.application == \"Icon_Voice\" && !tlib.damaged").len(), 3);
}
