//! The task behind a client: one socket, the session machine, and what waits for answers.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tlib_proto::session::{ClientSession, Delivery, RequestError, Timeout};
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{AttributeId, Message, MessageId};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, info};

use super::{ClientError, ClientEvent, ClientOptions, ServerError};

/// Bytes that may wait to be written before no further command is taken.
const WRITE_HIGH: usize = 256 * 1024;
/// Room for one read.
const READ_CHUNK: usize = 64 * 1024;

/// What the handles ask of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Request {
        request: Message,
        assigned: oneshot::Sender<Result<u32, RequestError>>,
        reply: oneshot::Sender<Result<Message, ClientError>>,
    },
    Send(Message),
    Abandon(u32),
}

/// Who waits for the answer with a ReferenceID.
enum Waiting {
    User {
        request: Message,
        reply: oneshot::Sender<Result<Message, ClientError>>,
    },
    /// A registration that is repeated after a reconnect.
    Again,
}

pub(super) struct Driver {
    address: String,
    options: ClientOptions,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<ClientEvent>,
    connection: Connection,
    waiting: HashMap<u32, Waiting>,
    /// Registrations to repeat, in their order: DN and the request that made it.
    registrations: Vec<(Vec<u8>, Message)>,
    /// After a reconnect: the server's greeting, and how many registrations are not answered yet.
    reopening: Option<(Message, usize)>,
    /// Events that the user has no room for at the moment; reading stops while there are any.
    backlog: VecDeque<ClientEvent>,
}

struct Connection {
    stream: TcpStream,
    session: ClientSession,
    input: BytesMut,
    output: BytesMut,
}

/// How a connection ended.
enum End {
    /// The user has dropped every handle.
    Dropped,
    Lost(String),
}

impl Driver {
    pub(super) async fn open(
        address: String,
        options: ClientOptions,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<ClientEvent>,
    ) -> Result<(Self, Message), ClientError> {
        let (connection, link) = Connection::open(&address, &options).await?;
        let driver = Self {
            address,
            options,
            commands,
            events,
            connection,
            waiting: HashMap::new(),
            registrations: Vec::new(),
            reopening: None,
            backlog: VecDeque::new(),
        };
        Ok((driver, link))
    }

