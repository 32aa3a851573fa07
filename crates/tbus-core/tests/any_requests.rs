//! Whatever clients send, in whatever order: no panic, one answer per ReferenceID, and for every client strictly
//! increasing sequence numbers.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tbus_core::{ClientId, Effects, Step, Switch, World};
use tlib_proto::{AttributeId, KvList, Limits, Message, MessageId, MessageRef, Timestamp, ValueRef};

const CLIENTS: u32 = 4;

/// A value that tests can own.
#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Int(i32),
    Long(u64),
    Binary(Vec<u8>),
    List(KvList),
}

impl Value {
    fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Text(text) => ValueRef::from(text.as_str()),
            Self::Int(number) => ValueRef::Int(*number),
            Self::Long(number) => ValueRef::Long(*number),
            Self::Binary(bytes) => ValueRef::Binary(bytes),
            Self::List(list) => ValueRef::List(list.view()),
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Open(u32),
    Request(u32, Message),
    Disconnect(u32),
    Link(bool),
}

fn dn() -> impl Strategy<Value = Value> {
    select(vec!["7001", "7002", "7039", "REPORTING", "Callback_VQ", "7001", "7002", "new", ""])
        .prop_map(|name| Value::Text(name.to_owned()))
}

fn list() -> impl Strategy<Value = Value> {
    vec((select(vec!["a", "b", "c"]), "[a-z]{0,3}", 0..3_usize), 0..5).prop_map(|pairs| {
        let list = KvList::build(|list| {
            for (key, value, times) in &pairs {
                // Now and then enough to go over the limit.
                list.str(key, value.repeat(times * 2000));
            }
            list
        });
        Value::List(list.unwrap())
    })
}

fn wrong() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::Long),
        "[a-z]{0,3}".prop_map(Value::Text),
        vec(any::<u8>(), 0..3).prop_map(Value::Binary),
    ]
}

/// Mostly what belongs there, sometimes something else.
fn attribute() -> impl Strategy<Value = (AttributeId, Value)> {
    let at = |id: AttributeId, value: BoxedStrategy<Value>| {
        prop_oneof![30 => value, 1 => wrong().boxed()].prop_map(move |value| (id, value)).boxed()
    };
    let number = |numbers: std::ops::Range<i32>| numbers.prop_map(Value::Int).boxed();
    let mask = select(vec![vec![0xFF; 64], vec![0; 64], vec![0xA5; 64], vec![0; 63]]).prop_map(Value::Binary);
    prop_oneof![
        6 => at(AttributeId::THIS_DN, dn().boxed()),
        3 => at(AttributeId::OTHER_DN, dn().boxed()),
        3 => at(AttributeId::COMMUNICATION_DN, dn().boxed()),
        6 => at(AttributeId::CONN_ID, (0x0067_0000_0000_0001..0x0067_0000_0000_0009_u64).prop_map(Value::Long).boxed()),
        2 => at(AttributeId::USER_DATA, list().boxed()),
        1 => at(AttributeId::REASON, list().boxed()),
        1 => at(AttributeId::AGENT_ID, "[12]".prop_map(Value::Text).boxed()),
        1 => at(AttributeId::DATA_KEY, "[abc]".prop_map(Value::Text).boxed()),
        1 => at(AttributeId::REGISTER_MODE, number(0..4)),
        1 => at(AttributeId::ADDRESS_INFO_TYPE, number(0..20)),
        1 => at(AttributeId::USER_EVENT, number(40..100)),
        1 => at(AttributeId::CLIENT_ID, number(0..6)),
        1 => at(AttributeId::INPUT_MASK, mask.boxed()),
        1 => (any::<u16>().prop_map(AttributeId), wrong()),
    ]
}

