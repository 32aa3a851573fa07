//! The client against servers that follow a script: outages, refusals, and connections that end badly.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use tlib_net::{Client, ClientError, ClientEvent, ClientOptions};
use tlib_proto::wire::{control_frame, profile};
use tlib_proto::{AttributeId, KvList, Limits, Message, MessageId};

use crate::{PATIENCE, next, runtime, user_event};

/// The server's end of one connection.
struct Peer(TcpStream);

impl Peer {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Accepts and opens the session.
    fn open(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener);
        assert_eq!(peer.message().id(), MessageId::REQUEST_REGISTER_CLIENT);
        peer.send(&link());
        peer
    }

    fn send(&mut self, message: &Message) {
        self.0.write_all(message.frame()).unwrap();
    }

    /// The next message; `None` at the end.
    fn read(&mut self) -> Option<Message> {
        let mut frame = vec![0; 4];
        match self.0.read_exact(&mut frame) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            read => read.unwrap(),
        }
        let length = u32::from_be_bytes(frame[..].try_into().unwrap());
        frame.resize(4 + usize::try_from(length).unwrap(), 0);
        self.0.read_exact(&mut frame[4..]).unwrap();
        Some(Message::from_frame(frame.into(), &Limits::default()).unwrap())
    }

    fn message(&mut self) -> Message {
        self.read().expect("the client goes on")
    }

    /// Answers a request.
    fn answer(&mut self, request: &Message, id: MessageId) {
        let reference = request.view().reference_id().unwrap().expect("the client gives every request one");
        self.send(&Message::build(id, |m| m.unsigned(AttributeId::REFERENCE_ID, reference)).unwrap());
    }
}

/// A server that follows this script.
fn serve<T: Send + 'static>(
    script: impl FnOnce(&TcpListener) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, std::thread::spawn(move || script(&listener)))
}

fn link() -> Message {
    Message::build(MessageId::EVENT_LINK_CONNECTED, |m| m).unwrap()
}

fn error(code: i32) -> Message {
    Message::build(MessageId::EVENT_ERROR, |m| m.int(AttributeId::ERROR_CODE, code)).unwrap()
}

/// An event of some 200 bytes.
fn event(number: u32) -> Message {
    let text = "x".repeat(150);
    Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.str(AttributeId::THIS_DN, &text).unsigned(AttributeId::ERROR_CODE, number)
    })
    .unwrap()
}

fn query() -> Message {
    Message::build(MessageId::REQUEST_QUERY_SERVER, |m| m).unwrap()
}

/// Patient, and quick to connect again.
fn options() -> ClientOptions {
    let mut options = ClientOptions::new("Icon_Voice");
    options.connect_timeout = PATIENCE;
    options.answer_timeout = PATIENCE;
    options.reconnect = Some((Duration::from_millis(1), Duration::from_millis(10)));
    options
}

async fn heard(client: &mut Client) -> ClientEvent {
    tokio::time::timeout(PATIENCE, client.next()).await.expect("in time").expect("the client goes on")
}

async fn lost(client: &mut Client) -> String {
    match heard(client).await {
        ClientEvent::Lost { reason } => reason,
        other => panic!("expected the loss of the connection, got {other:?}"),
    }
}

async fn opened(client: &mut Client) {
    let event = heard(client).await;
    assert!(matches!(event, ClientEvent::Connected { .. }), "{event:?}");
    let event = heard(client).await;
    assert!(matches!(event, ClientEvent::Opened { .. }), "{event:?}");
}

#[test]
fn a_request_times_out_during_an_outage_and_is_not_sent_after_it() {
    let (go, wait) = sync_channel(1);
    let (address, server) = serve(move |listener| {
        drop(Peer::open(listener));
        wait.recv().unwrap();
        Peer::open(listener).message().id()
    });
    runtime().block_on(async {
        let mut options = options();
        options.answer_timeout = Duration::from_millis(50);
        let mut client = Client::connect_with(&address, options).await.unwrap();
        lost(&mut client).await;
        let timed_out = client.request(query()).await.unwrap_err();
        assert!(matches!(timed_out, ClientError::TimedOut { reference: None, .. }), "{timed_out:?}");
        assert_eq!(
            timed_out.to_string(),
            "no answer to RequestQueryServer, which could not be sent, within 0.05 s"
        );
        go.send(()).unwrap();
        opened(&mut client).await;
        client.send(user_event("REPORTING", None, KvList::new().view())).await.unwrap();
        let first = tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
        assert_eq!(first, MessageId::REQUEST_DISTRIBUTE_USER_EVENT);
    });
}

