//! The mock against a client of a few lines.

use std::io::{ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tlib_proto::Limits;
use tlib_proto::wire::{Split, control_frame, profile, split_frame};

use super::*;

struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    fn connect(server: &MockServer) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, input: Vec::new() }
    }

    fn open(server: &MockServer) -> Self {
        let mut client = Self::connect(server);
        assert_eq!(client.ask(&hello()).id(), MessageId::EVENT_LINK_CONNECTED);
        client
    }

    fn send(&mut self, message: &Message) {
        self.stream.write_all(message.frame()).unwrap();
    }

    fn ask(&mut self, message: &Message) -> Message {
        self.send(message);
        self.message()
    }

    fn frame(&mut self) -> Vec<u8> {
        loop {
            if let Split::Frame(frame, rest) = split_frame(&self.input, &Limits::default()).unwrap() {
                let (frame, rest) = (frame.to_vec(), rest.to_vec());
                self.input = rest;
                return frame;
            }
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).unwrap();
            assert!(read > 0, "closed while a frame was expected");
            self.input.extend_from_slice(&chunk[..read]);
        }
    }

    fn message(&mut self) -> Message {
        Message::from_frame(self.frame().into(), &Limits::default()).unwrap()
    }

    /// How the connection ends.
    fn end(&mut self) -> Result<usize, ErrorKind> {
        self.stream.read_to_end(&mut self.input).map_err(|error| error.kind())
    }
}

fn hello() -> Message {
    Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m.str(AttributeId::APPLICATION_NAME, "Icon_Voice"))
        .unwrap()
}

fn register(dn: &str, reference: u32) -> Message {
    Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, reference).str(AttributeId::THIS_DN, dn)
    })
    .unwrap()
}

fn user_event(server: &MockServer) -> Message {
    server.event(MessageId::EVENT_USER_EVENT, |m| m.str(AttributeId::THIS_DN, "REPORTING"))
}

fn sequence(message: &Message) -> Option<u64> {
    message.view().long(AttributeId::EVENT_SEQUENCE_NUMBER).unwrap()
}

fn application(message: &Message) -> &[u8] {
    message.view().text(AttributeId::APPLICATION_NAME).unwrap().unwrap()
}

/// The text of the panic that `work` ends in.
fn panic_of(work: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(work)).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn it_greets_registers_and_sends() {
    let server = MockServer::start();
    server.set(|manners| {
        manners.session_id = Some(77);
        manners.next_sequence = 0xef8;
    });
    let mut client = Client::connect(&server);
    let greeting = client.ask(&hello());
    assert_eq!(greeting.id(), MessageId::EVENT_LINK_CONNECTED);
    assert_eq!(application(&greeting), b"SIP_Server");
    assert_eq!(greeting.view().int(AttributeId::SESSION_ID).unwrap(), Some(77));
    assert_eq!(sequence(&greeting), Some(0xef8));
    let registered = client.ask(&register("REPORTING", 5));
    assert_eq!(registered.id(), MessageId::EVENT_REGISTERED);
    assert_eq!(registered.view().reference_id().unwrap(), Some(5));
    assert_eq!(registered.view().text(AttributeId::THIS_DN).unwrap(), Some(&b"REPORTING"[..]));
    client.stream.write_all(&control_frame(MessageId(profile::CONTROL_PING))).unwrap();
    assert_eq!(client.frame(), control_frame(MessageId(profile::CONTROL_PONG)));

    let mut second = Client::open(&server);
    assert_eq!(server.expect_sessions(2), 1);
    server.send(To::All, &user_event(&server));
    assert_eq!(sequence(&client.message()), Some(0xefb));
    assert_eq!(sequence(&second.message()), Some(0xefb));
    server.send(To::One(0), &server.link_event(false));
    assert_eq!(client.message().id(), MessageId::EVENT_LINK_DISCONNECTED);
    server.send_bytes(To::Last, &[0, 0, 0]);
    server.close(To::Last);
    assert_eq!(second.end(), Ok(3), "half a frame, then the end");
}

#[test]
fn expectations_say_what_came() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    client.ask(&register("REPORTING", 1));
    client.ask(&register("8001", 2));
    let requests = server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 2);
    assert_eq!(requests, [register("REPORTING", 1), register("8001", 2)]);
    assert_eq!(server.received().len(), 3);
    assert_eq!((server.received()[2].connection, server.received()[2].dn()), (0, "8001".to_owned()));
    let text = panic_of(|| drop(server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 1)));
    assert!(text.starts_with("expected 1 x RequestRegisterAddress, received 2\n"), "{text}");
    assert!(text.contains("1 x RequestRegisterAddress on \"8001\" from connection 0"), "{text}");
    assert!(text.contains("1 x RequestRegisterClient"), "{text}");
    server.clear();
    assert!(server.received().is_empty());
}

