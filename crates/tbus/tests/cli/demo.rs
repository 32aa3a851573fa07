//! `tbus demo` shows the published exchange.

use std::fs;

use crate::support::{evidence, run};

/// A line of the log without what differs from run to run.
fn mask(line: &str) -> String {
    let value = |name: &str| line.starts_with(&format!("\tAttribute{name}\t"));
    if ["EventSequenceNumber", "TimeinuSecs", "TimeinSecs", "ReferenceID"].into_iter().any(value) {
        return line.rsplit_once('\t').unwrap().0.to_owned();
    }
    if line.starts_with('\t') {
        return line.to_owned();
    }
    // Clock readings, handles, client ids and addresses.
    line.split(' ').map(mask_word).collect::<Vec<_>>().join(" ")
}

fn mask_word(word: &str) -> &str {
    let inner = word.trim_start_matches(['@', '[', '(']).trim_end_matches([']', ')']);
    let only = |allowed: &str| !inner.is_empty() && inner.chars().all(|c| allowed.contains(c));
    let clock = only("0123456789:.") && inner.contains(':');
    let id = word.starts_with('(') && inner.len() == 8 && only("0123456789abcdef");
    // Numbers of lines such as 04542 and the version 8.1.000.62 stay.
    let handle = only("0123456789") && inner.len() < 5;
    if clock || id || handle { "#" } else { word }
}

#[test]
fn the_demo_holds_the_published_log() {
    let ended = run(&["demo"]).with_code(0);
    assert_eq!(ended.stderr, "");
    let published = fs::read_to_string(evidence("tserver_reporting.log")).unwrap();
    let expected: Vec<_> = published.lines().map(mask).collect();
    let shown: Vec<_> = ended.stdout.lines().map(mask).collect();
    let found = shown.windows(expected.len()).any(|run| run == expected);
    assert!(found, "{}", ended.stdout);
}

#[test]
fn the_demo_says_what_each_client_received_and_what_to_do_next() {
    let text = run(&["demo"]).with_code(0).stdout;
    let (_, received) = text.split_once("What each client received:\n").unwrap();
    let lines: Vec<_> = received.lines().take(4).collect();
    assert!(lines[0].contains("OrchestrationServer") && lines[0].contains("EventACK"), "{lines:?}");
    for (line, client) in lines[1..].iter().zip(["Icon_Voice", "Stat_Server", "Universal_Routing_Server"]) {
        assert!(
            line.contains(client) && line.contains("EventUserEvent") && line.ends_with(", 12 pairs"),
            "{line}"
        );
    }
    let (_, next) = text.split_once("Try next:\n").unwrap();
    assert!(next.contains(" serve\n") && next.contains(" watch --dn REPORTING"), "{next}");
    assert!(!text.contains('\x1b'), "no colour codes");
}

#[test]
fn the_demo_ends_with_what_the_recorder_stored() {
    let text = run(&["demo"]).with_code(0).stdout;
    let (_, log) = text.split_once("The log of Icon_Voice, the recorder:\n").unwrap();
    let (log, rest) = log.split_once("\n\n").unwrap();
    let numbers: Vec<_> = log.lines().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(numbers, ["04543", "25016", "25003", "25004"], "{log}");
    assert!(log.contains("received from 65200 (\"SIP_Server@REPORTING\")"), "{log}");
    let (_, rows) = rest.split_once("G_CUSTOM_DATA_S:\n").unwrap();
    let (rows, _) = rows.split_once("\n\n").unwrap();
    let rows: Vec<_> = rows.lines().map(|row| row.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(rows.len(), 13, "{text}");
    assert_eq!(rows[0], ["KEYNAME", "VALUE"]);
    assert_eq!(rows[2], ["gms_AgentConnected"], "an empty string");
    assert!(rows.contains(&vec!["gms_SessionEventSeq", "3"]), "{text}");
}

#[test]
fn masks_leave_the_rest() {
    assert_eq!(
        mask("00:34:20.757 Int 04543 Interaction message \"X\" received from 516 (\"A\")"),
        "# Int 04543 Interaction message \"X\" received from # (\"A\")"
    );
    assert_eq!(
        mask("@00:34:20.7570 [0] 8.1.000.62 send_to_client: message X"),
        "# # 8.1.000.62 send_to_client: message X"
    );
    assert_eq!(
        mask("00:34:20.758 Trc 04542 X sent to [508] (0000000c A 192.168.27.50:42678)"),
        "# Trc 04542 X sent to # # A #"
    );
    assert_eq!(mask("\tAttributeANI\t'777'"), "\tAttributeANI\t'777'");
}
