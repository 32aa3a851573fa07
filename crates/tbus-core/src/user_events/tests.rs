use tlib_proto::text::{TextStyle, print_message};
use tlib_proto::{KvList, Limits, Message, Timestamp};

use super::*;
use crate::testing::{Bench, REFERENCE, THIS, message};
use crate::{Step, Switch, World};

const USER_EVENT: MessageId = MessageId::REQUEST_DISTRIBUTE_USER_EVENT;
const EVENT: MessageId = MessageId::REQUEST_DISTRIBUTE_EVENT;
const TARGET: AttributeId = AttributeId::COMMUNICATION_DN;

fn text(value: &str) -> ValueRef<'_> {
    value.into()
}

#[test]
fn the_published_log_comes_out() {
    let golden = include_str!("../../../../tests/evidence/tserver_reporting.log");
    let data = tlib_testkit::published::user_data();
    // In another order than the event's, as any client may send it.
    let request = Message::build(USER_EVENT, |m| {
        m.str(AttributeId::DNIS, "333")
            .user_event(MessageId::EVENT_RINGING)
            .str(AttributeId::ANI, "777")
            .unsigned(AttributeId::REFERENCE_ID, 431)
            .list(AttributeId::USER_DATA, data.view())
            .str(TARGET, "REPORTING")
    })
    .unwrap();
    let mut bench = Bench::new(4);
    for client in 1..4 {
        bench.register(client, &["REPORTING"]);
    }
    bench.switch.set_next_sequence(0xef8);
    let now = Timestamp::new(1_348_817_660, 757_000);
    bench.switch.request(ClientId(0), now, request.view(), &mut bench.effects);
    let style = TextStyle { utc_offset: -7 * 3600 };
    let mut lines = String::new();
    let mut receivers = Vec::new();
    for step in bench.effects.steps() {
        match step {
            Step::Note(note) => lines += &format!("{note}\n"),
            Step::Deliver(delivery) => {
                let frame = bench.effects.bytes(&delivery.frame);
                let view = MessageRef::parse(frame, &Limits::default()).unwrap();
                lines += &format!("{}: ", delivery.function);
                print_message(&mut lines, view, &style);
                receivers.push(delivery.to.to_vec());
                assert_eq!(delivery.requester, None);
            }
        }
    }
    assert_eq!(receivers, [vec![ClientId(0)], vec![ClientId(1), ClientId(2), ClientId(3)]]);
    let stamps = |line: &str| line.starts_with("00:34");
    let expected: String = golden
        .lines()
        .filter(|line| !stamps(line))
        .map(|line| line.strip_prefix("@00:34:20.7570 [0] 8.1.000.62 ").unwrap_or(line).to_owned() + "\n")
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn every_attribute_is_looked_up() {
    for id in (0..=u16::MAX).map(AttributeId) {
        assert_eq!(Parts::place(id), place(id), "{id}");
    }
}

#[test]
fn order_of_the_attributes() {
    let (list, other) = (tlib_testkit::published::user_data(), KvList::new());
    let (list, other) = (ValueRef::List(list.view()), ValueRef::List(other.view()));
    let attributes = [
        (AttributeId(149), ValueRef::Other(9, b"later release")),
        (THIS, text("7001")),
        (AttributeId::EVENT_SEQUENCE_NUMBER, ValueRef::Long(1)),
        (AttributeId::DNIS, text("333")),
        (AttributeId::REASON, other),
        (AttributeId::CONN_ID, ValueRef::Long(5)),
        (AttributeId::USER_EVENT, ValueRef::Int(60)),
        (AttributeId::TIMEIN_SECS, ValueRef::Int(1)),
        (AttributeId::TIMEINU_SECS, ValueRef::Int(1)),
        (AttributeId::CUSTOMER_ID, text("Other")),
        (AttributeId::DNIS, text("second")),
        (AttributeId::USER_DATA, list),
        (TARGET, text("REPORTING")),
        (AttributeId::EXTENSIONS, other),
        (AttributeId::ANI, text("777")),
        (TARGET, text("second")),
        (AttributeId::OTHER_DN, text("7002")),
    ];
    let mut bench = Bench::new(2);
    bench.register(1, &["REPORTING"]);
    let seen = bench.ask(0, USER_EVENT, &attributes);
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].names(), "ReferenceID ThisDN UserEvent");
    assert_eq!(seen[0].text(THIS).unwrap(), "7001", "the request's ThisDN, whatever the target");
    assert_eq!(seen[0].int(AttributeId::USER_EVENT), Some(48));
    assert_eq!(
        seen[1].names(),
        "UserEvent UserData Extensions Reason ANI DNIS 149 ConnID DNIS OtherDN ReferenceID ThisDN"
    );
    assert_eq!(seen[1].int(AttributeId::USER_EVENT), Some(96));
    assert_eq!(seen[1].text(AttributeId::CUSTOMER_ID).unwrap(), "Environment");
    assert_eq!(seen[1].view().find(AttributeId(149)), Some(ValueRef::Other(9, b"later release")));
    assert!(bench.notes.is_empty());
}

