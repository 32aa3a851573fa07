//! What sessions send, against the worked example of facts infomart 8 and the rules around it.

mod changes;
mod outcomes;

use std::collections::BTreeMap;

use tlib_proto::{KvList, ValueRef};

use super::{
    Action, CallDirection, Callback, CallbackType, Dial, DialResult, Ending, Outcome, Queue, QueueFigures,
    Refused, Script, State, caller_parameters, plan,
};
use crate::keys;

/// 2014-09-19T10:00:00Z, the worked example's start.
const T: i64 = 1_411_120_800;

const SERVICE: &str = "445-5338c861-6f94-48fc-a3a3-81ca343c3cc2";

fn callback() -> Callback {
    let offered = (T - 12).to_string();
    Callback {
        queue: Queue::new("Performance_VCB_VQ", Some(102)),
        parameters: caller_parameters([
            ("_customer_number", "5551234"),
            ("_cb_t_callback_offered", offered.as_str()),
            ("_cb_d_callback_offer", "12"),
            ("_cb_ewt_when_callback_was_offered", "240"),
            ("_cb_pos_when_callback_was_offered", "7"),
            ("_cb_dim_channel", "IVR"),
        ]),
        ..Callback::new(SERVICE, "65UA6ISSJH76R340BNDQ2DG0DG000036", "5551234", T)
    }
}

/// Pairs by key, ints with a mark.
fn shown(list: &KvList) -> BTreeMap<String, String> {
    let pairs = list.view().pairs();
    pairs
        .map(|pair| {
            let value = match pair.value {
                ValueRef::Int(value) => format!("int {value}"),
                ValueRef::Str(text) => String::from_utf8(text.to_vec()).expect("text"),
                other => panic!("{other:?}"),
            };
            (String::from_utf8(pair.key.to_vec()).expect("a key"), value)
        })
        .collect()
}

/// The user events of a callback that goes like this: when, and with what.
fn events(callback: &Callback, script: &Script) -> Vec<(i64, BTreeMap<String, String>)> {
    let plan = plan(callback, script).expect("it fits");
    user_events(&plan.steps)
}

fn user_events(steps: &[super::Step]) -> Vec<(i64, BTreeMap<String, String>)> {
    steps
        .iter()
        .filter_map(|step| match &step.action {
            Some(Action::UserEvent(list)) => Some((step.at, shown(list))),
            _ => None,
        })
        .collect()
}

fn at(pairs: &BTreeMap<String, String>, key: &str) -> String {
    pairs.get(key).cloned().unwrap_or_else(|| "-".to_owned())
}

#[test]
fn the_worked_example() {
    let [(start_at, start), (end_at, end)] =
        <[_; 2]>::try_from(events(&callback(), &Script::default())).expect("two");
    assert_eq!((start_at, end_at), (T, T + 18));
    for (key, first, last) in [
        (keys::CB_SERVICE_ID, SERVICE.to_owned(), SERVICE.to_owned()),
        (keys::CB_T_SERVICE_START, format!("int {T}"), format!("int {T}")),
        (keys::CB_T_CALLBACK_OFFERED, format!("int {}", T - 12), format!("int {}", T - 12)),
        (keys::CB_T_CALLBACK_ACCEPTED, format!("int {T}"), format!("int {T}")),
        (keys::CB_D_CALLBACK_OFFER, "int 12".into(), "int 12".into()),
        (keys::CB_N_CALLBACK_OFFERED, "int 1".into(), "int 1".into()),
        (keys::CB_N_CALLBACK_ACCEPTED, "int 1".into(), "int 1".into()),
        (keys::CB_EWT_WHEN_CALLBACK_WAS_OFFERED, "240".into(), "240".into()),
        (keys::CB_POS_WHEN_CALLBACK_WAS_OFFERED, "7".into(), "7".into()),
        (keys::CB_N_CALLBACK_MEDIA_ATTEMPTS, "int 0".into(), "int 1".into()),
        (keys::CB_T_READY_TO_START_MEDIA_IXN, "-".into(), format!("int {}", T + 2)),
        (keys::CB_T_DIAL_1, "-".into(), format!("int {}", T + 2)),
        (keys::CB_D_ESTABLISH_MEDIA_IXN, "-".into(), "int 6".into()),
        (keys::CB_T_CUSTOMER_CONNECTED, "-".into(), format!("int {}", T + 8)),
        (keys::CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT, "-".into(), "int 7".into()),
        (keys::CB_N_AGENT_ADDED_TO_IXN, "int 0".into(), "int 1".into()),
        (keys::CB_DIM_DIAL_DIALOG_RESULT, "-".into(), "RIGHT_PERSON".into()),
        (keys::CB_DIM_FINAL_DIAL_RESULT, "-".into(), "CONNECTED".into()),
        (keys::CB_FINAL_RECORD, "0".into(), "1".into()),
        (keys::CB_T_SERVICE_END, "-".into(), format!("int {}", T + 18)),
        (keys::CB_DISPOSITION, "QUEUED.AGENT".into(), "COMPLETED.AGENT".into()),
        (keys::CB_DIM_TYPE, "IMMEDIATE".into(), "IMMEDIATE".into()),
        (keys::CB_DIM_CHANNEL, "IVR".into(), "IVR".into()),
        (keys::CB_DIM_VQ, "Performance_VCB_VQ".into(), "Performance_VCB_VQ".into()),
    ] {
        assert_eq!((at(&start, key), at(&end, key)), (first, last), "{key}");
    }
}

