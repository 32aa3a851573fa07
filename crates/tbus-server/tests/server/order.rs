//! Order and completeness under load.

use std::collections::HashMap;

use tlib_net::ClientEvent;
use tlib_proto::{AttributeId, KvList, MessageId, ValueRef};
use tokio::task::JoinSet;

use crate::{Logged, PATIENCE, connect, sequence, user_event};

const PUBLISHERS: usize = 4;
const UNDER_WAY: usize = 256;
const SUBSCRIBERS: usize = 50;
const DNS: [&str; 6] = ["REPORTING", "Callback_VQ", "Performance_VCB_VQ", "7001", "7002", "7039"];
/// Events of each publisher; they go round the DNs.
const EVENTS: usize = 600;

/// Which DNs a subscriber listens to: from one to all of them, overlapping in every way.
fn dns_of(subscriber: usize) -> Vec<&'static str> {
    let mask = subscriber % 63 + 1;
    DNS.iter().enumerate().filter(|(n, _)| mask & (1 << n) != 0).map(|(_, dn)| *dn).collect()
}

/// Four publishers with 256 events under way each, fifty subscribers on overlapping DNs, all flat out: sequence numbers
/// rise strictly at every client, and nobody misses an event or gets one out of its publisher's order.
#[test]
fn every_client_sees_rising_numbers_and_all_its_events() {
    let server = Logged::start(|config| config.log = None);
    let address = server.address();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut subscribers = JoinSet::new();
        for subscriber in 0..SUBSCRIBERS {
            let mut client = connect(&address, &format!("Sub_{subscriber}")).await;
            let dns = dns_of(subscriber);
            for dn in &dns {
                client.register(dn).await.unwrap();
            }
            let expected = dns.len() * PUBLISHERS * EVENTS / DNS.len();
            subscribers.spawn(async move {
                let (mut last, mut orders) = (0, HashMap::new());
                for _ in 0..expected {
                    let event = tokio::time::timeout(PATIENCE, client.next()).await;
                    let Some(ClientEvent::Message(event)) = event.expect("events keep coming") else {
                        panic!("subscriber {subscriber} lost its connection");
                    };
                    assert_eq!(event.id(), MessageId::EVENT_USER_EVENT);
                    assert!(sequence(&event) > last, "numbers rise strictly");
                    last = sequence(&event);
                    let data = event.view().list(AttributeId::USER_DATA).unwrap().unwrap();
                    let number = |key| match data.find(key) {
                        Some(ValueRef::Int(value)) => usize::try_from(value).unwrap(),
                        other => panic!("{key}: {other:?}"),
                    };
                    let dn = event.view().text(AttributeId::THIS_DN).unwrap().unwrap().to_vec();
                    let order = orders.entry((number("publisher"), dn)).or_insert(0_usize);
                    assert!(number("n") >= *order, "in the publisher's order");
                    *order = number("n") + 1;
                }
                (subscriber, expected)
            });
        }
        let mut publishers = JoinSet::new();
        for publisher in 0..PUBLISHERS {
            let client = connect(&address, &format!("Pub_{publisher}")).await;
            publishers.spawn(async move {
                let (mut under_way, mut last) = (JoinSet::new(), 0);
                for n in 0..EVENTS {
                    if under_way.len() == UNDER_WAY {
                        last = last.max(under_way.join_next().await.unwrap().unwrap());
                    }
                    let data = KvList::build(|list| {
                        list.int("publisher", i32::try_from(publisher).unwrap())
                            .int("n", i32::try_from(n).unwrap())
                    });
                    let reference = u32::try_from(n + 1).unwrap();
                    let request = user_event(DNS[n % DNS.len()], Some(reference), data.unwrap().view());
                    let pending = client.requester().start(request).await.unwrap();
                    under_way.spawn(async move {
                        let answer = pending.answer().await.unwrap();
                        assert_eq!(answer.id(), MessageId::EVENT_ACK);
                        sequence(&answer)
                    });
                }
                while let Some(answer) = under_way.join_next().await {
                    last = last.max(answer.unwrap());
                }
                last
            });
        }
        let mut last = 0;
        while let Some(publisher) = publishers.join_next().await {
            last = last.max(publisher.unwrap());
        }
        assert!(last > 0);
        let mut done = 0;
        while let Some(subscriber) = subscribers.join_next().await {
            subscriber.unwrap();
            done += 1;
        }
        assert_eq!(done, SUBSCRIBERS);
    });
    server.stop();
}
