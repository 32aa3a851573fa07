use jiff::tz::TimeZone;
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

use super::super::header::{Opening, put_header};
use super::super::{ClientLabel, Formatter, Level, Record, Verbosity};
use super::{at, config, orchestration, published, request, zone};

const GOLDEN: &str = include_str!("../../../../../tests/evidence/tserver_reporting.log");

fn formatter() -> Formatter {
    Formatter::new("8.1.000.62", zone())
}

fn print(records: &[Record], verbosity: Verbosity) -> String {
    let (mut formatter, mut out) = (formatter(), String::new());
    for record in records {
        formatter.format(record, verbosity, &mut out);
    }
    out
}

fn line(level: Level, text: &str) -> Record {
    Record::Line { at: at(5), level, id: 4100, text: text.into() }
}

#[test]
fn the_published_log_comes_out_byte_for_byte() {
    let out = print(&published(), Verbosity::All);
    let before = "00:34:20.757 Trc 04541 RequestDistributeUserEvent received from \
                  [516] (00000003 OrchestrationServer 192.168.27.50:40727)\n\
                  message RequestDistributeUserEvent\n\
                  \tAttributeReferenceID\t431\n\
                  \tAttributeCommunicationDN\t'REPORTING'\n\
                  \tAttributeUserEvent\tEventUserEvent\n";
    assert_eq!(out, format!("{before}{GOLDEN}"));
}

#[test]
fn each_level_prints_its_own_lines_and_those_before_it() {
    let mut records = published();
    for level in [Level::Standard, Level::Interaction, Level::Trace, Level::Debug] {
        records.push(line(level, "x"));
    }
    let all = print(&records, Verbosity::All);
    let without = |marks: &[&str]| -> String {
        let kept = all.split_inclusive('\n').filter(|line| !marks.iter().any(|mark| line.contains(mark)));
        kept.collect()
    };
    assert_eq!(print(&records, Verbosity::None), "");
    assert_eq!(print(&records, Verbosity::Standard), "00:34:20.005 Std 04100 x\n");
    assert_eq!(print(&records, Verbosity::Debug), all);
    assert_eq!(print(&records, Verbosity::Trace), without(&[" Dbg "]));
    // At interaction the request's own block, its heading and its attributes, goes with line 04541.
    let interaction = without(&[" Dbg ", " Trc "]);
    let (_, interaction) = interaction.split_once("\tAttributeUserEvent\tEventUserEvent\n").unwrap();
    assert_eq!(print(&records, Verbosity::Interaction), interaction);
}

#[test]
fn levels_and_records_agree() {
    for (n, level) in
        [Level::Standard, Level::Interaction, Level::Trace, Level::Debug].into_iter().enumerate()
    {
        let names = ["none", "standard", "interaction", "trace", "debug", "all"];
        for (m, name) in names.into_iter().enumerate() {
            let verbosity: Verbosity = name.parse().unwrap();
            assert_eq!(verbosity.allows(level), m > n, "{name} {level:?}");
            assert_eq!(verbosity.to_string(), name);
            for record in published().iter().chain([&line(level, "x")]) {
                let printed = !print(std::slice::from_ref(record), verbosity).is_empty();
                assert_eq!(printed, verbosity.allows(record.level()), "{name} {record:?}");
            }
        }
    }
    assert_eq!("TRACE".parse::<Verbosity>().unwrap(), Verbosity::Trace);
    let error = "loud".parse::<Verbosity>().unwrap_err().to_string();
    assert_eq!(error, "verbose = \"loud\": expected none, standard, interaction, trace, debug or all");
}

#[test]
fn the_contracts_of_other_readers_hold() {
    let out = print(&published(), Verbosity::All);
    let lines: Vec<&str> = out.lines().collect();
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');

    // `: message (\w+)$`
    let events = lines.iter().filter_map(|line| Some(line.split_once(": message ")?.1)).collect::<Vec<_>>();
    assert_eq!(events, ["EventACK", "EventUserEvent"]);
    assert!(events.iter().all(|name| word(name)));

    // ` (Request\w+)\s+received`, and the client's name by `\s+\(\w+\s+([^\s]+)`
    let requests: Vec<_> = lines.iter().filter(|line| line.contains(" received from [")).collect();
    let words: Vec<&str> = requests[0].split_whitespace().collect();
    assert_eq!((words[3], words[4]), ("RequestDistributeUserEvent", "received"));
    let (_, client) = requests[0].split_once(" (").unwrap();
    assert_eq!(client.split_whitespace().nth(1), Some("OrchestrationServer"));

    // `^message (Request\S+)$`
    let blocks: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("message ")).collect();
    assert_eq!(blocks, ["RequestDistributeUserEvent"]);

    // `\tAttributeThisDN\t'(\S+)'$`
    let this_dn =
        lines.iter().filter_map(|line| line.strip_prefix("\tAttributeThisDN\t'")?.strip_suffix('\''));
    assert_eq!(this_dn.collect::<Vec<_>>(), ["REPORTING", "REPORTING"]);

    // Pairs begin with two tabs and a quote; a message ends at a line with a time stamp, or a remark.
    for line in &lines {
        assert_eq!(line.trim_end(), *line, "trailing blank");
        assert!(!line.is_empty());
        match line.strip_prefix('\t') {
            Some(rest) => assert!(rest.starts_with("Attribute") || rest.starts_with("\t'"), "{line}"),
            None => assert!(
                line.starts_with("message ") || line.starts_with("-- ") || line.contains("00:34:20.75"),
                "{line}"
            ),
        }
    }
}

