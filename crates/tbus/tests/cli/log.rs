//! `tbus log`: the summary, whole blocks, JSON lines and back.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{evidence, run, run_with, tbus};

/// Two requests of two applications, around midnight, with what belongs to them.
const LOG: &str = "Application name: SIP_Server\n\
UTC time:         2012-09-27T21:59:00.000\n\
Local time:       2012-09-27T23:59:00.000\n\
\n\
23:59:59.900 Trc 04541 RequestDistributeUserEvent received from [516] (00000003 OrchestrationServer 10.0.0.1:40727)\n\
message RequestDistributeUserEvent\n\
\tAttributeReferenceID\t431\n\
\tAttributeCommunicationDN\t'REPORTING'\n\
\tAttributeUserData\t[40] 00 02 03 00..\n\
\t\t'list'(list) 'inner'\t'it is'\n\
\t\t'k'\t\"it's\"\n\
23:59:59.900 Int 04543 Interaction message \"RequestDistributeUserEvent\" received from 516 (\"OrchestrationServer\")\n\
-- Absent ThisDN, REPORTING was used\n\
@23:59:59.9010 [0] 8.1.000.62 send_to_client: message EventACK\n\
\tAttributeTimeinSecs\t1348783199 (23:59:59)\n\
\tAttributeReferenceID\t431\n\
\tAttributeThisDN\t'REPORTING'\n\
23:59:59.901 Trc 04542 EventACK sent to [516] (00000003 OrchestrationServer 10.0.0.1:40727)\n\
00:00:01.000 Trc 04541 RequestMakeCall received from [520] (00000004 Desktop 10.0.0.2:40000)\n\
message RequestMakeCall\n\
\tAttributeThisDN\t'7001'\n\
\tAttributeOtherDN\t'7002'\n\
00:00:01.000 Int 04543 Interaction message \"RequestMakeCall\" received from 520 (\"Desktop\")\n\
@00:00:01.2000 [0] 8.1.000.62 distribute_event: message EventDialing\n\
\tAttributeConnID\t0071020000000ef8\n\
\tAttributeThisDN\t'7001'\n\
00:00:01.200 Trc 04542 EventDialing sent to [520] (00000004 Desktop 10.0.0.2:40000)\n\
00:00:01.200 Trc 04542 EventDialing sent to [508] (0000000c Icon_Voice 10.0.0.3:42678)\n";

/// The lines of the log that belong to message blocks.
fn blocks(log: &str) -> Vec<&str> {
    let lines = log.lines().filter(|line| {
        line.starts_with(['@', '\t'])
            || line.starts_with("message ")
            || line.contains(" 04541 ")
            || line.contains(" 04542 ")
    });
    lines.collect()
}

fn grep(options: &[&str]) -> (Option<i32>, String) {
    let ended = run_with(&[&["log", "grep"], options, &["-"]].concat(), LOG.as_bytes());
    assert_eq!(ended.stderr, "", "{options:?}");
    (ended.code, ended.stdout)
}

fn part(from: &str, to: &str) -> String {
    let from = LOG.find(from).unwrap();
    LOG[from..].find(to).map_or(&LOG[from..], |length| &LOG[from..from + length]).to_owned()
}

#[test]
fn the_summary_says_what_is_in_a_log() {
    let ended = run_with(&["log", "-"], LOG.as_bytes()).with_code(0);
    assert_eq!(ended.stderr, "");
    let text = ended.stdout;
    for expected in [
        "2012-09-27 23:59:59.900 to 2012-09-28 00:00:01.200, 1.300 s\n",
        "\n4 messages\n",
        "\n  EventACK                                          1\n",
        "\n  REPORTING                                         2\n",
        "\n  OrchestrationServer                               1          1\n",
        "\n  Icon_Voice                                        0          1\n",
        "█",
        "\nno complaints\n",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let all = [evidence("icon_gud.log"), evidence("tserver_reporting.log")];
    let ended = run(&["log", "--format", "json", &all[0], &all[1]]).with_code(0);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["complaints"], 0);
    assert_eq!(summary["messages"]["EventUserEvent"], 3 + 1);
    assert_eq!(summary["messages"]["RequestDistributeUserEvent"], 1);
    assert_eq!(summary["applications"]["Stat_Server"]["received"], 1);
    assert_eq!(summary["dns"]["REPORTING"], 3 + 2);
}

#[test]
fn damage_is_counted_and_named() {
    let log = LOG.replace("'7002'", "'70").replace("message EventDialing", "message EventDialog");
    let text = run_with(&["log", "-"], log.as_bytes()).with_code(0).stdout;
    let end = "\n2 complaints\n  standard input: line 22: unreadable value \"'70\"\n  \
        standard input: line 24: \"EventDialog\" is not the name of a message\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn whole_blocks_are_found() {
    let first = part("23:59:59.900 Trc", "@");
    let ack = part("@23", "00:00:01.000 Trc");
    let call = part("00:00:01.000 Trc", "@00:00:01");
    let dialing = part("@00:00:01", "no end");
    for (options, expected) in [
        (&["--message", "EventACK"][..], ack.clone()),
        (&["--message", "EventACK", "--message", "EventDialing"], format!("{ack}{dialing}")),
        (&["--dn", "7002"], call.clone()),
        (&["--dn", "REPORTING"], format!("{first}{ack}")),
        (&["--conn-id", "71020000000EF8"], dialing.clone()),
        (&["--reference-id", "431", "--message", "EventACK"], ack.clone()),
        (&["--key", "inner"], first.clone()),
        (&["--key", "k", "--value", "it's"], first.clone()),
        (&["--value", "7002"], call.clone()),
        (&["--app", "Icon_Voice"], dialing.clone()),
        (&["--app", "Desktop"], format!("{call}{dialing}")),
        (&["--from-time", "23:59:59.901", "--to-time", "00:00:01"], format!("{ack}{call}")),
        (&["--from-time", "2012-09-28T00:00:00"], format!("{call}{dialing}")),
        (&["--to-time", "2012-09-28T00:00:00"], format!("{first}{ack}")),
        (&[], format!("{first}{ack}{call}{dialing}")),
    ] {
        assert_eq!(grep(options), (Some(0), expected), "{options:?}");
    }
    for options in
        [&["--key", "k", "--value", "it is"][..], &["--dn", "700"], &["--app", "Icon"], &["--message", "X"]]
    {
        assert_eq!(grep(options), (Some(1), String::new()), "{options:?}");
    }
    assert_eq!(grep(&["-c", "--dn", "7001"]), (Some(0), "2\n".to_owned()));
    assert_eq!(grep(&["-c", "--dn", "X"]), (Some(1), "0\n".to_owned()));
}

