//! serve, watch and send together, over real sockets.

use std::io::Write;
use std::net::TcpListener;
use std::time::Instant;

use crate::support::{PATIENCE, Running, evidence, run, run_with};

#[test]
fn what_is_sent_is_watched() {
    let server = Running::server();
    let address = server.address.as_str();
    let watch = Running::start(&[
        "watch",
        "--dn",
        "REPORTING",
        "--count",
        "2",
        "--timeout",
        "20s",
        "--server",
        address,
    ]);
    assert_eq!(watch.address, address);
    let ready_file = watch.ready_file.clone();
    let pairs = ["gms_ServiceName=inbound-delay", "n:=3", "e=", "l:={\"a\":\"b\",\"n\":1}"];
    let options = ["--ani", "777", "--dnis", "333", "--reference-id", "431", "--server", address];
    let ack = run(&[&["send"], &pairs[..], &options].concat()).with_code(0);
    assert!(ack.stdout.starts_with("message EventACK\n"), "{}", ack.stdout);
    assert!(ack.stdout.contains("\tAttributeReferenceID\t431\n"), "{}", ack.stdout);
    run(&["send", "--json", "{\"second\": 2}", "--server", address]).with_code(0);

    let ended = watch.end().with_code(0);
    assert!(!ready_file.exists());
    let expected = format!("registered on REPORTING at {address} as watch-1 (ModeShare); waiting\n");
    assert_eq!(ended.stderr, expected);
    let blocks: Vec<_> = ended.stdout.trim_end().split("\n\n").collect();
    assert_eq!(blocks.len(), 2, "{}", ended.stdout);
    let data =
        "'gms_ServiceName'\t'inbound-delay'\n\t\t'n'\t3\n\t\t'e'\t''\n\t\t'l'(list) 'a'\t'b'\n\t\t\t'n'\t1\n";
    assert!(blocks[0].starts_with("message EventUserEvent\n") && blocks[0].contains(data), "{}", blocks[0]);
    assert!(blocks[0].contains("\tAttributeANI\t'777'\n\tAttributeDNIS\t'333'\n"), "{}", blocks[0]);
    assert!(blocks[1].contains("\t\t'second'\t2\n"), "{}", blocks[1]);
}

#[test]
fn the_published_log_is_sent_again() {
    let server = Running::server();
    let address = server.address.as_str();
    let line = ["watch", "--dn", "REPORTING", "--count", "1", "--format", "json", "--server", address];
    let watch = Running::start(&line);
    let log = evidence("tserver_reporting.log");
    run(&["send", "--from-log", &log, "--server", address]).with_code(0);
    let event = watch.end().with_code(0).stdout;
    assert_eq!(event.lines().count(), 1, "{event}");
    let published =
        run(&["decode", "--format", "json", run(&["encode", &log]).stdout.lines().nth(1).unwrap()]).stdout;
    // All but sequence number and time.
    let rest = |json: &str| json.split_once("[\"UserEvent\"").unwrap().1.to_owned();
    assert_eq!(rest(&event), rest(&published));
}

#[test]
fn from_log_finds_the_request() {
    let server = Running::server();
    let send =
        |log: &str| run_with(&["send", "--from-log", "-", "--server", &server.address], log.as_bytes());
    let request = "message RequestDistributeUserEvent\n\tAttributeCommunicationDN\t'7001'\n\tAttributeReferenceID\t77\n";
    let ended = send(&format!("message EventRegistered\n\n{request}")).with_code(0);
    assert!(
        ended.stdout.contains("\tAttributeReferenceID\t77\n\tAttributeThisDN\t'7001'\n"),
        "{}",
        ended.stdout
    );
    let ended = send("message RequestRegisterClient\nmessage RequestQueryServer\n").with_code(0);
    assert!(ended.stdout.starts_with("message EventServerInfo\n"), "{}", ended.stdout);
    let ended = send("message EventRegistered\n").with_code(2);
    assert!(ended.stderr.contains("no user event and no request in it"), "{}", ended.stderr);
    let ended = send("message RequestDistributeUserEvent\n\tAttributeANI\t'1'\n").with_code(0);
    assert!(ended.stdout.contains("\tAttributeThisDN\t'REPORTING'\n"), "the default DN: {}", ended.stdout);
    let ended = send("message EventUserEvent\n\tAttributeThisDN\t'7002'\n").with_code(0);
    assert!(ended.stdout.contains("\tAttributeThisDN\t'7002'\n"), "{}", ended.stdout);
}

