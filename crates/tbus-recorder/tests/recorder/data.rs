//! Events that are not as they should be.

use tlib_proto::{AttributeId, KvList, MessageId};
use tlib_testkit::mock_server::To;

use crate::support::Bench;

#[test]
fn an_event_without_a_dn_is_stored_without_one() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    let data = KvList::build(|list| list.str("a", "1")).unwrap();
    let event =
        bench.server.event(MessageId::EVENT_USER_EVENT, |m| m.list(AttributeId::USER_DATA, data.view()));
    bench.server.send(To::Last, &event);
    bench.expect("\"EventUserEvent\" received from 65200 (\"SIP_Server\")", 1);
    let summary = bench.stop(recorder);
    let columns = "SELECT KEYNAME, VALUE, ENDPOINTDN, ENDPOINTID, ADDED FROM G_CUSTOM_DATA_S";
    // No DN has no DBID; without a time of its own the event has the recorder's.
    assert_eq!(bench.query(columns), ["a|1|-|0|0.0"]);
    assert_eq!(summary.counters.without_dn, 1);
    assert_eq!(bench.lines(&[25194]), ["Trc 25194 Transaction 2: 1 event without ThisDN"]);
}

#[test]
fn a_value_longer_than_its_column_is_cut_and_told() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    let long = "ä".repeat(5000);
    bench.send(0, "long", &long);
    let summary = bench.stop(recorder);
    assert_eq!(bench.pairs(), [format!("1 long={}", "ä".repeat(255))]);
    assert_eq!((summary.counters.stored, summary.counters.cut), (1, 1));
    assert_eq!(bench.lines(&[25194]), ["Trc 25194 Transaction 2: pairs: 1 with a value that was cut"]);
}

#[test]
fn bytes_that_are_no_message_cost_the_connection_only() {
    // A header that no frame has; then a frame whose inside is none.
    for garbage in [&[0xff_u8; 64][..], b"GET / HTTP/1.1\r\n\r\n", &[0, 0, 0, 1, 0xff, 0xff]] {
        let bench = Bench::sqlite();
        let recorder = bench.start();
        let mut bytes = bench.event(0, "a", "1").frame().to_vec();
        bytes.extend_from_slice(garbage);
        bench.server.send_bytes(To::Last, &bytes);
        // Somebody who waits for the rest of a frame waits for ever.
        if garbage.len() < 8 {
            bench.server.close(To::Last);
        }
        bench.expect("Registered on REPORTING of SIP_Server", 2);
        bench.expect(" 04543 ", 1);
        bench.send(1, "b", "2");
        bench.stop(recorder);
        assert_eq!(bench.pairs(), ["1 a=1", "2 b=2"], "what came before counts");
        let lost = bench.lines(&[25190]);
        assert!(
            lost.iter().any(|line| line.starts_with("Std 25190 Disconnected from SIP_Server: ")),
            "{lost:?}"
        );
        assert_eq!(bench.query("SELECT DSCONN_TYPE FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID"), ["1", "2"]);
    }
}

#[test]
fn an_event_with_attributes_of_the_wrong_kind_does_not_stop_the_queue() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    let event = bench.server.event(MessageId::EVENT_USER_EVENT, |m| {
        m.int(AttributeId::THIS_DN, 7)
            .str(AttributeId::USER_DATA, "no list")
            .str(AttributeId::TIMEIN_SECS, "now")
    });
    bench.server.send(To::Last, &event);
    bench.expect(" 04543 ", 1);
    bench.send(1, "b", "2");
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["1 b=2"]);
}
