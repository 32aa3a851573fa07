//! `tbus replay`: the published log again, as its clients and as its server.

use std::fs;

use crate::support::{Running, evidence, run, run_with};

const PUBLISHED: &str = include_str!("../../../../tests/evidence/tserver_reporting.log");

/// The lines from the request to its last receiver, without what belongs to the moment: times, sequence numbers, handles, client ids,
/// ports.
fn block(log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().collect();
    let first =
        lines.iter().position(|line| line.contains("Interaction message \"RequestDistributeUserEvent\""));
    let last = lines.iter().rposition(|line| line.contains(" 04542 EventUserEvent sent to"));
    let lines = &lines[first.unwrap_or_else(|| panic!("{log}"))..=last.unwrap_or_else(|| panic!("{log}"))];
    let masked = lines.iter().map(|line| {
        if line.contains("AttributeEventSequenceNumber") || line.contains("AttributeTimein") {
            return line.split_terminator('\t').take(2).collect::<Vec<_>>().join("\t");
        }
        if line.starts_with('@') {
            return format!("@ {}", line.split_once(' ').unwrap().1);
        }
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            let (_, line) = line.split_once(' ').unwrap();
            let words = line.split(' ').filter(|word| !word.contains(['[', ':']) && !word.starts_with('('));
            return words
                .filter(|word| word.parse::<u32>().is_err() || word.len() == 5)
                .collect::<Vec<_>>()
                .join(" ");
        }
        (*line).to_owned()
    });
    masked.collect()
}

#[cfg(unix)]
#[test]
fn the_published_log_produces_its_own_block_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("server.log");
    let log = log.to_str().unwrap();
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--log", log]);
    let published = evidence("tserver_reporting.log");
    let ended = run(&["replay", &published, "--to", &server.address]).with_code(0);
    assert_eq!(ended.stderr, "");
    let expected = "read 2 messages\nsent 1 (1 rebuilt) over 4 connections, 1 answered\nskipped 2\n        2  events, sent by the server itself\n";
    assert_eq!(ended.stdout, expected);
    server.signal("-TERM");
    server.end().with_code(0);
    assert_eq!(block(&fs::read_to_string(log).unwrap()), block(PUBLISHED));

    // What this server has logged can be replayed in the same way, and so on.
    let again = folder.path().join("again.log");
    let again = again.to_str().unwrap();
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--log", again]);
    let ended = run(&["replay", log, "--to", &server.address, "--speed", "max"]).with_code(0);
    assert!(ended.stdout.contains("sent 4 over 4 connections, 4 answered\n"), "{}", ended.stdout);
    server.signal("-TERM");
    server.end().with_code(0);
    assert_eq!(block(&fs::read_to_string(again).unwrap()), block(PUBLISHED));
}

#[test]
fn a_registered_client_gets_the_captured_event() {
    let published = evidence("tserver_reporting.log");
    let server = Running::start(&[
        "replay",
        "--as",
        "server",
        "--listen",
        "127.0.0.1:0",
        "--times",
        "keep",
        "--sequence",
        "keep",
        &published,
    ]);
    let watch =
        ["watch", "--dn", "REPORTING", "--count", "1", "--format", "json", "--server", &server.address];
    let event = run(&watch).with_code(0).stdout;
    let frames = run(&["encode", &published]).with_code(0).stdout;
    let captured = run(&["decode", "--format", "json", frames.lines().nth(1).unwrap()]).stdout;
    assert_eq!(event, captured);
    let ended = server.end().with_code(0);
    assert!(
        ended.stdout.starts_with("read 2 messages\nsent 1, received 1 times\nskipped 1\n"),
        "{}",
        ended.stdout
    );
}

