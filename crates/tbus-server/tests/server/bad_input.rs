//! Everything that can be sent wrong. Each gets an error that names it, on the wire and in the log, and a healthy
//! client beside it loses nothing.

use std::time::Duration;

use tlib_net::Client;
use tlib_proto::{AttributeId, KvList, Message, MessageId, ValueRef};

use crate::raw::Raw;
use crate::{Logged, code, connect, error_text, next, runtime, user_event};

/// A listener and a sender that are at work before and after the accident: the listener gets both events.
struct Healthy {
    runtime: tokio::runtime::Runtime,
    listener: Client,
    sender: Client,
    sent: i32,
}

impl Healthy {
    fn start(server: &Logged) -> Self {
        let runtime = runtime();
        let (listener, sender) = runtime.block_on(async {
            let listener = connect(&server.address(), "Healthy").await;
            listener.register("REPORTING").await.unwrap();
            (listener, connect(&server.address(), "Sender").await)
        });
        let mut healthy = Self { runtime, listener, sender, sent: 0 };
        healthy.check();
        healthy
    }

    fn check(&mut self) {
        self.sent += 1;
        let n = self.sent;
        let data = KvList::build(|list| list.int("n", n)).unwrap();
        self.runtime.block_on(async {
            let answer = self.sender.request(user_event("REPORTING", None, data.view())).await.unwrap();
            assert_eq!(answer.id(), MessageId::EVENT_ACK);
            let event = next(&mut self.listener).await;
            let data = event.view().list(AttributeId::USER_DATA).unwrap().unwrap();
            assert_eq!(data.find("n"), Some(ValueRef::Int(n)), "no event was lost before this one");
        });
    }
}

/// Lets a client do something wrong beside a healthy one, and gives what it was told and the log.
fn beside(
    configure: impl FnOnce(&mut tbus_server::ServerConfig),
    wrong: impl FnOnce(&str) -> Option<Message>,
) -> (Option<Message>, String) {
    let server = Logged::start(configure);
    let mut healthy = Healthy::start(&server);
    let answer = wrong(&server.address());
    healthy.check();
    drop(healthy);
    (answer, server.stop())
}

fn told(wrong: impl FnOnce(&str) -> Message) -> (Message, String) {
    let (answer, log) = beside(|_| {}, |address| Some(wrong(address)));
    (answer.unwrap(), log)
}

fn request(id: MessageId, dn: &str) -> Message {
    Message::build(id, |m| m.unsigned(AttributeId::REFERENCE_ID, 9).str(AttributeId::THIS_DN, dn)).unwrap()
}

#[test]
fn a_frame_over_the_limit() {
    let (answer, log) = told(|address| {
        let mut client = Raw::open(address, "Long");
        client.write(&[0x7f, 0xff, 0xff, 0xff]);
        let answer = client.message();
        client.is_closed(); // what follows cannot be found, so the connection is closed
        answer
    });
    assert_eq!(code(&answer), 53);
    assert_eq!(error_text(&answer), "frame of 2147483647 bytes is over the limit of 1048576");
    assert!(log.contains("Invalid TLib message received from"), "{log}");
    assert!(
        log.contains("frame of 2147483647 bytes is over the limit of 1048576, connection is closed"),
        "{log}"
    );
}

#[test]
fn a_frame_too_short_for_its_head() {
    let (answer, _) = told(|address| {
        let mut client = Raw::open(address, "Short");
        client.write(&[0, 0, 0, 3, 0, 0, 0]);
        client.message()
    });
    assert_eq!(code(&answer), 53);
}

/// Frames that lie inside: the frame after them is found again, so the connection stays.
#[test]
fn a_count_a_length_and_a_depth_that_lie() {
    let good = request(MessageId::REQUEST_QUERY_SERVER, "REPORTING");
    let mut count = good.frame().to_vec();
    count[7] = 200;
    let mut length = good.frame().to_vec();
    length[12] = 0xff;
    let list = Message::build(MessageId::REQUEST_PRIVATE_SERVICE, |m| {
        m.list(AttributeId::USER_DATA, KvList::build(|list| list.str("key", "value")).unwrap().view())
    });
    let mut pairs = list.unwrap().frame().to_vec();
    pairs[14] = 9;
    let cases = [
        (count, "attribute head at byte"),
        (length, "value of AttributeReferenceID at byte 13 needs 255 bytes"),
        (pairs, "pair head at byte"),
        (deep(17), "lists nest deeper than 16"),
    ];
    let server = Logged::start(|_| {});
    let mut healthy = Healthy::start(&server);
    let mut client = Raw::open(&server.address(), "Liar");
    for (frame, expected) in &cases {
        client.write(frame);
        let answer = client.message();
        assert_eq!(code(&answer), 53);
        assert!(error_text(&answer).contains(expected), "{:?}", error_text(&answer));
        // Who waits for an answer gets it, if the ReferenceID can be read.
        let reference = (*expected == "attribute head at byte").then_some(9);
        assert_eq!(answer.view().reference_id(), Ok(reference));
        assert_eq!(client.ask(&good).id(), MessageId::EVENT_SERVER_INFO, "the connection stays up");
    }
    healthy.check();
    let log = server.stop();
    for (_, expected) in cases {
        assert!(log.contains(expected), "{expected}: {log}");
    }
}

