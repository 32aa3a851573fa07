//! Connections: reconnect with registration, the switch link, keep-alive, shutdown.

use std::io::{Read, Write};
use std::time::Duration;

use tbus_server::{Server, ServerConfig, TestServer};
use tlib_net::{Client, ClientEvent, ClientOptions};
use tlib_proto::wire::{control_frame, profile};
use tlib_proto::{KvList, Message, MessageId};

use crate::raw::Raw;
use crate::{Logged, PATIENCE, connect, next, runtime, user_event};

/// Length 4, message 0xff00, no attributes.
const PING: [u8; 8] = [0, 0, 0, 4, 0xff, 0, 0, 0];

async fn event(client: &mut Client) -> ClientEvent {
    tokio::time::timeout(PATIENCE, client.next()).await.expect("in time").expect("the client goes on")
}

/// The server goes and comes back on the same port: the client tells of both and its registrations are there again.
#[test]
fn a_client_comes_back_and_registers_again() {
    let first = Server::start(ServerConfig::new(tbus_core::World::default())).unwrap();
    let address = first.address().to_string();
    runtime().block_on(async {
        let mut options = ClientOptions::new("Icon_Voice").with_reconnect();
        options.reconnect = Some((Duration::from_millis(5), Duration::from_millis(50)));
        let mut client = Client::connect_with(&address, options).await.unwrap();
        client.register("REPORTING").await.unwrap();
        client.register("Callback_VQ").await.unwrap();
        client.unregister("Callback_VQ").await.unwrap();
        tokio::task::spawn_blocking(|| first.stop()).await.unwrap();
        assert!(matches!(event(&mut client).await, ClientEvent::Lost { .. }));

        let mut config = ServerConfig::new(tbus_core::World::default());
        config.listen = address.clone();
        let second = TestServer::start_with(config);
        assert!(matches!(event(&mut client).await, ClientEvent::Connected { .. }));
        let opened = event(&mut client).await;
        assert!(matches!(opened, ClientEvent::Opened { registered: Some(_), .. }), "{opened:?}");
        second.expect(MessageId::REQUEST_REGISTER_ADDRESS, "REPORTING", 1);
        second.expect(MessageId::REQUEST_REGISTER_ADDRESS, "Callback_VQ", 0);

        let sender = connect(&address, "OrchestrationServer").await;
        sender.request(user_event("REPORTING", None, KvList::new().view())).await.unwrap();
        assert_eq!(next(&mut client).await.id(), MessageId::EVENT_USER_EVENT);
    });
}

#[test]
fn the_state_of_the_link_is_told_to_all_and_to_who_comes() {
    let server = Logged::start(|_| {});
    runtime().block_on(async {
        let mut client = connect(&server.address(), "Stat_Server").await;
        assert_eq!(client.link().id(), MessageId::EVENT_LINK_CONNECTED);
        server.server().set_link(false);
        assert_eq!(next(&mut client).await.id(), MessageId::EVENT_LINK_DISCONNECTED);
        let late = connect(&server.address(), "Late").await;
        assert_eq!(late.link().id(), MessageId::EVENT_LINK_DISCONNECTED);
        server.server().set_link(true);
        assert_eq!(next(&mut client).await.id(), MessageId::EVENT_LINK_CONNECTED);
    });
    let log = server.stop();
    assert!(log.contains("send_to_all: message EventLinkDisconnected"), "{log}");
}

/// A client that is idle is polled; it stays as long as it answers, and is closed when it does not.
#[test]
fn an_idle_client_is_polled_and_closed_when_it_is_silent() {
    let server =
        Logged::start(|config| config.world.t_server.options.addp_timeout = Duration::from_millis(30));
    let mut client = Raw::open(&server.address(), "Silent");
    for _ in 0..3 {
        assert_eq!(client.frame(), PING);
        client.write(&control_frame(MessageId(profile::CONTROL_PONG)));
    }
    assert_eq!(client.frame(), PING);
    client.is_closed(); // not answered, so closed
    let log = server.stop();
    assert!(log.contains("disconnected: keep-alive was not answered"), "{log}");
}

/// The client's half: a server that does not answer is lost.
#[test]
fn a_silent_server_is_lost() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let link = Message::build(MessageId::EVENT_LINK_CONNECTED, |m| m).unwrap();
        stream.write_all(link.frame()).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        assert!(heard.ends_with(&PING));
    });
    runtime().block_on(async {
        let mut options = ClientOptions::new("Icon_Voice");
        options.keep_alive = Duration::from_millis(20);
        let mut client = Client::connect_with(&address, options).await.unwrap();
        let ClientEvent::Lost { reason } = event(&mut client).await else { panic!("nothing else can come") };
        assert_eq!(reason, "keep-alive was not answered");
    });
    silent.join().unwrap();
}

/// What a server that stops owes its clients: the end of the stream, not a reset.
#[test]
fn a_server_that_stops_says_so_to_every_client() {
    let server = Logged::start(|_| {});
    let mut client = Raw::open(&server.address(), "Icon_Voice");
    let log = server.stop();
    client.is_closed();
    assert!(log.contains("Icon_Voice"), "{log}");
    assert!(log.contains("disconnected: server shuts down"), "{log}");
}

/// The first expectation that fails names what came nearest.
#[test]
fn a_failed_expectation_names_what_came_nearest() {
    let server = TestServer::start().with_patience(Duration::from_millis(50));
    runtime().block_on(async {
        let client = connect(&server.address().to_string(), "OrchestrationServer").await;
        client.request(user_event("Callback_VQ", None, KvList::new().view())).await.unwrap();
    });
    server.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "Callback_VQ", 1);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        server.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 2);
    }));
    let text = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("expected 2 x RequestDistributeUserEvent on \"REPORTING\", found 0"), "{text}");
    assert!(
        text.contains(
            "elsewhere: 1 x RequestDistributeUserEvent on \"Callback_VQ\" from OrchestrationServer"
        ),
        "{text}"
    );
}
