use std::fmt::Write;
use std::sync::Arc;

use tlib_capture::read::LogReader;

use super::{CallData, Finding, Source, Traffic, TrafficLint};

fn check(log: &str, source: Source) -> (Vec<Finding>, Traffic) {
    let (mut lint, mut found) = (TrafficLint::new(CallData::Auto, source), Vec::new());
    let file: Arc<str> = "server.log".into();
    let mut reader = LogReader::new("server.log", log.as_bytes());
    while let Some(record) = reader.next().unwrap() {
        lint.record(&file, &record, &mut |finding| found.push(finding));
    }
    let traffic = lint.finish(&mut |finding| found.push(finding));
    (found, traffic)
}

fn told(found: &[Finding]) -> Vec<String> {
    let place = |finding: &Finding| finding.place.as_ref().map(ToString::to_string).unwrap_or_default();
    found.iter().map(|finding| format!("{} {}", finding.code.id(), place(finding))).collect()
}

/// An event with these lines of pairs.
fn event(sequence: u32, heading: &str, attributes: &str, pairs: &[&str]) -> String {
    let mut text = format!(
        "@10:00:{sequence:02}.0000 [0] 8.1.000.62 {heading}\n\tAttributeEventSequenceNumber\t{sequence:016x}\n\
         \tAttributeTimeinSecs\t14111208{sequence:02} (10:00:{sequence:02})\n{attributes}\
         \tAttributeUserData\t[9] {:02x} {:02x} 00 00..\n",
        pairs.len() / 256,
        pairs.len() % 256
    );
    for pair in pairs {
        let _ = writeln!(text, "\t\t{pair}");
    }
    text
}

const FIRST: [&str; 7] = [
    "'_CB_SERVICE_ID'\t'a-1'",
    "'_CB_T_SERVICE_START'\t1411120800",
    "'_CB_T_CALLBACK_OFFERED'\t1411120788",
    "'_CB_D_CALLBACK_OFFER'\t12",
    "'_CB_N_CALLBACK_OFFERED'\t1",
    "'_CB_T_CALLBACK_ACCEPTED'\t1411120800",
    "'_CB_FINAL_RECORD'\t0",
];

fn last() -> Vec<&'static str> {
    let mut last = FIRST.to_vec();
    last[6] = "'_CB_FINAL_RECORD'\t'1'";
    last
}

const USER_EVENT: &str = "distribute_user_event: message EventUserEvent";

fn attached(sequence: u32, pairs: &[&str]) -> String {
    event(
        sequence,
        "distribute_event: message EventAttachedDataChanged",
        "\tAttributeConnID\t0000000000000ef8\n",
        pairs,
    )
}

#[test]
fn events_of_a_log_are_checked_with_their_lines() {
    let mut bad = last();
    bad[3] = "'_CB_D_CALLBACK_OFFER'(list) 'a'\t1";
    bad.push("'_CB_DIM_CHANNEL'\t'FAX'");
    let log = event(1, USER_EVENT, "", &FIRST)
        + &attached(2, &[FIRST[0], FIRST[1]])
        + &attached(3, &[FIRST[5]])
        + &event(4, USER_EVENT, "", &bad);
    let (found, traffic) = check(&log, Source::Events);
    assert_eq!(told(&found), ["CB112 server.log:32", "CB109 server.log:36"], "{log}");
    assert_eq!((traffic.checked.events, traffic.checked.attached, traffic.checked.services), (2, 2, 1));
    assert_eq!(found[0].service.as_deref(), Some("a-1"));
}

#[test]
fn what_several_have_heard_is_checked_once() {
    let one = event(1, USER_EVENT, "", &FIRST) + &event(2, USER_EVENT, "", &last());
    let (found, traffic) = check(&format!("{one}{one}"), Source::Events);
    assert_eq!(told(&found), ["CB403 "]);
    assert_eq!((traffic.again, traffic.checked.events), (2, 2));
}

#[test]
fn requests_are_checked_instead_if_asked_for() {
    let request = |pairs: &[&str]| {
        let mut text = format!(
            "10:00:00.000 request to 65200(TServer) message RequestDistributeUserEvent\n\tAttributeUserData\t[9] 00 {:02x} 00 00..\n",
            pairs.len()
        );
        for pair in pairs {
            let _ = writeln!(text, "\t\t{pair}");
        }
        text
    };
    let log = request(&FIRST[1..]) + &event(1, USER_EVENT, "", &last());
    let (found, traffic) = check(&log, Source::Requests);
    assert_eq!(told(&found), ["CB101 server.log:1", "CB403 "]);
    assert_eq!(traffic.checked.events, 1);
    let (found, _) = check(&log, Source::Events);
    assert_eq!(told(&found), ["CB302 server.log:9", "CB403 "]);
}

#[test]
fn damaged_blocks_say_nothing() {
    // Of seven pairs, one is lost: that it is missing is not the sender's fault.
    let log = event(1, USER_EVENT, "", &FIRST).replace("'_CB_D_CALLBACK_OFFER'\t12", "'_CB_D_CALL");
    let (found, traffic) = check(&log, Source::Events);
    assert_eq!(told(&found), [""; 0]);
    assert_eq!((traffic.damaged, traffic.checked.events), (1, 0));
}

#[test]
fn the_published_log_has_no_callback_of_this_kind() {
    let published = include_str!("../../../../tests/evidence/tserver_reporting.log");
    let (found, traffic) = check(published, Source::Events);
    assert_eq!(told(&found), [""; 0]);
    assert_eq!((traffic.checked.events, traffic.checked.others), (0, 1));
}