#[test]
fn the_end_repeats_every_key_of_the_start() {
    for outcome in Outcome::ALL {
        for direction in CallDirection::ALL {
            let callback = Callback { direction: *direction, ..callback() };
            let sent = events(&callback, &outcome.script(*direction));
            let (first, last) = (&sent[0].1, &sent[sent.len() - 1].1);
            assert!(first.keys().all(|key| last.contains_key(key)), "{outcome} {direction}");
            let mandatory = keys::KEYS.iter().filter(|key| key.mandatory);
            for key in mandatory {
                assert!(
                    sent.iter().all(|(_, pairs)| pairs.contains_key(key.name)),
                    "{outcome}: {}",
                    key.name
                );
            }
        }
    }
}

#[test]
fn a_full_event_has_58_pairs() {
    let callback = Callback { originating_interaction: Some("006702c8b1a2d001".to_owned()), ..callback() };
    let results = [DialResult::Busy, DialResult::NoAnswer, DialResult::Connected];
    let script = Script { target: Some("Sales@Stat_Server.GA".to_owned()), ..Script::dialling(results) };
    let sent = events(&callback, &script);
    let (_, end) = sent.last().expect("an end");
    // All but those of a fourth and fifth dial, and those of an offer that is not accepted.
    let absent: Vec<_> = keys::KEYS[..keys::PUBLISHED]
        .iter()
        .map(|key| key.name)
        .filter(|key| !end.contains_key(*key))
        .collect();
    assert_eq!(
        absent,
        [
            keys::CB_DIAL_4_RESULT,
            keys::CB_DIAL_5_RESULT,
            keys::CB_T_DIAL_4,
            keys::CB_T_DIAL_5,
            keys::CB_OFFER_EWT_INBOUND_VQ,
            keys::CB_N_ABANDONED_DURING_CALLBACK_OFFER,
        ]
    );
    assert_eq!(end.len(), 58);
}

