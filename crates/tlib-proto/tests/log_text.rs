//! What the reader of log text tolerates from logs that are not ours, and what it says of what it leaves out.

use tlib_proto::text::{TextError, parse_message};
use tlib_proto::{AttributeId, Message, MessageId, ValueRef, json};

/// Reads one block; its message and its complaints as `line: reason`.
fn read(text: &str) -> (Message, Vec<String>) {
    let (message, complaints) =
        parse_message(text.as_bytes()).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    (
        message,
        complaints.iter().map(|complaint| format!("{}: {}", complaint.line, complaint.reason)).collect(),
    )
}

fn pairs(message: &Message) -> String {
    let list = message.view().attributes().find_map(|attribute| match attribute.value {
        ValueRef::List(list) => Some(json::from_list(list).to_string()),
        _ => None,
    });
    list.expect("the message has a list")
}

#[test]
fn headings_of_servers_and_of_client_libraries() {
    for heading in [
        "message EventUserEvent",
        "@00:34:20.7570 [0] 8.1.000.62 distribute_user_event: message EventUserEvent",
        "@12:00:00.0000 [0] 8.1.101.25 distribute call/party event: message EventUserEvent",
        "received from 65200(SIP_Server)host:7007(fd=4) message EventUserEvent(refid=5)",
        "2026-11-22T12:00:00.000 request to 65200(TServer) message EventUserEvent",
    ] {
        let (message, complaints) = read(&format!("{heading}\n\tAttributeThisDN\t'REPORTING'\n"));
        assert_eq!((message.id(), complaints), (MessageId::EVENT_USER_EVENT, vec![]), "{heading}");
        assert_eq!(message.view().text(AttributeId::THIS_DN), Ok(Some(&b"REPORTING"[..])));
    }
}

