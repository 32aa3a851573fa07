//! What once hurt the server without being wrong: silence, trickles, floods of output, and clients that stay.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tbus_server::{ServerConfig, TestServer};
use tlib_proto::{AttributeId, KvList, Message, MessageId, ValueRef};

use crate::raw::Raw;
use crate::{Logged, code, connect, error_text, runtime, user_event};

/// A request that leads to no frame at all is in journal and log all the same, at once.
#[test]
fn requests_without_any_answer_are_told() {
    let server = TestServer::start();
    let mut client = Raw::open(&server.address().to_string(), "Quiet");
    for _ in 0..100 {
        client.send(&user_event("REPORTING", None, KvList::new().view()));
    }
    server.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 100);
}

/// A long frame that comes in small pieces, with others around it.
#[test]
fn a_long_frame_in_small_pieces() {
    let server = Logged::start(|_| {});
    let mut client = Raw::open(&server.address(), "Trickle");
    let data = KvList::build(|list| list.str("key", "x".repeat(15_000))).unwrap();
    let mut stream = Vec::new();
    for reference in 1..=3 {
        stream.extend_from_slice(user_event("REPORTING", Some(reference), data.view()).frame());
    }
    for piece in stream.chunks(777) {
        client.write(piece);
    }
    for reference in 1..=3 {
        let answer = client.message();
        assert_eq!((answer.id(), answer.view().reference_id()), (MessageId::EVENT_ACK, Ok(Some(reference))));
    }
    server.stop();
}

/// Nobody may take a megabyte before it says who it is.
#[test]
fn a_long_frame_before_register_client() {
    let server = Logged::start(|_| {});
    let mut client = Raw::connect(&server.address());
    client.write(&100_000_u32.to_be_bytes());
    let answer = client.message();
    assert_eq!(code(&answer), 53);
    assert_eq!(error_text(&answer), "frame of 100000 bytes is over the limit of 65536");
    client.is_closed();
    server.stop();
}

/// A few bytes of request can make many of events. A client that reads them is not cut off for it, however many
/// requests it has sent ahead.
#[test]
fn a_client_that_asks_for_much_and_reads_it_stays() {
    let server = Logged::start(|_| {});
    let mut client = Raw::open(&server.address(), "Desktop");
    client.register("7001");
    client.register("7002");
    let data = KvList::build(|list| list.str("key", "x".repeat(15_000))).unwrap();
    let call = Message::build(MessageId::REQUEST_MAKE_CALL, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 1)
            .str(AttributeId::THIS_DN, "7001")
            .str(AttributeId::OTHER_DN, "7002")
            .list(AttributeId::USER_DATA, data.view())
    });
    let dialing = client.ask(&call.unwrap());
    assert_eq!(dialing.id(), MessageId::EVENT_DIALING);
    let conn = dialing.view().long(AttributeId::CONN_ID).unwrap().unwrap();
    assert_eq!(client.message().id(), MessageId::EVENT_RINGING);
    const UPDATES: u32 = 1500;
    let change = KvList::build(|list| list.int("n", 1)).unwrap();
    let mut requests = Vec::new();
    for reference in 1..=UPDATES {
        let update = Message::build(MessageId::REQUEST_UPDATE_USER_DATA, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, reference)
                .long(AttributeId::CONN_ID, conn)
                .list(AttributeId::USER_DATA, change.view())
        });
        requests.extend_from_slice(update.unwrap().frame());
    }
    let mut writer = client.writer();
    let ahead = std::thread::spawn(move || writer.write_all(&requests).unwrap());
    let mut answers = 0;
    for _ in 0..2 * UPDATES {
        let event = client.message();
        assert_eq!(event.id(), MessageId::EVENT_ATTACHED_DATA_CHANGED, "{event:?}");
        answers += u32::from(event.view().find(AttributeId::REFERENCE_ID).is_some());
    }
    ahead.join().unwrap();
    assert_eq!(answers, UPDATES, "each request was answered once");
    server.stop();
}

