//! The service as others embed it: a scripted clock, real HTTP, a real T-Server.

use tbus_apps::callback::{Advanced, Server};
use tlib_proto::{AttributeId, MessageId, ValueRef};

use crate::support::{NOW, PATIENCE, START, TestClock, ask, config, t_server};

#[test]
fn two_user_events_on_the_clock_that_is_injected() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let (mut config, lines) = config(switch.address(), &clock);
    config.machine.ids = tbus_apps::session::Ids::new(1).with_services(["445-1".to_owned()]);
    let server = Server::start(config).unwrap();
    assert_eq!(server.next_due(), None);
    let answer = ask(&server, "POST", START, "_customer_number=8005550100&_cb_dim_channel=IVR");
    assert_eq!((answer.status, answer.json["_id"].as_str()), (200, Some("445-1")), "{answer:?}");
    assert_eq!(server.advance_to(NOW), Ok(Advanced { sent: 1, failed: 0 }));
    while let Some(due) = server.next_due() {
        clock.set(due);
        server.advance_to(due).unwrap();
    }
    switch.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 2);
    let requests: Vec<_> = switch
        .journal()
        .into_iter()
        .filter(|entry| entry.message().id() == MessageId::REQUEST_DISTRIBUTE_USER_EVENT)
        .map(|entry| {
            let data = entry.message().view().list(AttributeId::USER_DATA).unwrap().unwrap();
            let int = |key| match data.find(key) {
                Some(ValueRef::Int(value)) => i64::from(value),
                _ => 0,
            };
            (int("_CB_T_SERVICE_START"), int("_CB_T_SERVICE_END"))
        })
        .collect();
    assert_eq!(requests, [(NOW, 0), (NOW, NOW + 18)]);
    let answer = ask(&server, "GET", "/genesys/1/service/callback?_id=445-1", "");
    assert_eq!(answer.json[0]["_callback_reason"], "AGENT_CONNECTED");
    let left = server.stop();
    assert_eq!((left.open, left.unanswered), (0, 0));
    let lines = lines.lock().unwrap();
    let shown: Vec<_> =
        lines.iter().map(|line| line.strip_prefix("445-1 default 8005550100 ").unwrap()).collect();
    assert!(
        shown[1].starts_with("user event of ") && shown[1].ends_with(" pairs sent to REPORTING"),
        "{shown:?}"
    );
    let states: Vec<_> = shown.into_iter().filter(|line| !line.starts_with("user event")).collect();
    let expected =
        ["QUEUED", "QUEUED -> ROUTING", "ROUTING -> PROCESSING", "PROCESSING -> COMPLETED AGENT_CONNECTED"];
    assert_eq!(states, expected);
}

#[test]
fn whoever_is_told_something_holds_nobody_up() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let (mut config, _) = config(switch.address(), &clock);
    let (told, is_told) = std::sync::mpsc::sync_channel(1);
    let (go_on, may_go_on) = std::sync::mpsc::sync_channel(1);
    let (seen, was_seen) = std::sync::mpsc::sync_channel(1);
    let started = clock.now();
    config.tell = Some(Box::new(move |_, now| {
        assert_eq!(now, started, "the service's time");
        told.send(()).unwrap();
        seen.send(may_go_on.recv_timeout(PATIENCE).is_ok()).unwrap();
    }));
    let server = Server::start(config).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| ask(&server, "POST", START, "_customer_number=8005550100"));
        is_told.recv_timeout(PATIENCE).unwrap();
        // The service can be asked meanwhile.
        assert!(server.next_due().is_some());
        go_on.send(()).unwrap();
        assert!(was_seen.recv().unwrap());
    });
    drop(go_on);
}

