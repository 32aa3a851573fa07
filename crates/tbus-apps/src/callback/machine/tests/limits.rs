//! How many there may be, and options that a request overwrites.

use super::*;

fn refused(machine: &mut Machine, pairs: &[(&str, &str)], now: i64) -> Refusal {
    start(machine, pairs, now).unwrap_err()
}

fn number(text: &str) -> [(&str, &str); 1] {
    [("_customer_number", text)]
}

#[test]
fn a_number_that_waits_twice_gets_no_third() {
    for (value, most) in [("true", 2), ("strict", 1)] {
        let mut machine = machine(&format!("[service.x]\n_enable_in_queue_checking = {value}\n"));
        for _ in 0..most {
            start(&mut machine, &number("1"), T).unwrap();
        }
        let refusal = refused(&mut machine, &number("1"), T);
        assert_eq!(refusal.phrase, Phrase::Throttled);
        assert!(
            refusal.message.contains(&format!("because {most} of this number wait already")),
            "{refusal}"
        );
        start(&mut machine, &number("2"), T).unwrap();
        run(&mut machine, T + 100);
        start(&mut machine, &number("1"), T + 100).unwrap();
    }
}

#[test]
fn the_queue_of_a_service_is_bounded() {
    let mut machine = machine("[service.x]\n_max_queued_callbacks_per_service = 2\n");
    start(&mut machine, &number("1"), T).unwrap();
    start(&mut machine, &number("2"), T).unwrap();
    let refusal = refused(&mut machine, &number("3"), T);
    assert!(refusal.message.starts_with("2 callbacks of service x are not completed"), "{refusal}");
    run(&mut machine, T + 18);
    start(&mut machine, &number("3"), T + 18).unwrap();
    check(&machine);
}

#[test]
fn starts_are_throttled_by_time() {
    let mut machine = machine(
        "[service.x]\n_throttle_callbacks_per_service_1 = 2\n_throttle_ttl_1 = 10\n_throttle_callbacks_per_service_2 = 3\n",
    );
    start(&mut machine, &number("1"), T).unwrap();
    start(&mut machine, &number("2"), T + 9).unwrap();
    let refusal = refused(&mut machine, &number("3"), T + 9);
    assert_eq!(refusal.message, "service x has started 2 callbacks within 10 s, its limit");
    start(&mut machine, &number("3"), T + 10).unwrap();
    let refusal = refused(&mut machine, &number("4"), T + 1000);
    assert_eq!(refusal.message, "service x has started 3 callbacks within 3600 s, its limit");
    start(&mut machine, &number("4"), T + 3600).unwrap();
}

#[test]
fn immediate_callbacks_of_a_number_are_counted_for_a_day() {
    let text = "[service.x]\n_enable_in_queue_checking = false\n_throttle_request_parameters_limit = 2\n";
    let mut machine = machine(text);
    start(&mut machine, &number("5115"), T).unwrap();
    start(&mut machine, &number("5115"), T + 1).unwrap();
    let refusal = refused(&mut machine, &number("5115"), T + 86_399);
    let expected = "Callback for _customer_number=5115 rejected because previous callbacks for this parameter were \
        requested for more than 2 times today.";
    assert_eq!((refusal.phrase.status(), refusal.message.as_str()), (503, expected));
    start(&mut machine, &number("5125"), T + 2).unwrap();
    let scheduled = [("_customer_number", "5115"), ("_desired_time", "2014-09-19T12:00:00Z")];
    start(&mut machine, &scheduled, T + 3).unwrap();
    start(&mut machine, &number("5115"), T + 86_400).unwrap();
}

#[test]
fn time_buckets_are_bounded() {
    let mut machine = machine(
        "[service.x]\n_max_request_by_time_bucket = 1\n_request_time_bucket = 10\n_enable_in_queue_checking = false\n",
    );
    let at = |time: &'static str| [("_customer_number", "1"), ("_desired_time", time)];
    let id = start(&mut machine, &at("2014-09-19T12:00:00Z"), T).unwrap();
    let refusal = refused(&mut machine, &at("2014-09-19T12:09:59Z"), T);
    assert!(
        refusal.message.contains("the 10 minutes from 2014-09-19T12:00:00.000Z have their 1 callbacks"),
        "{refusal}"
    );
    let other = start(&mut machine, &at("2014-09-19T12:10:00Z"), T).unwrap();
    let new = |time| Params::texts([("_new_desired_time", time)]).unwrap();
    machine.reschedule("x", &other, new("2014-09-19T12:05:00Z"), T).unwrap_err();
    machine.reschedule("x", &id, new("2014-09-19T12:01:00Z"), T).unwrap();
    machine.cancel("x", &id, T).unwrap();
    machine.reschedule("x", &other, new("2014-09-19T12:05:00Z"), T).unwrap();
    check(&machine);
}

