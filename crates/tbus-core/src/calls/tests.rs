use tlib_proto::{AttributeId, KvList, MessageId, ValueRef};

use super::*;
use crate::Function;
use crate::testing::{Bench, Seen, THIS};

const MAKE: MessageId = MessageId::REQUEST_MAKE_CALL;
const ANSWER: MessageId = MessageId::REQUEST_ANSWER_CALL;
const RELEASE: MessageId = MessageId::REQUEST_RELEASE_CALL;
const HOLD: MessageId = MessageId::REQUEST_HOLD_CALL;
const RETRIEVE: MessageId = MessageId::REQUEST_RETRIEVE_CALL;
const OTHER: AttributeId = AttributeId::OTHER_DN;
const CONN: AttributeId = AttributeId::CONN_ID;

fn dn(name: &str) -> (AttributeId, ValueRef<'_>) {
    (THIS, name.into())
}

fn other(name: &str) -> (AttributeId, ValueRef<'_>) {
    (OTHER, name.into())
}

fn brief(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(Seen::brief).collect()
}

/// Client 0 is on 7001, client 1 on 7002, client 2 on the queue.
fn bench() -> Bench {
    let mut bench = Bench::new(3);
    bench.register(0, &["7001"]);
    bench.register(1, &["7002"]);
    bench.register(2, &["Callback_VQ"]);
    bench
}

/// Makes a call and gives its ConnID.
fn call(bench: &mut Bench, client: u32, from: &str, to: &str) -> (AttributeId, ValueRef<'static>) {
    let seen = bench.ask(client, MAKE, &[dn(from), other(to)]);
    (CONN, ValueRef::Long(seen[0].view().long(CONN).unwrap().unwrap()))
}

#[test]
fn a_call_from_beginning_to_end() {
    let mut bench = bench();
    let list = KvList::build(|list| list.str("k", "v")).unwrap();
    let list = ValueRef::List(list.view());
    let request = [
        dn("7001"),
        other("7002"),
        (AttributeId::USER_DATA, list),
        (AttributeId::REASON, list),
        (AttributeId::EXTENSIONS, list),
    ];
    let seen = bench.ask(0, MAKE, &request);
    assert_eq!(brief(&seen), ["0 EventDialing* 7001", "1 EventRinging 7002"]);
    assert_eq!(
        seen[0].names(),
        "CallType CallID ConnID CallUUID UserData Extensions Reason ANI DNIS ReferenceID ThisDN ThisDNRole OtherDN OtherDNRole"
    );
    assert_eq!(
        seen[1].names(),
        "CallType CallID ConnID CallUUID UserData ANI DNIS ThisDN ThisDNRole OtherDN OtherDNRole"
    );
    assert_eq!(
        (seen[0].function, seen[1].function),
        (Function::DistributeResponse, Function::DistributeEvent)
    );
    let facts = |seen: &Seen| {
        let text = |id| seen.text(id).unwrap();
        let int = |id| seen.int(id).unwrap();
        let roles = (int(AttributeId::THIS_DN_ROLE), int(AttributeId::OTHER_DN_ROLE));
        let ends = (text(AttributeId::ANI), text(AttributeId::DNIS), text(OTHER));
        (roles, ends, int(AttributeId::CALL_TYPE), int(AttributeId::CALL_ID))
    };
    let ends = |other: &str| ("7001".to_owned(), "7002".to_owned(), other.to_owned());
    assert_eq!(facts(&seen[0]), ((1, 2), ends("7002"), 1, 1));
    assert_eq!(facts(&seen[1]), ((2, 1), ends("7001"), 1, 1));
    let conn = (CONN, ValueRef::Long(seen[0].view().long(CONN).unwrap().unwrap()));
    assert_eq!(conn.1, ValueRef::Long(0x0067_0000_0000_0001));
    assert_eq!(seen[0].text(AttributeId::CALL_UUID).unwrap(), "00000000000000000067000000000001");

    let seen = bench.ask(1, ANSWER, &[dn("7002"), conn, (AttributeId::REASON, list)]);
    assert_eq!(brief(&seen), ["1 EventEstablished* 7002", "0 EventEstablished 7001"]);
    assert!(seen[0].list(AttributeId::REASON).is_some() && seen[1].list(AttributeId::REASON).is_none());
    assert_eq!(bench.brief(0, HOLD, &[dn("7001"), conn]), ["0 EventHeld* 7001"]);
    assert_eq!(bench.brief(0, RETRIEVE, &[dn("7001"), conn]), ["0 EventRetrieved* 7001"]);
    let seen = bench.ask(1, RELEASE, &[dn("7002"), conn]);
    assert_eq!(brief(&seen), ["1 EventReleased* 7002", "0 EventReleased 7001"]);
    assert!(seen.iter().all(|seen| seen.int(AttributeId::CALL_STATE) == Some(0)));
    assert_eq!(
        seen[1].names(),
        "CallType CallID ConnID CallUUID CallState UserData ANI DNIS ThisDN ThisDNRole OtherDN OtherDNRole"
    );
    assert_eq!(bench.refused(0, RELEASE, &[dn("7001"), conn]).0, ErrorCode::INV_CONNID);
    // The next one is another one.
    let next = call(&mut bench, 0, "7001", "7002");
    assert_eq!(next.1, ValueRef::Long(0x0067_0000_0000_0002));
}