#[test]
fn a_request_waits_for_the_connection() {
    let (address, server) = serve(|listener| {
        drop(Peer::open(listener));
        let mut peer = Peer::open(listener);
        let request = peer.message();
        peer.answer(&request, MessageId::EVENT_SERVER_INFO);
        assert!(peer.read().is_none());
    });
    runtime().block_on(async {
        let mut client = Client::connect_with(&address, options()).await.unwrap();
        lost(&mut client).await;
        assert_eq!(client.request(query()).await.unwrap().id(), MessageId::EVENT_SERVER_INFO);
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}

/// Its answer is late, but the server has it: it is made again with the others.
#[test]
fn a_registration_that_is_confirmed_late_is_repeated() {
    let (go, wait) = sync_channel(1);
    let (address, server) = serve(move |listener| {
        let mut peer = Peer::open(listener);
        let request = peer.message();
        wait.recv().unwrap();
        peer.answer(&request, MessageId::EVENT_REGISTERED);
        drop(peer);
        Peer::open(listener).message().id()
    });
    runtime().block_on(async {
        let mut options = options();
        options.answer_timeout = Duration::from_millis(20);
        let mut client = Client::connect_with(&address, options).await.unwrap();
        let timed_out = client.register("REPORTING").await.unwrap_err();
        assert!(matches!(timed_out, ClientError::TimedOut { reference: Some(_), .. }), "{timed_out:?}");
        go.send(()).unwrap();
        lost(&mut client).await;
        let first = tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
        assert_eq!(first, MessageId::REQUEST_REGISTER_ADDRESS);
    });
}

/// While the user is busy nothing is read, no pong either: that says nothing of the server.
#[test]
fn a_busy_user_does_not_lose_the_connection_to_keep_alive() {
    let (address, server) = serve(|listener| {
        let mut peer = Peer::open(listener);
        for number in 0..10 {
            peer.send(&event(number));
        }
        while let Some(message) = peer.read() {
            if message.id() == MessageId(profile::CONTROL_PING) {
                peer.0.write_all(&control_frame(MessageId(profile::CONTROL_PONG))).unwrap();
            }
        }
    });
    runtime().block_on(async {
        let mut options = options();
        options.event_capacity = 1;
        options.keep_alive = Duration::from_millis(100);
        options.answer_timeout = Duration::from_millis(500);
        let mut client = Client::connect_with(&address, options).await.unwrap();
        // Nobody takes the events, so the time passes without an answer.
        client.request(query()).await.unwrap_err();
        for number in 0..10 {
            assert_eq!(heard(&mut client).await, ClientEvent::Message(event(number)));
        }
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}

/// The server says why and resets, and the client notices when it writes.
#[test]
fn why_the_server_closed_is_told_although_a_write_fails_first() {
    // Whether the read or the write comes first is left to chance.
    for _ in 0..8 {
        let (go, wait) = sync_channel(1);
        let (address, server) = serve(move |listener| {
            let mut peer = Peer::accept(listener);
            peer.send(&link());
            wait.recv().unwrap();
            peer.send(&error(50)); // RequestRegisterClient is not read: this closes with a reset
        });
        runtime().block_on(async {
            let mut options = options();
            options.reconnect = None;
            let mut client = Client::connect_with(&address, options).await.unwrap();
            go.send(()).unwrap();
            server.join().unwrap();
            client.send(query()).await.unwrap();
            assert_eq!(next(&mut client).await, error(50));
            lost(&mut client).await;
            assert_eq!(client.next().await, None);
            let gone = client.request(query()).await.unwrap_err();
            assert!(matches!(gone, ClientError::Lost(_)), "{gone:?}");
        });
    }
}

#[test]
fn what_comes_together_with_the_greeting_is_heard() {
    let (address, server) = serve(|listener| {
        let mut peer = Peer::accept(listener);
        let together = [link().frame().as_ref(), event(1).frame()].concat();
        peer.0.write_all(&together).unwrap();
        while peer.read().is_some() {}
    });
    runtime().block_on(async {
        let mut client = Client::connect_with(&address, options()).await.unwrap();
        assert_eq!(next(&mut client).await, event(1));
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}

/// A message is a slice of what was read with it, and keeps all of that: so reads share their memory.
#[test]
fn small_events_that_are_kept_keep_little_memory() {
    const EVENTS: u32 = 100;
    let (address, server) = serve(|listener| {
        let mut peer = Peer::open(listener);
        for number in 0..EVENTS {
            peer.message();
            peer.send(&event(number));
        }
        assert!(peer.read().is_none());
    });
    runtime().block_on(async {
        let mut client = Client::connect_with(&address, options()).await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..EVENTS {
            client.send(query()).await.unwrap();
            kept.push(next(&mut client).await);
        }
        let follows =
            |pair: &&[Message]| pair[0].frame().as_ptr_range().end == pair[1].frame().as_ptr_range().start;
        let apart = kept.windows(2).filter(|pair| !follows(pair)).count();
        assert!(apart < 3, "{apart} of {EVENTS} events have memory of their own");
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}

/// Unread input would make the close a reset, and the reset could take the last message away.
#[test]
fn what_is_sent_last_arrives_although_events_are_left() {
    let (address, server) = serve(|listener| {
        let mut peer = Peer::open(listener);
        for number in 0..1000 {
            peer.send(&event(number));
        }
        let mut sent = Vec::new();
        while let Some(message) = peer.read() {
            sent.push(message.id());
            peer.send(&event(0));
        }
        sent
    });
    runtime().block_on(async {
        let mut options = options();
        options.event_capacity = 1;
        let client = Client::connect_with(&address, options).await.unwrap();
        for _ in 0..100 {
            client.send(query()).await.unwrap();
        }
        drop(client);
        let sent = tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
        assert_eq!(sent, vec![MessageId::REQUEST_QUERY_SERVER; 100]);
    });
}

#[test]
fn a_refusal_is_told_once_and_the_attempts_go_on() {
    let (address, server) = serve(|listener| {
        drop(Peer::open(listener));
        for code in [40, 40, 50, 40] {
            let mut peer = Peer::accept(listener);
            assert_eq!(peer.message().id(), MessageId::REQUEST_REGISTER_CLIENT);
            peer.send(&error(code));
        }
        assert!(Peer::open(listener).read().is_none());
    });
    runtime().block_on(async {
        let mut client = Client::connect_with(&address, options()).await.unwrap();
        assert_eq!(lost(&mut client).await, "closed by the server");
        for code in ["EventError 40", "EventError 50"] {
            let reason = lost(&mut client).await;
            assert!(reason.contains("refused the session") && reason.contains(code), "{reason}");
        }
        opened(&mut client).await;
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}

#[test]
fn a_registration_that_is_not_answered_again_does_not_keep_the_client_waiting() {
    let (address, server) = serve(|listener| {
        let mut peer = Peer::open(listener);
        let request = peer.message();
        peer.answer(&request, MessageId::EVENT_REGISTERED);
        drop(peer);
        let mut peer = Peer::open(listener);
        assert_eq!(peer.message().id(), MessageId::REQUEST_REGISTER_ADDRESS);
        assert!(peer.read().is_none());
    });
    runtime().block_on(async {
        let mut options = options();
        options.answer_timeout = Duration::from_millis(500);
        let mut client = Client::connect_with(&address, options).await.unwrap();
        client.register("REPORTING").await.unwrap();
        lost(&mut client).await;
        opened(&mut client).await;
        drop(client);
        tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    });
}
