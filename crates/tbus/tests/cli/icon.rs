//! icon explain: which table every pair of a log reaches, or why none.

use std::fs;

use crate::support::{evidence, run, run_with};

#[test]
fn the_published_event_is_explained() {
    let log = evidence("tserver_reporting.log");
    let ended = run(&["icon", "explain", &log]).with_code(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "line 12: EventUserEvent on REPORTING");
    assert_eq!(
        lines[1],
        "  userevent   gms_AgentAvailable    '1348817660755'                     G_CUSTOM_DATA_S"
    );
    assert_eq!(
        lines[7],
        "  userevent   gms_SessionEventSeq   3                                   G_CUSTOM_DATA_S"
    );
    assert_eq!(
        lines[13..],
        ["", "2 events, what became of their pairs:", "      12  G_CUSTOM_DATA_S"],
        "{}",
        ended.stdout
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn options_decide() {
    let folder = tempfile::tempdir().unwrap();
    let options = folder.path().join("icon.ini");
    let explain = |text: &str, more: &[&str]| {
        fs::write(&options, text).unwrap();
        let log = evidence("tserver_reporting.log");
        let arguments = ["icon", "explain", "--options", options.to_str().unwrap(), &log];
        run(&[&arguments[..], more].concat())
    };
    let text = "[custom-states]\nstore-event-data = conf\nEventData = char,gms_UserId\n\
        GlobalData = char,CUST_DATA_1,gms_SessionId\n";
    let ended = explain(text, &[]).with_code(0);
    let summary = "2 events, what became of their pairs:\n       1  G_CUSTOM_DATA_P\n       1  G_CUSTOM_DATA_S\n      \
        10  dropped: not in EventData\n";
    assert!(ended.stdout.ends_with(summary), "{}", ended.stdout);

    let ended = explain("[custom-states]\nstore-event-data = none\n", &["--format", "json"]).with_code(0);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0].to_string(),
        r#"{"line":12,"message":"EventUserEvent","dn":"REPORTING","source":"userevent","key":"gms_AgentAvailable","value":"1348817660755","dropped":"store-event-data is none"}"#
    );
    assert_eq!(lines[12]["summary"]["dropped"]["store-event-data is none"], 12);

    let ended = explain("[custom-states]\nstore-event-data = some\n", &[]).with_code(2);
    let expected = "icon.ini: line 2: store-event-data = some: none, all or conf\n";
    assert!(ended.stderr.ends_with(expected), "{}", ended.stderr);
}

#[test]
fn attached_data_goes_through_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let specification = folder.path().join("spec.xml");
    let text = "<s xmlns='http://www.genesyslab.com/standards/icon/ed1'><public>\
        <key name='a' source='userdata' history='all'/></public></s>";
    fs::write(&specification, text).unwrap();
    let log = "message EventRinging\n\tAttributeConnID\t0067000000000001\n\tAttributeUserData\t[1] 00\n\
        \t\t'a'\t'1'\n\t\t'b'\t'2'\n\tAttributeThisDN\t'1001'\n\
        message EventAttachedDataChanged\n\tAttributeConnID\t0067000000000001\n\tAttributeUserData\t[2] 00 00..\n\
        \tAttributeThisDN\t'1001'\n";
    let ended =
        run_with(&["icon", "explain", "--adata-spec", specification.to_str().unwrap(), "-"], log.as_bytes())
            .with_code(0);
    assert_eq!(
        ended.stdout,
        "line 1: EventRinging on 1001\n  userdata    a  '1'  G_USERDATA_HISTORY\n  \
         userdata    b  '2'  dropped: not in the specification\n\n\
         line 7: EventAttachedDataChanged on 1001\n  userdata    a  (deleted)  G_USERDATA_HISTORY\n\n\
         2 events, what became of their pairs:\n       2  G_USERDATA_HISTORY\n       \
         1  dropped: not in the specification\n"
    );
    fs::write(&specification, "<s>\n<public></s>").unwrap();
    let ended = run_with(&["icon", "explain", "--adata-spec", specification.to_str().unwrap(), "-"], b"")
        .with_code(2);
    assert!(
        ended.stderr.contains("spec.xml: line 1, column 1: element <s> is not in the namespace"),
        "{ended:?}"
    );
}

#[test]
fn what_is_cut_or_left_out_is_said() {
    let long = "x".repeat(300);
    let log = format!(
        "message EventUserEvent\n\tAttributeUserData\t[1] 00\n\t\t'long'\t'{long}'\n\t\t'list'(list) \t'a'\t1\n\
         \tAttributeNothing\t1\n"
    );
    let ended = run_with(&["icon", "explain", "-"], log.as_bytes()).with_code(0);
    assert!(ended.stdout.starts_with("line 1: EventUserEvent without ThisDN\n"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("G_CUSTOM_DATA_S, value cut from 300 to 255 characters\n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("(list, 1 pair)"), "{}", ended.stdout);
    assert!(ended.stdout.contains("dropped: nested list\n"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("       1  user events without ThisDN\n"), "{}", ended.stdout);
}

#[test]
fn requests_are_not_what_a_recorder_hears() {
    let log = "message RequestDistributeUserEvent\n\tAttributeUserData\t[1] 00\n\t\t'a'\t'1'\n";
    let ended = run_with(&["icon", "explain", "-"], log.as_bytes()).with_code(0);
    assert_eq!(ended.stdout, "0 events, what became of their pairs:\n");
    assert_eq!(
        ended.stderr,
        "tbus: standard input: requests only; a recorder hears the events that the server sends\n"
    );
    let ended = run(&["icon", "explain", "/nowhere/tserver.log"]).with_code(2);
    assert_eq!(ended.stderr, "tbus: /nowhere/tserver.log: no such file\n");
}

#[test]
fn a_long_is_stored_as_decimal_text() {
    let log = "message EventUserEvent\n\tAttributeUserData\t[1] 00\n\t\t'id'\t{long} ffffffffffffffff\n\
        \tAttributeThisDN\t'1001'\n";
    let ended = run_with(&["icon", "explain", "-"], log.as_bytes()).with_code(0);
    let first = "line 1: EventUserEvent on 1001\n  userevent   id  18446744073709551615  G_CUSTOM_DATA_S\n";
    assert!(ended.stdout.starts_with(first), "{}", ended.stdout);
    let ended = run_with(&["icon", "explain", "--format", "json", "-"], log.as_bytes()).with_code(0);
    assert!(
        ended.stdout.contains(r#""value":"18446744073709551615","table":"G_CUSTOM_DATA_S""#),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_misspelt_section_of_the_specification_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let specification = folder.path().join("spec.xml");
    let text = "<s xmlns='http://www.genesyslab.com/standards/icon/ed1'>\n<Secure>\
        <key name='card' source='userdata' history='all'/></Secure></s>";
    fs::write(&specification, text).unwrap();
    let ended = run_with(&["icon", "explain", "--adata-spec", specification.to_str().unwrap(), "-"], b"")
        .with_code(2);
    let expected = "spec.xml: line 2, column 1: there is no section <Secure>; did you mean <secure>?\n";
    assert!(ended.stderr.ends_with(expected), "{}", ended.stderr);
}
