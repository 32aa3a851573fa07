//! `tbus load`: what it prints, what it finds, and how it ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;
use tlib_proto::MessageId;

use crate::support::{Running, end, evidence, run, tbus};

/// A load that ends soon.
const SHORT: [&str; 5] = ["load", "--warmup", "10ms", "--duration", "100ms"];

fn short<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SHORT, more].concat()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_load_needs_nothing() {
    let shown = run(&short(&[])).with_code(0).stdout;
    let expected = [
        "Load          1 publisher, 3 subscribers, DN REPORTING, saturation, window 1024, batch 64, events of 512 bytes",
        "Server        started for this load on 127.0.0.1:",
        "after warm-up 10ms",
        "\ndelivered ",
        "\nfrom write ",
        "\nto EventACK ",
        "lost 0, doubled 0, disordered 0, damaged 0, unanswered 0, dead connections 0\n",
        "us per delivery\n",
        " MiB at most\n",
    ];
    for text in expected {
        assert!(shown.contains(text), "{text} in\n{shown}");
    }
    assert!(!shown.contains("from schedule"), "there is none at saturation: {shown}");
}

#[test]
fn programs_get_one_object() {
    let line =
        &["--rate", "2000", "--subscribers", "2", "--dns", "3", "--publishers", "2", "--format", "json"];
    let ended = run(&short(line)).with_code(0);
    assert_eq!(ended.stdout.lines().count(), 1);
    let result = json(&ended.stdout);
    for (field, value) in [
        ("rate", 2000.0),
        ("dns", 3.0),
        ("publishers", 2.0),
        ("lost", 0.0),
        ("doubled", 0.0),
        ("disordered", 0.0),
    ] {
        assert_eq!(result[field].as_f64(), Some(value), "{field} in {result}");
    }
    assert_eq!((&result["window"], &result["server"]), (&Value::Null, &Value::from("tbus")));
    for field in [
        "deliv_s",
        "acked_s",
        "p50_us",
        "p99_us",
        "p999_us",
        "ack_p50_us",
        "cpu_us_per_delivery",
        "rss_peak_kib",
    ] {
        assert!(result[field].as_f64().is_some_and(|value| value > 0.0), "{field} in {result}");
    }
}

#[test]
fn another_server_is_loaded_with_a_captured_event() {
    let server = Running::server();
    let log = evidence("tserver_reporting.log");
    let line = &["--server", &server.address, "--event", &log, "--format", "json", "--dn", "Callback_VQ"];
    let result = json(&run(&short(line)).with_code(0).stdout);
    assert!(result["deliv_s"].as_f64().unwrap() > 0.0, "{result}");
    assert_ne!(result["frame_bytes"], 512);
    assert_eq!(result["cpu_us_per_delivery"], Value::Null, "whose process that is nobody has said");
}

/// Stands before a server and keeps one event back for each subscriber.
fn forgetful_proxy(server: &str) -> SocketAddr {
    let server: SocketAddr = server.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (mut requests, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            // Either end may go when it likes.
            thread::spawn(move || std::io::copy(&mut requests, &mut to_server).map(drop));
            thread::spawn(move || {
                let mut events = 0;
                while let Some(frame) = read_frame(&mut server) {
                    if frame[4..6] == MessageId::EVENT_USER_EVENT.0.to_be_bytes() {
                        events += 1;
                    }
                    if events != 7 && client.write_all(&frame).is_err() {
                        return;
                    }
                    events += u32::from(events == 7);
                }
            });
        }
    });
    address
}

fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame).ok()?;
    frame.resize(4 + u32::from_be_bytes(frame.as_slice().try_into().unwrap()) as usize, 0);
    stream.read_exact(&mut frame[4..]).ok()?;
    Some(frame)
}

#[test]
fn a_lost_event_is_found() {
    let server = Running::server();
    let proxy = forgetful_proxy(&server.address).to_string();
    let line =
        &["--server", &proxy, "--window", "64", "--batch", "8", "--format", "json", "--drain", "200ms"];
    let ended = run(&short(line)).with_code(1);
    let result = json(&ended.stdout);
    assert_eq!(
        (&result["lost"], &result["doubled"], &result["damaged"]),
        (&3.into(), &0.into(), &0.into()),
        "{result}"
    );
    assert!(ended.stderr.contains("not every event arrived once, in order and undamaged"), "{ended:?}");
}

#[test]
fn mistakes_are_told() {
    for (line, text) in [
        (&["--subscribers", "0"][..], "a load has 1 to 20000 subscribers, not 0"),
        (&["--rate", "0"], "the rate is 0.1 to 10000000 events/s, not 0"),
        (&["--window", "8", "--batch", "9"], "a batch has 1 to 8 events"),
        (&["--dns", "0"], "a load needs a DN"),
        (&["--dn", "7001", "--dn", "REPORTING"], "all DNs of a load must be of one length"),
        (&["--size", "20"], "an event frame has "),
        (&["--spread", "--dns", "4"], "3 subscribers cannot be spread over 4 DNs"),
        (&["--rate", "10", "--window", "5"], "cannot be used with"),
        (&["--size", "600", "--pairs", "5"], "cannot be used with"),
        (&["--event", "/nowhere/at/all"], "/nowhere/at/all: no such file"),
    ] {
        let ended = run(&short(line)).with_code(2);
        assert!(ended.stderr.contains(text) && ended.stdout.is_empty(), "{ended:?}");
    }
}

#[test]
fn refusals_and_absent_servers_have_codes() {
    let server = Running::server();
    let ended = run(&short(&["--server", &server.address, "--dn", "NOWHERE"])).with_code(2);
    assert!(
        ended.stderr.contains("EventError 59") && ended.stderr.contains("--dn names other DNs"),
        "{ended:?}"
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = run(&short(&["--server", &nobody])).with_code(3);
    assert!(
        ended.stderr.contains("cannot connect to ") && ended.stderr.contains("serve` starts a server"),
        "{ended:?}"
    );
}

/// The line on stderr after two seconds says that it runs; Ctrl-C ends it, with its result.
#[test]
fn ctrl_c_ends_it_with_a_result() {
    let mut child = tbus(["load", "--warmup", "0s", "--duration", "60m", "--rate", "500"]).spawn().unwrap();
    let mut said = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    while !said.ends_with(b"so far\n") {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
        said.extend(byte);
    }
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("measured: ") && said.contains(" deliveries/s, p50 "), "{said}");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = end(child).with_code(0);
    assert!(ended.stdout.contains("from schedule ") && ended.stdout.contains("lost 0, "), "{ended:?}");
}
