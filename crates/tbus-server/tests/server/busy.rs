//! Busy polling changes when the reactor sleeps, and nothing else.

use std::time::Duration;

use tlib_proto::{KvList, MessageId};

use crate::raw::Raw;
use crate::{Logged, user_event};

/// With a patience that is over at once the reactor falls asleep after each read; with a long one it never does.
#[test]
fn a_busy_reactor_serves_as_any_other() {
    for patience in [Duration::from_nanos(1), Duration::from_micros(50), Duration::from_secs(10)] {
        let server = Logged::start(|config| config.serve.busy_poll = patience);
        let mut publisher = Raw::open(&server.address(), "Publisher");
        let mut subscriber = Raw::open(&server.address(), "Subscriber");
        subscriber.register("REPORTING");
        for n in 0..200 {
            let request = user_event("REPORTING", Some(n), KvList::new().view());
            assert_eq!(publisher.ask(&request).id(), MessageId::EVENT_ACK);
            assert_eq!(subscriber.message().id(), MessageId::EVENT_USER_EVENT);
        }
        server.stop();
    }
}
