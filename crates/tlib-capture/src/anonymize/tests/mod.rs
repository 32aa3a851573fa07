//! What must hold of whole logs and captures.

mod edges;
mod values;

mod leaks;

use std::collections::HashMap;
use std::sync::LazyLock;

use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeId, Limits, Message, MessageId, ValueRef};

use super::cipher::Cipher;
use super::*;
use crate::packet::{CaptureItem, CaptureReader, Flow, PcapngWriter, ReadOptions};
use crate::read::LogReader;

static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::derive(b"correct horse").unwrap());
static OTHER: LazyLock<Secret> = LazyLock::new(|| Secret::derive(b"battery staple").unwrap());

fn anonymise(log: &[u8], secret: &Secret, rules: Rules) -> (Vec<u8>, Anonymizer) {
    let mut anonymizer = Anonymizer::new(secret.clone(), rules);
    anonymizer.log(log, std::io::sink()).unwrap();
    anonymizer.comparing().unwrap();
    let mut out = Vec::new();
    anonymizer.log(log, &mut out).unwrap();
    (out, anonymizer)
}

fn check(anonymizer: &mut Anonymizer, out: &[u8]) -> Leftovers {
    anonymizer.inspecting();
    anonymizer.log(out, std::io::sink()).unwrap();
    let mut leftovers = anonymizer.leftovers();
    anonymizer.raw_search().unwrap().search(out, &mut leftovers).unwrap();
    leftovers
}

/// The kinds of records that a log is read as, without a complaint.
fn kinds(log: &[u8]) -> Vec<String> {
    let mut reader = LogReader::new("log", log);
    let mut kinds = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        assert!(record.complaints.is_empty(), "{:?}", record.complaints);
        let kind = format!("{:?}", record.kind);
        kinds.push(kind.split('(').next().unwrap().to_owned());
    }
    kinds
}

fn with(secret: &Secret, text: &[u8], change: fn(&mut Cipher, &mut [u8])) -> Vec<u8> {
    let mut fake = text.to_vec();
    change(&mut Cipher::new(secret.clone()), &mut fake);
    fake
}

const EVERYTHING: &str = "\
Application name:   SIP_Server
Command line:       tserver -host pbx7.corp.example -port 3000 -app SIP_Server
Host name:          pbx7.corp.example
File:               /home/jsmith/logs/sip.log

@00:34:20.7570 [0] 8.1.200.62 distribute_event: message EventRinging
	AttributeEventSequenceNumber	0000000000000ef8
	AttributeCustomerID	'Environment'
	AttributeTimeinSecs	1348817660 (00:34:20)
	AttributeANI	'+1 (415) 555-0100'
	AttributeDNIS	'8005550199'
	AttributeOtherDN	'4155550100'
	AttributeThisDN	'7001'
	AttributeThirdPartyDN	'sip:4155550100@pbx7.corp.example:5060'
	AttributeAgentID	'jsmith'
	AttributeCallUUID	'00PN8M303SBR7E9P04000VTAES000001'
	AttributeUserData	[347] 00 0a 00 00..
		'Phone'	'14155550100'
		'FirstName'	'Anna'
		'Note'	'call Anna at 415-555-0100 or 7001, jsmith knows'
		'Json'	'{\"firstName\":\"Berta\",\"n\":\"8005550199\"}'
		'Mail'	'anna.berta@corp.example'
		'Esc'	\"it's 4155550100\\n\"
		'Number'	1415555010
		'Small'	3
		'ORSI'(list) 'FirstName'	'Carla'
			'Url'	'http://pbx7.corp.example:7005/x?y=4155550100'
		'Card'	'4111111111111111'
	AttributeExtensions	[10] 00 01 02 00..
		'Raw'	{binary} 34 31 35 35 35 35 30 31 30 30
