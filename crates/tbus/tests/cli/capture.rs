//! `tbus serve --capture`, `tbus capture` and `tbus proxy`: the file is complete when they have ended.

use std::path::Path;

use tlib_capture::packet::{CaptureItem, CaptureReader, Captured, Flow, ReadOptions};
use tlib_proto::MessageId;

use crate::support::{Running, run};

/// Everything in a capture without a fault.
#[track_caller]
fn messages(path: &Path) -> Vec<Captured> {
    let reader = CaptureReader::open(path, ReadOptions::default()).unwrap();
    let message = |item| match item {
        Ok(CaptureItem::Message(captured)) => captured,
        other => panic!("{other:?}"),
    };
    reader.map(message).collect()
}

/// Checks that the capture has one user event, its answer, and who sent it.
#[track_caller]
fn check(path: &Path, server: &str) {
    let messages = messages(path);
    let one = |id: MessageId| {
        let mut all = messages.iter().filter(|one| one.message.id() == id);
        let first = all.next().unwrap_or_else(|| panic!("no {id}"));
        assert!(all.next().is_none(), "one {id}");
        first
    };
    let request = one(MessageId::REQUEST_DISTRIBUTE_USER_EVENT);
    assert_eq!((request.flow, request.server.to_string().as_str()), (Flow::ToServer, server));
    assert!(request.application.is_some());
    let answer = one(MessageId::EVENT_ACK);
    assert_eq!(
        (answer.flow, answer.connection, answer.client),
        (Flow::ToClient, request.connection, request.client)
    );
    assert!(answer.at >= request.at);
}

#[test]
#[cfg(unix)]
fn a_server_captures_its_traffic() {
    for way in [&["serve", "--capture"][..], &["capture", "--out"]] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traffic.pcapng");
        let file = path.to_str().unwrap();
        let server =
            Running::start(&[way[0], "--listen", "127.0.0.1:0", "--log-level", "none", way[1], file]);
        run(&["send", "a=b", "--server", &server.address]).with_code(0);
        let address = server.address.clone();
        server.signal("-TERM");
        let ended = server.end().with_code(0);
        assert!(ended.stdout.contains(&format!("\nCapture: {file}\n")), "{ended:?}");
        check(&path, &address);
    }
}

#[test]
#[cfg(unix)]
fn a_proxy_captures_what_it_passes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traffic.pcapng");
    let file = path.to_str().unwrap();
    let server = Running::server();
    let mut proxy =
        Running::start(&["proxy", "--listen", "127.0.0.1:0", "--to", &server.address, "--out", file]);
    run(&["send", "a=b", "--server", &proxy.address]).with_code(0);
    // Still connected when the proxy ends.
    let watch = Running::start(&["watch", "--dn", "REPORTING", "--server", &proxy.address]);
    assert!(!proxy.has_ended());
    proxy.signal("-TERM");
    let ended = proxy.end().with_code(0);
    watch.end().with_code(3);
    check(&path, &server.address);
    assert!(ended.stdout.starts_with(&format!("Capture: {file}\nReady: proxy on 127.0.0.1:")), "{ended:?}");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(
        lines[0].contains("[1] 127.0.0.1:")
            && lines[0].ends_with(&format!(" connected to {}", server.address)),
        "{lines:#?}"
    );
    assert!(
        lines[1].contains("closed by the client; ") || lines[2].contains("closed by the client; "),
        "{lines:#?}"
    );
    assert!(lines[3].contains("closed by the proxy, which ends; "), "{lines:#?}");
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    for line in [
        &["serve", "--listen", "127.0.0.1:0", "--capture", "/no/such/folder/x.pcapng"][..],
        &["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--out", "/no/such/folder/x.pcapng"],
    ] {
        let ended = run(line).with_code(3);
        assert!(
            ended.stderr.starts_with("tbus: /no/such/folder/x.pcapng: cannot write the capture: "),
            "{ended:?}"
        );
        assert_eq!(ended.stdout, "");
    }
    #[cfg(target_os = "linux")]
    {
        let ended = run(&["serve", "--listen", "127.0.0.1:0", "--capture", "/dev/full"]).with_code(3);
        assert!(
            ended.stderr.starts_with("tbus: /dev/full: cannot write the capture: No space left"),
            "{ended:?}"
        );
    }
    run(&["proxy", "--listen", "127.0.0.1:0", "--out", "x.pcapng"]).with_code(2);
    run(&["capture", "--listen", "127.0.0.1:0"]).with_code(2);
}
