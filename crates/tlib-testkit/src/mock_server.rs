//! A scripted T-Server: what a real one does only on a bad day, when a test wants it.
//!
//! It listens on a free port of loopback, answers RequestRegisterClient, RequestRegisterAddress and
//! RequestUnregisterAddress by itself (see [`Manners`]), answers keep-alive, and leaves everything else to the test: send any message or any
//! bytes, close, reset, stop reading, refuse, be another server, go away and come back on the same port. What clients
//! send is kept, and [`MockServer::expect`] waits for it.
//!
//! ```
//! use tlib_proto::{Message, MessageId};
//! use tlib_testkit::mock_server::{MockServer, To};
//!
//! let server = MockServer::start();
//! # use std::io::{Read, Write};
//! # let mut client = std::net::TcpStream::connect(server.address()).unwrap();
//! # client.write_all(Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m).unwrap().frame()).unwrap();
//! // .. a client connects to server.address() ..
//! server.expect(MessageId::REQUEST_REGISTER_CLIENT, 1);
//! server.send(To::All, &server.event(MessageId::EVENT_LINK_DISCONNECTED, |m| m));
//! server.close(To::All);
//! ```
//!
//! Everything that goes wrong in it panics: it is for tests only.

mod connection;
mod journal;
#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::Socket;
use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeId, ErrorCode, Message, MessageId};

use crate::port;
use connection::Connection;
pub use journal::Received;

/// How long the mock waits for anything before it panics: long enough for a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the mock does by itself. Changed by [`MockServer::set`], for what comes after.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Manners {
    /// AttributeApplicationName of the greeting and of EventRegistered. Another name: another server of the pair.
    pub application: String,
    /// AttributeSessionID of the greeting, if it has one.
    pub session_id: Option<i32>,
    /// Whether the greeting is EventLinkConnected or EventLinkDisconnected.
    pub link: bool,
    /// Whether RequestRegisterClient is answered at all.
    pub answer_clients: bool,
    /// Whether RequestRegisterAddress and RequestUnregisterAddress are answered at all.
    pub answer_registrations: bool,
    /// Whether keep-alive polls are answered.
    pub keep_alive: bool,
    /// New connections are closed at once.
    pub refuse_connections: bool,
    /// RequestRegisterClient is answered by EventError with this code.
    pub refuse_clients: Option<ErrorCode>,
    /// RequestRegisterAddress is answered by EventError with this code.
    pub refuse_registrations: Option<ErrorCode>,
    /// The sequence number that the next event of the mock's own or of [`MockServer::event`] takes.
    pub next_sequence: u64,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            application: "SIP_Server".to_owned(),
            session_id: None,
            link: true,
            answer_clients: true,
            answer_registrations: true,
            keep_alive: true,
            refuse_connections: false,
            refuse_clients: None,
            refuse_registrations: None,
            next_sequence: 1,
        }
    }
}

impl Manners {
    fn event(
        &mut self,
        id: MessageId,
        fill: impl for<'w, 'b> FnOnce(&'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b>,
    ) -> Message {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Message::build(id, |m| fill(m.long(AttributeId::EVENT_SEQUENCE_NUMBER, sequence)))
            .expect("an event that can be encoded")
    }
}

/// Whom the mock sends to. Connections are numbered from 0 in the order in which they were accepted; refused ones
/// have no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// All connections that are there.
    All,
    /// The one that was accepted last.
    Last,
    /// The one with this number.
    One(usize),
}