#[test]
fn completed_callbacks_are_kept_up_to_a_number() {
    let text = "[service.x]\n_enable_in_queue_checking = false\n_throttle_request_parameters_limit = 1000000\n\
        _throttle_callbacks_per_service_1 = 1000000\n_throttle_callbacks_per_service_2 = 1000000\n";
    let mut machine = machine(text);
    let first = start(&mut machine, &number("1"), T).unwrap();
    machine.cancel("x", &first, T).unwrap();
    for _ in 1..COMPLETED_LIMIT {
        let id = start(&mut machine, &number("1"), T).unwrap();
        machine.cancel("x", &id, T).unwrap();
    }
    assert_eq!((machine.entries.len(), state(&machine, &first).is_some()), (COMPLETED_LIMIT, true));
    let last = start(&mut machine, &number("1"), T).unwrap();
    machine.cancel("x", &last, T).unwrap();
    assert_eq!(machine.entries.len(), COMPLETED_LIMIT);
    assert_eq!((state(&machine, &first), state(&machine, &last).is_some()), (None, true));
    check(&machine);
}

#[test]
fn a_callback_keeps_so_much_of_its_requests() {
    let mut machine = machine("[service.x]\n");
    let long = "x".repeat(4096);
    let given = |count: usize| {
        let names = ["a", "b", "c", "d"].into_iter().take(count);
        names.map(|name| (name, long.as_str())).chain(number("1")).collect::<Vec<_>>()
    };
    let refusal = refused(&mut machine, &given(4), T);
    assert_eq!(refusal.message, "the parameters have 16405 bytes together; a callback keeps 16384");
    let id = start(&mut machine, &given(3), T).unwrap();
    let mut change = |name: &str, value: &str| {
        machine
            .reschedule("x", &id, Params::texts([(name, value)]).unwrap(), T)
            .map_err(|error| error.message)
    };
    // What is replaced does not count.
    change("a", &long).unwrap();
    assert!(change("d", &long).unwrap_err().contains("a callback keeps 16384"));
    change("d", "short").unwrap();
}

#[test]
fn a_key_is_exported_once_however_often_it_is_asked_for() {
    let mut machine = machine("[service.x]\n");
    let id = start(&mut machine, &number("1"), T).unwrap();
    machine.cancel("x", &id, T).unwrap();
    let keys = ["_id", "_customer_number", "_id", "_id"].map(str::to_owned);
    let record = vec![("_id".to_owned(), id), ("_customer_number".to_owned(), "1".to_owned())];
    assert_eq!(machine.report_cancelled("CANCELLED", &keys), [record]);
}

#[test]
fn a_request_overwrites_what_it_may() {
    let mut machine = machine(
        "[service.x]\n_urs_virtual_queue = VQ_$city$\n_overwritable_options = _target, _max_dial_attempts\n\
         _rep_userevent_enable = true\n_rep_userevent_dn = REPORTING\n",
    );
    let refusal = refused(&mut machine, &number("1"), T);
    assert_eq!(
        refusal.message,
        "parameter city is missing: option _urs_virtual_queue of the service has $city$"
    );
    let refusal =
        refused(&mut machine, &[("_customer_number", "1"), ("city", "Bonn"), ("_wait_for_agent", "true")], T);
    assert!(
        refusal.message.contains("may not overwrite option _wait_for_agent of this service; it may: _target")
    );
    let refusal =
        refused(&mut machine, &[("_customer_number", "1"), ("city", "Bonn"), ("_max_dial_attempts", "x")], T);
    assert_eq!(refusal.message, "_max_dial_attempts=x: expected a number from 1 to 100");
    let given = [("_customer_number", "1"), ("city", "Bonn"), ("_target", "A@S.GA"), ("_type", "ors")];
    start(&mut machine, &given, T).unwrap();
    let sent = run(&mut machine, T + 18);
    let Job::UserEvent { pairs, .. } = &sent[1].1 else { panic!("{sent:?}") };
    assert_eq!([text(pairs, "_CB_DIM_VQ"), text(pairs, "_CB_DIM_FINAL_TARGET")], ["VQ_Bonn", "A@S.GA"]);
}

#[test]
fn options_make_the_callbacks_type_and_order() {
    let mut machine = machine(
        "[service.x]\n_enable_in_queue_checking = false\n_rep_userevent_enable = true\n_rep_userevent_dn = D\n\
         _userterminated_first_connect_party = AGENT\n_cb_dim_channel = MOBILE\n",
    );
    let mut sent = |more: &[(&str, &str)], now: i64| {
        let given = [&[("_customer_number", "1")], more].concat();
        start(&mut machine, &given, now).unwrap();
        let work = machine.advance(now).remove(0);
        let Job::UserEvent { pairs, .. } = work.job else { panic!() };
        let keys = ["_CB_DIM_TYPE", "_CB_DIM_CALL_DIRECTION", "_CB_DIM_CONNECT_ORDER", "_CB_DIM_CHANNEL"];
        keys.map(|key| text(&pairs, key))
    };
    let found = sent(&[], T);
    assert_eq!(found, ["IMMEDIATE", "CUSTOMER_TERMINATED", "AGENT_FIRST_NO_PREVIEW", "MOBILE"]);
    let found =
        sent(&[("_wait_for_agent", "true"), ("_agent_preview", "TRUE"), ("_cb_dim_channel", "IVR")], T + 1);
    assert_eq!(found, ["WAIT_FOR_AGENT", "CUSTOMER_TERMINATED", "AGENT_FIRST_PREVIEW", "IVR"]);
    let found =
        sent(&[("_call_direction", "USERORIGINATED"), ("_desired_time", "2014-09-19T12:00:00Z")], T + 2);
    assert_eq!(found, ["SCHEDULED", "CUSTOMER_ORIGINATED", "AGENT_FIRST_NO_PREVIEW", "MOBILE"]);
}