#[test]
fn calls_that_are_not_answered() {
    let mut bench = bench();
    let conn = call(&mut bench, 0, "7001", "7002");
    let seen = bench.brief(0, RELEASE, &[dn("7001"), conn]);
    assert_eq!(seen, ["0 EventReleased* 7001", "1 EventAbandoned 7002"]);
    let conn = call(&mut bench, 0, "7001", "7002");
    let seen = bench.brief(1, RELEASE, &[dn("7002"), conn]);
    assert_eq!(seen, ["1 EventReleased* 7002", "0 EventReleased 7001"]);
    let seen = bench.ask(0, MAKE, &[dn("7001"), other("Callback_VQ")]);
    assert_eq!(brief(&seen), ["0 EventDialing* 7001", "2 EventQueued Callback_VQ"]);
    let conn = (CONN, seen[0].view().find(CONN).unwrap());
    assert_eq!(bench.refused(2, RELEASE, &[dn("Callback_VQ"), conn]).0, ErrorCode::CSTA_NO_CALL_TO_CLEAR);
    assert_eq!(bench.refused(2, ANSWER, &[dn("Callback_VQ"), conn]).0, ErrorCode::CSTA_NO_CALL_TO_ANSWER);
    let seen = bench.ask(0, RELEASE, &[dn("7001"), conn]);
    assert_eq!(brief(&seen), ["0 EventReleased* 7001", "2 EventAbandoned Callback_VQ"]);
    assert_eq!(seen[1].int(AttributeId::CALL_STATE), Some(0));
}

#[test]
fn busy() {
    let mut bench = bench();
    bench.register(2, &["7039"]);
    let first = call(&mut bench, 0, "7001", "7002");
    for (client, from, to) in [(2, "7039", "7002"), (2, "7039", "7001"), (2, "7039", "7039")] {
        let seen = bench.ask(client, MAKE, &[dn(from), other(to)]);
        let expected =
            [format!("{client} EventDialing* {from}"), format!("{client} EventDestinationBusy {from}")];
        assert_eq!(brief(&seen), expected);
        let conn = (CONN, seen[0].view().find(CONN).unwrap());
        assert_eq!(bench.refused(1, RELEASE, &[dn("7002"), conn]).0, ErrorCode::INV_CONNID, "no party of it");
        assert_eq!(
            bench.brief(client, RELEASE, &[dn(from), conn]),
            [format!("{client} EventReleased* {from}")]
        );
    }
    // A DN whose calls are all on hold can be called.
    bench.ask(1, ANSWER, &[dn("7002")]);
    bench.ask(1, HOLD, &[dn("7002"), first]);
    let second = call(&mut bench, 2, "7039", "7002");
    assert_eq!(
        bench.brief(1, ANSWER, &[dn("7002")]),
        ["1 EventEstablished* 7002", "2 EventEstablished 7039"]
    );
    let refused = bench.refused(1, RETRIEVE, &[dn("7002"), first]);
    assert_eq!(refused.0, ErrorCode::CSTA_INCORRECT_OBJECT_STATE);
    bench.ask(1, HOLD, &[dn("7002"), second]);
    assert_eq!(bench.brief(1, RETRIEVE, &[dn("7002"), first]), ["1 EventRetrieved* 7002"]);
}

