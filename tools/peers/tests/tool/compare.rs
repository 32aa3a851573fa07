//! The tool as a whole, with the servers that need no installation: one short run of each.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::{peers, tbus};

#[test]
fn tbus_and_the_copy_server_carry_the_same_load() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart.svg");
    let mut command = peers();
    command.args([
        "--quick",
        "--reps",
        "1",
        "--shapes",
        "sync-1x3",
        "--servers",
        "raw,tbus",
        "--format",
        "json",
    ]);
    let output = command.arg("--tbus").arg(tbus()).arg("--chart").arg(&chart).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("F10  sync-1x3        tbus            deliveries/s ÷ raw"), "{told}");

    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, server) in lines.iter().zip(["tbus", "raw"]) {
        assert_eq!((&line["server"], &line["shape"]), (&Value::from(server), &Value::from("sync-1x3")));
        for figure in
            ["deliv_s", "p50_us", "p99_us", "cpu_us_per_delivery", "ack_p50_us", "rss_idle_kb", "ratio_raw"]
        {
            assert!(line[figure].as_f64().is_some_and(|value| value > 0.0), "{server} {figure}: {line}");
        }
        for fault in ["lost", "doubled", "disordered", "damaged", "unanswered", "dead"] {
            assert_eq!(line[fault], 0, "{server} {fault}: {line}");
        }
        assert_eq!((&line["reps"], &line["ratio_best_peer"]), (&Value::from(1), &Value::Null));
    }
    assert_eq!(lines[1]["ratio_raw"], 1.0);
    let svg = std::fs::read_to_string(&chart).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("sync-1x3"), "{svg}");
}

#[test]
fn what_is_asked_for_and_not_there_is_named() {
    let cases: [(&[&str], &str); 3] = [
        (&["--shapes", "sat-2x2"], "sat-2x2: no such shape; there are sat-1x1"),
        (
            &["--tbus", "/no/such/tbus"],
            "/no/such/tbus: no such file; build it: cargo build --release -p tbus",
        ),
        (
            &["--tbus", env!("CARGO_BIN_EXE_raw-server"), "--servers", "kafka"],
            "kafka: no such server; there are tbus",
        ),
    ];
    for (arguments, said) in cases {
        let output = peers().args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn a_server_that_does_not_start_fails_the_run() {
    // No T-Server, and it says why.
    let mut command = peers();
    command.args([
        "--quick",
        "--reps",
        "1",
        "--shapes",
        "sat-1x1",
        "--servers",
        "tbus",
        "--tbus",
        "/bin/false",
    ]);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("FAULT: sat-1x1 tbus, repetition 1: tbus has ended by itself"), "{told}");
}

#[test]
fn a_signal_ends_the_servers_too() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    // A server that says its own process id and is never ready.
    let server = folder.path().join("server");
    std::fs::write(
        &server,
        format!("#!/bin/sh\necho $$ > {0}.tmp\nmv {0}.tmp {0}\nexec sleep 600\n", started.display()),
    )
    .unwrap();
    std::fs::set_permissions(&server, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = peers();
    command
        .args(["--quick", "--reps", "1", "--shapes", "sat-1x1", "--servers", "tbus", "--tbus"])
        .arg(&server);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = loop {
        if let Ok(pid) = std::fs::read_to_string(&started) {
            break pid;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before the server was there");
        std::thread::yield_now();
    };
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    assert!(process.exists());
    let own = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{status}");
    // It was killed before; the system has let go of it when it has taken notice.
    let gone = || std::fs::read_to_string(process.join("stat")).map_or(true, |stat| stat.contains(") Z "));
    while !gone() {
        std::thread::yield_now();
    }
}