#[test]
fn blanks_for_tabs_and_carriage_returns() {
    let text = "message EventUserEvent\r\n  AttributeThisDN  'a b'\r\n  AttributeUserData  [22] 00 02 00 00..\r\n    \
                'k 1'  'v 1'\r\n    'n'  7\r\n";
    let (message, complaints) = read(text);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(pairs(&message), r#"[["k 1","str","v 1"],["n","int",7]]"#);
}

/// As pasted into a mail or a ticket.
#[test]
fn lines_that_have_lost_their_indent() {
    let log = include_str!("../../../tests/evidence/tserver_reporting.log");
    let pasted: Vec<&str> = log.lines().map(str::trim_start).collect();
    let block = |text: &str| parse_message(text.split("\n@").nth(2).unwrap().as_bytes()).unwrap();
    assert_eq!(block(&pasted.join("\n")), block(log));
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let message =
        Message::build(MessageId::EVENT_USER_EVENT, |m| m.str(AttributeId::THIS_DN, "a\u{9b}31mb")).unwrap();
    let mut text = String::new();
    tlib_proto::text::print_message(&mut text, message.view(), &tlib_proto::text::TextStyle::default());
    assert!(text.ends_with("\tAttributeThisDN\t\"a\\xc2\\x9b31mb\"\n"), "{text}");
    assert_eq!(read(&text).0, message);
}

/// Attributes may be unsigned, pairs are signed.
#[test]
fn ints_that_do_not_fit() {
    let attribute =
        serde_json::json!({"message": "EventACK", "attributes": [["ReferenceID", "int", 4_294_967_295_u32]]});
    assert!(json::to_message(&attribute).is_ok());
    let error = json::to_list(&serde_json::json!([["k", "int", 4_294_967_295_u32]])).unwrap_err();
    assert_eq!(error.path, "pairs[0][2]");
    assert!(json::to_list(&serde_json::json!([["k", "kind+9", ""]])).is_err());
}

#[test]
fn numbers_with_a_text_behind_them() {
    let (message, complaints) = read("message EventError\n\tAttributeErrorCode\t59 (DN is not configured)\n");
    assert_eq!(complaints, [""; 0]);
    assert_eq!(message.view().int(AttributeId::ERROR_CODE), Ok(Some(59)));
}

#[test]
fn quotes_that_nobody_has_escaped() {
    let text = "message EventUserEvent\n\tAttributeThisDN\t'it's here'\n\tAttributeUserData\t[30] 00 01 00 00..\n\
                \t\t'o'clock'\t'it's 'five''\n";
    let (message, complaints) = read(text);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(message.view().text(AttributeId::THIS_DN), Ok(Some(&b"it's here"[..])));
    assert_eq!(pairs(&message), r#"[["o'clock","str","it's 'five'"]]"#);
}

/// As in the published sample of 149 bytes, whose indent was lost: the head says one pair, so the others are inner ones.
#[test]
fn inner_pairs_that_have_lost_their_indent() {
    let sample = include_str!("../../../tests/evidence/kv_samples.jsonl").lines().nth(3).unwrap();
    let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
    let text = "message EventAttachedDataChanged\n\tAttributeUserData\t[149] 00 01 03 00..\n\
        \t\t'ORSI:Cluster1:QK59HK4FS927D7FUU41G6IE468000004'(list) 'Session'\t'00PN8M303SBR7E9P04000VTAES000001+'\n\
        \t\t'Node'\t'272'\n\t\t'Url'\t'http://co67.step:7005/scxml'\n";
    let (message, complaints) = read(text);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(pairs(&message), sample["pairs"].to_string());
    let list = message.view().list(AttributeId::USER_DATA).unwrap().unwrap();
    assert_eq!(list.packed_len(), 149);
}

#[test]
fn an_empty_nested_list_takes_nothing() {
    let text = "message RequestUpdateUserData\n\tAttributeUserData\t[40] 00 02 03 00..\n\
        \t\t'RRequestedSkills'(list) \n\t\t'k'\t'v'\n";
    let (message, complaints) = read(text);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(pairs(&message), r#"[["RRequestedSkills","list",[]],["k","str","v"]]"#);
}

#[test]
fn a_list_that_was_cut() {
    let text = "message EventUserEvent\n\tAttributeUserData\t[347] 00 0c 00 00..\n\t\t'k'\t'v'\n";
    assert_eq!(read(text).1, ["2: the list's head says 12 pairs, found 1"]);
}

/// An attribute without a published id cannot become bytes; its pairs go with it and not to the list before.
#[test]
fn what_cannot_be_kept_is_named_with_its_line() {
    let text = "message EventUserEvent\n\tAttributeUserData\t[9] 00 01 00 00..\n\t\t'k'\t'v'\n\
        \tAttributePropagatedCallType\t2\n\tAttributeNewThing\t[9] 00 01 00 00..\n\t\t'x'\t'y'\n\
        \tAttributeThisDN\tREPORTING\n\t(a remark)\n\tAttributeANI\t'777'\n";
    let (message, complaints) = read(text);
    assert_eq!(
        complaints,
        [
            "4: AttributePropagatedCallType has no published id and cannot be sent",
            "5: AttributeNewThing has no published id and cannot be sent",
            "6: a pair that follows no list",
            "7: unreadable value \"REPORTING\"",
            "8: a remark without an attribute name",
        ]
    );
    assert_eq!(pairs(&message), r#"[["k","str","v"]]"#);
    assert_eq!(message.view().text(AttributeId::ANI), Ok(Some(&b"777"[..])));
}

#[test]
fn text_without_a_message() {
    assert_eq!(parse_message(b"nothing here\n"), Err(TextError::NoMessage));
    let unknown = parse_message(b"\nmessage EventNobody\n\tAttributeThisDN\t'1'\n");
    assert_eq!(unknown, Err(TextError::UnknownMessage { line: 2, name: "EventNobody".to_owned() }));
}

/// 10 000 lists in one line: refused by depth, without recursion into all of them.
#[test]
fn lists_that_nest_too_deep() {
    let text = format!(
        "message EventUserEvent\n\tAttributeUserData\t[9] 00 01 03 00..\n\t\t{}\n",
        "'d'(list) ".repeat(10_000)
    );
    let (_, complaints) = read(&text);
    assert_eq!(complaints[0], "2: the list's head says 1 pairs, found 0");
    assert_eq!(complaints[1], "3: lists nest too deep");
}
