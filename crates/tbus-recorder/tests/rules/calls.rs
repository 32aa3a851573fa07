//! When calls begin and end (facts 1.9, 4.4).

use tlib_proto::{AttributeId, MessageId};

use super::apply::Case;
use super::events::{Step, call, event, list};
use super::truth::check;

const ATTACHED: &str = "[callconcentrator]\nadata-userdata-history = all\n";

/// A call without CallUUID.
fn plain(id: MessageId, seconds: u32, conn: u64, dn: &'static str) -> Step {
    event(id, seconds, move |m| m.long(AttributeId::CONN_ID, conn).str(AttributeId::THIS_DN, dn))
}

#[test]
fn a_call_ends_when_every_dn_has_left_it() {
    let data = list(|list| list.str("key", "late"));
    let steps = vec![
        call(MessageId::EVENT_DIALING, 0, 1, "1001", None),
        call(MessageId::EVENT_RINGING, 0, 1, "1002", None),
        call(MessageId::EVENT_ESTABLISHED, 1, 1, "1002", None),
        call(MessageId::EVENT_ESTABLISHED, 1, 1, "1001", None),
        call(MessageId::EVENT_RELEASED, 5, 1, "1002", None),
        call(MessageId::EVENT_RELEASED, 6, 1, "1001", None),
        call(MessageId::EVENT_RELEASED, 6, 1, "1001", None),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 36, 1, "1001", Some(&data)),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 37, 1, "1001", Some(&data)),
    ];
    check("call-ends", &Case::new(ATTACHED, steps));
}

#[test]
fn a_call_behind_a_queue_goes_on() {
    let steps = vec![
        call(MessageId::EVENT_QUEUED, 0, 1, "8000", None),
        call(MessageId::EVENT_DIVERTED, 4, 1, "8000", None),
        call(MessageId::EVENT_RINGING, 4, 1, "1001", None),
        call(MessageId::EVENT_ABANDONED, 9, 1, "1001", None),
        call(MessageId::EVENT_QUEUED, 10, 2, "8000", None),
        call(MessageId::EVENT_ABANDONED, 12, 2, "8000", None),
    ];
    check("call-queue", &Case::new(ATTACHED, steps));
}

#[test]
fn a_call_without_uuid_is_named_by_its_conn_id() {
    let steps = vec![
        plain(MessageId::EVENT_RINGING, 0, 0x0067_0000_0000_000a, "1001"),
        plain(MessageId::EVENT_RINGING, 0, u64::MAX, "1002"),
        plain(MessageId::EVENT_RELEASED, 1, 0x0067_0000_0000_000a, "1001"),
        // The same ConnID again, long after: another call with the same CALLID.
        plain(MessageId::EVENT_RINGING, 60, 0x0067_0000_0000_000a, "1001"),
        plain(MessageId::EVENT_RELEASED, 61, 0x0067_0000_0000_000a, "1001"),
        plain(MessageId::EVENT_RINGING, 62, 0, "1001"),
    ];
    check("call-conn-id", &Case::new("", steps));
}

#[test]
fn first_sessions_and_server_restarts_end_calls() {
    let ring = |seconds, number| call(MessageId::EVENT_RINGING, seconds, number, "1001", None);
    let mut steps = vec![Step::Session(1, 0)];
    for (at, kind) in [2, 4, 5, 3, 1].into_iter().enumerate() {
        let at = u32::try_from(at).unwrap();
        steps.extend([ring(10 * at + 1, u64::from(at) + 1), Step::Session(kind, 10 * at + 5)]);
    }
    check("call-sessions", &Case::new("", steps));
}

#[test]
fn transfers_leave_the_consultation() {
    let steps = vec![
        call(MessageId::EVENT_RINGING, 0, 1, "1001", None),
        call(MessageId::EVENT_DIALING, 1, 2, "1001", None),
        call(MessageId::EVENT_RINGING, 1, 2, "1002", None),
        call(MessageId::EVENT_RELEASED, 2, 1, "1001", None),
        event(MessageId::EVENT_PARTY_CHANGED, 2, |m| {
            m.long(AttributeId::CONN_ID, 0x0067_0000_0000_0001)
                .str(AttributeId::CALL_UUID, "CALL-1")
                .long(AttributeId::PREVIOUS_CONN_ID, 0x0067_0000_0000_0002)
                .str(AttributeId::THIS_DN, "1002")
        }),
        call(MessageId::EVENT_RELEASED, 3, 2, "1001", None),
        call(MessageId::EVENT_RELEASED, 9, 1, "1002", None),
    ];
    check("call-transfer", &Case::new("", steps));
}

#[test]
fn a_call_heard_late_and_one_that_is_deleted() {
    let data = list(|list| list.str("key", "value"));
    let steps = vec![
        call(MessageId::EVENT_RELEASED, 0, 1, "1001", Some(&data)),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 1, 2, "1001", Some(&data)),
        call(MessageId::EVENT_CALL_DELETED, 2, 2, "", None),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 3, 3, "", Some(&data)),
    ];
    check("call-late", &Case::new(ATTACHED, steps));
}

#[test]
fn without_gcc_there_is_no_call_and_data_all_the_same() {
    let options = "[callconcentrator]\nrole = gud\nadata-userdata-history = all\n";
    let data = |value: &str| list(|list| list.str("key", value));
    let steps = vec![
        call(MessageId::EVENT_RINGING, 0, 1, "1001", Some(&data("1"))),
        call(MessageId::EVENT_ESTABLISHED, 1, 1, "1001", Some(&data("1"))),
        call(MessageId::EVENT_RELEASED, 2, 1, "1001", Some(&data("2"))),
    ];
    check("call-without-gcc", &Case::new(options, steps));
}

#[test]
fn a_dn_that_is_one_too_many_does_not_bring_a_call_back() {
    let dns: Vec<String> = (0..65).map(|number| (2000 + number).to_string()).collect();
    let (known, more) = dns.split_at(64);
    let mut steps = Vec::new();
    for id in [MessageId::EVENT_RINGING, MessageId::EVENT_RELEASED] {
        steps.extend(known.iter().map(|dn| call(id, 1, 1, dn, None)));
    }
    steps.extend(more.iter().map(|dn| call(MessageId::EVENT_RINGING, 2, 1, dn, None)));
    let shown: &[(&str, &[&str])] = &[("G_CALL", &["CALLID", "STATE"])];
    let (rows, _) = Case::new("", steps.clone()).in_memory(shown);
    assert_eq!(rows, "G_CALL\t'CALL-1'\t2\n");
    Case::new("", steps).check_sqlite("65 DNs", &rows, shown);
}