#[test]
fn one_answer_although_the_requester_is_on_both_dns() {
    let mut bench = bench();
    bench.register(0, &["7002"]);
    let seen = bench.brief(0, MAKE, &[dn("7001"), other("7002")]);
    assert_eq!(seen, ["0 EventDialing* 7001", "1 EventRinging 7002", "0 EventRinging 7002"]);
    let seen = bench.brief(0, ANSWER, &[dn("7002")]);
    assert_eq!(
        seen,
        ["1 EventEstablished 7002", "0 EventEstablished* 7002", "0 EventEstablished 7001"],
        "on 7002 client 1 was first"
    );
}

#[test]
fn a_callee_without_clients_rings_unheard() {
    let mut bench = bench();
    assert_eq!(bench.brief(0, MAKE, &[dn("7001"), other("7039")]), ["0 EventDialing* 7001"]);
    assert_eq!(bench.notes, ["-- no distribution of EventRinging: nobody is registered on 7039"]);
}

#[test]
fn refused_calls() {
    let mut bench = bench();
    let monitor = (AttributeId::REGISTER_MODE, ValueRef::Int(2));
    bench.ask(0, MessageId::REQUEST_REGISTER_ADDRESS, &[dn("7039"), monitor]);
    let long = KvList::build(|list| list.str("k", "x".repeat(16_000))).unwrap();
    let long = (AttributeId::USER_DATA, ValueRef::List(long.view()));
    for (client, attributes, code, text) in [
        (0, vec![other("7002")], 53, "AttributeThisDN is missing"),
        (0, vec![dn("x"), other("7002")], 59, "DN x is not configured"),
        (0, vec![dn("7002"), other("7002")], 41, "DN 7002 is not registered by this client"),
        (
            0,
            vec![dn("7039"), other("7002")],
            41,
            "the DN is registered in ModeMonitor, which allows no requests",
        ),
        (0, vec![dn("7001")], 53, "AttributeOtherDN is missing"),
        (
            0,
            vec![dn("7001"), (OTHER, ValueRef::Int(1))],
            53,
            "AttributeOtherDN is of kind int, expected string",
        ),
        (0, vec![dn("7001"), other("555")], 71, "there is no DN 555 to call"),
        (
            0,
            vec![dn("7001"), other("7002"), long],
            53,
            "user data of 16008 bytes is over the user-data-limit of 16000",
        ),
        (2, vec![dn("Callback_VQ"), other("7002")], 1141, "DN Callback_VQ is a queue and cannot make calls"),
    ] {
        assert_eq!(bench.refused(client, MAKE, &attributes), (ErrorCode(code), text.to_owned()));
    }
    call(&mut bench, 0, "7001", "7002");
    let refused = bench.refused(0, MAKE, &[dn("7001"), other("7039")]);
    let text = "DN 7001 is in a call that is not on hold".to_owned();
    assert_eq!(refused, (ErrorCode::CSTA_INCORRECT_OBJECT_STATE, text));
}