#[test]
fn a_damaged_block_is_not_sent() {
    let server = Running::server();
    let log = "message RequestDistributeUserEvent\n\tAttributeReferenceID\t77\n\tAttributeBogus\t1\n";
    let line = ["send", "--from-log", "-", "--server", &server.address];
    let ended = run_with(&line, log.as_bytes()).with_code(2);
    assert_eq!(ended.stdout, "");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("tbus: standard input: line 3: left out: AttributeBogus"), "{lines:?}");
    let expected =
        "tbus: standard input: 1 line cannot be read, nothing is sent; send it all the same with --partial";
    assert_eq!(lines[1], expected);
    let ended = run_with(&[&line[..], &["--partial"]].concat(), log.as_bytes()).with_code(0);
    assert!(ended.stdout.contains("\tAttributeReferenceID\t77\n"), "{}", ended.stdout);
    assert!(ended.stderr.starts_with("tbus: standard input: line 3: left out: AttributeBogus"), "{ended:?}");
    for other in [&["a=b"][..], &["--json", "{}"], &[]] {
        run(&[&["send", "--partial", "--server", &server.address], other].concat()).with_code(2);
    }
}

#[test]
fn a_call_is_made_from_a_registered_dn() {
    let server = Running::server();
    let call =
        r#"{"message":"RequestMakeCall","attributes":[["ThisDN","str","7001"],["OtherDN","str","7002"]]}"#;
    let line = ["send", "--json", call, "--server", &server.address];
    let ended = run(&line).with_code(2);
    assert!(
        ended.stderr.contains("EventError 41") && ended.stderr.contains("; --register 7001 "),
        "{ended:?}"
    );
    let ended = run(&[&line[..], &["--register", "7001", "--register", "7002"]].concat()).with_code(0);
    assert!(ended.stdout.starts_with("message EventDialing\n"), "{}", ended.stdout);
    let ended = run(&[&line[..], &["--register", "nowhere"]].concat()).with_code(2);
    assert!(ended.stderr.starts_with("tbus: nowhere: RequestRegisterAddress: EventError 59"), "{ended:?}");
    let ended = run(&[&line[..], &["--register", ""]].concat()).with_code(2);
    assert!(ended.stderr.contains("--register is empty"), "{ended:?}");
}