#[test]
fn who_gets_a_user_event() {
    let mut bench = Bench::new(4);
    for client in [2, 0, 3] {
        bench.register(client, &["REPORTING"]);
    }
    // The sender is registered: it gets its copy in its place, ReferenceID and all.
    assert_eq!(
        bench.brief(0, USER_EVENT, &[(TARGET, text("REPORTING"))]),
        [
            "0 EventACK* REPORTING",
            "2 EventUserEvent* REPORTING",
            "0 EventUserEvent* REPORTING",
            "3 EventUserEvent* REPORTING"
        ]
    );
    assert_eq!(bench.notes, ["-- Absent ThisDN, REPORTING was used"]);
    // ThisDN alone is the target, too. Nobody there: acknowledged, and the log says so.
    assert_eq!(bench.brief(0, USER_EVENT, &[(THIS, text("7001"))]), ["0 EventACK* 7001"]);
    assert_eq!(bench.notes, ["-- no distribution of EventUserEvent: nobody is registered on 7001"]);
    // Who has gone gets nothing.
    bench.switch.disconnected(ClientId(2));
    assert_eq!(bench.ask(1, USER_EVENT, &[(TARGET, text("REPORTING"))]).len(), 3);
}

#[test]
fn without_a_reference_there_is_no_ack() {
    for reference in [None, Some(-1)] {
        let mut bench = Bench::new(2);
        bench.register(1, &["REPORTING"]);
        let mut attributes = vec![(TARGET, text("REPORTING"))];
        attributes.extend(reference.map(|id| (AttributeId::REFERENCE_ID, ValueRef::Int(id))));
        let seen = bench.send(0, &message(USER_EVENT, &attributes));
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].to, seen[0].int(AttributeId::REFERENCE_ID)), (1, reference));
        attributes[0].1 = text("nowhere");
        let seen = bench.send(0, &message(USER_EVENT, &attributes));
        assert_eq!((seen.len(), seen[0].id(), seen[0].reference()), (1, MessageId::EVENT_ERROR, None));
    }
}

#[test]
fn refused_user_events() {
    let long = KvList::build(|list| list.str("k", "x".repeat(16_000))).unwrap();
    let long = (AttributeId::USER_DATA, ValueRef::List(long.view()));
    let int = ValueRef::Int(1);
    for (attributes, code, expected) in [
        (&[][..], 53, "AttributeCommunicationDN and AttributeThisDN are missing"),
        (&[(TARGET, text("x\ty"))], 59, "DN x\\ty is not configured"),
        (&[(TARGET, text(""))], 59, "DN  is not configured"),
        (&[(THIS, int)], 53, "AttributeThisDN is of kind int, expected string"),
        (&[(TARGET, int)], 53, "AttributeCommunicationDN is of kind int, expected string"),
        (&[(AttributeId::USER_DATA, text("a"))], 53, "AttributeUserData is of kind string, expected list"),
        (&[long], 53, "user data of 16008 bytes is over the user-data-limit of 16000"),
    ] {
        let mut bench = Bench::new(1);
        assert_eq!(bench.refused(0, USER_EVENT, attributes), (ErrorCode(code), expected.to_owned()));
    }
    let mut bench = Bench::new(1);
    let seen = bench.send(0, &message(USER_EVENT, &[(AttributeId::REFERENCE_ID, text("7"))]));
    assert_eq!(
        seen[0].text(AttributeId::ERROR_MESSAGE).unwrap(),
        "AttributeReferenceID is of kind string, expected int"
    );
    assert_eq!(seen[0].view().find(AttributeId::REFERENCE_ID), None);
}