#[test]
fn values_are_of_the_published_domains() {
    for outcome in Outcome::ALL {
        for direction in CallDirection::ALL {
            let callback = Callback { direction: *direction, ..callback() };
            for (_, pairs) in events(&callback, &outcome.script(*direction)) {
                for (name, value) in pairs {
                    let Some(key) = keys::KEYS.iter().find(|key| key.name == name) else { continue };
                    match key.kind {
                        keys::Kind::Domain(values) => {
                            assert!(values.contains(&value.as_str()), "{name} {value}");
                        }
                        keys::Kind::Time => {
                            let time: i64 =
                                value.strip_prefix("int ").expect("an int").parse().expect("a time");
                            assert!((T - 12..T + 100_000).contains(&time), "{name} {time}");
                        }
                        keys::Kind::Flag => {
                            assert!(matches!(value.trim_start_matches("int "), "0" | "1"), "{name} {value}");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

#[test]
fn words_are_the_published_ones() {
    let same = |ours: Vec<&str>, theirs: &[&str]| assert_eq!(ours, theirs);
    same(CallbackType::ALL.iter().map(|word| word.name()).collect(), &keys::domain::callback_type::ALL);
    same(CallDirection::ALL.iter().map(|word| word.name()).collect(), &keys::domain::call_direction::ALL);
    same(
        super::ConnectOrder::ALL.iter().map(|word| word.name()).collect(),
        &keys::domain::connect_order::ALL,
    );
    same(DialResult::ALL.iter().map(|word| word.name()).collect(), &keys::domain::dial_result::ALL);
    same(State::ALL.iter().map(|word| word.name()).collect(), &keys::domain::disposition_state::ALL);
}

#[test]
fn an_offer_that_the_caller_says_nothing_about() {
    let callback = Callback::new(SERVICE, "S", "5551234", T);
    let sent = events(&callback, &Script::default());
    for (_, pairs) in &sent {
        assert_eq!(at(pairs, keys::CB_D_CALLBACK_OFFER), "int 0");
        assert_eq!(at(pairs, keys::CB_N_CALLBACK_OFFERED), "int 1");
        assert_eq!(at(pairs, keys::CB_T_CALLBACK_OFFERED), format!("int {T}"));
    }
}

#[test]
fn what_only_the_session_says() {
    let parameters = caller_parameters([
        ("_cb_service_id", "another"),
        ("_cb_final_record", "1"),
        ("_cb_n_callback_accepted", "0"),
        ("_cb_n_callback_offered", "many"),
        ("_cb_my_own", "kept"),
    ]);
    let sent = events(&Callback { parameters, ..callback() }, &Script::default());
    let start = &sent[0].1;
    assert_eq!(at(start, keys::CB_SERVICE_ID), SERVICE);
    assert_eq!(at(start, keys::CB_FINAL_RECORD), "0");
    assert_eq!(at(start, keys::CB_N_CALLBACK_ACCEPTED), "int 1");
    // A number that is none goes through as it is, for whoever looks for such mistakes downstream.
    assert_eq!(at(start, keys::CB_N_CALLBACK_OFFERED), "many");
    assert_eq!(at(start, "_CB_MY_OWN"), "kept");
}

#[test]
fn the_four_pairs_that_are_sent_twice() {
    let callback = Callback { originating_interaction: Some("006702c8b1a2d001".to_owned()), ..callback() };
    let steps = plan(&callback, &Script::default()).expect("it fits").steps;
    let attached: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.action {
            Some(Action::Attach(list)) => Some((step.at, shown(list).into_keys().collect::<Vec<_>>())),
            _ => None,
        })
        .collect();
    let at_once = vec!["_CB_SERVICE_ID", "_CB_T_CALLBACK_ACCEPTED", "_CB_T_SERVICE_START"];
    assert_eq!(
        attached,
        [
            (T, at_once.into_iter().map(str::to_owned).collect::<Vec<_>>()),
            (T + 8, vec!["_CB_T_CUSTOMER_CONNECTED".to_owned()])
        ]
    );
    let twice: Vec<_> = keys::KEYS.iter().filter(|key| key.sent_twice).map(|key| key.name).collect();
    assert_eq!(attached.iter().map(|(_, keys)| keys.len()).sum::<usize>(), twice.len());
    assert!(attached.iter().flat_map(|(_, keys)| keys).all(|key| twice.contains(&key.as_str())));
}

#[test]
fn states_in_their_order() {
    let of = |callback: &Callback, script: &Script| -> Vec<(i64, State)> {
        let plan = plan(callback, script).expect("it fits");
        plan.steps.iter().filter_map(|step| Some((step.at - T, step.state?.0))).collect()
    };
    assert_eq!(
        of(&callback(), &Script::default()),
        [(0, State::Queued), (8, State::Routing), (15, State::Processing), (18, State::Completed)]
    );
    let scheduled =
        Callback { callback_type: CallbackType::Scheduled, desired: Some(T + 3600), ..callback() };
    assert_eq!(
        of(&scheduled, &Script::ending(Ending::Abandoned)),
        [(0, State::Scheduled), (3600, State::Queued), (3608, State::Routing), (3618, State::Completed)]
    );
}

#[test]
fn dials_up_to_the_limit() {
    let results =
        [DialResult::Busy, DialResult::NoAnswer, DialResult::AnsweringMachine, DialResult::Connected];
    let sent = events(&callback(), &Script::dialling(results));
    let (ended, end) = &sent[1];
    assert_eq!(*ended, T + 2 + 6 + 300 + 6 + 300 + 6 + 3);
    assert_eq!(at(end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 3");
    assert_eq!(at(end, keys::CB_DIAL_3_RESULT), "ANSWERING_MACHINE");
    assert_eq!(at(end, keys::CB_T_DIAL_2), format!("int {}", T + 308));
    assert_eq!(at(end, keys::CB_DIM_FINAL_DIAL_RESULT), "REDIAL_LIMIT_REACHED");
    assert_eq!(at(end, keys::CB_DISPOSITION), "COMPLETED.REDIAL_LIMIT_REACHED");
    assert_eq!(at(end, keys::CB_T_CUSTOMER_CONNECTED), "-");

    let mut patient = callback();
    patient.options.max_dial_attempts = 7;
    let six = [DialResult::Busy; 6].into_iter().chain([DialResult::Person]);
    let sent = events(&patient, &Script::dialling(six));
    let end = &sent[1].1;
    // There are keys for five dials only.
    assert_eq!(at(end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 7");
    assert_eq!(at(end, keys::CB_DIAL_5_RESULT), "BUSY");
    assert_eq!(at(end, keys::CB_DIM_FINAL_DIAL_RESULT), "PERSON");
}

#[test]
fn no_dials_at_all() {
    let mut none = callback();
    none.options.max_dial_attempts = 0;
    for (callback, script) in [(callback(), Script::dialling([])), (none, Script::default())] {
        let sent = events(&callback, &script);
        assert_eq!(at(&sent[1].1, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 0");
        assert_eq!(at(&sent[1].1, keys::CB_FINAL_RECORD), "1");
    }
}

#[test]
fn a_customer_who_calls_in_after_a_notification() {
    let callback = Callback {
        callback_type: CallbackType::WaitForAgent,
        direction: CallDirection::CustomerOriginated,
        ..callback()
    };
    let script = Script {
        offline_wait: 180,
        dials: vec![Dial::new(DialResult::PushDeliveryConfirmed)],
        customer_after: 20,
        ending: Ending::Connected,
        ..Script::default()
    };
    let sent = events(&callback, &script);
    let end = &sent[1].1;
    for (key, value) in [
        (keys::CB_D_WAITING_FOR_AGENT_OFFLINE, "int 180".to_owned()),
        (keys::CB_T_PUSH_DELIVERY_CONFIRMED, format!("int {}", T + 188)),
        (keys::CB_T_CUSTOMER_READY_TO_START_IXN, format!("int {}", T + 208)),
        (keys::CB_T_CUSTOMER_CONNECTED, format!("int {}", T + 208)),
        (keys::CB_DIAL_1_RESULT, "PUSH_DELIVERY_CONFIRMED".to_owned()),
        (keys::CB_DIM_FINAL_DIAL_RESULT, "USERORIGINATED_CONNECTED".to_owned()),
        (keys::CB_DISPOSITION, "COMPLETED.CONNECTED".to_owned()),
        (keys::CB_N_AGENT_ADDED_TO_IXN, "int 1".to_owned()),
    ] {
        assert_eq!(at(end, key), value, "{key}");
    }
}

#[test]
fn an_offer_that_is_not_accepted_is_one_final_event() {
    for (ending, hung_up) in [(Ending::Declined, "int 0"), (Ending::OfferAbandoned, "int 1")] {
        let plan = plan(&callback(), &Script::ending(ending)).expect("it fits");
        let sent = user_events(&plan.steps);
        let [(when, pairs)] = sent.as_slice() else { panic!("{} events", sent.len()) };
        assert_eq!(*when, T);
        assert_eq!(at(pairs, keys::CB_FINAL_RECORD), "1");
        assert_eq!(at(pairs, keys::CB_N_CALLBACK_ACCEPTED), "int 0");
        assert_eq!(at(pairs, keys::CB_N_CALLBACK_OFFERED), "int 1");
        assert_eq!(at(pairs, keys::CB_N_ABANDONED_DURING_CALLBACK_OFFER), hung_up);
        assert_eq!(at(pairs, keys::CB_DIM_CHANNEL), "IVR");
        assert_eq!(at(pairs, keys::CB_T_CALLBACK_ACCEPTED), "-");
        assert_eq!(plan.clone().cancel(T), Err(Refused::NoSession));
    }
}

#[test]
fn a_strategy_with_mistakes() {
    let script = Script {
        leave_out: vec![keys::CB_T_SERVICE_START.to_owned()],
        pairs: [("_CB_N_CALLBACK_OFFERED".to_owned(), "yes".to_owned())].into(),
        ..Script::default()
    };
    for (_, pairs) in events(&callback(), &script) {
        assert_eq!(at(&pairs, keys::CB_T_SERVICE_START), "-");
        assert_eq!(at(&pairs, keys::CB_N_CALLBACK_OFFERED), "yes");
    }
}

#[test]
fn what_the_queue_says() {
    let queue =
        QueueFigures { ewt_ready: 30, pos_ready: 2, ewt_last: 10, pos_last: 1, ..QueueFigures::default() };
    let sent = events(&callback(), &Script { queue, ..Script::default() });
    assert_eq!(at(&sent[1].1, keys::CB_EWT_WHEN_READY_TO_START_MEDIA_IXN), "30");
    assert_eq!(at(&sent[1].1, keys::CB_POS_WHEN_READY_TO_START_LAST_MEDIA_IXN), "1");
}

#[test]
fn times_beyond_the_wire_and_values_beyond_a_message() {
    let late = Callback { start: i64::MAX - 5, ..callback() };
    let sent = events(&late, &Script::default());
    assert_eq!(at(&sent[0].1, keys::CB_T_SERVICE_START), (i64::MAX - 5).to_string());
    let long = Callback { customer_number: "5".repeat(70_000), ..callback() };
    let error = plan(&long, &Script::default()).expect_err("a pair holds 65535 bytes");
    assert!(error.to_string().contains("70000"), "{error}");
}