/// Requests of two applications in turn, with ReferenceIDs that both use.
fn interleaved(requests: u32) -> String {
    let mut log = String::new();
    for n in 0..requests {
        let (handle, name) = [(516, "A"), (520, "B"), (520, "B")][n as usize % 3];
        log += &format!(
            "10:00:{:02}.{:03} Trc 04541 RequestDistributeUserEvent received from [{handle}] (0000000{} {name} 10.0.0.1:40727)\n\
             message RequestDistributeUserEvent\n\tAttributeReferenceID\t{}\n\tAttributeCommunicationDN\t'REPORTING'\n\
             \tAttributeUserData\t[17] 00 01 01 00..\n\t\t'number'\t{n}\n",
            n / 1000,
            n % 1000,
            handle % 10,
            n / 2 + 1,
        );
    }
    log
}

#[test]
fn the_order_is_kept_over_all_connections() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("captured.log");
    fs::write(&file, interleaved(90)).unwrap();
    let server = Running::server();
    let watch = Running::start(&[
        "watch",
        "--dn",
        "REPORTING",
        "--count",
        "180",
        "--format",
        "json",
        "--server",
        &server.address,
    ]);
    let file = file.to_str().unwrap();
    let ended = run(&["replay", file, "--to", &server.address, "--speed", "max", "--loop", "2"]).with_code(0);
    assert!(
        ended.stdout.contains("sent 180 over 2 connections, 180 answered\nskipped 0\n"),
        "{}",
        ended.stdout
    );
    let events = watch.end().with_code(0).stdout;
    let numbers: Vec<u32> = events
        .lines()
        .map(|line| {
            let rest = line.split_once("[\"number\",\"int\",").unwrap().1;
            rest.split_once(']').unwrap().0.parse().unwrap()
        })
        .collect();
    assert_eq!(numbers, (0..90).chain(0..90).collect::<Vec<_>>());
}

#[test]
fn calls_are_followed_to_their_new_conn_ids() {
    let log = "10:00:00.000 Trc 04541 RequestRegisterAddress received from [520] (00000004 Desktop 10.0.0.2:40000)\n\
        message RequestRegisterAddress\n\tAttributeReferenceID\t1\n\tAttributeThisDN\t'7001'\n\tAttributeRegisterMode\t0\n\
        10:00:00.001 Trc 04541 RequestMakeCall received from [520] (00000004 Desktop 10.0.0.2:40000)\n\
        message RequestMakeCall\n\tAttributeReferenceID\t2\n\tAttributeThisDN\t'7001'\n\tAttributeOtherDN\t'7002'\n\
        @10:00:00.0010 [0] 8.1.000.62 distribute_response: message EventDialing\n\tAttributeReferenceID\t2\n\
        \tAttributeConnID\t0071020000000ef8\n\tAttributeThisDN\t'7001'\n\
        10:00:00.002 Trc 04541 RequestReleaseCall received from [520] (00000004 Desktop 10.0.0.2:40000)\n\
        message RequestReleaseCall\n\tAttributeReferenceID\t3\n\tAttributeThisDN\t'7001'\n\
        \tAttributeConnID\t0071020000000ef8\n";
    let server = Running::server();
    let replay = ["replay", "-", "--to", &server.address, "--speed", "max"];
    let ended = run_with(&replay, log.as_bytes());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.contains("sent 3 over 1 connection, 3 answered\n"), "{}", ended.stdout);
    // The call that the captured ConnID names is not there.
    let kept = run_with(&[&replay[..], &["--conn-ids", "keep"]].concat(), log.as_bytes()).with_code(2);
    assert!(kept.stderr.contains("Desktop: RequestReleaseCall: EventError"), "{}", kept.stderr);
}

