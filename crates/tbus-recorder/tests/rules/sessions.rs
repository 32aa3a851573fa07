//! Calls that a new session has ended, and that are heard of again (facts 4.4).

use tlib_proto::MessageId;

use super::apply::Case;
use super::events::{Step, call, list, user};
use super::truth::check;

const ATTACHED: &str = "[callconcentrator]\nadata-userdata-history = all\n";

/// Far beyond `call-deletion-timeout`.
const LATER: u32 = 1000;

/// A call of two DNs with one key, and the recorder is started again while it lasts.
fn interrupted() -> Vec<Step> {
    let data = list(|list| list.str("key", "1"));
    vec![
        Step::Session(1, 0),
        call(MessageId::EVENT_DIALING, 0, 1, "1001", Some(&data)),
        call(MessageId::EVENT_RINGING, 0, 1, "1002", Some(&data)),
        call(MessageId::EVENT_ESTABLISHED, 1, 1, "1002", Some(&data)),
        call(MessageId::EVENT_ESTABLISHED, 1, 1, "1001", Some(&data)),
        Step::Session(1, 5),
    ]
}

fn changed(seconds: u32, dn: &str, value: &str) -> Step {
    let data = list(|list| list.str("key", value));
    call(MessageId::EVENT_ATTACHED_DATA_CHANGED, seconds, 1, dn, Some(&data))
}

fn released(seconds: u32, dn: &str) -> Step {
    call(MessageId::EVENT_RELEASED, seconds, 1, dn, None)
}

#[test]
fn a_call_goes_on_after_a_restart() {
    // Within call-deletion-timeout of the restart, and long after it.
    for (name, at) in [("cut-soon", 10), ("cut-later", LATER)] {
        let mut steps = interrupted();
        steps.extend([
            changed(at, "1001", "1"),
            changed(at, "1001", "2"),
            released(at + 100, "1002"),
            released(at + 101, "1001"),
            // Only what comes after the real end is late.
            changed(at + 131, "1001", "3"),
            changed(at + 132, "1001", "4"),
        ]);
        check(name, &Case::new(ATTACHED, steps));
    }
}

#[test]
fn a_call_is_known_by_a_new_party_after_a_restart() {
    let data = list(|list| list.str("key", "1"));
    let mut steps = interrupted();
    steps.extend([
        call(MessageId::EVENT_RINGING, LATER, 1, "1003", Some(&data)),
        call(MessageId::EVENT_RELEASED, LATER + 1, 1, "1001", Some(&data)),
        Step::Session(3, LATER + 2),
        call(MessageId::EVENT_HELD, LATER + 200, 1, "1003", Some(&data)),
        released(LATER + 201, "1003"),
        released(LATER + 300, "1002"),
    ]);
    check("cut-joined", &Case::new(ATTACHED, steps));
}

#[test]
fn a_call_whose_first_sign_is_its_release() {
    let mut steps = interrupted();
    steps.extend([
        released(LATER, "1001"),
        changed(LATER + 100, "1001", "late"),
        released(LATER + 101, "1002"),
    ]);
    check("cut-released", &Case::new(ATTACHED, steps));
}

#[test]
fn a_call_that_is_deleted_after_a_restart() {
    let mut steps = interrupted();
    let deleted = |seconds| call(MessageId::EVENT_CALL_DELETED, seconds, 1, "", None);
    steps.extend([deleted(LATER), deleted(LATER + 1), changed(LATER + 100, "1001", "late")]);
    check("cut-deleted", &Case::new(ATTACHED, steps));
}

#[test]
fn a_call_that_is_not_heard_of_again_is_forgotten_after_a_day() {
    let mut steps = interrupted();
    let day = 24 * 3600;
    steps.extend([
        call(MessageId::EVENT_RINGING, day, 2, "1001", None),
        call(MessageId::EVENT_RELEASED, day + 1, 2, "1001", None),
        call(MessageId::EVENT_RINGING, day + 6, 3, "1002", None),
        call(MessageId::EVENT_RELEASED, day + 7, 3, "1002", None),
        call(MessageId::EVENT_RINGING, day + 60, 4, "1003", None),
    ]);
    let shown: &[(&str, &[&str])] =
        &[("G_CALL", &["CALLID", "STATE", "TERMINATED_TS"]), ("TBUS_PARTY", &["DN", "CALLID", "STATE"])];
    let case = Case::new(ATTACHED, steps);
    let (rows, _) = case.in_memory(shown);
    assert_eq!(
        rows,
        "G_CALL\t'CALL-1'\t2\t1348817665\nG_CALL\t'CALL-2'\t2\t1348904061\nG_CALL\t'CALL-3'\t2\t1348904067\n\
         G_CALL\t'CALL-4'\t1\tNULL\nTBUS_PARTY\t'1001'\t'CALL-2'\t3\nTBUS_PARTY\t'1002'\t'CALL-3'\t3\n\
         TBUS_PARTY\t'1003'\t'CALL-4'\t1\n"
    );
    case.check_databases("forgotten", &rows, shown);
}

#[test]
fn user_events_belong_to_a_call_that_a_session_has_ended() {
    let data = list(|list| list.str("why", "1"));
    let mut steps = interrupted();
    // By the DN's last call, and then by the one that is active again; the session's clock may be ahead.
    steps.extend([user(3, "1001", &data), changed(LATER, "1001", "1"), user(LATER + 1, "1001", &data)]);
    let options =
        "[custom-states]\nstore-event-data = all\n[callconcentrator]\nadata-userdata-history = all\n";
    check("cut-user-events", &Case::new(options, steps));
}
