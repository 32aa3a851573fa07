use tlib_proto::{KvList, MessageId, ValueRef};

use super::*;
use crate::testing::{Bench, REFERENCE, Seen, THIS, message};
use crate::{ClientId, Function};

const NOW: Timestamp = Timestamp { seconds: 1_348_817_660, micros: 757_000 };

fn open(bench: &mut Bench, client: u32, attributes: &[(AttributeId, ValueRef<'_>)]) -> Vec<Seen> {
    let hello = message(MessageId::REQUEST_REGISTER_CLIENT, attributes);
    bench.switch.open(ClientId(client), NOW, hello.view(), &mut bench.effects);
    bench.seen()
}

#[test]
fn opening() {
    let mut bench = Bench::new(0);
    assert_eq!(bench.switch.application(ClientId(2)), None);
    let seen = open(
        &mut bench,
        2,
        &[
            (AttributeId::APPLICATION_NAME, "Icon_Voice".into()),
            (AttributeId::REFERENCE_ID, ValueRef::Int(77)),
        ],
    );
    assert_eq!(seen.iter().map(Seen::brief).collect::<Vec<_>>(), ["2 EventLinkConnected*"]);
    assert_eq!(seen[0].names(), "ReferenceID ApplicationName SessionID");
    assert_eq!(seen[0].text(AttributeId::APPLICATION_NAME).unwrap(), "SIP_Server");
    assert_eq!(seen[0].int(AttributeId::SESSION_ID), Some(2));
    assert_eq!(seen[0].function, Function::SendToClient);
    assert_eq!(seen[0].view().long(AttributeId::EVENT_SEQUENCE_NUMBER), Ok(Some(1)));
    assert_eq!(seen[0].view().time(), Ok(Some(NOW)));
    assert_eq!(bench.switch.application(ClientId(2)), Some("Icon_Voice"));
    assert_eq!(open(&mut bench, 0, &[])[0].names(), "ApplicationName SessionID");
    assert_eq!(bench.switch.application(ClientId(0)), Some(""));
    bench.switch.disconnected(ClientId(2));
    bench.switch.disconnected(ClientId(9));
    assert_eq!(bench.switch.application(ClientId(2)), None);
}

#[test]
fn refused_openings() {
    let mut bench = Bench::new(0);
    for (client, attribute, code) in [
        (0, (AttributeId::APPLICATION_NAME, ValueRef::Int(1)), 53),
        (0, (AttributeId::REFERENCE_ID, "x".into()), 53),
        (u32::MAX, (AttributeId::APPLICATION_NAME, "x".into()), 1170),
    ] {
        let seen = open(&mut bench, client, &[attribute]);
        assert_eq!((seen.len(), seen[0].id(), seen[0].to), (1, MessageId::EVENT_ERROR, client));
        assert_eq!(seen[0].int(AttributeId::ERROR_CODE), Some(code));
        assert_eq!(bench.switch.application(ClientId(client)), None);
    }
    // Who is not open gets an answer, too.
    let (code, _) = bench.refused(0, MessageId::REQUEST_QUERY_SERVER, &[]);
    assert_eq!(code, ErrorCode::NOT_REGISTERED);
}

#[test]
fn a_second_opening_is_refused() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.refused(0, MessageId::REQUEST_REGISTER_CLIENT, &[]).0, ErrorCode::IN_SAME_STATE);
    assert_eq!(bench.switch.application(ClientId(0)), Some("client0"));
}

#[test]
fn the_driver_refuses() {
    let mut bench = Bench::new(0);
    let request = message(
        MessageId::REQUEST_ANSWER_CALL,
        &[
            (AttributeId::CONN_ID, ValueRef::Long(5)),
            (THIS, "7001".into()),
            (AttributeId::REFERENCE_ID, ValueRef::Int(REFERENCE.cast_signed())),
        ],
    );
    bench.switch.refuse(ClientId(3), NOW, request.view(), ErrorCode(41), "not yet", &mut bench.effects);
    let seen = bench.seen();
    assert_eq!((seen.len(), seen[0].to, seen[0].id()), (1, 3, MessageId::EVENT_ERROR));
    assert_eq!(seen[0].names(), "ReferenceID ThisDN ConnID ErrorCode ErrorMessage");
    let long = "é".repeat(40_000);
    bench.switch.refuse(ClientId(3), NOW, request.view(), ErrorCode(41), &long, &mut bench.effects);
    assert_eq!(bench.seen()[0].text(AttributeId::ERROR_MESSAGE).unwrap(), "é".repeat(512));
}