/// A frame with a list that nests `depth` deep, written by hand: the writer would not do it.
fn deep(depth: usize) -> Vec<u8> {
    let mut list = vec![0, 0];
    for _ in 1..depth {
        let length = u16::try_from(list.len()).unwrap();
        let mut outer = vec![0, 1, 3, 0, 1];
        outer.extend((length + 2).to_be_bytes());
        outer.push(b'd');
        outer.extend(length.to_be_bytes());
        outer.extend(&list);
        list = outer;
    }
    let mut attribute = vec![3, 0, 51];
    attribute.extend(u16::try_from(list.len()).unwrap().to_be_bytes());
    attribute.extend(list);
    let mut frame = u32::try_from(attribute.len() + 4).unwrap().to_be_bytes().to_vec();
    frame.extend([0, 149, 0, 1]);
    frame.extend(attribute);
    frame
}

/// 100 kB of list in list, as deep as the length fields allow: refused by its depth, without recursion into it.
#[test]
fn a_hundred_kilobytes_of_nested_lists() {
    let mut frame = deep(6000);
    let attribute = frame[8..].to_vec();
    while frame.len() < 100_000 {
        frame.extend(&attribute);
        frame[7] += 1;
    }
    let length = u32::try_from(frame.len() - 4).unwrap().to_be_bytes();
    frame[..4].copy_from_slice(&length);
    let (answer, _) = told(|address| {
        let mut client = Raw::open(address, "Deep");
        client.write(&frame);
        let answer = client.message();
        assert_eq!(
            client.ask(&request(MessageId::REQUEST_QUERY_SERVER, "")).id(),
            MessageId::EVENT_SERVER_INFO
        );
        answer
    });
    assert_eq!(code(&answer), 53);
    assert!(error_text(&answer).starts_with("lists nest deeper than 16 at byte"), "{}", error_text(&answer));
}

#[test]
fn an_attribute_of_the_wrong_kind() {
    let (answer, log) = told(|address| {
        let wrong = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 9)
                .str(AttributeId::COMMUNICATION_DN, "REPORTING")
                .str(AttributeId::USER_DATA, "no list")
        });
        Raw::open(address, "Wrong").ask(&wrong.unwrap())
    });
    assert_eq!(code(&answer), 53);
    assert_eq!(answer.view().reference_id(), Ok(Some(9)));
    assert_eq!(error_text(&answer), "AttributeUserData is of kind string, expected list");
    assert!(
        log.contains("\tAttributeErrorMessage\t'AttributeUserData is of kind string, expected list'"),
        "{log}"
    );
}

#[test]
fn a_message_before_register_client() {
    let (answer, log) = told(|address| {
        let mut client = Raw::connect(address);
        let answer = client.ask(&request(MessageId::REQUEST_REGISTER_ADDRESS, "REPORTING"));
        client.is_closed(); // the connection is closed
        answer
    });
    assert_eq!(code(&answer), 41);
    assert_eq!(answer.view().reference_id(), Ok(Some(9)));
    assert_eq!(error_text(&answer), "RequestRegisterAddress before RequestRegisterClient");
    assert!(log.contains("disconnected: session refused"), "{log}");
}

/// A session that is refused is over: the client cannot be left half open.
#[test]
fn a_register_client_with_an_attribute_of_the_wrong_kind() {
    let (answer, log) = told(|address| {
        let hello =
            Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m.int(AttributeId::APPLICATION_NAME, 7));
        let mut client = Raw::connect(address);
        let answer = client.ask(&hello.unwrap());
        client.is_closed();
        answer
    });
    assert_eq!(code(&answer), 53);
    assert_eq!(error_text(&answer), "AttributeApplicationName is of kind int, expected string");
    assert!(log.contains("disconnected: session refused"), "{log}");
}

#[test]
fn a_second_register_client() {
    let (answer, _) = told(|address| {
        let mut client = Raw::open(address, "Twice");
        let answer = client.ask(&request(MessageId::REQUEST_REGISTER_CLIENT, ""));
        client.register("REPORTING");
        answer
    });
    assert_eq!(code(&answer), 43);
}

#[test]
fn an_unknown_dn() {
    let (answer, log) = told(|address| {
        Raw::open(address, "Lost").ask(&request(MessageId::REQUEST_REGISTER_ADDRESS, "NOWHERE"))
    });
    assert_eq!(code(&answer), 59);
    assert!(error_text(&answer).contains("NOWHERE"), "{}", error_text(&answer));
    assert!(log.contains("\tAttributeErrorCode\t59"), "{log}");
}

