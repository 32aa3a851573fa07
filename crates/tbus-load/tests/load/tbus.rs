//! The generator against the T-Server of this project.

use std::ops::ControlFlow;
use std::time::Duration;

use tbus_core::World;
use tbus_load::{Audience, EventShape, Load, LoadError, Names, Pace, Payload, Phase, Plan, Raw, Tbus};
use tbus_server::{Server, ServerConfig};
use tlib_proto::{AttributeId, ErrorCode, KvList, Message, MessageId};

use crate::{plan, run, told};

fn server(world: &str) -> Server {
    Server::start(ServerConfig::new(World::from_toml(world).unwrap())).unwrap()
}

fn default_server() -> Server {
    Server::start(ServerConfig::new(World::default())).unwrap()
}

const ANY_DN: &str = "[switch]\ncreate-unknown-dns = true\n";

#[test]
fn saturation_loses_nothing() {
    let server = default_server();
    let plan = Plan { publishers: 2, server_pid: Some(std::process::id()), ..plan(server.address()) };
    let outcome = run(plan, Tbus::default()).unwrap();
    assert!(outcome.is_clean() && outcome.unsent == 0, "{}", told(&outcome));
    assert_eq!(outcome.frame_bytes, 512);
    assert!(outcome.delivered > 0 && outcome.acked > 0 && outcome.seconds > 0.0);
    let summary = outcome.summary();
    assert!(summary.deliv_s > 0.0 && summary.p50_us > 0.0 && summary.p50_us <= summary.p99_us);
    assert!(summary.cpu_us_per_delivery.unwrap() > 0.0 && summary.rss_idle_kib.unwrap() > 0);
    let json = serde_json::to_value(&summary).unwrap();
    for field in ["deliv_s", "p50_us", "p99_us", "cpu_us_per_delivery", "lost", "doubled", "disordered"] {
        assert!(json.get(field).is_some(), "{field}");
    }
}

/// A schedule is kept: so many messages as are due, neither more nor fewer.
#[test]
fn a_paced_load_sends_what_is_due() {
    let server = default_server();
    let pace = Pace::Open { rate: 2000.0 };
    let plan = Plan {
        publishers: 3,
        pace,
        warmup: Duration::ZERO,
        ramp: Duration::from_millis(100),
        ..plan(server.address())
    };
    let mut dialect = Tbus::default();
    let load = Load::connect(plan, &mut dialect).unwrap();
    let mut phases = Vec::new();
    let outcome = load.run(Duration::from_millis(5), &mut |progress| {
        phases.push(progress.phase);
        ControlFlow::Continue(())
    });
    let outcome = outcome.unwrap();
    assert!(outcome.is_clean(), "{}", told(&outcome));
    // 100 in the ramp, then 200, give or take one at each end for rounding. What a busy machine cannot write is unsent.
    let measured = outcome.scheduled.len() / 3;
    assert!((199..=201).contains(&(measured + outcome.unsent)), "{measured} {}", outcome.unsent);
    assert!(outcome.scheduled.max() >= outcome.latency.max());
    assert!(phases.contains(&Phase::Ramp) && phases.contains(&Phase::Measure), "{phases:?}");
}

#[test]
fn a_load_ends_early_when_it_is_told_to() {
    let server = default_server();
    let plan = Plan { duration: Duration::from_secs(3600), ..plan(server.address()) };
    let mut dialect = Tbus::default();
    let load = Load::connect(plan, &mut dialect).unwrap();
    let outcome = load.run(Duration::from_millis(1), &mut |progress| {
        if progress.scheduled.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let outcome = outcome.unwrap();
    assert!(outcome.is_clean() && outcome.delivered > 0 && outcome.seconds < 3600.0, "{}", told(&outcome));
    assert_eq!(outcome.ended.as_deref(), Some("it was told to end"));
}

#[test]
fn stop_and_wait_is_a_window_of_one() {
    let server = default_server();
    let plan = Plan { pace: Pace::Closed { window: 1, batch: 1 }, ..plan(server.address()) };
    let outcome = run(plan, Tbus::default()).unwrap();
    assert!(outcome.is_clean() && outcome.sent > 0, "{}", told(&outcome));
}

#[test]
fn every_subscriber_hears_every_dn() {
    let server = server(ANY_DN);
    let plan = Plan { publishers: 2, dns: Names::numbered(300).unwrap(), ..plan(server.address()) };
    let outcome = run(plan, Tbus::default()).unwrap();
    assert!(outcome.is_clean() && outcome.delivered >= outcome.sent, "{}", told(&outcome));
}

#[test]
fn subscribers_are_spread_over_dns() {
    let server = server(ANY_DN);
    let plan = Plan {
        publishers: 2,
        subscribers: 7,
        dns: Names::numbered(3).unwrap(),
        audience: Audience::Spread,
        ramp: Duration::from_millis(20),
        ..plan(server.address())
    };
    let outcome = run(plan, Tbus::default()).unwrap();
    assert!(outcome.is_clean() && outcome.delivered > outcome.sent, "{}", told(&outcome));
}

/// Two loads at once on one DN: each finds the other's events, and says so.
#[test]
fn events_of_others_are_not_ours() {
    let server = default_server();
    let mut first = Tbus::default();
    let load = Load::connect(Plan { drain: Duration::ZERO, ..plan(server.address()) }, &mut first).unwrap();
    // The second one's first event reaches the subscribers of the first.
    let mut second = Tbus::default();
    drop(Load::connect(plan(server.address()), &mut second).unwrap());
    let outcome = load.run(Duration::from_secs(1), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(outcome.damaged, 3, "{:?}", outcome.faults);
}

#[test]
fn a_captured_event_is_the_payload() {
    let server = default_server();
    let data = KvList::build(|list| list.str("gms_ServiceName", "inbound-delay").int("n", 3)).unwrap();
    let event = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::ANI, "777").str(AttributeId::DNIS, "333")
    });
    let outcome = run(plan(server.address()), Tbus::new(Payload::Event(event.unwrap()))).unwrap();
    assert!(outcome.is_clean() && outcome.delivered > 0, "{}", told(&outcome));
}

#[test]
fn refusals_are_told_in_the_servers_words() {
    let server = default_server();
    let plan = Plan { dns: Names::new(["NOWHERE"]).unwrap(), ..plan(server.address()) };
    let error = run(plan, Tbus::default()).unwrap_err();
    assert!(matches!(error, LoadError::Refused { code: ErrorCode::NOT_CONFIGURED, .. }));
    let text = error.to_string();
    assert!(text.starts_with("first subscriber: the server sent EventError 59"), "{text}");
}

/// What the other dialects wrap is what the server really sends: the same attributes in the same places.
#[test]
fn the_shape_is_the_servers() {
    use tbus_load::Dialect;
    let server = default_server();
    let plan = plan(server.address());
    for payload in [Payload::Size(512), Payload::Size(1000), Payload::Pairs(3)] {
        let shape = EventShape::new(&payload, &plan.dns).unwrap();
        let real = Tbus::new(payload).templates(&plan).unwrap();
        let raw = Raw::default().templates(&plan).unwrap();
        assert_eq!(real.event.len(), shape.event.len());
        assert_eq!(real.answer.as_ref().unwrap().len(), shape.answer.len());
        assert_eq!(raw.answer.unwrap().len(), shape.answer.len());
        let same = real.event.bytes().iter().zip(shape.event.bytes()).filter(|(real, shape)| real == shape);
        // Number, time and tag differ: 8, 4, 4 and 8 bytes at most.
        assert!(same.count() >= shape.event.len() - 24);
    }
}