    pub(super) async fn run(mut self) {
        loop {
            let reason = match self.drive().await {
                End::Dropped => return self.connection.write_out().await,
                End::Lost(reason) => reason,
            };
            debug!(address = self.address, %reason, "connection lost");
            for (_, waiting) in self.waiting.drain() {
                if let Waiting::User { reply, .. } = waiting {
                    let _ = reply.send(Err(ClientError::Lost(reason.clone())));
                }
            }
            while let Some(event) = self.backlog.pop_front() {
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            if self.events.send(ClientEvent::Lost { reason }).await.is_err() {
                return;
            }
            let Some((first, longest)) = self.options.reconnect else { return };
            if !self.reconnect(first, longest).await {
                return;
            }
        }
    }

    /// Connects again, however long it takes; `false` when the user has gone meanwhile.
    async fn reconnect(&mut self, first: Duration, longest: Duration) -> bool {
        let mut wait = first;
        loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.events.closed() => return false,
            }
            wait = wait.saturating_mul(2).min(longest);
            match Connection::open(&self.address, &self.options).await {
                Ok((connection, link)) => {
                    self.connection = connection;
                    self.waiting.clear();
                    for (_, request) in self.registrations.clone() {
                        if let Ok((reference, request)) = self.connection.session.assign(request) {
                            self.waiting.insert(reference, Waiting::Again);
                            self.connection.output.extend_from_slice(request.frame());
                        }
                    }
                    self.reopening = Some((link, self.waiting.len()));
                    self.registered_again(0);
                    info!(address = self.address, "connected again");
                    return true;
                }
                Err(error) => debug!(%error, "not connected yet"),
            }
        }
    }

    /// Runs one connection until it ends.
    async fn drive(&mut self) -> End {
        let events = self.events.clone();
        loop {
            self.deliver_backlog();
            let reading = self.backlog.is_empty();
            let writing = !self.connection.output.is_empty();
            let interest = match (reading, writing) {
                (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
                (true, false) => Some(Interest::READABLE),
                (false, true) => Some(Interest::WRITABLE),
                (false, false) => None,
            };
            let deadline = self.connection.session.deadline().map(Instant::from_std);
            tokio::select! {
                ready = self.connection.ready(interest), if interest.is_some() => {
                    let done = match ready {
                        Ok(ready) => self.connection.transfer(ready.is_readable(), ready.is_writable()),
                        Err(error) => Err(error.to_string()),
                    };
                    // What has come before the end still counts.
                    if let Err(reason) = self.frames().and(done) {
                        return End::Lost(reason);
                    }
                }
                command = self.commands.recv(), if self.connection.output.len() < WRITE_HIGH => {
                    let Some(command) = command else { return End::Dropped };
                    self.command(command);
                    // Requests that were made together travel together.
                    while self.connection.output.len() < WRITE_HIGH {
                        let Ok(command) = self.commands.try_recv() else { break };
                        self.command(command);
                    }
                    if let Err(reason) = self.connection.transfer(false, true) {
                        return End::Lost(reason);
                    }
                }
                room = events.reserve(), if !self.backlog.is_empty() => {
                    if let (Ok(room), Some(event)) = (room, self.backlog.pop_front()) {
                        room.send(event);
                    }
                }
                () = sleep_until(deadline) => match self.connection.session.timeout(Instant::now().into_std()) {
                    Timeout::Ping => {
                        let ping = control_frame(MessageId(profile::CONTROL_PING));
                        self.connection.output.extend_from_slice(&ping);
                    }
                    Timeout::None => {}
                    _ => return End::Lost("keep-alive was not answered".to_owned()),
                },
            }
        }
    }

    fn deliver_backlog(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            // A user that listens no more is no reason to stop: it may still ask.
            if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_front(event);
                return;
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Send(message) => self.connection.output.extend_from_slice(message.frame()),
            Command::Abandon(reference) => {
                self.connection.session.abandon(reference);
                self.waiting.remove(&reference);
            }
            Command::Request { request, assigned, reply } => match self.connection.session.assign(request) {
                Ok((reference, request)) => {
                    self.connection.output.extend_from_slice(request.frame());
                    self.waiting.insert(reference, Waiting::User { request, reply });
                    let _ = assigned.send(Ok(reference));
                }
                Err(error) => {
                    let _ = assigned.send(Err(error));
                }
            },
        }
    }

    /// Hands on every complete frame that has come.
    fn frames(&mut self) -> Result<(), String> {
        let now = Instant::now().into_std();
        while let Some(message) =
            self.connection.next_message(&self.options).map_err(|error| error.to_string())?
        {
            match self.connection.session.arrived(now, message.view()) {
                Delivery::Answer { reference } => self.answer(reference, message),
                Delivery::Ping => {
                    let pong = control_frame(MessageId(profile::CONTROL_PONG));
                    self.connection.output.extend_from_slice(&pong);
                }
                Delivery::Control => {}
                _ => self.event(ClientEvent::Message(message)),
            }
        }
        Ok(())
    }

    /// Tells that the connection is open again, when the last registration is answered.
    fn registered_again(&mut self, answered: usize) {
        if let Some((link, left)) = self.reopening.take() {
            match left.saturating_sub(answered) {
                0 => self.event(ClientEvent::Opened { link }),
                left => self.reopening = Some((link, left)),
            }
        }
    }

    fn event(&mut self, event: ClientEvent) {
        if self.backlog.is_empty() {
            match self.events.try_send(event) {
                Err(mpsc::error::TrySendError::Full(event)) => self.backlog.push_back(event),
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        } else {
            self.backlog.push_back(event);
        }
    }

    fn answer(&mut self, reference: u32, answer: Message) {
        match self.waiting.remove(&reference) {
            Some(Waiting::User { request, reply }) => {
                self.remember(&request, &answer);
                let _ = reply.send(Ok(answer));
            }
            Some(Waiting::Again) => {
                // EventRegistered again is of no use to the user, an EventError is: the DN may be gone.
                if answer.id() == MessageId::EVENT_ERROR {
                    self.event(ClientEvent::Message(answer));
                }
                self.registered_again(1);
            }
            None => {}
        }
    }

    /// Keeps the list of registrations to repeat.
    fn remember(&mut self, request: &Message, answer: &Message) {
        let Ok(Some(dn)) = request.view().text(AttributeId::THIS_DN) else { return };
        match (request.id(), answer.id()) {
            (MessageId::REQUEST_REGISTER_ADDRESS, MessageId::EVENT_REGISTERED) => {
                let again = Message::build(request.id(), |m| {
                    m.copy(request.view(), |attribute| attribute != AttributeId::REFERENCE_ID)
                });
                let Ok(again) = again else { return };
                self.registrations.retain(|(known, _)| known != dn);
                self.registrations.push((dn.to_vec(), again));
            }
            (MessageId::REQUEST_UNREGISTER_ADDRESS, MessageId::EVENT_UNREGISTERED) => {
                self.registrations.retain(|(known, _)| known != dn);
            }
            _ => {}
        }
    }
}