#[test]
fn a_dn_that_the_requester_has_not_registered() {
    let (answer, _) = told(|address| {
        let login = Message::build(MessageId::REQUEST_AGENT_LOGIN, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, 9)
                .str(AttributeId::THIS_DN, "7001")
                .str(AttributeId::AGENT_ID, "1001")
        });
        Raw::open(address, "Desktop").ask(&login.unwrap())
    });
    assert_eq!(code(&answer), 41);
}

#[test]
fn an_unsupported_request() {
    let (answer, log) = told(|address| {
        let mut client = Raw::open(address, "Transfer");
        let answer = client.ask(&request(MessageId::REQUEST_INITIATE_TRANSFER, "7001"));
        client.register("REPORTING");
        answer
    });
    assert_eq!(code(&answer), 51);
    assert!(error_text(&answer).contains("RequestInitiateTransfer"), "{}", error_text(&answer));
    assert!(log.contains("RequestInitiateTransfer is not supported"), "{log}");
}

#[test]
fn user_data_over_the_limit() {
    let (answer, _) = told(|address| {
        let data = KvList::build(|list| list.str("key", "x".repeat(16_000))).unwrap();
        Raw::open(address, "Big").ask(&user_event("REPORTING", Some(9), data.view()))
    });
    assert_eq!(code(&answer), 53);
    assert_eq!(error_text(&answer), "user data of 16010 bytes is over the user-data-limit of 16000");
}

#[test]
fn a_client_that_says_nothing() {
    let (_, log) = beside(
        |config| config.world.t_server.options.handshake_timeout = Duration::from_millis(30),
        |address| {
            Raw::connect(address).is_closed(); // closed
            None
        },
    );
    assert!(log.contains("disconnected: no RequestRegisterClient within the handshake time"), "{log}");
}

/// A client that stops reading is disconnected at the hard limit; what waits for it is bounded, and nobody else waits.
#[test]
fn a_client_that_stops_reading() {
    let server = Logged::start(|config| {
        let options = &mut config.world.t_server.options;
        options.slow_client_soft_limit = 65_536;
        options.slow_client_hard_limit = 262_144;
    });
    let mut healthy = Healthy::start(&server);
    let mut stuck = Raw::open(&server.address(), "Stuck");
    stuck.register("Callback_VQ");
    let data = KvList::build(|list| list.str("key", "x".repeat(15_000))).unwrap();
    let mut sent = 0_usize;
    // Both sockets' buffers take a few megabytes; then the queue grows until the server has enough.
    while server.server().clients().iter().any(|client| client.label.application() == "Stuck") {
        assert!(sent < 4000, "60 MB and still connected");
        healthy.runtime.block_on(async {
            let answer = healthy.sender.request(user_event("Callback_VQ", None, data.view())).await.unwrap();
            assert_eq!(answer.id(), MessageId::EVENT_ACK);
        });
        sent += 1;
    }
    healthy.check();
    let log = server.stop();
    assert!(log.contains("Stuck") && log.contains("disconnected: slow client:"), "no reason in the log");
    assert!(log.contains("over the hard limit"), "the hard limit comes first here");
}

/// The same by the soft limit and its deadline.
#[test]
fn a_client_that_reads_too_slowly() {
    let server = Logged::start(|config| {
        let options = &mut config.world.t_server.options;
        options.slow_client_soft_limit = 1;
        options.slow_client_timeout = Duration::from_millis(50);
    });
    let mut healthy = Healthy::start(&server);
    let mut stuck = Raw::open(&server.address(), "Stuck");
    stuck.register("Callback_VQ");
    let data = KvList::build(|list| list.str("key", "x".repeat(15_000))).unwrap();
    let mut sent = 0_usize;
    while server.server().clients().iter().any(|client| client.label.application() == "Stuck") {
        // Less than the hard limit beyond what the sockets take, so that only the deadline can end it.
        if sent < 800 {
            healthy.runtime.block_on(async {
                healthy.sender.request(user_event("Callback_VQ", None, data.view())).await.unwrap();
            });
            sent += 1;
        } else {
            std::thread::yield_now();
        }
    }
    healthy.check();
    let log = server.stop();
    assert!(
        log.contains("over the soft limit for too long") || log.contains("over the hard limit"),
        "no reason"
    );
}

#[test]
fn more_clients_than_allowed() {
    let (_, log) = beside(
        |config| config.world.t_server.options.max_clients = 3,
        |address| {
            let _third = Raw::open(address, "Third");
            Raw::connect(address).is_closed(); // the fourth is turned away
            None
        },
    );
    assert!(log.contains("was turned away: 3 clients are connected (max-clients)"), "{log}");
}

#[test]
fn a_port_in_use() {
    let server = Logged::start(|_| {});
    let mut config = tbus_server::ServerConfig::new(tbus_core::World::default());
    config.listen = server.address();
    let error = tbus_server::Server::start(config).unwrap_err().to_string();
    assert!(error.contains(&server.address()) && error.contains("choose another port"), "{error}");
}