#[test]
fn lines_without_blocks_are_found_too() {
    let icon = evidence("icon_gud.log");
    let found = |options: &[&str]| run(&[&["log", "grep", "-c"], options, &[&icon]].concat());
    assert_eq!(found(&["--dn", "REPORTING"]).with_code(0).stdout, "3\n");
    assert_eq!(found(&["--app", "SIP_Server", "--message", "EventUserEvent"]).with_code(0).stdout, "3\n");
    assert_eq!(found(&["--key", "k"]).with_code(1).stdout, "0\n");
}

#[test]
fn json_lines_give_the_blocks_back() {
    let published = fs::read_to_string(evidence("tserver_reporting.log")).unwrap();
    let client = "request to 65200(TServer) message RequestRegisterAddress\n\tAttributeReferenceID\t2\n\
        received from 65200(SIP_Server)host:7007(fd=4) message EventRegistered(refid=2)\n\tAttributeReferenceID\t2\n";
    for log in [LOG, &published, client] {
        let json = run_with(&["log", "json", "-"], log.as_bytes()).with_code(0);
        assert_eq!(json.stderr, "");
        let text = run_with(&["log", "text", "-"], json.stdout.as_bytes()).with_code(0).stdout;
        if log == client {
            assert_eq!(text, client);
        } else {
            assert_eq!(text.lines().collect::<Vec<_>>(), blocks(log));
        }
        // And once more: the text is a log like any other.
        let again = run_with(&["log", "json", "-"], text.as_bytes()).with_code(0).stdout;
        let messages = |lines: &str| -> Vec<Value> {
            lines
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone())
                .collect()
        };
        assert_eq!(messages(&again), messages(&json.stdout));
    }
    let json = run_with(&["log", "json", "-"], LOG.as_bytes()).with_code(0).stdout;
    let line: Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["time"], "23:59:59.9010");
    assert_eq!(line["direction"], "sent");
    assert_eq!(line["utc"], "2012-09-27T21:59:59.901Z");
    assert_eq!(line["receivers"][0]["application"], "OrchestrationServer");
    assert_eq!(line["message"]["attributes"][1], serde_json::json!(["ReferenceID", "int", 431]));
}

#[test]
fn what_cannot_become_json_is_named() {
    let log = LOG.replace("'7002'", "'70").replace("message EventDialing", "message EventDialog");
    let ended = run_with(&["log", "json", "-"], log.as_bytes()).with_code(2);
    assert_eq!(ended.stdout.lines().count(), 3);
    assert_eq!(
        ended.stderr,
        "tbus: standard input: line 22: left out: unreadable value \"'70\"\n\
        tbus: standard input: line 24: left out: \"EventDialog\" is not the name of a message\n\
        tbus: left out 2 times, see above; the rest is written\n"
    );
    for (line, error) in [
        ("{", "line 1: no JSON: "),
        ("{}", "line 1: expected an object with `message`"),
        (
            "{\"message\":{\"message\":\"EventACK\"},\"client\":{}}",
            "line 1: client: handle: expected a number",
        ),
        (
            "{\"message\":{\"message\":\"EventACK\"},\"time\":\"a\\nb\"}",
            "line 1: time: has a control character",
        ),
    ] {
        let ended = run_with(&["log", "text", "-"], line.as_bytes()).with_code(2);
        assert!(ended.stderr.starts_with(&format!("tbus: standard input: {error}")), "{ended:?}");
    }
}

#[test]
fn wrong_usage_and_files_that_are_not_there() {
    for line in [&["log"][..], &["log", "grep"], &["log", "json"], &["log", "grep", "--from-time", "x", "-"]]
    {
        run(line).with_code(2);
    }
    for command in [&["log"][..], &["log", "grep"], &["log", "json"]] {
        let ended = run(&[command, &["no-such.log"]].concat()).with_code(2);
        assert_eq!(ended.stderr, "tbus: no-such.log: no such file\n");
        let ended = run(&[command, &["."]].concat()).with_code(2);
        assert_eq!(ended.stderr, "tbus: .: is a directory; name the files in it\n");
    }
}

/// `tbus log grep .. | head -1`
#[test]
fn a_capture_is_no_log() {
    let shipped = format!("{}/../../tests/captures/callback.pcapng", env!("CARGO_MANIFEST_DIR"));
    for command in [vec!["log"], vec!["log", "json"], vec!["log", "grep", "--dn", "7001"]] {
        let ended = run(&[command, vec![&shipped]].concat()).with_code(2);
        assert!(ended.stderr.contains("callback.pcapng: is a packet capture"), "{}", ended.stderr);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.log");
    fs::write(&path, LOG.repeat(2000)).unwrap();
    for command in ["grep", "json"] {
        let mut child =
            tbus(["log", command, path.to_str().unwrap()]).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""), "{command}");
    }
}