#[test]
fn equal_reference_ids_of_two_applications_are_told_apart() {
    let mut log = String::new();
    let applications = [("A", "7001", "7003", "ef8"), ("B", "7002", "7004", "ef9")];
    let mut request = |name: &str, app: &str, dn: &str, rest: &str| {
        log += &format!(
            "10:00:00.000 Trc 04541 {name} received from [5] (00000004 {app} 10.0.0.2:40000)\n\
             message {name}\n\tAttributeThisDN\t'{dn}'\n{rest}"
        );
    };
    for (app, dn, ..) in applications {
        request("RequestRegisterAddress", app, dn, "\tAttributeReferenceID\t1\n\tAttributeRegisterMode\t0\n");
    }
    for (app, dn, other, _) in applications {
        let rest = format!("\tAttributeReferenceID\t2\n\tAttributeOtherDN\t'{other}'\n");
        request("RequestMakeCall", app, dn, &rest);
    }
    let dialing = applications.map(|(_, dn, _, call)| {
        format!(
            "@10:00:00.0010 [0] 8.1.000.62 distribute_response: message EventDialing\n\tAttributeReferenceID\t2\n\
             \tAttributeConnID\t0071020000000{call}\n\tAttributeThisDN\t'{dn}'\n"
        )
    });
    log += &dialing.concat();
    let mut request = |app: &str, dn: &str, call: &str| {
        log += &format!(
            "10:00:00.002 Trc 04541 RequestReleaseCall received from [5] (00000004 {app} 10.0.0.2:40000)\n\
             message RequestReleaseCall\n\tAttributeReferenceID\t3\n\tAttributeThisDN\t'{dn}'\n\
             \tAttributeConnID\t0071020000000{call}\n"
        );
    };
    for (app, dn, _, call) in applications {
        request(app, dn, call);
    }
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.toml");
    let dns =
        ["7001", "7002", "7003", "7004"].map(|dn| format!("[[dn]]\nnumber = '{dn}'\ntype = 'Extension'\n"));
    fs::write(&world, dns.concat()).unwrap();
    let world = world.to_str().unwrap();
    let server =
        Running::start(&["serve", "--world", world, "--listen", "127.0.0.1:0", "--log-level", "none"]);
    let ended = run_with(&["replay", "-", "--to", &server.address, "--speed", "max"], log.as_bytes());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.contains("sent 6 over 2 connections, 6 answered\n"), "{}", ended.stdout);
}

