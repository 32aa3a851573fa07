//! Clients that come and go, in order and out of it, leave nothing behind.

use std::time::Instant;

use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::{KvList, Message, MessageId};

use crate::raw::Raw;
use crate::{Logged, PATIENCE, user_event};

/// Connections that are there at a time, so that as many slots are in use.
const WIDTH: usize = 20;
const ROUNDS: usize = 15;

/// How a client ends.
#[derive(Clone, Copy)]
enum End {
    /// It closes, and reads until the server has closed, too.
    Closes,
    /// It resets the connection when everything is read.
    Resets,
    /// It resets the connection while the answer to its registration lies unread.
    ResetsUnread,
    /// It closes in the middle of RequestRegisterClient.
    ClosesInHandshake,
    /// It resets in the middle of RequestRegisterClient.
    ResetsInHandshake,
}

const ENDS: [End; 5] =
    [End::Closes, End::Resets, End::ResetsUnread, End::ClosesInHandshake, End::ResetsInHandshake];

fn open_halfway(address: &str) -> Raw {
    let hello = Hello { application: "Churn".to_owned(), password: None };
    let hello = ClientSession::hello(&hello).unwrap();
    let mut raw = Raw::connect(address);
    raw.write(&hello.frame()[..hello.frame().len() / 2]);
    raw
}

fn start(address: &str, end: End) -> Raw {
    if matches!(end, End::ClosesInHandshake | End::ResetsInHandshake) {
        return open_halfway(address);
    }
    let mut raw = Raw::open(address, "Churn");
    raw.register("REPORTING");
    if matches!(end, End::ResetsUnread) {
        raw.send(&crate::raw::register("Callback_VQ"));
        raw.wait_for_input();
    }
    raw
}

fn end(mut raw: Raw, end: End) {
    match end {
        // The end of the stream comes when the server has let go of its socket.
        End::Closes | End::ClosesInHandshake => {
            raw.end();
            raw.is_closed();
        }
        End::Resets | End::ResetsUnread | End::ResetsInHandshake => raw.reset(),
    }
}

#[test]
fn connections_that_come_and_go_leave_no_client_and_no_registration() {
    let server = Logged::start(|config| config.log = None);
    let address = server.address();
    for round in 0..ROUNDS {
        let ends = (0..WIDTH).map(|n| ENDS[(n + round) % ENDS.len()]);
        let clients: Vec<_> = ends.map(|how| (start(&address, how), how)).collect();
        for (raw, how) in clients {
            end(raw, how);
        }
    }
    let begun = Instant::now();
    while !server.server().clients().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "still there: {:?}", server.server().clients());
        std::thread::yield_now();
    }

    // These take every place that a client had. A registration that was left would bring them the event.
    let mut heirs: Vec<_> = (0..2 * WIDTH).map(|_| Raw::open(&address, "Heir")).collect();
    let mut sender = Raw::open(&address, "Sender");
    for dn in ["REPORTING", "Callback_VQ"] {
        let answer = sender.ask(&user_event(dn, Some(1), KvList::new().view()));
        assert_eq!(answer.id(), MessageId::EVENT_ACK);
    }
    let query = Message::build(MessageId::REQUEST_QUERY_SERVER, |m| m).unwrap();
    for heir in &mut heirs {
        assert_eq!(heir.ask(&query).id(), MessageId::EVENT_SERVER_INFO, "what it has not asked for came");
    }
    // And who registers gets it.
    heirs[0].register("REPORTING");
    sender.ask(&user_event("REPORTING", Some(2), KvList::new().view()));
    assert_eq!(heirs[0].message().id(), MessageId::EVENT_USER_EVENT);
    server.stop();
}
