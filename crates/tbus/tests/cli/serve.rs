//! `tbus serve`: first screen, log, mistakes, signals.

use std::fs;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::support::{Running, run};

#[test]
#[cfg(unix)]
fn the_first_screen_is_short_and_sigterm_ends_it() {
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--log-level", "none"]);
    assert!(TcpStream::connect(&server.address).is_ok(), "ready means that clients can connect");
    let (address, ready_file) = (server.address.clone(), server.ready_file.clone());
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    assert!(!ready_file.exists(), "the ready file is removed");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines.len() <= 12, "{lines:#?}");
    assert_eq!(lines.last(), Some(&format!("Ready: SIP_Server on {address}").as_str()));
    assert!(lines.iter().any(|line| line.contains("tenant Environment, switch SIP_Switch")), "{lines:#?}");
    let server = format!("--server {address}");
    let commands = lines.iter().filter(|line| line.starts_with("  ") && line.contains(&server)).count();
    assert_eq!(commands, 2, "{lines:#?}");
    assert_eq!(ended.stderr, "");
}

/// The limit that a shell gives its programs is not that of the clients.
#[test]
#[cfg(unix)]
fn more_clients_than_a_shell_allows_files() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -n 40; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tbus"), "serve"]);
    shell.args(["--listen", "127.0.0.1:0", "--log-level", "none"]);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Running::start_command(shell);
    let idle: Vec<_> = (0..60).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    run(&["send", "a=b", "--server", &server.address]).with_code(0);
    drop(idle);
}

#[test]
#[cfg(unix)]
fn ctrl_c_drains_connected_clients() {
    let server = Running::server();
    let watch = Running::start(&["watch", "--dn", "REPORTING", "--server", &server.address]);
    server.signal("-INT");
    server.end().with_code(0);
    let ended = watch.end().with_code(3);
    assert!(ended.stderr.contains("closed by the server"), "{ended:?}");
}

#[test]
#[cfg(unix)]
fn messages_follow_the_ready_line() {
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0"]);
    run(&["send", "a=b", "--server", &server.address]).with_code(0);
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    let ready = ended.stdout.find("\nReady: ").unwrap();
    let message = ended.stdout.find("message RequestDistributeUserEvent\n").unwrap();
    assert!(ready < ended.stdout.find(" 04100 ").unwrap() && ready < message, "{}", ended.stdout);
    assert!(ended.stdout.lines().last().unwrap().contains("Log closed"), "{}", ended.stdout);
}

#[test]
#[cfg(unix)]
fn a_log_file_keeps_the_terminal_quiet() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("server.log");
    let log = path.to_str().unwrap();
    let line =
        ["serve", "--listen", "127.0.0.1:0", "--log", log, "--log-segment", "false", "--log-expire", "3"];
    let server = Running::start(&line);
    run(&["send", "a=b", "--server", &server.address]).with_code(0);
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    assert!(ended.stdout.lines().last().unwrap().starts_with("Ready: "), "{}", ended.stdout);
    assert!(ended.stdout.contains(log), "{}", ended.stdout);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("Application name: SIP_Server\n"), "{text}");
    assert!(text.contains("\nmessage RequestDistributeUserEvent\n"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_vendors_start_line_works() {
    let line = ["-host", "cfg", "-port", "2020", "-app", "SIP_P", "-l", "7260@licence", "-nco", "6/10"];
    let server = Running::start(&[&line[..], &["--listen", "127.0.0.1:0"]].concat());
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    let expected = "ignored: -host, -port, -l, -nco (no Configuration Server and no licence are needed)";
    assert!(ended.stdout.lines().any(|line| line == expected), "{}", ended.stdout);
    assert!(ended.stdout.contains("\nReady: SIP_P on 127.0.0.1:"), "{}", ended.stdout);
    assert!(ended.stdout.split("Ready: ").next().unwrap().lines().count() < 12, "{}", ended.stdout);
}

#[test]
#[cfg(unix)]
fn a_line_with_the_vendors_program_works() {
    let line = ["/opt/genesys/sip_server", "-port", "2020", "-app", "SIP_P", "--listen", "127.0.0.1:0"];
    let server = Running::start(&line);
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    assert!(ended.stdout.contains("\nReady: SIP_P on 127.0.0.1:"), "{}", ended.stdout);
    let ended = run(&["sip_server.exe", "-app", "SIP_P", "-port"]).with_code(2);
    assert_eq!(ended.stderr, "tbus: -port: its value is missing, such as -port 2020\n");
}

#[test]
#[cfg(unix)]
fn two_signals_at_once_are_one() {
    let server = Running::server();
    server.signal("-TERM");
    server.signal("-INT");
    let ended = server.end().with_code(0);
    assert_eq!(ended.stderr, "");
}

#[test]
#[cfg(unix)]
fn a_world_without_dns_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.toml");
    fs::write(&path, "").unwrap();
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--world", path.to_str().unwrap()]);
    let query = ["send", "--json", r#"{"message":"RequestQueryServer"}"#, "--server", &server.address];
    run(&query).with_code(0);
    let suggested = format!("--json '{}' --server {}\n", query[2], server.address);
    server.signal("-TERM");
    let text = server.end().with_code(0).stdout;
    assert!(text.contains("0 DNs: nobody can register; add [[dn]]\n"), "{text}");
    assert!(text.contains(&suggested) && !text.contains("watch --dn"), "{text}");
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let server = Running::server();
    let ended = run(&["serve", "--listen", &server.address]).with_code(3);
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.starts_with(&format!("tbus: cannot listen on {}: ", server.address)),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("choose another port"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("in use").count(), 1, "{}", ended.stderr);
}

#[test]
fn a_mistake_in_a_world_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.toml");
    fs::write(&path, "[[dn]]\nnumber = '7001'\ntpye = 'Extension'\n").unwrap();
    let path = path.to_str().unwrap();
    let ended = run(&["serve", "--world", path]).with_code(2);
    let expected = format!("tbus: {path}:3:1: unknown key `tpye` in [[dn]]; did you mean `type`?\n");
    assert_eq!((ended.stderr.as_str(), ended.stdout.as_str()), (expected.as_str(), ""));
    let ended = run(&["serve", "--world", "nope.toml"]).with_code(2);
    assert_eq!(ended.stderr, "tbus: world file nope.toml: no such file\n");
    assert!(
        run(&["serve", "--log-level", "loud"]).with_code(2).stderr.contains("none, standard, interaction")
    );
}

#[test]
#[cfg(unix)]
fn a_world_of_ones_own_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.toml");
    fs::write(&path, "[t-server]\nname = 'Mine'\n[[dn]]\nnumber = '7001'\ntype = 'Extension'\n").unwrap();
    let server = Running::start(&["serve", "--listen", "127.0.0.1:0", "--world", path.to_str().unwrap()]);
    run(&["send", "--dn", "7001", "a=b", "--server", &server.address]).with_code(0);
    run(&["send", "a=b", "--server", &server.address]).with_code(2);
    server.signal("-TERM");
    let ended = server.end().with_code(0);
    assert!(
        ended.stdout.contains("\nReady: Mine on ") && ended.stdout.contains(" watch --dn 7001"),
        "{}",
        ended.stdout
    );
}