00:34:20.757 Trc 04542 EventRinging sent to [516] (00000003 OrchestrationServer 192.168.27.50:40727)
00:34:20.757 Int 04543 Interaction message \"EventRinging\" received from 65200 (\"SIP_Server@7001\")
-- Absent ThisDN, 7001 was used
00:34:21.000 Std 20000 Agent jsmith (Anna, ANNA) on 7001 called +1-415-555-0100 from 192.168.27.50, <sip:bob@pbx7.corp.example>
00:34:21.000 Std 20001 fe80::1 2001:db8::17 00:1B:44:11:3a:b7 mailto:anna@x.example tel:7001
received from 65200(SIP_Server)pbx7.corp.example:3000(fd=4) message EventRinging(refid=12345678)
";

const ORIGINALS: &[&str] = &[
    "4155550100",
    "555-0100",
    "555) ",
    "8005550199",
    "7001'",
    " 7001",
    "@7001",
    ":7001",
    "jsmith",
    "Anna",
    "anna",
    "Berta",
    "berta",
    "ANNA",
    "Carla",
    "pbx7",
    "corp",
    "example",
    "192.168.27.50",
    "4111111111111111",
    "1415555010",
    "bob@",
    "2001:db8::17",
    "1B:44",
    "34 31 35 35 35 35 30 31 30 30",
];

#[test]
fn a_log_with_everything_has_nothing_left() {
    let (out, mut anonymizer) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    let text = String::from_utf8(out.clone()).unwrap();
    for original in ORIGINALS {
        assert!(EVERYTHING.contains(original) || *original == "555) ", "{original}");
        assert!(!text.contains(original), "{original} is left in\n{text}");
    }
    for kept in [
        "EventRinging(refid=12345678)",
        "[347] 00 0a 00 00..",
        "00PN8M303SBR7E9P04000VTAES000001",
        "8.1.200.62",
        "[516] (00000003 OrchestrationServer ",
        "'sip:",
        "<sip:",
        "0000000000000ef8",
        "1348817660 (00:34:20)",
        "fe80::1 ",
        ":40727)",
        "'Small'\t3",
        "'ORSI'(list) 'FirstName'\t'",
        "'Environment'",
        "65200 (\"SIP_Server@",
        "-port 3000 -app SIP_Server",
    ] {
        assert!(text.contains(kept), "{kept} is gone from\n{text}");
    }
    // Line by line of the same length.
    let lengths = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
    assert_eq!(lengths(&text), lengths(EVERYTHING));
    // What was equal is equal, whatever stands between: one number in five places, a DN in four.
    let value = |name: &str| {
        let line = text.lines().find(|line| line.contains(&format!("{name}\t'"))).unwrap();
        line.split('\'').nth_back(1).unwrap().to_owned()
    };
    let number = value("AttributeOtherDN");
    assert_eq!(text.matches(&number).count(), 4, "{number} in\n{text}");
    let dn = value("AttributeThisDN");
    assert_eq!(text.matches(&format!("@{dn}\"")).count() + text.matches(&format!(", {dn} was")).count(), 2);
    assert!(text.contains(&format!(" on {dn} called")) && text.contains(&format!("tel:{dn}")), "{text}");
    assert_eq!(text.matches(&value("'FirstName'")).count(), 3, "{text}");
    let (name, agent) = (value("'FirstName'"), value("AttributeAgentID"));
    assert!(text.contains(&format!("Agent {agent} ({name}, {})", name.to_uppercase())), "{text}");

    assert_eq!(check(&mut anonymizer, &out), Leftovers::default());
    // Read as before, without a complaint.
    assert_eq!(kinds(&out), kinds(EVERYTHING.as_bytes()));
    assert_eq!(kinds(&out).len(), 8);
}

#[test]
fn another_key_gives_other_values() {
    let (one, _) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    let (again, _) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    let (two, _) = anonymise(EVERYTHING.as_bytes(), &OTHER, Rules::default());
    assert_eq!(one, again);
    let (one, two) = (String::from_utf8(one).unwrap(), String::from_utf8(two).unwrap());
    for name in ["ANI", "DNIS", "OtherDN", "AgentID"] {
        let line = |text: &str| {
            text.lines().find(|line| line.contains(&format!("Attribute{name}\t"))).unwrap().to_owned()
        };
        assert_ne!(line(&one), line(&two));
    }
}