#[test]
fn what_is_meant_as_a_message_is_no_user_data() {
    // No server is asked.
    let ended = run(&["send", "--json", r#"{"message":"RequestFoo"}"#]).with_code(2);
    assert!(
        ended.stderr.starts_with("tbus: --json: \"RequestFoo\" is not the name of a message; "),
        "{ended:?}"
    );
    let ended = run(&["send", "--json", r#"{"n":4294967295}"#]).with_code(2);
    let expected = "4294967295 does not fit an int (-2147483648 to 2147483647); write it as a string";
    assert_eq!(ended.stderr, format!("tbus: --json: {expected} (at n)\n"));
    let ended = run(&["send", "key:=4294967295"]).with_code(2);
    assert_eq!(ended.stderr, format!("tbus: {expected} (in key:=4294967295)\n"));
}

#[test]
fn keys_that_come_twice_arrive_twice() {
    let server = Running::server();
    let line = ["watch", "--dn", "REPORTING", "--count", "1", "--server", &server.address];
    let watch = Running::start(&line);
    run(&["send", "--json", r#"{"a":1,"b":"x","a":2}"#, "--server", &server.address]).with_code(0);
    let text = watch.end().with_code(0).stdout;
    assert!(text.contains("\t\t'a'\t1\n\t\t'b'\t'x'\n\t\t'a'\t2\n"), "{text}");
}

#[test]
fn an_event_error_is_2() {
    let server = Running::server();
    let address = server.address.as_str();
    let ended = run(&["send", "--dn", "NOWHERE", "a=b", "--server", address]).with_code(2);
    assert!(ended.stdout.starts_with("message EventError\n"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("EventError 59 (DN not configured)") && ended.stderr.contains("spec 59"),
        "{}",
        ended.stderr
    );
    let ended = run(&["watch", "--dn", "NOWHERE", "--server", address]).with_code(2);
    assert!(
        ended.stderr.starts_with("tbus: NOWHERE: ") && ended.stderr.contains("REPORTING, Callback_VQ"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("spec 59"), "{}", ended.stderr);
    let ended = run(&["send", "n:=x", "--server", address]).with_code(2);
    assert!(ended.stderr.starts_with("tbus: no JSON behind `:=`: "), "{}", ended.stderr);
    for (dn, hint) in [
        ("reporting", "did you mean REPORTING? DN names are case-sensitive"),
        ("REPORTING,7001", "repeat --dn for several DNs"),
    ] {
        let ended = run(&["watch", "--dn", dn, "--server", address]).with_code(2);
        assert!(ended.stderr.contains(hint), "{ended:?}");
    }
    let ended = run(&["send", "--dn", "reporting", "a=b", "--server", address]).with_code(2);
    assert!(ended.stderr.contains("did you mean REPORTING?"), "{ended:?}");
    let ended = run(&["send", "--dn", "REPORTING,7001", "a=b", "--server", address]).with_code(2);
    assert!(!ended.stderr.contains("repeat"), "send takes one DN: {ended:?}");
}

#[test]
fn a_time_out_is_1() {
    let server = Running::server();
    let line =
        ["watch", "--dn", "REPORTING", "--count", "2", "--timeout", "50ms", "--server", &server.address];
    let ended = run(&line).with_code(1);
    assert!(ended.stderr.ends_with("tbus: time-out: 0 of 2 events came within 50ms\n"), "{}", ended.stderr);
    let line = ["watch", "--dn", "REPORTING", "--timeout", "0s", "--server", &server.address];
    let ended = run(&line).with_code(1);
    assert!(ended.stderr.ends_with("tbus: time-out: 0 events came within 0s\n"), "{ended:?}");

    // A server that opens the session and then says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let link = run_with(&["encode", "--out", "raw"], b"{\"message\":\"EventLinkConnected\"}").stdout;
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(link.as_bytes()).unwrap();
        stream
    });
    let ended = run(&["send", "a=b", "--timeout", "50ms", "--server", &address]).with_code(1);
    drop(silent.join().unwrap());
    assert!(ended.stderr.contains("no answer to RequestDistributeUserEvent"), "{}", ended.stderr);
}

#[test]
fn no_server_is_3() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for line in [&["send", "a=b"][..], &["watch", "--dn", "REPORTING"]] {
        let ended = run(&[line, &["--server", &address]].concat()).with_code(3);
        assert!(
            ended.stderr.starts_with(&format!("tbus: cannot connect to {address}: ")),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains(" serve` starts a server"), "{}", ended.stderr);
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_watch() {
    let server = Running::server();
    let watch =
        Running::start(&["watch", "--dn", "REPORTING", "--mode", "monitor", "--server", &server.address]);
    watch.signal("-INT");
    let ended = watch.end().with_code(0);
    assert!(ended.stderr.contains("(ModeMonitor)"), "{}", ended.stderr);
    let line = ["watch", "--dn", "REPORTING", "--count", "1", "--server", &server.address];
    let watch = Running::start(&line);
    watch.signal("-TERM");
    let ended = watch.end().with_code(1);
    assert!(ended.stderr.ends_with("tbus: interrupted: 0 of 1 events came\n"), "{}", ended.stderr);
}

#[test]
#[cfg(unix)]
fn a_watch_with_reconnect_survives_the_server() {
    let server = Running::server();
    let address = server.address.clone();
    let line = ["watch", "--dn", "REPORTING", "--count", "1", "--reconnect", "--server", &address];
    let mut watch = Running::start(&line);
    server.signal("-TERM");
    server.end().with_code(0);
    let again = Running::start(&["serve", "--listen", &address, "--log-level", "none"]);
    // T-Server does not repeat events: one counts as soon as the watch is registered again.
    let start = Instant::now();
    while !watch.has_ended() {
        assert!(start.elapsed() < PATIENCE, "the watch is not registered again");
        run(&["send", "a=b", "--server", &again.address]).with_code(0);
    }
    let ended = watch.end().with_code(0);
    assert!(
        ended.stderr.contains("connecting again\n")
            && ended.stderr.contains("connected again, registered on REPORTING"),
        "{ended:?}"
    );
}