fn request() -> impl Strategy<Value = Message> {
    let common = [3, 3, 3, 4, 7, 8, 9, 10, 11, 14, 14, 14, 16, 16, 17, 18, 19, 30, 31, 32, 33, 48, 49, 2];
    let id = prop_oneof![15 => select(common.to_vec()), 1 => any::<u16>(), 1 => 0..183_u16];
    let reference = prop_oneof![8 => Just(Some(77)), 1 => Just(None), 1 => Just(Some(-1))];
    (id, reference, vec(attribute(), 0..7)).prop_map(|(id, reference, attributes)| {
        let message = Message::build(MessageId(id), |writer| {
            if let Some(reference) = reference {
                writer.int(AttributeId::REFERENCE_ID, reference);
            }
            let attributes = attributes.iter().filter(|(id, _)| *id != AttributeId::REFERENCE_ID);
            for (id, value) in attributes {
                writer.value(*id, value.view());
            }
            writer
        });
        message.unwrap()
    })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        40 => (0..CLIENTS, request()).prop_map(|(client, request)| Action::Request(client, request)),
        2 => (0..CLIENTS).prop_map(Action::Open),
        1 => (0..CLIENTS).prop_map(Action::Disconnect),
        1 => any::<bool>().prop_map(Action::Link),
    ]
}

/// Reads the deliveries, checks them, and gives how many answers with ReferenceID 77 the client got.
fn check(
    effects: &mut Effects,
    client: u32,
    last: &mut HashMap<ClientId, u64>,
) -> Result<usize, TestCaseError> {
    let mut answers = 0;
    for step in effects.steps() {
        let Step::Deliver(delivery) = step else { continue };
        prop_assert!(!delivery.to.is_empty());
        let own = delivery.requester.clone();
        prop_assert!(own.as_ref().is_none_or(|(id, _)| delivery.to.contains(id)));
        for to in delivery.to {
            let special = own.clone().filter(|(id, _)| id == to).map(|(_, frame)| frame);
            let frame = special.unwrap_or_else(|| delivery.frame.clone());
            let view = MessageRef::parse(effects.bytes(&frame), &Limits::default());
            let view = view.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(view.id(), delivery.message);
            let number = view.long(AttributeId::EVENT_SEQUENCE_NUMBER).unwrap().unwrap();
            let before = last.insert(*to, number);
            prop_assert!(
                before.is_none_or(|before| before < number),
                "{:?}: {:?} then {}",
                to,
                before,
                number
            );
            // What RequestDistributeEvent sends to the client that it names may carry the number, too, and be any event.
            let direct =
                view.id() != MessageId::EVENT_USER_EVENT && view.find(AttributeId::CLIENT_ID).is_none();
            if to.0 == client && direct && view.unsigned(AttributeId::REFERENCE_ID) == Ok(Some(77)) {
                answers += 1;
            }
        }
    }
    effects.clear_steps();
    effects.answers.clear();
    effects.events.clear();
    Ok(answers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_answers(create in any::<bool>(), actions in vec(action(), 1..120)) {
        let mut world = World::default();
        world.switch.create_unknown_dns = create;
        let mut switch = Switch::new(world);
        let mut effects = Effects::new();
        let mut last = HashMap::new();
        let hello = Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m).unwrap();
        let now = Timestamp::new(1_348_817_660, 757_000);
        for client in 0..CLIENTS - 1 {
            switch.open(ClientId(client), now, hello.view(), &mut effects);
            check(&mut effects, client, &mut last)?;
        }
        for action in actions {
            match action {
                Action::Open(client) => {
                    switch.open(ClientId(client), now, hello.view(), &mut effects);
                    check(&mut effects, client, &mut last)?;
                }
                Action::Disconnect(client) => switch.disconnected(ClientId(client)),
                Action::Link(up) => {
                    switch.set_link(up, now, &mut effects);
                    check(&mut effects, u32::MAX, &mut last)?;
                }
                Action::Request(client, request) => {
                    let view = request.view();
                    switch.request(ClientId(client), now, view, &mut effects);
                    let answers = check(&mut effects, client, &mut last)?;
                    let wants_one = view.reference_id().unwrap() == Some(77);
                    let names_itself = view.id() == MessageId::REQUEST_DISTRIBUTE_EVENT
                        && view.int(AttributeId::CLIENT_ID) == Ok(Some(client.cast_signed()));
                    if names_itself {
                        prop_assert!(answers >= usize::from(wants_one), "{:?}", view);
                    } else {
                        prop_assert_eq!(answers, usize::from(wants_one), "{:?}", view);
                    }
                }
            }
        }
    }
}