#[test]
fn the_check_finds_what_is_put_back() {
    let (out, _) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = EVERYTHING.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let mut left: Vec<&str> = text.lines().collect();
        if !["OtherDN", "AgentID", "'Note'", "04542", "tel:"].iter().any(|part| line.contains(part)) {
            continue;
        }
        left[at] = line;
        let (_, mut anonymizer) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
        let found = check(&mut anonymizer, (left.join("\n") + "\n").as_bytes());
        assert!(!found.left.is_empty(), "{line}");
    }
    // In a place that nobody looks into.
    let (mut out, mut anonymizer) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    out.extend_from_slice(b"\x00\x01#4155550100#");
    assert_eq!(check(&mut anonymizer, &out).left.len(), 1);
}

#[test]
fn rules_of_the_vendor_and_of_the_user() {
    let mut rules = Rules::default();
    let ini = "[log]\nverbose=all\n[log-filter-data]\n; masks\nA=hide\nB = copy\nC=hide-first,3\nD=hide-last,2\nE=unhide-first,1\nF=unhide-last,4 # end\nG=skip\n";
    assert_eq!(rules.read_ini(ini.as_bytes()), Ok(7));
    rules.hide_key("own");
    rules.hide_attribute("AttributeMusicPath");
    rules.keep_key("FirstName");
    let log = "message EventRinging\n\tAttributeMusicPath\t'Anna'\n\tAttributeUserData\t[1] 00\n\t\t'A'\t'4155550100'\n\t\t'B'\t'4155550100'\n\t\t'C'\t'Müller'\n\t\t'D'\t'abcd'\n\t\t'E'\t'abcd'\n\t\t'F'\t'4155550100'\n\t\t'G'\t12345\n\t\t'Own'(list) 'x'\t'Gold'\n\t\t\t'y'\t'Gold'\n\t\t'FirstName'\t'Anna'\n\t\t'free'\t'x'\n";
    let (out, _) = anonymise(log.as_bytes(), &SECRET, rules.clone());
    let text = String::from_utf8(out).unwrap();
    let values: Vec<&str> = text.lines().skip(3).map(|line| line.rsplit('\t').next().unwrap()).collect();
    assert_eq!(
        values[..7],
        ["'**********'", "'4155550100'", "'****ler'", "'ab**'", "'a***'", "'******0100'", "10000"]
    );
    assert_ne!(values[7], "'Gold'");
    assert_eq!(values[7], values[8]);
    assert_eq!(values[10], "'x'");
    assert!(!text.contains("MusicPath\t'Anna'") && text.contains("'FirstName'\t'Anna'"), "{text}");

    let text = "[log-filter]\ndefault-filter-type=hide\n[log-filter-data]\nx=copy\n";
    let mut rules = Rules::default();
    rules.read_ini(text.as_bytes()).unwrap();
    let (out, _) = anonymise(b"\tAttributeUserData\t[1] 00\n\t\t'x'\t'ab'\n\t\t'y'\t'ab'\n", &SECRET, rules);
    assert!(out.ends_with(b"\t\t'x'\t'ab'\n\t\t'y'\t'**'\n"));

    let bad = Rules::default().read_ini(b"[log-filter-data]\nx=mask\n").unwrap_err();
    assert_eq!(
        bad.to_string(),
        "line 2: x=mask: expected copy, skip, hide, or hide-first,n, hide-last,n, unhide-first,n, unhide-last,n"
    );
}

fn ringing() -> Message {
    Message::build(MessageId::EVENT_RINGING, |message| {
        message.str(AttributeId::ANI, "4155550100").str(AttributeId::THIS_DN, "7001")
    })
    .unwrap()
}