#[test]
fn unknown_dns_are_created_if_the_world_says_so() {
    let mut bench = Bench::of("[switch]\ncreate-unknown-dns = true", 1);
    assert_eq!(bench.brief(0, USER_EVENT, &[(TARGET, text("new"))]), ["0 EventACK* new"]);
    bench.register(0, &["new"]);
    assert_eq!(bench.ask(0, USER_EVENT, &[(TARGET, text("new"))]).len(), 2);
    let long = "x".repeat(256);
    let (code, _) = bench.refused(0, USER_EVENT, &[(TARGET, text(&long))]);
    assert_eq!(code, ErrorCode::INVALID_ATTR);
    assert_eq!(bench.refused(0, USER_EVENT, &[(TARGET, text(""))]).0, ErrorCode::NOT_CONFIGURED);
}

#[test]
fn an_event_that_does_not_fit_is_an_error_and_nothing_else() {
    let mut bench =
        Bench::of("[t-server.options]\nframe-limit = 8192\n[[dn]]\nnumber = '1'\ntype = 'Extension'", 2);
    bench.register(1, &["1"]);
    // The request fits into the limit, with the head of an event it does not.
    let data = "x".repeat(8140);
    let (code, text) =
        bench.refused(0, USER_EVENT, &[(THIS, text("1")), (AttributeId::DTMF_DIGITS, text(&data))]);
    assert_eq!(code, ErrorCode::INVALID_ATTR);
    assert!(
        text.starts_with("EventUserEvent of ") && text.ends_with("over the frame limit of 8192"),
        "{text}"
    );
    // The event that was taken back has left no gap.
    let seen = bench.ask(0, USER_EVENT, &[(THIS, "1".into())]);
    let numbers: Vec<_> =
        seen.iter().map(|seen| seen.view().long(AttributeId::EVENT_SEQUENCE_NUMBER)).collect();
    assert_eq!(numbers, [Ok(Some(5)), Ok(Some(6))]);
}

#[test]
fn an_error_fits_even_when_the_dn_nearly_fills_the_frame() {
    let mut bench = Bench::of("[t-server.options]\nframe-limit = 8192", 1);
    let name = "x".repeat(8170);
    let seen = bench.send(0, &message(USER_EVENT, &[(THIS, text(&name))]));
    assert_eq!(seen[0].names(), "ErrorCode ErrorMessage");
}

