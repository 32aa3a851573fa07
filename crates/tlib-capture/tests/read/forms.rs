//! Every form of line, one at a time, and what is tolerated.

use tlib_capture::read::{Block, Field, Kind, LogReader, Origin};
use tlib_proto::json;

use crate::support::{read, told};

const SERVER: &str = include_str!("../../../../tests/evidence/tserver_reporting.log");
const ICON: &str = include_str!("../../../../tests/evidence/icon_gud.log");

/// Calls for the first block of a text.
#[track_caller]
fn with_block<T>(text: &str, see: impl FnOnce(&Block<'_>) -> T) -> T {
    let mut reader = LogReader::new("test.log", text.as_bytes());
    while let Some(record) = reader.next().unwrap() {
        if let Kind::Block(block) = &record.kind {
            return see(block);
        }
    }
    panic!("no block in {text}");
}

#[test]
fn the_published_logs_are_read_without_a_complaint() {
    let (records, complaints) = told(SERVER);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(
        records,
        [
            "interaction RequestDistributeUserEvent OrchestrationServer",
            "note Absent ThisDN, REPORTING was used",
            "block EventACK",
            "sent EventACK OrchestrationServer",
            "block EventUserEvent",
            "sent EventUserEvent Icon_Voice",
            "sent EventUserEvent Stat_Server",
            "sent EventUserEvent Universal_Routing_Server",
        ]
    );
    let (records, complaints) = told(ICON);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(records[0], "interaction EventUserEvent SIP_Server@REPORTING");
    assert_eq!(
        records[3],
        "line Trc 25016 Persistent Queue GUD: transaction 10929 is committed. 5 records written into the queue"
    );
    assert_eq!(records.len(), 6);
}

#[test]
fn the_published_blocks_become_messages() {
    let mut reader = LogReader::new("test.log", SERVER.as_bytes());
    let mut messages = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        if let Kind::Block(block) = &record.kind {
            let (message, complaints) = block.to_message().unwrap();
            assert_eq!(complaints, []);
            let parsed = tlib_proto::text::parse_message(record.text).unwrap();
            assert_eq!((message.clone(), vec![]), parsed);
            messages.push(message);
            assert_eq!(record.time.unwrap().utc.unwrap().seconds, 1_348_817_660);
        }
    }
    assert_eq!(messages.len(), 2);
    let block = SERVER.get(SERVER.rfind('@').unwrap()..).unwrap();
    with_block(block, |block| {
        let Origin::Event { mark, version, function } = block.origin else { panic!("{block:?}") };
        assert_eq!((mark, version, function), (&b"0"[..], &b"8.1.000.62"[..], &b"distribute_user_event"[..]));
        assert_eq!(block.attribute(b"UserData"), Some(&b"[347] 00 0c 00 00.."[..]));
        assert_eq!(block.text_of(b"ThisDN"), Some(&b"REPORTING"[..]));
        let data = block.attributes().find(|attribute| attribute.name == b"UserData").unwrap();
        let pairs: Vec<_> = data.pairs().collect();
        assert_eq!((pairs.len(), pairs[6].key, pairs[6].value), (12, &b"gms_SessionEventSeq"[..], &b"3"[..]));
        assert_eq!((pairs[0].quoted(), pairs[0].line), (Some(&b"1348817660755"[..]), 8));
    });
}

#[test]
fn requests_have_their_sender() {
    let log = "00:34:20.757 Trc 04541 RequestDistributeUserEvent received from [516] (00000003 Orchestration Server \
        192.168.27.50:40727)\nmessage RequestDistributeUserEvent\n\tAttributeReferenceID\t431\n\
        00:34:20.757 Int 04543 Interaction message \"RequestDistributeUserEvent\" received from 516 (\"OrchestrationServer\")\n";
    let (records, complaints) = told(log);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(
        records,
        ["block RequestDistributeUserEvent", "interaction RequestDistributeUserEvent OrchestrationServer"]
    );
    with_block(log, |block| {
        let Origin::Received(client) = block.origin else { panic!("{block:?}") };
        assert_eq!((client.handle, client.id), (516, &b"00000003"[..]));
        assert_eq!(client.application, b"Orchestration Server");
        assert_eq!(client.address, b"192.168.27.50:40727");
        assert_eq!(block.attributes().next().unwrap().line, 3);
    });
    // The block may be elsewhere, or not printed.
    let (records, _) = told(log.lines().next().unwrap());
    assert_eq!(records, ["received RequestDistributeUserEvent Orchestration Server"]);
}

