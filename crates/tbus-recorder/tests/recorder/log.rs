//! The lines of the log are ICON's.

use tlib_testkit::mock_server::To;

use crate::support::Bench;

/// Numbers that differ from log to log, and times, are `#`.
fn masked(line: &str) -> String {
    let mut text = String::new();
    for (at, word) in line.split(' ').enumerate() {
        let number = word.trim_end_matches('.');
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        // The third word is the line's own number.
        let word = if at == 0 || (at > 2 && is_number && number != "65200") {
            word.replace(number, "#")
        } else {
            word.into()
        };
        text.push_str(if at == 0 { "" } else { " " });
        text.push_str(&word);
    }
    text
}

#[test]
fn three_events_in_a_transaction_leave_the_published_lines() {
    let evidence = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/evidence/icon_gud.log");
    let published = std::fs::read_to_string(evidence).unwrap();
    let published: Vec<_> = published.lines().map(masked).collect();

    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.options.acc_queue_size = 3;
    config.options.acc_queue_lifespan = std::time::Duration::from_secs(3600);
    // The session's beginning is in a transaction of its own, which the quiet time closes.
    let recorder = tbus_recorder::Recorder::start(config).unwrap();
    bench.expect(" 25004 ", 1);
    let begun = bench.text().len();
    let mut frames = Vec::new();
    for second in 0..3 {
        frames.extend_from_slice(bench.event(second, "k", "v").frame());
    }
    bench.server.send_bytes(To::Last, &frames);
    bench.expect(" 25004 ", 2);
    let ours = bench.text();
    let ours: Vec<_> = ours.get(begun..).unwrap().lines().collect();
    assert_eq!(ours.iter().map(|line| masked(line)).collect::<Vec<_>>(), published);
    assert!(ours[0].starts_with("07:34:20.000 Int 04543 "), "{ours:?}");
    // The number of records, and the transaction's, are the same in all lines.
    assert!(ours[3].ends_with("transaction 2 is committed. 3 records written into the queue"), "{ours:?}");
    assert!(ours[4].ends_with("persistent queue transaction 2 is being processed."), "{ours:?}");
    assert!(
        ours[5].ends_with("transaction 2 is processed, committed and removed. 3 records are written."),
        "{ours:?}"
    );
    bench.stop(recorder);
}

#[test]
fn the_lines_keep_their_order_from_start_to_stop() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.stop(recorder);
    let text = bench.text();
    let order: Vec<_> = text.lines().map(|line| &line[17..22]).collect();
    let written: Vec<_> = order.iter().filter(|id| **id == "25016").collect();
    assert_eq!(written.len(), 3, "the session, the event, the end: {text}");
    let own = order.iter().find(|id| id.starts_with("25"));
    assert_eq!(own, Some(&"25190"), "{text}");
    for line in ["25016", "25003", "25004"] {
        assert_eq!(order.iter().filter(|id| **id == line).count(), 3, "{text}");
    }
    let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} is not in {text}"));
    for transaction in 1..=3 {
        let committed = at(&format!("transaction {transaction} is committed"));
        let begun = at(&format!("transaction {transaction} is being processed"));
        let done = at(&format!("transaction {transaction} is processed"));
        assert!(committed < begun && begun < done, "{text}");
    }
    assert!(text.contains("Trc 25190 Disconnected from SIP_Server: shutdown"), "{text}");
}