#[test]
fn refused_in_the_wrong_state() {
    let mut bench = bench();
    assert_eq!(
        bench.refused(1, ANSWER, &[dn("7002")]),
        (ErrorCode::CSTA_NO_CALL_TO_ANSWER, "no call rings at DN 7002".to_owned())
    );
    let conn = call(&mut bench, 0, "7001", "7002");
    bench.register(1, &["7039"]);
    let unknown = (CONN, ValueRef::Long(1));
    let kind = (CONN, ValueRef::Int(1));
    for request in [ANSWER, RELEASE, HOLD, RETRIEVE] {
        assert_eq!(bench.refused(0, request, &[conn]).0, ErrorCode::INVALID_ATTR);
        assert_eq!(bench.refused(0, request, &[dn("x"), conn]).0, ErrorCode::NOT_CONFIGURED);
        assert_eq!(bench.refused(0, request, &[dn("7002"), conn]).0, ErrorCode::NOT_REGISTERED);
        assert_eq!(bench.refused(0, request, &[dn("7001"), kind]).0, ErrorCode::INVALID_ATTR);
        let refused = bench.refused(0, request, &[dn("7001"), unknown]);
        assert_eq!(refused, (ErrorCode::INV_CONNID, "there is no call 0000000000000001".to_owned()));
        let refused = bench.refused(1, request, &[dn("7039"), conn]);
        assert_eq!(
            refused,
            (ErrorCode::INV_CONNID, "DN 7039 is no party of call 0067000000000001".to_owned())
        );
    }
    for request in [RELEASE, HOLD, RETRIEVE] {
        let refused = bench.refused(0, request, &[dn("7001")]);
        assert_eq!(refused, (ErrorCode::INV_CONNID, "AttributeConnID is missing".to_owned()));
    }
    for (request, client, name, code) in [
        (ANSWER, 0, "7001", ErrorCode::CSTA_NO_CALL_TO_ANSWER),
        (HOLD, 0, "7001", ErrorCode::CSTA_NO_ACTIVE_CALL),
        (RETRIEVE, 0, "7001", ErrorCode::CSTA_NO_HELD_CALL),
        (HOLD, 1, "7002", ErrorCode::CSTA_NO_ACTIVE_CALL),
    ] {
        assert_eq!(bench.refused(client, request, &[dn(name), conn]).0, code);
    }
    bench.ask(1, ANSWER, &[dn("7002"), conn]);
    bench.ask(1, HOLD, &[dn("7002"), conn]);
    for (request, client, name, code) in [
        (ANSWER, 1, "7002", ErrorCode::CSTA_NO_CALL_TO_ANSWER),
        (HOLD, 1, "7002", ErrorCode::CSTA_NO_ACTIVE_CALL),
        (RETRIEVE, 0, "7001", ErrorCode::CSTA_NO_HELD_CALL),
    ] {
        assert_eq!(bench.refused(client, request, &[dn(name), conn]).0, code);
    }
}

#[test]
fn calls_outlive_their_clients() {
    let mut bench = bench();
    let conn = call(&mut bench, 0, "7001", "7002");
    bench.switch.disconnected(crate::ClientId(0));
    let seen = bench.brief(1, ANSWER, &[dn("7002"), conn]);
    assert_eq!(seen, ["1 EventEstablished* 7002"]);
}

#[test]
fn a_dn_has_a_bounded_number_of_calls() {
    let mut bench = bench();
    bench.register(0, &["7039"]);
    for count in 0..DN_CALL_LIMIT {
        let (from, to) = if count % 2 == 0 { ("7001", "7039") } else { ("7039", "7001") };
        let conn = call(&mut bench, 0, from, to);
        bench.ask(0, ANSWER, &[dn(to)]);
        for name in [from, to] {
            assert_eq!(bench.brief(0, HOLD, &[dn(name), conn]), [format!("0 EventHeld* {name}")]);
        }
    }
    let (code, text) = bench.refused(0, MAKE, &[dn("7001"), other("7002")]);
    assert_eq!(
        (code, text.as_str()),
        (ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE, "DN 7001 has 64 calls already")
    );
    // Called, it is busy.
    assert_eq!(
        bench.brief(1, MAKE, &[dn("7002"), other("7001")]),
        ["1 EventDialing* 7002", "1 EventDestinationBusy 7002"]
    );
}

#[test]
fn there_is_a_bounded_number_of_calls() {
    let mut registry = Registry::new(&crate::World::default());
    let party = |name: &str| Party {
        dn: registry.find(name.as_bytes()).unwrap(),
        name: DnName::from(name),
        state: State::Absent,
    };
    let (caller, callee) = (party("7001"), party("7002"));
    let mut calls = Calls::default();
    let plan = |calls: &Calls, registry: &Registry| {
        calls.plan(registry, caller.clone(), callee.clone(), KvList::new())
    };
    for _ in 0..CALL_LIMIT {
        let call = plan(&calls, &registry).unwrap();
        calls.add(&mut registry, call);
    }
    let refusal = plan(&calls, &registry).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE);
    assert_eq!(refusal.text, "there are 100000 calls already");
}

#[test]
fn a_switch_that_is_started_again_gives_other_conn_ids() {
    let mut bench = bench();
    bench.switch.set_start(0x1234_5678);
    assert_eq!(call(&mut bench, 0, "7001", "7002").1, ValueRef::Long(0x0067_1234_5678_0001));
}