#[test]
fn it_refuses() {
    let server = MockServer::start();
    server.set(|manners| manners.refuse_connections = true);
    let mut client = Client::connect(&server);
    assert!(matches!(client.end(), Ok(0) | Err(ErrorKind::ConnectionReset)));
    server.expect_refused(1);
    assert_eq!(server.connections(), 0);

    server.set(|manners| {
        manners.refuse_connections = false;
        manners.refuse_clients = Some(ErrorCode(40));
    });
    let mut client = Client::connect(&server);
    let error = client.ask(&hello());
    assert_eq!(error.id(), MessageId::EVENT_ERROR);
    assert_eq!(error.view().int(AttributeId::ERROR_CODE).unwrap(), Some(40));

    server.set(|manners| {
        manners.refuse_clients = None;
        manners.refuse_registrations = Some(ErrorCode(59));
    });
    let mut client = Client::open(&server);
    let error = client.ask(&register("REPORTING", 9));
    assert_eq!(error.view().reference_id().unwrap(), Some(9));
    assert_eq!(error.view().int(AttributeId::ERROR_CODE).unwrap(), Some(59));
    assert_eq!(server.expect_sessions(1), 1, "a refused client has no session");
}

#[test]
fn it_keeps_silent_when_told_to() {
    let server = MockServer::start();
    server.set(|manners| manners.answer_clients = false);
    let mut client = Client::connect(&server);
    client.send(&hello());
    server.expect(MessageId::REQUEST_REGISTER_CLIENT, 1);
    server.send(To::Last, &server.link_event(true));
    assert_eq!(client.message().id(), MessageId::EVENT_LINK_CONNECTED, "the test answers itself");
    server.set(|manners| manners.answer_registrations = false);
    client.send(&register("REPORTING", 1));
    server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 1);
    server.close(To::All);
    assert_eq!(client.end(), Ok(0));
}

#[test]
fn it_closes_resets_and_notices_the_end() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    server.reset(To::Last);
    assert_eq!(client.end(), Err(ErrorKind::ConnectionReset));
    server.expect_closed(To::One(0));

    let client = Client::open(&server);
    drop(client);
    server.expect_closed(To::One(1));
    server.send(To::All, &user_event(&server));
    server.send(To::One(1), &user_event(&server));
}

#[test]
fn it_goes_away_and_comes_back_as_another() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    server.stop();
    assert!(matches!(client.end(), Ok(0) | Err(ErrorKind::ConnectionReset)));
    let refused = TcpStream::connect(server.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    server.stop();

    server.set(|manners| {
        manners.application = "SIP_Server_B".to_owned();
        manners.link = false;
    });
    server.listen_again();
    server.listen_again();
    let mut client = Client::connect(&server);
    let greeting = client.ask(&hello());
    assert_eq!(
        (greeting.id(), application(&greeting)),
        (MessageId::EVENT_LINK_DISCONNECTED, &b"SIP_Server_B"[..])
    );
    assert_eq!(server.expect_sessions(2), 1);
}

#[test]
fn it_stops_reading_and_reads_again() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    server.stop_reading(To::Last);
    client.send(&register("REPORTING", 1));
    server.clear();
    // The client's writes fill up.
    client.stream.set_nonblocking(true).unwrap();
    let ping = control_frame(MessageId(profile::CONTROL_PING)).repeat(8192);
    let mut written = 0_usize;
    let error = loop {
        // Whole frames: what is cut short is completed below.
        match client.stream.write(&ping[written % ping.len()..]) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    client.stream.set_nonblocking(false).unwrap();
    assert!(server.received().is_empty());
    server.set(|manners| manners.keep_alive = false);
    server.read_again(To::Last);
    client.stream.write_all(&ping[written % ping.len()..]).unwrap();
    assert_eq!(client.message().id(), MessageId::EVENT_REGISTERED);
    server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 1);
}

#[test]
fn it_blasts_as_fast_as_the_client_reads() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    let frames = user_event(&server).frame().repeat(100);
    let reader = thread::spawn(move || {
        for _ in 0..20_000 {
            assert_eq!(client.message().id(), MessageId::EVENT_USER_EVENT);
        }
    });
    assert_eq!(server.blast(To::Last, &frames, 200), 200);
    reader.join().unwrap();
    server.expect_closed(To::Last);
    assert_eq!(server.blast(To::Last, &frames, 5), 0, "nobody is there");
}

#[test]
fn what_is_no_message_is_told_in_the_end() {
    let server = MockServer::start();
    let mut client = Client::open(&server);
    client.stream.write_all(&[0xff; 32]).unwrap();
    assert!(matches!(client.end(), Ok(0) | Err(ErrorKind::ConnectionReset)));
    let text = panic_of(|| drop(server));
    assert!(text.contains("connection 0 sent no frame"), "{text}");
}
