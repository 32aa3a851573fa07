//! Every wrong that a server can do is found, and counted as what it is.

use std::net::TcpListener;
use std::time::Duration;

use tbus_load::{LoadError, Outcome, Pace, Payload, Plan, Raw};

use crate::copier::{self, Tamper};
use crate::{plan, run, told};

fn tampered(tamper: Tamper) -> Outcome {
    let plan = Plan {
        drain: Duration::from_millis(200),
        pace: Pace::Closed { window: 64, batch: 8 },
        ..plan(copier::start(tamper))
    };
    run(plan, Raw::default()).unwrap()
}

#[test]
fn a_server_that_copies_does_nothing_wrong() {
    let outcome = tampered(|_, frame, out| out.extend_from_slice(frame));
    assert!(outcome.is_clean(), "{}", told(&outcome));
    assert!(outcome.sent > 0 && outcome.delivered > outcome.sent && outcome.acked > 0);
    assert_eq!(outcome.frame_bytes, 512);
    assert!(!outcome.latency.is_empty() && !outcome.answers.is_empty() && outcome.faults.is_empty());
}

#[test]
fn a_lost_message_is_lost_at_each_subscriber() {
    let outcome = tampered(|number, frame, out| {
        if number != 3 {
            out.extend_from_slice(frame);
        }
    });
    assert_eq!((outcome.lost, outcome.doubled, outcome.disordered, outcome.damaged), (3, 0, 0, 0));
    assert!(!outcome.is_clean());
}

#[test]
fn a_doubled_message_is_doubled_and_not_lost() {
    let outcome = tampered(|number, frame, out| {
        out.extend_from_slice(frame);
        if number == 3 {
            out.extend_from_slice(frame);
        }
    });
    assert_eq!((outcome.lost, outcome.doubled, outcome.disordered, outcome.damaged), (0, 3, 0, 0));
    assert!(!outcome.is_clean());
}

/// The server keeps back message 3 until message 4 has been delivered.
#[test]
fn a_late_message_is_disordered_and_not_lost() {
    thread_local! { static KEPT: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) } }
    let outcome = tampered(|number, frame, out| {
        if number == 3 {
            KEPT.set(frame.to_vec());
        } else {
            out.extend_from_slice(frame);
            out.extend_from_slice(&KEPT.take());
        }
    });
    assert_eq!((outcome.lost, outcome.doubled, outcome.disordered, outcome.damaged), (0, 0, 3, 0));
    assert!(!outcome.is_clean());
}

#[test]
fn a_changed_byte_ends_the_connections() {
    let outcome = tampered(|number, frame, out| {
        out.extend_from_slice(frame);
        if number == 3 {
            // In the middle of the payload.
            out[200] ^= 1;
        }
    });
    assert_eq!((outcome.damaged, outcome.dead_subscribers), (3, 3));
    let ended = outcome.ended.unwrap();
    assert!(ended.starts_with("the connections of all subscribers have ended; subscriber "), "{ended}");
    assert!(
        outcome.faults[0].contains("a message is not what was published: byte 200 of 512 is "),
        "{:?}",
        outcome.faults
    );
}

#[test]
fn a_changed_mark_is_seen() {
    let outcome = tampered(|number, frame, out| {
        let at = frame.windows(9).position(|bytes| bytes == b"tbus-load").unwrap() + 9 + 8;
        out.extend_from_slice(frame);
        if number == 3 {
            // The running number, and not its inverted copy.
            out[at + 8] ^= 1;
        }
    });
    assert_eq!((outcome.damaged, outcome.dead_subscribers), (3, 3));
    assert!(outcome.faults[0].ends_with("a message whose running number is damaged"), "{:?}", outcome.faults);
}

#[test]
fn a_message_that_was_never_published_is_seen() {
    let outcome = tampered(|number, frame, out| {
        let at = frame.windows(9).position(|bytes| bytes == b"tbus-load").unwrap() + 9 + 8;
        out.extend_from_slice(frame);
        if number == 3 {
            out[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
        }
    });
    assert_eq!(outcome.damaged, 3);
    assert!(
        outcome.faults[0].contains("message 3 of publisher 7, which was never published"),
        "{:?}",
        outcome.faults
    );
}

#[test]
fn a_server_that_closes_ends_the_load_early() {
    let address = copier::start(|number, frame, out| {
        assert!(number < 3, "this thread ends here, on purpose, and its sockets with it");
        out.extend_from_slice(frame);
    });
    let (duration, drain) = (Duration::from_secs(3600), Duration::from_millis(50));
    let outcome = run(Plan { duration, drain, ..plan(address) }, Raw::default()).unwrap();
    assert_eq!(outcome.dead_publishers, 1);
    assert!(
        outcome.ended.unwrap().starts_with("the connections of all publishers have ended; publisher 0: ")
    );
    assert!(!outcome.faults.is_empty());
}

#[test]
fn without_a_server_there_is_no_load() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = run(plan(address), Raw::default()).unwrap_err();
    assert!(matches!(error, LoadError::Connect { .. }), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plan = Plan { patience: Duration::from_millis(20), ..plan(listener.local_addr().unwrap()) };
    let error = run(plan, tbus_load::Tbus::new(Payload::default())).unwrap_err().to_string();
    assert_eq!(error, "first subscriber: the server has not answered in time");
}

#[test]
fn several_publishers_and_dns() {
    let address = copier::start(|_, frame, out| out.extend_from_slice(frame));
    let plan = Plan { publishers: 3, dns: tbus_load::Names::numbered(5).unwrap(), ..plan(address) };
    let outcome = run(plan, Raw::default()).unwrap();
    assert!(outcome.is_clean() && outcome.delivered > 0, "{}", told(&outcome));
}
