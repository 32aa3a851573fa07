//! `tbus world infer`: a world from traffic, with which the traffic can be replayed.

use std::fs;
use std::path::Path;

use crate::support::{Running, evidence, run, run_with};

/// The lines of a log that name messages, in their order.
fn messages(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.split("message ").nth(1)).collect()
}

fn arguments<'a>(first: &[&'a str], path: &'a Path) -> Vec<&'a str> {
    first.iter().copied().chain([path.to_str().unwrap()]).collect()
}

#[cfg(unix)]
#[test]
fn the_published_log_replays_against_its_own_world() {
    let folder = tempfile::tempdir().unwrap();
    let (world, log) = (folder.path().join("world.toml"), folder.path().join("server.log"));
    let published = evidence("tserver_reporting.log");
    let ended = run(&arguments(&["world", "infer", &published, "-o"], &world)).with_code(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));

    let serve = ["serve", "--listen", "127.0.0.1:0", "--world", world.to_str().unwrap(), "--log"];
    let server = Running::start(&arguments(&serve, &log));
    let ended = run(&["replay", &published, "--to", &server.address]).with_code(0);
    assert!(ended.stdout.contains("sent 1 (1 rebuilt) over 4 connections, 1 answered\n"), "{}", ended.stdout);
    server.signal("-TERM");
    server.end().with_code(0);
    // The block again: both events with the attributes and pairs of the published ones, times and sequence numbers apart.
    let block = |log: &str| -> Vec<String> {
        let first = log.find("-- Absent ThisDN").unwrap();
        let lines = log[first..].lines().filter(|line| line.starts_with('\t') || line.starts_with("-- "));
        let lines = lines.filter(|line| !line.contains("SequenceNumber") && !line.contains("Timein"));
        lines.map(str::to_owned).collect()
    };
    let published = fs::read_to_string(published).unwrap();
    let replayed = block(&fs::read_to_string(&log).unwrap());
    assert!(replayed.len() > 20, "{replayed:?}");
    assert_eq!(replayed, block(&published));

    // The world of what was replayed is the same, but for what this log shows beyond the published one.
    let again = run(&arguments(&["world", "infer"], &log)).with_code(0).stdout;
    let value = |text: &str, key: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with(key));
        lines.map(|line| line.split(" #").next().unwrap().to_owned()).collect()
    };
    let first = fs::read_to_string(&world).unwrap();
    assert_eq!(value(&again, "number"), value(&first, "number"));
    let mut names = [value(&again, "name"), value(&first, "name")];
    names.iter_mut().for_each(|names| names.sort());
    assert_eq!(names[0], names[1]);
}

#[cfg(unix)]
#[test]
fn agents_and_calls_replay_against_their_world() {
    const LOG: &str = "00:00:01.000 Trc 04541 RequestRegisterAddress received from [1] (00000001 Desk 10.0.0.1:1)\n\
        message RequestRegisterAddress\n\tAttributeReferenceID\t1\n\tAttributeThisDN\t'5001'\n\
        00:00:01.001 Trc 04541 RequestRegisterAddress received from [1] (00000001 Desk 10.0.0.1:1)\n\
        message RequestRegisterAddress\n\tAttributeReferenceID\t2\n\tAttributeThisDN\t'8000'\n\
        00:00:01.002 Trc 04541 RequestAgentLogin received from [1] (00000001 Desk 10.0.0.1:1)\n\
        message RequestAgentLogin\n\tAttributeReferenceID\t3\n\tAttributeThisDN\t'5001'\n\tAttributeAgentID\t'A7'\n\tAttributePassword\t'pw'\n\
        00:00:01.003 Trc 04541 RequestMakeCall received from [1] (00000001 Desk 10.0.0.1:1)\n\
        message RequestMakeCall\n\tAttributeReferenceID\t4\n\tAttributeThisDN\t'5001'\n\tAttributeOtherDN\t'8000'\n\
        @00:00:01.0040 [0] 8.1.101.05 distribute_call_event: message EventQueued\n\tAttributeThisDN\t'8000'\n";
    let folder = tempfile::tempdir().unwrap();
    let (world, log) = (folder.path().join("world.toml"), folder.path().join("server.log"));
    let given = folder.path().join("given.log");
    fs::write(&given, LOG).unwrap();
    let given = given.to_str().unwrap();
    run(&arguments(&["world", "infer", given, "-o"], &world)).with_code(0);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--world", world.to_str().unwrap(), "--log"];
    let server = Running::start(&arguments(&serve, &log));
    let ended = run(&["replay", given, "--to", &server.address, "--speed", "max"]).with_code(0);
    assert!(ended.stdout.contains("sent 4 over 1 connection, 4 answered\n"), "{}", ended.stdout);
    server.signal("-TERM");
    server.end().with_code(0);
    let text = fs::read_to_string(&log).unwrap();
    let all = messages(&text);
    for name in ["EventAgentLogin", "EventDialing", "EventQueued"] {
        assert!(all.contains(&name), "{all:?}");
    }
    assert!(!all.contains(&"EventError") && !all.contains(&"EventRinging"), "{all:?}");
}

#[test]
fn a_world_file_is_not_replaced_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.toml");
    fs::write(&path, "mine").unwrap();
    let published = evidence("tserver_reporting.log");
    let ended = run(&arguments(&["world", "infer", &published, "-o"], &path)).with_code(2);
    assert!(
        ended.stderr.contains("is there already; choose another name, or replace it with --force"),
        "{ended:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    run(&arguments(&["world", "infer", &published, "--force", "-o"], &path)).with_code(0);
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("# Inferred from 2 messages."), "{written}");
    assert_eq!(run(&["world", "infer", &published]).with_code(0).stdout, written);
    let shown = run(&["world", "infer", "--examples", &published]).with_code(0).stdout;
    assert!(
        shown.contains("1 string, such as inbound-delay\n") && !written.contains("inbound-delay"),
        "{shown}"
    );
}

#[test]
fn what_is_no_traffic_gives_no_world() {
    let ended = run_with(&["world", "infer", "-"], b"hello\nworld\n").with_code(1);
    assert_eq!(ended.stderr, "tbus: no message in what was read, so there is no world to infer\n");
    assert_eq!(ended.stdout, "");
    let ended = run(&["world", "infer", "no-such-file"]).with_code(2);
    assert_eq!(ended.stderr, "tbus: no-such-file: no such file\n");
    run_with(&["world", "infer", "-"], b"\x0A\x0D\x0D\x0Anonsense").with_code(2);
}
