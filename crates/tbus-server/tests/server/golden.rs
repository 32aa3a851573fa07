//! The published exchange happens again, to the byte.

use tbus_server::Identity;
use tlib_proto::{MessageId, Timestamp};
use tlib_testkit::TestClock;

use crate::{Logged, connect, next, runtime, shared, user_event};

const EVIDENCE: &str = include_str!("../../../../tests/evidence/tserver_reporting.log");

/// With clock, zone, handles, client ids, addresses and sequence numbers injected, the log of a real exchange over
/// real sockets holds the published lines as one contiguous run.
#[test]
fn the_log_holds_the_published_lines_exactly() {
    let at = |millis: u32| Timestamp::new(1_348_817_660, millis * 1000);
    let clock = TestClock::new(at(757));
    let labels = shared(
        [
            (508, 0x0c, "192.168.27.50:42678"),
            (588, 0x04, "192.168.27.50:40728"),
            (592, 0x05, "192.168.27.50:40744"),
            (516, 0x03, "192.168.27.50:40727"),
        ]
        .into_iter(),
    );
    let server = Logged::start(|config| {
        let clock = clock.clone();
        config.clock = Box::new(move || clock.now());
        config.identify = Box::new(move |_| {
            let (handle, id, address) = labels.lock().unwrap().next().expect("four clients");
            Identity { handle, id, address: address.parse().unwrap() }
        });
        // Four EventLinkConnected and three EventRegistered come before.
        config.first_sequence = 0xef8 - 7;
    });
    runtime().block_on(async {
        let mut listeners = Vec::new();
        for application in ["Icon_Voice", "Stat_Server", "Universal_Routing_Server"] {
            let client = connect(&server.address(), application).await;
            client.register("REPORTING").await.unwrap();
            listeners.push(client);
        }
        let sender = connect(&server.address(), "OrchestrationServer").await;
        // Read when the request comes, when its answer is queued, and when its event is.
        clock.script([at(757), at(757), at(758)]);
        let data = tlib_testkit::published::user_data();
        let answer = sender.request(user_event("REPORTING", Some(431), data.view())).await.unwrap();
        assert_eq!(answer.id(), MessageId::EVENT_ACK);
        for listener in &mut listeners {
            let event = next(listener).await;
            assert_eq!(event.id(), MessageId::EVENT_USER_EVENT);
            assert_eq!(event.view().reference_id(), Ok(Some(431)), "every copy keeps it");
        }
    });
    let log = server.stop();
    assert!(log.contains(EVIDENCE), "the published lines are not in the log:\n{log}");
    let (before, _) = log.split_once(EVIDENCE).unwrap();
    let request = "00:34:20.757 Trc 04541 RequestDistributeUserEvent received from [516] \
                   (00000003 OrchestrationServer 192.168.27.50:40727)\nmessage RequestDistributeUserEvent\n";
    assert!(before.contains(request), "the request's block comes before:\n{before}");
}