#[test]
fn logs_of_clients() {
    let log = "request to 65200(TServer) message RequestRegisterAddress\n\tAttributeReferenceID\t2\n\
        2026-01-02T10:00:00.125 received from 65200(SIP_Server)host:7007(fd=4) message EventRegistered(refid=5)\n\
        \tAttributeReferenceID\t5\n";
    assert_eq!(
        told(log),
        (vec!["block RequestRegisterAddress".into(), "block EventRegistered".into()], vec![])
    );
    with_block(log, |block| {
        assert_eq!(block.origin, Origin::RequestTo { handle: 65_200, server: b"TServer" });
        assert_eq!(block.origin.is_received(), Some(false));
    });
    with_block(&log[log.find("2026").unwrap()..], |block| {
        let expected = Origin::ReceivedFrom {
            handle: 65_200,
            server: b"SIP_Server",
            address: b"host:7007",
            socket: b"4",
            reference: Some(b"5"),
        };
        assert_eq!(block.origin, expected);
    });
}

#[test]
fn lines_of_others_are_passed_over() {
    let log = "Application name:  SIP_Server\nApplication type:  TServer (1)\n\n\
        00:00:01.000 Trc 04100 Logging service started\nanything at all\n\tindented\n\n   \n\
        00:00:01.000 Trc 04541 Message MSGCFG_GETOBJECTINFO received from 12 (SCE 'default')\n\
        @00:00:01.0000 [BSYNC] Trace: Send to backup (SIP_B) [12]:\nmessage RequestUpdateUserData\n\
        \tAttributeConnID\t0000000000000ef8\n-- a note\nApplication name:  SIP_Server\n";
    let (records, complaints) = told(log);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(
        records,
        [
            "header false SIP_Server",
            "line Trc 4100 Logging service started",
            "unknown anything at all",
            "unknown \tindented",
            "line Trc 4541 Message MSGCFG_GETOBJECTINFO received from 12 (SCE 'default')",
            "unknown @00:00:01.0000 [BSYNC] Trace: Send to backup (SIP_B) [12]:",
            "block RequestUpdateUserData",
            "note a note",
            "header true SIP_Server",
        ]
    );
}

/// CRLF, blanks for tabs, and no indent at all say the same as the published log.
#[test]
fn the_indent_and_the_ends_of_lines_do_not_matter() {
    let published = messages(SERVER);
    assert_eq!(published.len(), 2);
    for text in [
        SERVER.replace('\n', "\r\n"),
        SERVER.replace('\t', "  "),
        SERVER.lines().map(|line| format!("{}\n", line.trim_start())).collect(),
        SERVER.trim_end().to_owned(),
    ] {
        assert_eq!(told(&text).1, [""; 0], "{text}");
        assert_eq!(messages(&text), published, "{text}");
    }
}

fn messages(text: &str) -> Vec<String> {
    let mut reader = LogReader::new("test.log", text.as_bytes());
    let mut all = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        if let Kind::Block(block) = &record.kind {
            let (message, complaints) = block.to_message().unwrap();
            assert_eq!(complaints, []);
            all.push(json::from_message(message.view()).to_string());
        }
    }
    all
}

#[test]
fn nested_lists_are_split_as_they_nest() {
    let depths = |text: &str| {
        assert_eq!(told(text).1, [""; 0], "{text}");
        with_block(text, |block| {
            let pairs = block.fields().filter_map(|field| match field {
                Field::Pair(pair) => Some((pair.depth, String::from_utf8(pair.key.to_vec()).unwrap())),
                _ => None,
            });
            pairs.map(|(depth, key)| format!("{depth}{key}")).collect::<Vec<_>>().join(" ")
        })
    };
    let head = "message EventUserEvent\n\tAttributeUserData\t[40]";
    assert_eq!(
        depths(&format!(
            "{head} 00 03 03 00..\n\t\t'a'(list) 'b'\t'1'\n\t\t\t'c'(list) \n\t\t\t\t'd'\t2\n\t\t'e'(list) \n\t\t'f'\t3\n"
        )),
        "1a 2b 2c 3d 1e 1f"
    );
    // Without their indent, what is too much for the head belongs to the only nested list.
    assert_eq!(
        depths(&format!("{head} 00 02 03 00..\n\t\t'a'(list) 'b'\t'1'\n\t\t'c'\t2\n\t\t'd'\t3\n")),
        "1a 2b 2c 1d"
    );
    assert_eq!(depths(&format!("{head} 00 01 03 00..\n\t\t'a'(list) 'b'(list) 'c'\t'it's'\n")), "1a 2b 3c");
}