/// A connection that is on its way out, and does not read, gets nothing more into its queue.
#[test]
fn who_is_on_its_way_out_fills_no_queue() {
    let server = Logged::start(|config| {
        config.serve.linger = Duration::from_millis(300);
        // Who is over the soft limit is not read from, and the bad frame is to be read.
        let options = &mut config.world.t_server.options;
        options.slow_client_soft_limit = options.slow_client_hard_limit;
    });
    let runtime = runtime();
    let sender = runtime.block_on(connect(&server.address(), "Sender"));
    let mut stuck = Raw::open(&server.address(), "Stuck");
    stuck.register("REPORTING");
    let data = KvList::build(|list| list.str("key", "x".repeat(15_000))).unwrap();
    let send = || {
        let request = user_event("REPORTING", None, data.view());
        let answer = runtime.block_on(sender.request(request)).unwrap();
        assert_eq!(answer.id(), MessageId::EVENT_ACK);
    };
    // More than both sockets' buffers take, less than the hard limit.
    for _ in 0..500 {
        send();
    }
    stuck.write(&[0x7f, 0xff, 0xff, 0xff]);
    while server.server().clients().iter().any(|client| client.label.application() == "Stuck") {
        send();
    }
    let log = server.stop();
    assert!(
        log.contains("disconnected: no T-Library frame: frame of 2147483647 bytes"),
        "nothing else ended it"
    );
}

/// Stopping does not wait for clients that just stay connected.
#[test]
fn a_server_stops_at_once_beside_idle_clients() {
    let mut config = ServerConfig::new(tbus_core::World::default());
    // Longer than the test runner has patience.
    config.serve.linger = Duration::from_secs(3600);
    let server = TestServer::start_with(config);
    let address = server.address().to_string();
    let _raw = Raw::open(&address, "Raw");
    runtime().block_on(async {
        let client = connect(&address, "Icon_Voice").await;
        client.register("REPORTING").await.unwrap();
        drop(server);
    });
}

/// A publisher that floods leaves room for others: they are answered while it goes on.
#[test]
fn a_flood_leaves_room_for_others() {
    let server = Logged::start(|config| config.log = None);
    let mut flood = Raw::open(&server.address(), "Flood");
    let request = user_event("Callback_VQ", Some(1), KvList::new().view());
    let requests = request.frame().repeat(200_000);
    let mut writer = flood.writer();
    let flooding = std::thread::spawn(move || writer.write_all(&requests).unwrap());
    let reading = std::thread::spawn(move || {
        for _ in 0..200_000 {
            flood.message();
        }
    });
    let mut answered = 0;
    while !reading.is_finished() {
        let mut other = Raw::open(&server.address(), "Other");
        other.register("REPORTING");
        answered += 1;
    }
    flooding.join().unwrap();
    reading.join().unwrap();
    assert!(answered > 3, "only {answered} others were served beside the flood");
    server.stop();
}

/// What an embedder's code does wrong ends the connection it was called for, and no other one.
#[test]
fn a_panic_of_the_embedders_clock_ends_one_connection_only() {
    // Which reading panics: the one at the request, the one at its answer, or the one at its event.
    for reading in 1..=3 {
        panic_at(reading);
    }
}

fn panic_at(reading: i32) {
    let left = Arc::new(AtomicI32::new(0));
    let server = Logged::start(|config| {
        let left = Arc::clone(&left);
        config.clock = Box::new(move || {
            assert!(left.fetch_sub(1, Ordering::SeqCst) != 1, "a clock that panics, once");
            tlib_proto::Timestamp::new(1, 0)
        });
    });
    let mut unlucky = Raw::open(&server.address(), "Unlucky");
    let mut other = Raw::open(&server.address(), "Other");
    other.register("REPORTING");
    left.store(reading, Ordering::SeqCst);
    unlucky.send(&user_event("REPORTING", Some(1), KvList::new().view()));
    unlucky.is_closed();
    let data = KvList::build(|list| list.int("n", 5)).unwrap();
    let mut event = other.ask(&user_event("REPORTING", Some(2), data.view()));
    // What the unlucky request had delivered before the panic may come first.
    if event.id() == MessageId::EVENT_USER_EVENT {
        event = other.message();
    }
    assert_eq!(event.id(), MessageId::EVENT_ACK);
    let event = other.message();
    let data = event.view().list(AttributeId::USER_DATA).unwrap().unwrap();
    assert_eq!(data.find("n"), Some(ValueRef::Int(5)));
    server.stop();
}