#[test]
fn texts_stay_in_their_line() {
    let records = [
        line(Level::Standard, "two\nlines\tand a tab \r\n"),
        line(Level::Standard, ""),
        line(Level::Standard, " \n "),
        Record::Note { text: "\t-- note\nmore \n".into() },
        Record::Note { text: "\n".into() },
        Record::Line { at: at(999), level: Level::Debug, id: 123_456, text: "x".into() },
    ];
    let expected = "00:34:20.005 Std 04100 two lines and a tab\n\
                    00:34:20.005 Std 04100\n\
                    00:34:20.005 Std 04100\n\
                    -- note more\n\
                    00:34:20.999 Dbg 123456 x\n";
    assert_eq!(print(&records, Verbosity::All), expected);
}

#[test]
fn labels_are_one_word_for_the_name() {
    let label = ClientLabel::new(9, 0xABCD, "My Client\n\u{2028}x", "[::1]:7260".parse().unwrap());
    assert_eq!(label.printed(), "[9] (0000abcd My_Client__x [::1]:7260)");
    assert_eq!((label.handle(), label.id(), label.application()), (9, 0xABCD, "My_Client__x"));
    assert_eq!(ClientLabel::new(1, 2, "", label.address()).application(), "_");
}

#[test]
fn names_that_nobody_has_published() {
    let request = Message::build(MessageId(203), |m| m.str(AttributeId(400), "x")).unwrap();
    let records = [
        Record::Received { at: at(0), request, from: orchestration() },
        Record::Sent { at: at(0), message: MessageId(203), to: [].into() },
    ];
    let out = print(&records, Verbosity::All);
    assert!(out.contains("Trc 04541 Message203 received from [516]"), "{out}");
    assert!(out.contains("\nmessage Message203\n\tAttribute400\t'x'\n"), "{out}");
    assert!(
        out.ends_with("Interaction message \"Message203\" received from 516 (\"OrchestrationServer\")\n")
    );
}

#[test]
fn every_clock_is_that_of_its_own_moment() {
    let zone = TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap();
    let mut formatter = Formatter::new("8.1.000.62", zone);
    let mut out = String::new();
    // 2012-11-04 08:59:59 UTC is the last second of summer time there.
    for (seconds, clock) in [(1_352_019_599, "01:59:59"), (1_352_019_600, "01:00:00")] {
        let record =
            Record::Line { at: Timestamp::new(seconds, 0), level: Level::Standard, id: 1, text: "x".into() };
        out.clear();
        formatter.format(&record, Verbosity::All, &mut out);
        assert_eq!(out, format!("{clock}.000 Std 00001 x\n"));
    }
    // A message built in September, logged in November.
    let message =
        Message::build(MessageId::EVENT_ACK, |m| m.unsigned(AttributeId::TIMEIN_SECS, 1_348_817_660));
    let at = Timestamp::new(1_352_019_600, 12_345);
    out.clear();
    formatter.format(
        &Record::Event { at, function: "send_to_client", message: message.unwrap() },
        Verbosity::All,
        &mut out,
    );
    assert_eq!(
        out,
        "@01:00:00.0123 [0] 8.1.000.62 send_to_client: message EventACK\n\
         \tAttributeTimeinSecs\t1348817660 (00:34:20)\n"
    );
    // No calendar goes that far; no panic either.
    let far =
        Record::Line { at: Timestamp::new(u64::MAX, 0), level: Level::Standard, id: 1, text: "x".into() };
    formatter.format(&far, Verbosity::All, &mut out);
}

#[test]
fn a_buffer_is_appended_to() {
    let mut out = String::from("before\n");
    formatter().format(&line(Level::Standard, "x"), Verbosity::All, &mut out);
    assert_eq!(out, "before\n00:34:20.005 Std 04100 x\n");
    let record = Record::Received { at: at(0), request: request(), from: orchestration() };
    formatter().format(&record, Verbosity::None, &mut out);
    assert_eq!(out.lines().count(), 2);
}

#[test]
fn the_header() {
    let mut config = config();
    config.command_line = "tbus serve\n--log x.log ".into();
    config.host_info = String::new();
    let zone = TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap();
    let formatter = Formatter::new("8.1.000.62", zone);
    let mut out = String::new();
    let at = Timestamp::new(1_348_817_660 + 90_061, 757_000);
    let opening = Opening { started: Timestamp::new(1_348_817_660, 1000), at, number: 2, path: "/tmp/x.log" };
    put_header(&mut out, &config, formatter.clock(), opening);
    let expected = "\
Application name: SIP_Server
Application type: TServer (1)
Command line:     tbus serve --log x.log
Host name:        lab-1
DST:              yes
Time zone:        28800, PST, PDT
UTC time:         2012-09-29T08:35:21.757
Local time:       2012-09-29T01:35:21.757
Start time (UTC): 2012-09-28T07:34:20.001
Running time:     1:01:01:01
Host info:
File:             (2) /tmp/x.log

";
    assert_eq!(out, expected);
    // In winter the same zone, and a zone without summer time.
    for (zone, at, line) in [
        (TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap(), 1_355_000_000, "28800, PST, PDT"),
        (super::zone(), 1_355_000_000, "25200, -07"),
    ] {
        out.clear();
        let at = Timestamp::new(at, 0);
        let opening = Opening { started: at, at, number: 1, path: "x" };
        put_header(&mut out, &config, Formatter::new("", zone).clock(), opening);
        assert!(out.contains(&format!("DST:              no\nTime zone:        {line}\n")), "{out}");
    }
}