#[test]
fn a_run_is_like_the_one_before() {
    let run = || {
        let clock = TestClock::new();
        let switch = t_server(&clock);
        let (mut config, lines) = config(switch.address(), &clock);
        config.machine.ids = tbus_apps::session::Ids::new(5);
        let outcomes = tbus_apps::session::Outcomes::new();
        let usual = tbus_apps::session::Outcome::ALL.iter().map(|outcome| (*outcome, outcome.usual_weight()));
        config.machine.outcomes = outcomes.with_weights(5, usual);
        let server = Server::start(config).unwrap();
        for number in 0..40 {
            let answer = ask(&server, "POST", START, &format!("_customer_number={number}"));
            assert_eq!(answer.status, 200, "{answer:?}");
            clock.set(NOW + number);
            server.advance_to(NOW + number).unwrap();
        }
        while let Some(due) = server.next_due() {
            clock.set(due);
            server.advance_to(due).unwrap();
        }
        server.stop();
        let frames: Vec<_> = switch
            .journal()
            .into_iter()
            .filter(|entry| entry.message().id() == MessageId::REQUEST_DISTRIBUTE_USER_EVENT)
            .map(|entry| entry.message().frame().to_vec())
            .collect();
        let lines = lines.lock().unwrap().clone();
        (frames, lines)
    };
    let (frames, lines) = run();
    assert!(frames.len() > 70 && lines.len() > 200, "{} frames, {} lines", frames.len(), lines.len());
    let again = run();
    assert!(frames == again.0, "the same requests, in the same order");
    assert_eq!(lines, again.1);
}

#[test]
fn pairs_reach_the_call_that_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let address = switch.address().to_string();
    let (_client, conn_id) = runtime.block_on(async {
        let client = tlib_net::Client::connect(&address, "phone").await.unwrap();
        client.register("7001").await.unwrap();
        client.register("7002").await.unwrap();
        let call = tlib_proto::Message::build(MessageId::REQUEST_MAKE_CALL, |m| {
            m.str(AttributeId::THIS_DN, "7001").str(AttributeId::OTHER_DN, "7002")
        });
        let dialing = client.request(call.unwrap()).await.unwrap();
        let conn_id = match dialing.view().find(AttributeId::CONN_ID) {
            Some(ValueRef::Long(id)) => id,
            other => panic!("{other:?}"),
        };
        (client, conn_id)
    });
    let (config, lines) = config(switch.address(), &clock);
    let server = Server::start(config).unwrap();
    let form = format!("_customer_number=8005550100&_originating_interaction_id={conn_id:016x}");
    assert_eq!(ask(&server, "POST", START, &form).status, 200);
    server.advance_to(NOW).unwrap();
    while let Some(due) = server.next_due() {
        clock.set(due);
        assert_eq!(server.advance_to(due).unwrap().failed, 0);
    }
    switch.expect(MessageId::REQUEST_UPDATE_USER_DATA, "", 2);
    let last = switch.journal().into_iter().rev();
    let data = last
        .filter(|entry| entry.message().id() == MessageId::EVENT_ATTACHED_DATA_CHANGED)
        .find_map(|entry| {
            entry.message().view().list(AttributeId::USER_DATA).unwrap().map(|list| list.to_owned())
        })
        .unwrap();
    let keys: Vec<_> =
        data.view().pairs().map(|pair| String::from_utf8_lossy(pair.key).into_owned()).collect();
    let expected =
        ["_CB_SERVICE_ID", "_CB_T_SERVICE_START", "_CB_T_CALLBACK_ACCEPTED", "_CB_T_CUSTOMER_CONNECTED"];
    assert_eq!(keys, expected);
    let lines = lines.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.ends_with(&format!("3 pairs attached to call {conn_id:016x}"))),
        "{lines:?}"
    );
}

#[test]
fn a_call_that_is_not_there_is_told_and_ends_nothing() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let (config, lines) = config(switch.address(), &clock);
    let server = Server::start(config).unwrap();
    let form = "_customer_number=8005550100&_originating_interaction_id=00000000000000ff";
    assert_eq!(ask(&server, "POST", START, form).status, 200);
    let Advanced { sent, failed } = server.advance_to(NOW + 100).unwrap();
    assert_eq!((sent, failed), (2, 2));
    let lines = lines.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.contains("pairs NOT attached to call 00000000000000ff: T-Server ")),
        "{lines:?}"
    );
    assert!(lines.last().unwrap().ends_with("sent to REPORTING"), "{lines:?}");
}
