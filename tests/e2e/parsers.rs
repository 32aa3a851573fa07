//! What log readers out there rely on, held against a log that the binary has written.
//!
//! The contracts are those of two public readers, in our own words: how a message's start is found, how a client's name
//! is found, where a message ends, and what attribute lines look like.

use crate::binary::{Running, run};

/// Writes a log with several messages into a file, through the real binary, and gives its text.
fn log() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("SIP_Server.log");
    let (mut server, address) = Running::serve(&["--log", path.to_str().expect("UTF-8")]);
    let (mut watch, _) =
        Running::start(&["watch", "--dn", "REPORTING", "--count", "2", "--server", &address]);
    for value in ["inbound-delay", "it's quoted"] {
        let pair = format!("gms_ServiceName={value}");
        let sent = run(&["send", "--dn", "REPORTING", &pair, "n:=3", "--server", &address]);
        assert_eq!(sent.status.code(), Some(0));
    }
    assert_eq!(watch.wait(), Some(0));
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0), "{}", server.output("stderr"));
    std::fs::read_to_string(&path).expect("the log is there")
}

fn is_stamped(line: &str) -> bool {
    let clock = line.strip_prefix('@').unwrap_or(line).as_bytes();
    clock.len() > 12 && clock[2] == b':' && clock[5] == b':' && clock[8] == b'.'
}

#[test]
fn readers_find_everything_in_our_log() {
    let log = log();
    assert!(log.starts_with("Application name:"), "the header comes first");
    assert!(log.contains("\nApplication type: TServer (1)\n"));
    assert!(
        log.ends_with('\n') && is_stamped(log.lines().last().expect("lines")),
        "ends with a stamped line"
    );

    // First reader: `: message NAME` at the end of a line, or `RequestNAME received`; the client's name is the word
    // after the hex id in parentheses.
    let events = log.lines().filter(|line| line.contains(": message Event")).count();
    let requests: Vec<&str> = log.lines().filter(|line| line.contains(" received from [")).collect();
    assert_eq!(requests.len(), 3 + 1 + 2, "three clients, one registration, two user events");
    for request in requests {
        let name =
            request.split("Trc 04541 ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name");
        assert!(name.starts_with("Request"), "{request}");
        let client = request.split(" (").nth(1).and_then(|rest| rest.split(' ').nth(1)).expect("a client");
        assert!(["tbus-send", "watch-1"].contains(&client), "{client}");
    }
    assert_eq!(events, 3 + 1 + 2 * 2);

    // Second reader: a message ends at the next stamped line, and every line of it begins with a tab.
    let mut inside = false;
    for line in log.lines().skip_while(|line| !line.is_empty()).skip(1) {
        if is_stamped(line) {
            inside = line.contains(": message ");
        } else if line.starts_with("message Request") {
            inside = true;
        } else if line.starts_with("-- ") {
            assert!(!inside, "a note is no part of a message");
        } else {
            assert!(inside && line.starts_with('\t'), "{line:?} belongs to no message");
            let fields: Vec<&str> = line.trim_start().splitn(2, '\t').collect();
            assert_eq!(fields.len(), 2, "name, tab, value: {line:?}");
        }
        assert!(!line.ends_with([' ', '\t', '\r']), "a blank at the end of {line:?}");
        assert!(!line.is_empty());
    }
    assert!(log.contains("\tAttributeThisDN\t'REPORTING'\n"));
    assert!(log.contains("\t\t'gms_ServiceName'\t\"it's quoted\"\n"), "a quote needs the marked form");
}