#[test]
fn the_link() {
    let mut bench = Bench::new(3);
    bench.switch.disconnected(ClientId(1));
    bench.switch.set_link(true, NOW, &mut bench.effects);
    assert_eq!(bench.seen().len(), 0, "it is up already");
    bench.switch.set_link(false, NOW, &mut bench.effects);
    let seen = bench.seen();
    assert_eq!(
        seen.iter().map(Seen::brief).collect::<Vec<_>>(),
        ["0 EventLinkDisconnected", "2 EventLinkDisconnected"]
    );
    assert_eq!((seen[0].names().as_str(), seen[0].function), ("ApplicationName", Function::SendToAll));
    assert_eq!(open(&mut bench, 1, &[])[0].id(), MessageId::EVENT_LINK_DISCONNECTED);
    let none = [0; 64];
    bench.ask(0, MessageId::REQUEST_SET_INPUT_MASK, &[(AttributeId::INPUT_MASK, ValueRef::Binary(&none))]);
    bench.switch.set_link(true, NOW, &mut bench.effects);
    let seen: Vec<_> = bench.seen().iter().map(Seen::brief).collect();
    assert_eq!(seen, ["1 EventLinkConnected", "2 EventLinkConnected"]);
    let mut alone = Bench::new(0);
    alone.switch.set_link(false, NOW, &mut alone.effects);
    assert_eq!(alone.seen().len(), 0);
}

#[test]
fn private_services_are_acknowledged() {
    let mut bench = Bench::new(1);
    let seen = bench.ask(0, MessageId::REQUEST_PRIVATE_SERVICE, &[(THIS, "7001".into())]);
    assert_eq!(seen[0].names(), "ReferenceID ThisDN UserEvent");
    assert_eq!(seen[0].int(AttributeId::USER_EVENT), Some(149));
    assert_eq!(bench.ask(0, MessageId::REQUEST_PRIVATE_SERVICE, &[])[0].names(), "ReferenceID UserEvent");
}

/// Every published id, and some beyond, sent as a request, bare and with much in it: exactly one answer, which carries
/// the ReferenceID. Only the copies of EventUserEvent carry it as well.
#[test]
fn one_answer_to_everything() {
    let list = KvList::build(|list| list.str("k", "v")).unwrap();
    let rich = [
        (THIS, "7001".into()),
        (AttributeId::OTHER_DN, "7002".into()),
        (AttributeId::COMMUNICATION_DN, "REPORTING".into()),
        (AttributeId::USER_EVENT, ValueRef::Int(57)),
        (AttributeId::USER_DATA, ValueRef::List(list.view())),
        (AttributeId::AGENT_ID, "1001".into()),
        (AttributeId::DATA_KEY, "k".into()),
        (AttributeId::CONN_ID, ValueRef::Long(0x0067_0000_0000_0001)),
        (AttributeId::INPUT_MASK, ValueRef::Binary(&[0xFF; 64])),
    ];
    for id in (0..=185).chain([0xFEFF]).map(MessageId) {
        for attributes in [&rich[..], &[]] {
            let mut bench = Bench::new(2);
            bench.register(1, &["7001", "7002", "REPORTING"]);
            if !attributes.is_empty() {
                bench.register(0, &["7001", "7002", "REPORTING"]);
            }
            let seen = bench.ask(0, id, attributes);
            let answers = seen.iter().filter(|seen| seen.to == 0 && seen.reference() == Some(REFERENCE));
            let answers: Vec<_> = answers.filter(|seen| seen.id() != MessageId::EVENT_USER_EVENT).collect();
            assert_eq!(answers.len(), 1, "{id}: {seen:?}");
            let answer = answers[0];
            assert!(seen.iter().all(|seen| seen.to == 0
                || seen.id() == MessageId::EVENT_USER_EVENT
                || seen.reference().is_none()));
            if answer.id() != MessageId::EVENT_ERROR {
                assert!(id.answers().contains(&answer.id()), "{id} by {}", answer.id());
                continue;
            }
            let unsupported = answer.int(AttributeId::ERROR_CODE) == Some(51);
            assert_eq!(unsupported, !crate::turn::is_supported(id), "{id}: {seen:?}");
            let text = answer.text(AttributeId::ERROR_MESSAGE).unwrap();
            if unsupported {
                let what = if id.is_event() { "is an event, not a request" } else { "is not supported" };
                assert_eq!(text, format!("{id} {what}"));
            }
        }
    }
}
