use tlib_proto::{ErrorCode, ValueRef};

use super::*;
use crate::testing::{Bench, Seen, THIS};

const ATTACH: MessageId = MessageId::REQUEST_ATTACH_USER_DATA;
const UPDATE: MessageId = MessageId::REQUEST_UPDATE_USER_DATA;
const DELETE: MessageId = MessageId::REQUEST_DELETE_USER_DATA;
const DELETE_PAIR: MessageId = MessageId::REQUEST_DELETE_PAIR;
const DATA: AttributeId = AttributeId::USER_DATA;
const CONN: AttributeId = AttributeId::CONN_ID;

/// `a=1 b=2` as a list of strings.
fn list(text: &str) -> KvList {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    KvList::build(|list| {
        for (key, value) in pairs.clone() {
            list.str(key, value);
        }
        list
    })
    .unwrap()
}

fn shown(list: &KvList) -> String {
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs =
        list.view().pairs().map(|pair| format!("{}={}", show(pair.key), show(pair.value.as_text().unwrap())));
    pairs.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_operations_do() {
    let ops = [("attach", attach as fn(KvRef<'_>, KvRef<'_>) -> _), ("update", update)];
    for (op, old, new, expected) in [
        ("attach", "", "a=1", "a=1"),
        ("attach", "a=1", "a=2 a=3", "a=1 a=2 a=3"),
        ("update", "", "a=1", "a=1"),
        ("update", "a=1 b=2 c=3", "b=9", "a=1 b=9 c=3"),
        ("update", "a=1 b=2 a=3 c=4 a=5", "a=9", "a=9 b=2 c=4"),
        ("update", "a=1", "z=1 y=2", "a=1 z=1 y=2"),
        ("update", "a=1 b=2", "b=3 b=4 x=5 x=6", "a=1 b=4 x=6"),
        ("update", "a=1", "", "a=1"),
    ] {
        let (_, change) = ops.iter().find(|(name, _)| *name == op).unwrap();
        assert_eq!(
            shown(&change(list(old).view(), list(new).view()).unwrap()),
            expected,
            "{op} {old} with {new}"
        );
    }
    for (old, key, expected) in [("a=1 b=2 a=3", "a", "b=2"), ("a=1", "b", "a=1"), ("", "a", "")] {
        assert_eq!(shown(&delete(list(old).view(), key.as_bytes()).unwrap()), expected);
    }
}

/// 7001 has called 7002; client 0 is on 7001, client 1 on 7002, client 2 on neither.
fn with_call(bench: &mut Bench, data: &str) -> u64 {
    bench.register(0, &["7001"]);
    bench.register(1, &["7002"]);
    let data = list(data);
    let call =
        [(THIS, "7001".into()), (AttributeId::OTHER_DN, "7002".into()), (DATA, ValueRef::List(data.view()))];
    let seen = bench.ask(0, MessageId::REQUEST_MAKE_CALL, &call);
    seen[0].view().long(CONN).unwrap().unwrap()
}

#[test]
fn every_party_is_told() {
    let mut bench = Bench::new(3);
    let conn = (CONN, ValueRef::Long(with_call(&mut bench, "a=1")));
    let new = list("b=2 b=3");
    let seen = bench.ask(1, ATTACH, &[conn, (THIS, "7002".into()), (DATA, ValueRef::List(new.view()))]);
    let brief: Vec<_> = seen.iter().map(Seen::brief).collect();
    assert_eq!(brief, ["0 EventAttachedDataChanged 7001", "1 EventAttachedDataChanged* 7002"]);
    assert_eq!(
        seen[1].names(),
        "CallType CallID ConnID CallUUID UserData ANI DNIS ReferenceID ThisDN ThisDNRole OtherDN OtherDNRole ThirdPartyDN"
    );
    for seen in &seen {
        assert_eq!(seen.text(AttributeId::THIRD_PARTY_DN).unwrap(), "7002");
        assert_eq!(shown(&seen.list(DATA).unwrap()), "a=1 b=2 b=3");
    }
    // All other operations, by a client that is no party and names no DN.
    let changed = list("b=9");
    let key = |key: &'static str| (AttributeId::DATA_KEY, ValueRef::from(key));
    for (request, attribute, expected) in [
        (UPDATE, (DATA, ValueRef::List(changed.view())), "a=1 b=9"),
        (DELETE_PAIR, key("none"), "a=1 b=9"),
        (DELETE_PAIR, key("a"), "b=9"),
        (DELETE, key(""), ""),
    ] {
        let seen = bench.ask(2, request, &[conn, attribute]);
        let brief: Vec<_> = seen.iter().map(Seen::brief).collect();
        assert_eq!(
            brief,
            [
                "0 EventAttachedDataChanged 7001",
                "1 EventAttachedDataChanged 7002",
                "2 EventAttachedDataChanged*"
            ]
        );
        for seen in &seen {
            assert_eq!(shown(&seen.list(DATA).unwrap()), expected);
            assert_eq!(seen.text(AttributeId::THIRD_PARTY_DN), None);
        }
        assert_eq!(seen[2].names(), "ReferenceID CallType CallID ConnID CallUUID UserData ANI DNIS");
        assert_eq!(seen[2].function, Function::SendToClient);
    }
}

#[test]
fn one_answer_although_the_requester_is_on_both_dns() {
    let mut bench = Bench::new(2);
    let conn = (CONN, ValueRef::Long(with_call(&mut bench, "a=1")));
    bench.register(0, &["7002"]);
    let seen = bench.brief(0, DELETE, &[conn]);
    assert_eq!(
        seen,
        [
            "0 EventAttachedDataChanged* 7001",
            "1 EventAttachedDataChanged 7002",
            "0 EventAttachedDataChanged 7002"
        ]
    );
}

#[test]
fn calls_carry_their_data() {
    let mut bench = Bench::new(2);
    with_call(&mut bench, "a=1");
    let seen = bench.ask(1, MessageId::REQUEST_ANSWER_CALL, &[(THIS, "7002".into())]);
    assert!(seen.iter().all(|seen| shown(&seen.list(DATA).unwrap()) == "a=1"));
}

#[test]
fn refused_changes() {
    let mut bench = Bench::new(2);
    let conn = (CONN, ValueRef::Long(with_call(&mut bench, "a=1")));
    let data = list("b=2");
    let data = (DATA, ValueRef::List(data.view()));
    let large = KvList::build(|list| list.str("k", "x".repeat(15_990))).unwrap();
    let huge = KvList::build(|list| list.str("k", "x".repeat(65_500))).unwrap();
    let (large, huge) = ((DATA, ValueRef::List(large.view())), (DATA, ValueRef::List(huge.view())));
    for (request, attributes, code, text) in [
        (ATTACH, vec![data], 56, "AttributeConnID is missing"),
        (ATTACH, vec![(CONN, ValueRef::Long(1)), data], 56, "there is no call 0000000000000001"),
        (ATTACH, vec![(CONN, ValueRef::Int(1)), data], 53, "AttributeConnID is of kind int, expected long"),
        (ATTACH, vec![conn], 53, "AttributeUserData is missing"),
        (UPDATE, vec![conn], 53, "AttributeUserData is missing"),
        (DELETE_PAIR, vec![conn], 53, "AttributeDataKey is missing"),
        (
            DELETE_PAIR,
            vec![conn, (AttributeId::DATA_KEY, ValueRef::Int(1))],
            53,
            "AttributeDataKey is of kind int, expected string",
        ),
        (ATTACH, vec![conn, (DATA, "x".into())], 53, "AttributeUserData is of kind string, expected list"),
        (ATTACH, vec![conn, data, (THIS, "7002".into())], 41, "DN 7002 is not registered by this client"),
        (ATTACH, vec![conn, data, (THIS, "x".into())], 59, "DN x is not configured"),
        (ATTACH, vec![conn, large], 53, "user data of 16005 bytes is over the user-data-limit of 16000"),
        (ATTACH, vec![conn, huge], 53, "user data of 65515 bytes is over the user-data-limit of 16000"),
    ] {
        assert_eq!(bench.refused(0, request, &attributes), (ErrorCode(code), text.to_owned()));
    }
    let seen = bench.ask(0, DELETE_PAIR, &[conn, (AttributeId::DATA_KEY, "none".into())]);
    assert_eq!(shown(&seen[0].list(DATA).unwrap()), "a=1", "nothing of it has been done");
}