impl Connection {
    /// Connects and opens the session.
    async fn open(address: &str, options: &ClientOptions) -> Result<(Self, Message), ClientError> {
        let failed = |reason: String| ClientError::Connect { address: address.to_owned(), reason };
        let opening = async {
            let stream = TcpStream::connect(address).await.map_err(|error| failed(error.to_string()))?;
            stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
            let session = ClientSession::new(Instant::now().into_std(), options.keep_alive);
            let mut connection = Self { stream, session, input: BytesMut::new(), output: BytesMut::new() };
            connection.output.extend_from_slice(ClientSession::hello(&options.hello)?.frame());
            loop {
                let interest = if connection.output.is_empty() {
                    Interest::READABLE
                } else {
                    Interest::READABLE | Interest::WRITABLE
                };
                let ready =
                    connection.stream.ready(interest).await.map_err(|error| failed(error.to_string()))?;
                let done = connection.transfer(ready.is_readable(), ready.is_writable());
                if let Some(message) = connection.next_message(options)? {
                    match connection.session.arrived(Instant::now().into_std(), message.view()) {
                        Delivery::Opened { .. } => return Ok((connection, message)),
                        Delivery::Refused => {
                            let error = ServerError::of(&message);
                            return Err(ClientError::Refused { address: address.to_owned(), error });
                        }
                        Delivery::Ping => {
                            let pong = control_frame(MessageId(profile::CONTROL_PONG));
                            connection.output.extend_from_slice(&pong);
                        }
                        _ => {}
                    }
                }
                done.map_err(failed)?;
            }
        };
        match tokio::time::timeout(options.connect_timeout, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(failed(format!(
                "no answer to RequestRegisterClient within {} s",
                options.connect_timeout.as_secs_f32()
            ))),
        }
    }

    async fn ready(&self, interest: Option<Interest>) -> io::Result<tokio::io::Ready> {
        match interest {
            Some(interest) => self.stream.ready(interest).await,
            None => std::future::pending().await,
        }
    }

    /// Reads and writes what can be read and written without waiting. The error is why the connection is over.
    fn transfer(&mut self, read: bool, write: bool) -> Result<(), String> {
        if write && !self.output.is_empty() {
            match self.stream.try_write(&self.output) {
                Ok(written) => self.output.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        if read {
            self.input.reserve(READ_CHUNK);
            match self.stream.try_read_buf(&mut self.input) {
                Ok(0) => return Err("closed by the server".to_owned()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Takes the next complete frame out of the input, without copying it.
    fn next_message(&mut self, options: &ClientOptions) -> Result<Option<Message>, ClientError> {
        let length = match split_frame(&self.input, &options.limits)? {
            Split::Frame(frame, _) => frame.len(),
            Split::More(_) => return Ok(None),
        };
        let frame = self.input.split_to(length).freeze();
        Ok(Some(Message::from_frame(frame, &options.limits)?))
    }

    /// Writes what is left, as long as the server takes it.
    async fn write_out(mut self) {
        while !self.output.is_empty() {
            if self.stream.writable().await.is_err() || self.transfer(false, true).is_err() {
                return;
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
