//! A client that sends any bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;
use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{AttributeId, Limits, Message, MessageId};

use crate::PATIENCE;

pub(crate) struct Raw {
    stream: TcpStream,
    input: Vec<u8>,
}

/// RequestRegisterAddress for a DN.
pub(crate) fn register(dn: &str) -> Message {
    Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| m.str(AttributeId::THIS_DN, dn)).unwrap()
}

impl Raw {
    /// Connects and says nothing.
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, input: Vec::new() }
    }

    /// Connects and opens the session.
    pub(crate) fn open(address: &str, application: &str) -> Self {
        let mut raw = Self::connect(address);
        let hello = Hello { application: application.to_owned(), password: None };
        raw.send(&ClientSession::hello(&hello).unwrap());
        assert_eq!(raw.message().id(), MessageId::EVENT_LINK_CONNECTED);
        raw
    }

    pub(crate) fn register(&mut self, dn: &str) {
        self.send(&register(dn));
        assert_eq!(self.message().id(), MessageId::EVENT_REGISTERED);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, message: &Message) {
        self.write(message.frame());
    }

    /// A second handle for writing from elsewhere.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Waits until there is something to read, and leaves it there.
    pub(crate) fn wait_for_input(&self) {
        assert!(self.stream.peek(&mut [0]).expect("something in time") > 0, "closed instead");
    }

    /// Says that nothing more will be said.
    pub(crate) fn end(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Resets the connection.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Sends and reads one message back.
    pub(crate) fn ask(&mut self, message: &Message) -> Message {
        self.send(message);
        self.message()
    }

    /// The next frame, with its length field.
    pub(crate) fn frame(&mut self) -> Vec<u8> {
        loop {
            if let Split::Frame(frame, rest) = split_frame(&self.input, &Limits::default()).unwrap() {
                let (frame, rest) = (frame.to_vec(), rest.to_vec());
                self.input = rest;
                return frame;
            }
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).expect("a frame in time");
            assert!(read > 0, "closed while a frame was expected");
            self.input.extend_from_slice(&chunk[..read]);
        }
    }

    /// The next message.
    pub(crate) fn message(&mut self) -> Message {
        Message::from_frame(self.frame().into(), &Limits::default()).unwrap()
    }

    /// Waits until the server closes, and checks that it has said nothing more.
    pub(crate) fn is_closed(&mut self) {
        let mut rest = std::mem::take(&mut self.input);
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the server should have closed: {error}"),
        }
        assert!(rest.is_empty(), "more was said: {rest:02x?}");
    }
}
