//! `tbus app`: Stat Server and URS, as users run them.

use std::fs;

use crate::support::{Running, run};

fn send(server: &str, pairs: &[&str]) {
    run(&[&["send", "--server", server], pairs].concat()).with_code(0);
}

#[test]
fn stat_server_counts_and_ends() {
    let server = Running::server();
    let line = [
        "app",
        "stat-server",
        "--server",
        &server.address,
        "--key",
        "gms_ServiceName",
        "--key",
        "n",
        "--max-values",
        "2",
        "--count",
        "4",
        "--timeout",
        "20s",
    ];
    let stat_server = Running::start(&line);
    send(&server.address, &["gms_ServiceName=inbound", "n:=1"]);
    send(&server.address, &["gms_ServiceName=inbound", "n:=2"]);
    send(&server.address, &["gms_ServiceName=outbound", "n:=3"]);
    send(&server.address, &["other=x"]);
    let ended = stat_server.end().with_code(0);
    let (head, rest) = ended.stdout.split_once('\n').unwrap();
    assert!(head.contains(": 4 user events, 0 other events since 20"), "{head}");
    let expected = "\
DN                                            current  since start other events
  REPORTING                                         4            4            0
gms_ServiceName                               current  since start
  'inbound'                                         2            2
  'outbound'                                        1            1
  (absent)                                          1            1
n                                             current  since start
  '1'                                               1            1
  '2'                                               1            1
  (others)                                          1            1
  (absent)                                          1            1
";
    assert_eq!(rest, expected);
    assert!(ended.stderr.starts_with("registered on REPORTING at 127.0.0.1:"), "{}", ended.stderr);
    assert!(ended.stderr.contains(" as Stat_Server; waiting\n"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn a_signal_has_the_counts_printed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("stat.log");
    let log = log.to_str().unwrap();
    let server = Running::server();
    let line =
        ["app", "stat-server", "--server", &server.address, "--format", "json", "--key", "k", "--log", log];
    let stat_server = Running::start(&line);
    send(&server.address, &["k=v"]);
    // The event is handed on when it is in the log, and the signal comes after it.
    let start = std::time::Instant::now();
    while !fs::read_to_string(log).unwrap().contains("04543 Interaction message") {
        assert!(start.elapsed() < crate::support::PATIENCE);
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
    stat_server.signal("-USR1");
    stat_server.signal("-TERM");
    let ended = stat_server.end().with_code(0);
    let objects: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = objects.last().unwrap();
    assert_eq!(last["userEvents"]["total"], 1);
    assert_eq!(last["dns"][0]["dn"], "REPORTING");
    assert_eq!((&last["keys"][0]["value"], &last["keys"][0]["total"]), (&"v".into(), &1.into()));
    // One print for the signal, one at the end; what came before the first is not current in the second.
    assert_eq!(objects.len(), 2, "{}", ended.stdout);
    assert_eq!(objects[0]["userEvents"]["current"], 1);
    assert_eq!(last["userEvents"]["current"], 0);
    let text = fs::read_to_string(log).unwrap();
    assert!(text.contains("Application name: Stat_Server\nApplication type: Stat Server\n"), "{text}");
    let summary = run(&["log", log]).with_code(0).stdout;
    assert!(summary.contains("no complaints") && summary.contains("EventUserEvent"), "{summary}");
}

#[test]
fn the_log_of_urs_is_read_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("urs.log");
    let log = log.to_str().unwrap();
    let server = Running::server();
    let line = ["app", "urs", "--server", &server.address, "--log", log, "--count", "2"];
    let urs = Running::start(&line);
    send(&server.address, &["a=1", "ServiceName=first"]);
    send(&server.address, &["a=2", "empty="]);
    urs.end().with_code(0);

    let text = fs::read_to_string(log).unwrap();
    assert!(text.starts_with("Application name: Universal_Routing_Server\n"), "{text}");
    for heading in [
        " request to 65200(SIP_Server) message RequestRegisterAddress\n",
        &format!(" received from 65200(SIP_Server){}(fd=1) message EventUserEvent(refid=", server.address),
    ] {
        assert!(text.contains(heading), "{heading}: {text}");
    }
    assert!(run(&["log", log]).with_code(0).stdout.contains("no complaints"));

    // As client: what it has asked.
    let ended = run(&["replay", log, "--to", &server.address, "--speed", "max"]).with_code(0);
    assert!(ended.stdout.contains("sent 1 over 1 connection, 1 answered\n"), "{}", ended.stdout);
    // As server: what it has heard, to whoever registers now.
    let again =
        Running::start(&["replay", log, "--as", "server", "--listen", "127.0.0.1:0", "--speed", "max"]);
    let watch =
        ["watch", "--dn", "REPORTING", "--count", "2", "--timeout", "20s", "--server", &again.address];
    let heard = run(&watch).with_code(0).stdout;
    let pairs: Vec<_> = heard.lines().filter(|line| line.starts_with("\t\t'")).collect();
    assert_eq!(pairs, ["\t\t'a'\t'1'", "\t\t'ServiceName'\t'first'", "\t\t'a'\t'2'", "\t\t'empty'\t''"]);
    again.end().with_code(0);
}

#[test]
fn errors_name_what_to_do() {
    let server = Running::server();
    let ended = run(&["app", "urs", "--dn", "reporting", "--server", &server.address]).with_code(2);
    assert!(
        ended.stderr.contains("reporting: ") && ended.stderr.contains("did you mean REPORTING?"),
        "{}",
        ended.stderr
    );
    let line = ["app", "stat-server", "--server", &server.address, "--count", "1", "--timeout", "1ms"];
    let ended = run(&line).with_code(1);
    assert!(ended.stderr.contains("time-out: 0 of 1 user events came within 1ms"), "{}", ended.stderr);
    let ended = run(&["app", "stat-server", "--server", "127.0.0.1:1"]).with_code(3);
    assert!(ended.stderr.contains("cannot connect to 127.0.0.1:1"), "{}", ended.stderr);
    let ended = run(&["app", "stat-server", "--every", "0s"]).with_code(2);
    assert!(ended.stderr.contains("expected more than 0"), "{}", ended.stderr);
}