#[test]
fn who_gets_a_distributed_event() {
    let queued = (AttributeId::USER_EVENT, ValueRef::Int(57));
    let data = tlib_testkit::published::user_data();
    let mut bench = Bench::new(4);
    bench.register(1, &["Callback_VQ"]);
    bench.register(2, &["Callback_VQ"]);
    let attributes = [
        (AttributeId::CONN_ID, ValueRef::Long(9)),
        queued,
        (THIS, text("Callback_VQ")),
        (TARGET, text("7001")),
        (AttributeId::USER_DATA, ValueRef::List(data.view())),
        (AttributeId::CLIENT_ID, ValueRef::Int(3)),
    ];
    let seen = bench.ask(0, EVENT, &attributes);
    let brief: Vec<_> = seen.iter().map(|seen| seen.brief()).collect();
    assert_eq!(
        brief,
        [
            "0 EventACK* Callback_VQ",
            "1 EventQueued Callback_VQ",
            "2 EventQueued Callback_VQ",
            "3 EventQueued* Callback_VQ"
        ]
    );
    assert_eq!(seen[1].names(), "UserEvent ConnID ThisDN UserData");
    assert_eq!(seen[3].names(), "UserEvent ReferenceID ConnID ThisDN UserData");
    assert_eq!(seen[1].int(AttributeId::USER_EVENT), Some(57));
    assert_eq!((seen[0].function, seen[1].function), (Function::SendToClient, Function::DistributeEvent));
    let sequence = |at: usize| seen[at].view().long(AttributeId::EVENT_SEQUENCE_NUMBER).unwrap();
    assert_eq!(sequence(1), sequence(3), "two copies of one event");
    // One that is registered anyway keeps its place.
    let named =
        |client| [queued, (THIS, text("Callback_VQ")), (AttributeId::CLIENT_ID, ValueRef::Int(client))];
    let brief = bench.brief(0, EVENT, &named(1));
    assert_eq!(brief[1..], ["1 EventQueued* Callback_VQ", "2 EventQueued Callback_VQ"]);
    assert_eq!(bench.ask(0, EVENT, &named(99)).len(), 3);
    assert_eq!(bench.notes, ["-- ClientID 99 is no client that is connected"]);
}

#[test]
fn refused_events() {
    let this = (THIS, text("7001"));
    let event = |number| (AttributeId::USER_EVENT, ValueRef::Int(number));
    let mut bench = Bench::new(1);
    for (attributes, code, expected) in [
        (vec![event(57)], 53, "AttributeThisDN is missing"),
        (vec![event(57), (THIS, text("x"))], 59, "DN x is not configured"),
        (vec![this], 53, "AttributeUserEvent is missing"),
        (vec![this, event(48)], 53, "AttributeUserEvent 48 is no event"),
        (vec![this, event(183)], 53, "AttributeUserEvent 183 is no event"),
        (vec![this, event(-1)], 53, "AttributeUserEvent -1 is no event"),
        (
            vec![this, (AttributeId::USER_EVENT, text("x"))],
            53,
            "AttributeUserEvent is of kind string, expected int",
        ),
        (
            vec![this, event(57), (AttributeId::CLIENT_ID, text("x"))],
            53,
            "AttributeClientID is of kind string, expected int",
        ),
    ] {
        assert_eq!(bench.refused(0, EVENT, &attributes), (ErrorCode(code), expected.to_owned()));
    }
}

#[test]
fn the_hot_path_reuses_its_buffers() {
    let mut switch = Switch::new(World::default());
    let mut effects = crate::Effects::new();
    let now = Timestamp::default();
    let hello = message(MessageId::REQUEST_REGISTER_CLIENT, &[]);
    let register = message(MessageId::REQUEST_REGISTER_ADDRESS, &[(THIS, text("REPORTING"))]);
    for client in 0..300 {
        switch.open(ClientId(client), now, hello.view(), &mut effects);
        switch.request(ClientId(client), now, register.view(), &mut effects);
    }
    let reference = ValueRef::Int(REFERENCE.cast_signed());
    let request = message(USER_EVENT, &[(AttributeId::REFERENCE_ID, reference), (TARGET, text("REPORTING"))]);
    let place = |effects: &crate::Effects| (effects.answers.as_ptr(), effects.events.as_ptr());
    let mut before = None;
    for _ in 0..3 {
        effects.clear_steps();
        effects.answers.clear();
        effects.events.clear();
        switch.request(ClientId(0), now, request.view(), &mut effects);
        assert!(before.is_none_or(|before| before == place(&effects)));
        before = Some(place(&effects));
    }
    let receivers = effects.steps().filter_map(|step| match step {
        Step::Deliver(delivery) => Some(delivery.to.len()),
        Step::Note(_) => None,
    });
    assert_eq!(receivers.collect::<Vec<_>>(), [1, 300]);
}