/// The server. Dropping it closes everything.
#[derive(Debug)]
pub struct MockServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Keeps the port while nobody listens, so that the system gives it to nobody else.
    _reserved: Socket,
    listening: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    manners: Manners,
    /// The listener is to end.
    stop: bool,
    refused: usize,
    connections: Vec<Arc<Connection>>,
    /// Connections whose RequestRegisterClient was answered well.
    opened: usize,
    received: Vec<Received>,
    /// What clients sent that is no frame or no message.
    faults: Vec<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` gives something.
    fn wait<T>(
        &self,
        patience: Duration,
        mut ready: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, MutexGuard<'_, State>> {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        loop {
            if let Some(found) = ready(&state) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(state);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl MockServer {
    /// Starts on a free port of loopback.
    pub fn start() -> Self {
        let (reserved, address) = port::reserved();
        let shared = Arc::default();
        let accepting = accept(listener(address), &shared);
        Self { shared, address, _reserved: reserved, listening: Mutex::new(Some(accepting)) }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Changes what it does by itself.
    pub fn set(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.shared.state().manners);
    }

    /// An event with the next sequence number in front, to be sent as often as wanted.
    pub fn event(
        &self,
        id: MessageId,
        fill: impl for<'w, 'b> FnOnce(&'w mut MessageWriter<'b>) -> &'w mut MessageWriter<'b>,
    ) -> Message {
        self.shared.state().manners.event(id, fill)
    }

    /// EventLinkConnected as the greeting would be now, or EventLinkDisconnected.
    pub fn link_event(&self, up: bool) -> Message {
        let mut state = self.shared.state();
        let application = state.manners.application.clone();
        let id = if up { MessageId::EVENT_LINK_CONNECTED } else { MessageId::EVENT_LINK_DISCONNECTED };
        state.manners.event(id, |m| m.str(AttributeId::APPLICATION_NAME, application))
    }

    fn select(&self, to: To) -> Vec<Arc<Connection>> {
        let state = self.shared.state();
        let selected: Vec<_> = match to {
            To::All => state.connections.iter().filter(|connection| connection.is_open()).collect(),
            To::Last => state.connections.last().into_iter().collect(),
            To::One(number) => state.connections.get(number).into_iter().collect(),
        };
        assert!(
            to == To::All || !selected.is_empty(),
            "{to:?}: there are {} connections",
            state.connections.len()
        );
        selected.into_iter().map(Arc::clone).collect()
    }

    /// Sends a message.
    ///
    /// # Panics
    /// When there is no such connection. A client that has gone is none of the server's business.
    pub fn send(&self, to: To, message: &Message) {
        self.send_bytes(to, message.frame());
    }

    /// Sends any bytes.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub fn send_bytes(&self, to: To, bytes: &[u8]) {
        for connection in self.select(to) {
            let _gone = connection.write(bytes);
        }
    }

    /// Writes frames that are built already to one connection `times` times, as fast as the client reads. Returns how often that was
    /// done: less only when the client has gone or has not read for [`PATIENCE`].
    ///
    /// # Panics
    /// When there is no such connection, or `to` is [`To::All`].
    pub fn blast(&self, to: To, frames: &[u8], times: usize) -> usize {
        assert!(to != To::All, "one connection at a time");
        let connection = self.select(to).remove(0);
        (0..times).take_while(|_| connection.write(frames).is_ok()).count()
    }

    /// Closes connections; the client reads what was sent, then the end.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub fn close(&self, to: To) {
        for connection in self.select(to) {
            connection.close();
        }
    }

    /// Resets connections; what the client has not read is lost.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub fn reset(&self, to: To) {
        for connection in self.select(to) {
            connection.reset();
        }
    }

    /// Stops reading, so that the client's writes fill up. What was being read at that moment may still be taken from
    /// the socket, but is not looked at before [`read_again`](Self::read_again).
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub fn stop_reading(&self, to: To) {
        self.select(to).iter().for_each(|connection| connection.pause(true));
    }

    /// Reads again.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    pub fn read_again(&self, to: To) {
        self.select(to).iter().for_each(|connection| connection.pause(false));
    }

    /// Goes away: nobody listens, and all connections are closed.
    pub fn stop(&self) {
        let accepting = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            self.shared.state().stop = true;
            // The listener looks at its orders when somebody comes.
            let _somebody = TcpStream::connect(self.address);
            let ended = accepting.join();
            assert!(ended.is_ok() || thread::panicking(), "the listener panicked");
        }
        self.close(To::All);
    }

    /// Comes back on the same port. Does nothing when it is there.
    ///
    /// # Panics
    /// When the system does not let it listen.
    pub fn listen_again(&self) {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if listening.is_none() {
            self.shared.state().stop = false;
            *listening = Some(accept(listener(self.address), &self.shared));
        }
    }

    /// Connections that were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections.len()
    }

    /// Waits until `count` clients have opened a session, each time counted, since the start; returns the number of the last
    /// connection.
    ///
    /// # Panics
    /// After [`PATIENCE`], with what has come.
    pub fn expect_sessions(&self, count: usize) -> usize {
        let last = |state: &State| (state.opened >= count).then(|| state.connections.len().saturating_sub(1));
        self.shared.wait(PATIENCE, last).unwrap_or_else(|state| {
            panic!(
                "expected {count} sessions, {} were opened, over {} connections; {} were refused",
                state.opened,
                state.connections.len(),
                state.refused
            )
        })
    }

    /// Waits until a connection has ended, whoever ended it.
    ///
    /// # Panics
    /// After [`PATIENCE`], and when there is no such connection.
    pub fn expect_closed(&self, to: To) {
        for connection in self.select(to) {
            let ended = self.shared.wait(PATIENCE, |_| (!connection.is_open()).then_some(()));
            assert!(ended.is_ok(), "connection {} should have ended", connection.number);
        }
    }

    /// Waits until `count` connections were refused since the start.
    ///
    /// # Panics
    /// After [`PATIENCE`].
    pub fn expect_refused(&self, count: usize) {
        let refused = self.shared.wait(PATIENCE, |state| (state.refused >= count).then_some(()));
        if let Err(state) = refused {
            panic!("expected {count} refused connections, there were {}", state.refused);
        }
    }
}

impl Drop for MockServer {
    /// # Panics
    /// When a client has sent what is no frame or no message: its connection was closed for that.
    fn drop(&mut self) {
        self.stop();
        let faults = std::mem::take(&mut self.shared.state().faults);
        assert!(faults.is_empty() || thread::panicking(), "{faults:?}");
    }
}

/// Listens on the address of a bound socket.
fn listener(address: SocketAddr) -> TcpListener {
    let socket = port::bound(address);
    socket.listen(128).expect("nobody else listens there");
    socket.into()
}

/// The thread that accepts.
fn accept(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut state = shared.state();
            if state.stop {
                return;
            }
            let Ok(stream) = stream else { continue };
            if state.manners.refuse_connections {
                state.refused += 1;
            } else {
                let connection = Connection::new(state.connections.len(), stream);
                state.connections.push(Arc::clone(&connection));
                let shared = Arc::clone(&shared);
                thread::spawn(move || connection.serve(&shared));
            }
            drop(state);
            shared.changed.notify_all();
        }
    })
}