#[test]
fn the_date_is_learned_and_midnight_is_followed() {
    let time = |text: &str| {
        let mut reader = LogReader::new("test.log", text.as_bytes());
        let mut times = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            if matches!(record.kind, Kind::Line(_) | Kind::Block(_)) {
                let time = record.time.unwrap();
                times.push((time.day, time.utc.map(|utc| (utc.seconds, utc.micros))));
            }
        }
        times
    };
    let line = |stamp: &str| format!("{stamp} Trc 04100 x\n");
    let header = "UTC time:         2012-09-27T22:00:00.000\nLocal time:       2012-09-28T00:00:00.000\n\n";
    let start = 1_348_783_200;
    assert_eq!(
        time(&[header.to_owned(), line("23:59:59.999"), line("00:00:00.001"), line("23:59:59.999")].concat()),
        [
            (0, Some((start + 86_399, 999_000))),
            (1, Some((start + 86_400, 1000))),
            // Two threads print around midnight.
            (0, Some((start + 86_399, 999_000))),
        ]
    );
    assert_eq!(
        time(&[line("23:00:00.000"), line("2012-09-29T00:00:01.5"), line("00:00:02.000")].concat()),
        [(0, None), (1, Some((1_348_876_801, 500_000))), (1, Some((1_348_876_802, 0)))]
    );
    let event = "@00:00:00.1000 [0] 8.1.000.62 send_to_client: message EventACK\n\
        \tAttributeTimeinSecs\t1348783200 (00:00:00)\n";
    assert_eq!(
        time(&[line("23:59:59.000"), event.to_owned(), line("01:00:00.000")].concat()),
        [(0, None), (1, Some((start, 100_000))), (1, Some((start + 3600, 0)))]
    );
    // An event of the second before midnight, printed behind it.
    let late = event.replace("1348783200 (00:00:00)", "1348783199 (23:59:59)");
    assert_eq!(time(&late), [(0, Some((start, 100_000)))]);
}

#[test]
fn what_is_damaged_is_named_with_its_line() {
    let event = |dn: &str| {
        format!(
            "@00:00:00.1000 [0] 8.1.000.62 send_to_client: message EventACK\n\tAttributeReferenceID\t431\n\
            \tAttributeThisDN\t{dn}\n\tAttributeANI\t'777'\n"
        )
    };
    let good = event("'7001'");
    for (damage, expected) in [
        (event("'70"), vec!["7: unreadable value \"'70\""]),
        (event("REPORTING"), vec!["7: unreadable value \"REPORTING\""]),
        (event("'a'\tAttributeDNIS\t'3'"), vec!["7: two attributes in one line"]),
        (event("'a\nb'"), vec!["7: unreadable value \"'a\"", "8: a damaged line within a block"]),
        (event("'7'\n\t\t'k'\t'v'"), vec!["8: a pair that follows no list"]),
        (event("'7'\n\t..."), vec!["8: neither an attribute nor a pair: \"...\""]),
        (event("'7'\n%$!@#"), vec!["8: a damaged line within a block"]),
        (event("'7'\n"), vec!["8: a damaged line within a block"]),
        (
            event("'7'").replacen("message EventACK", "mess", 1),
            vec!["5: an event without a readable heading"],
        ),
        (
            event("'7'").replacen('@', "", 1).replacen("message ", "", 1),
            vec!["5: attributes without a readable heading"],
        ),
        (
            "00:00:00.757 Trc 04542 EventACK sent to [5\n".into(),
            vec!["5: a line 04541, 04542 or 04543 that cannot be read"],
        ),
    ] {
        let log = format!("{good}{damage}{good}");
        let seen = read(log.as_bytes());
        let complaints: Vec<_> = seen.iter().flat_map(|seen| seen.complaints.clone()).collect();
        assert_eq!(complaints, expected, "{log}\n{seen:#?}");
        let blocks = seen.iter().filter(|seen| seen.what == "block EventACK" && seen.complaints.is_empty());
        assert_eq!(blocks.count(), 2, "{log}\n{seen:#?}");
    }
}