#[test]
fn a_packet_capture_is_replayed_too() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/captures/callback.pcapng");
    let ended = run(&["replay", "--dry-run", capture]).with_code(0);
    assert!(
        ended.stdout.contains(" RequestDistributeUserEvent") && ended.stdout.contains(", packet "),
        "{}",
        ended.stdout
    );
    let ended = run(&["replay", "--as", "server", "--dry-run", capture]).with_code(0);
    assert!(
        ended.stdout.contains(" EventUserEvent ") && !ended.stdout.contains(" EventACK"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_dry_run_says_what_would_be_sent() {
    let published = evidence("tserver_reporting.log");
    let expected = "registers first: Icon_Voice on REPORTING\nregisters first: Stat_Server on REPORTING\n\
        registers first: Universal_Routing_Server on REPORTING\n\
        00:34:20.757 OrchestrationServer RequestDistributeUserEvent (rebuilt), line 1\n\
        read 2 messages\nwould send 1 (1 rebuilt)\nskipped 2\n        2  events, sent by the server itself\n";
    assert_eq!(run(&["replay", "--dry-run", &published]).with_code(0).stdout, expected);
    let nothing = run(&["replay", "--dry-run", "--app", "Nobody", &published]).with_code(1);
    assert!(nothing.stdout.contains("        1  left out by a filter\n"), "{}", nothing.stdout);
    let heard =
        run(&["replay", "--as", "server", "--dry-run", "--app", "Stat_Server", &published]).with_code(0);
    assert!(heard.stdout.contains(" EventUserEvent REPORTING, line 12\n"), "{}", heard.stdout);
    let gud = run(&["replay", "--dry-run", &evidence("icon_gud.log")]).with_code(1);
    assert!(gud.stdout.contains("named by line 04543 only"), "{}", gud.stdout);
}

#[test]
fn damaged_blocks_are_named_and_mistakes_are_told() {
    let published = PUBLISHED.replacen("'inbound-delay'", "'inbound-delay", 1);
    let ended = run_with(&["replay", "--dry-run", "-"], published.as_bytes()).with_code(1);
    assert!(ended.stderr.contains("standard input: line 12: left out: line 18"), "{}", ended.stderr);
    for (arguments, message) in [
        (&["replay", "no-such-file.log"][..], "tbus: no-such-file.log: no such file\n"),
        (&["replay", "-", "--loop", "2"], "tbus: standard input can be read only once\n"),
    ] {
        assert_eq!(run(arguments).with_code(2).stderr, message);
    }
    let speed = run(&["replay", "x.log", "--speed", "fast"]).with_code(2);
    assert!(speed.stderr.contains("expected a number of times such as 1, 10 or 0.5"), "{}", speed.stderr);
    let nobody = run(&["replay", &evidence("tserver_reporting.log"), "--to", "127.0.0.1:1"]).with_code(3);
    assert!(nobody.stderr.contains("127.0.0.1:1"), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("--to names another one"), "{}", nobody.stderr);
}

#[test]
fn every_message_waits_for_enter() {
    let server = Running::server();
    let published = evidence("tserver_reporting.log");
    // Two rounds, one line: the end of standard input sends the rest.
    let replay = ["replay", &published, "--to", &server.address, "--step", "--loop", "2"];
    let ended = run_with(&replay, b"\n").with_code(0);
    let line =
        "00:34:20.757 OrchestrationServer RequestDistributeUserEvent (rebuilt), line 1; Enter sends it\n";
    assert_eq!(ended.stderr, line.repeat(2));
    assert!(ended.stdout.contains("sent 2 (2 rebuilt) over 4 connections, 2 answered\n"), "{}", ended.stdout);
}

/// A client's log with a request for each time and DN.
fn client_log(name: &str, date: Option<&str>, requests: &[(&str, &str)]) -> String {
    let mut log = format!("Application name: {name}\n");
    if let Some(date) = date {
        log += &format!("UTC time:  {date}T00:00:00.000\nLocal time:  {date}T00:00:00.000\n");
    }
    for (time, dn) in requests {
        log += &format!(
            "{time} Trc 1 x\nrequest to 1(TServer) message RequestQueryAddress\n\tAttributeThisDN\t'{dn}'\n"
        );
    }
    log
}

/// The DNs and clients of what a dry run of these files would send, in its order.
fn order(logs: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<String> =
        (0..logs.len()).map(|n| folder.path().join(n.to_string()).display().to_string()).collect();
    for (file, log) in files.iter().zip(logs) {
        fs::write(file, log).unwrap();
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let ended = run(&[&["replay", "--dry-run"], &files[..]].concat()).with_code(0);
    let lines = ended.stdout.lines().filter(|line| line.contains(", line "));
    lines
        .map(|line| {
            line.split([' ', ','])
                .skip(1)
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
                .replace("RequestQueryAddress ", "")
        })
        .collect()
}

#[test]
fn logs_of_several_applications_are_merged_by_time() {
    let a = [("10:00:00.000", "1"), ("10:00:02.000", "3"), ("10:00:02.000", "4"), ("10:00:05.000", "7")];
    let b = [("10:00:01.000", "2"), ("10:00:02.000", "5"), ("10:00:04.000", "6")];
    let merged = ["A 1", "B 2", "A 3", "A 4", "B 5", "A 7"];
    for date in [None, Some("2024-05-01")] {
        let logs = [client_log("A", date, &a), client_log("B", date, &b)];
        let expected = [&merged[..5], &["B 6"], &merged[5..]].concat();
        assert_eq!(order(&logs), expected, "{date:?}");
    }
    // With dates, the order in which they are named does not matter, and one that begins when others have ended waits.
    let date = Some("2024-05-01");
    let c = client_log("C", Some("2024-05-02"), &[("09:00:00.000", "8")]);
    let logs = [c.clone(), client_log("B", date, &b), client_log("A", date, &a)];
    assert_eq!(order(&logs), ["A 1", "B 2", "A 3", "A 4", "B 5", "B 6", "A 7", "C 8"]);
    // The clock of a file that goes back does not change its own order.
    let back = client_log("A", date, &[("10:00:03.000", "1"), ("10:00:02.500", "2")]);
    assert_eq!(order(&[back, client_log("B", date, &b[1..])]), ["B 5", "A 1", "A 2", "B 6"]);
}

#[test]
fn segments_of_a_log_are_read_one_after_the_other() {
    let first = client_log("A", None, &[("23:59:59.000", "1"), ("00:00:01.000", "2")]);
    // No header, no date, an earlier time of day: the next segment of the same log.
    let second = client_log("A", None, &[("00:00:02.000", "3")]);
    let second = second.split_once('\n').unwrap().1.to_owned();
    assert_eq!(order(&[first.clone(), second]), ["A 1", "A 2", "A 3"]);
    let dated = |date, time, dn| client_log("A", Some(date), &[(time, dn)]);
    let days = [dated("2024-05-01", "23:00:00.000", "1"), dated("2024-05-02", "01:00:00.000", "2")];
    assert_eq!(order(&days), ["A 1", "A 2"]);
    assert_eq!(order(&[days[1].clone(), days[0].clone()]), ["A 1", "A 2"]);
    // A file that names nothing and one that is empty disturb nobody.
    assert_eq!(order(&[String::new(), first, String::new(), "x\n".to_owned()]), ["A 1", "A 2"]);
}

#[test]
fn a_log_and_a_capture_are_merged() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/captures/callback.pcapng");
    let captured = run(&["replay", "--dry-run", capture]).with_code(0).stdout;
    let captured: Vec<&str> = captured.lines().filter(|line| line.contains(", packet ")).collect();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, client_log("A", Some("1971-01-01"), &[("10:00:00.000", "1")])).unwrap();
    let ended = run(&["replay", "--dry-run", capture, log.to_str().unwrap()]).with_code(0).stdout;
    let all: Vec<&str> =
        ended.lines().filter(|line| line.contains(", packet ") || line.contains(", line ")).collect();
    assert!(all[0].starts_with("10:00:00.000 A RequestQueryAddress 1"), "{ended}");
    assert_eq!(all[1..], captured);
}

#[cfg(unix)]
#[test]
fn calls_of_two_clients_with_the_same_reference_stay_apart() {
    let log = |name: &str, dn: &str, other: &str, conn: &str, at: u32| {
        let request = |second: u32, name: &str, attributes: &str| {
            format!("10:00:{second:02}.000 Trc 1 x\nrequest to 1(TServer) message {name}\n{attributes}")
        };
        let this = format!("\tAttributeThisDN\t'{dn}'\n");
        [
            format!("Application name: {name}\n"),
            request(at, "RequestRegisterAddress", &format!("\tAttributeReferenceID\t1\n{this}")),
            request(10 + at, "RequestMakeCall", &format!("\tAttributeReferenceID\t2\n{this}\tAttributeOtherDN\t'{other}'\n")),
            format!("10:00:{:02}.500 Trc 1 x\nreceived from 1(S)host:1(fd=1) message EventDialing\n\tAttributeReferenceID\t2\n{this}\tAttributeConnID\t{conn}\n", 14 - at),
            request(20 + at, "RequestReleaseCall", &format!("\tAttributeReferenceID\t3\n{this}\tAttributeConnID\t{conn}\n")),
        ]
        .concat()
    };
    let folder = tempfile::tempdir().unwrap();
    let files = ["a.log", "b.log"].map(|name| folder.path().join(name).display().to_string());
    // The answers come in the other order than the requests.
    fs::write(&files[0], log("A", "7001", "7002", "00000000000000aa", 1)).unwrap();
    fs::write(&files[1], log("B", "7039", "REPORTING", "00000000000000bb", 2)).unwrap();
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0"]);
    let ended =
        run(&["replay", &files[0], &files[1], "--to", &server.address, "--speed", "max"]).with_code(0);
    assert!(ended.stdout.contains("sent 6 over 2 connections, 6 answered\n"), "{}", ended.stdout);
}