#[test]
fn a_capture_and_a_log_have_the_same_fakes_and_a_split_value_is_one() {
    let mut bytes = bytes::BytesMut::new();
    let mut writer = MessageWriter::start(&mut bytes, MessageId::REQUEST_REGISTER_CLIENT);
    writer.str(AttributeId::APPLICATION_NAME, "Desk");
    writer.finish(&Limits::default()).unwrap();
    // Every byte is a packet of its own.
    let mut file = PcapngWriter::new(Vec::new(), "secret 4155550100").unwrap().with_segment(1);
    let at = |seconds| tlib_proto::Timestamp { seconds, micros: 5 };
    file.open(at(1), 1, "192.168.27.50:40727".parse().unwrap(), "[2001:db8::17]:7007".parse().unwrap())
        .unwrap();
    file.bytes(at(2), 1, Flow::ToServer, &bytes).unwrap();
    file.bytes(at(3), 1, Flow::ToClient, ringing().frame()).unwrap();
    let input = file.finish(at(4)).unwrap();

    let mut anonymizer = Anonymizer::new(SECRET.clone(), Rules::default());
    anonymizer.capture(input.as_slice(), std::io::sink(), ReadOptions::default()).unwrap();
    anonymizer.comparing().unwrap();
    let out = anonymizer.capture(input.as_slice(), Vec::new(), ReadOptions::default()).unwrap();
    let read = |bytes: &[u8]| {
        let items = CaptureReader::new(bytes, ReadOptions::default());
        items
            .map(|item| match item.unwrap() {
                CaptureItem::Message(captured) => captured,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let (before, after) = (read(&input), read(&out));
    assert_eq!(after.len(), 2);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.at, before.flow, &before.application), (after.at, after.flow, &after.application));
        assert_eq!(before.client.port(), after.client.port());
        assert_ne!(before.client.ip(), after.client.ip());
        assert_eq!(before.message.frame().len(), after.message.frame().len());
    }
    let ani = with(&SECRET, b"4155550100", Cipher::number);
    let message = after[1].message.view();
    assert_eq!(message.find(AttributeId::ANI), Some(ValueRef::Str(&ani)));
    let (log, _) = anonymise(EVERYTHING.as_bytes(), &SECRET, Rules::default());
    let line = [b"\tAttributeOtherDN\t'", ani.as_slice(), b"'\n"].concat();
    assert!(memchr::memmem::find(&log, &line).is_some());

    anonymizer.inspecting();
    anonymizer.capture(out.as_slice(), std::io::sink(), ReadOptions::default()).unwrap();
    let mut leftovers = anonymizer.leftovers();
    anonymizer.raw_search().unwrap().search(out.as_slice(), &mut leftovers).unwrap();
    assert_eq!(leftovers, Leftovers::default());
    assert!(memchr::memmem::find(&out, b"secret").is_none());
}

#[test]
fn the_published_log_is_read_as_before() {
    let log = include_bytes!("../../../../../tests/evidence/tserver_reporting.log");
    let (out, mut anonymizer) = anonymise(log, &SECRET, Rules::default());
    assert_eq!(out.len(), log.len());
    assert_eq!(kinds(&out), kinds(log));
    let text = String::from_utf8_lossy(&out);
    assert!(!text.contains("192.168.27.50") && !text.contains("'777'") && !text.contains("'333'"), "{text}");
    assert!(text.contains("'gms_ServiceStartAt'\t'1348817660553'") && text.contains("'REPORTING'"), "{text}");
    assert_eq!(check(&mut anonymizer, &out), Leftovers::default());
}

#[test]
fn different_originals_never_get_one_fake() {
    let mut log = String::from("message EventRinging\n\tAttributeUserData\t[1] 00\n");
    for n in 0..3000 {
        log.push_str(&format!("\t\t'Phone'\t'{}'\n", 4_155_550_000_u64 + n));
    }
    let (out, mut anonymizer) = anonymise(log.as_bytes(), &SECRET, Rules::default());
    let text = String::from_utf8(out.clone()).unwrap();
    let fakes: HashMap<&str, usize> = text.lines().enumerate().map(|(at, line)| (line, at)).collect();
    assert_eq!(fakes.len(), 3002);
    assert_eq!(check(&mut anonymizer, &out), Leftovers::default());
    assert_eq!(anonymizer.report().changed[&(Class::Number, "Phone".to_owned())], 3000);
}
