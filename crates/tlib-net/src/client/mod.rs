//! The client library: connect, register, ask and wait for the answer, listen to events; reconnects by itself when
//! told to.
//!
//! ```no_run
//! use tlib_net::{Client, ClientEvent};
//! use tlib_proto::{AttributeId, KvList, Message, MessageId};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::connect("127.0.0.1:7007", "my-client").await?;
//! client.register("REPORTING").await?;
//!
//! let data = KvList::build(|list| list.str("gms_ServiceName", "inbound-delay"))?;
//! let request = Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
//!     m.str(AttributeId::COMMUNICATION_DN, "REPORTING").list(AttributeId::USER_DATA, data.view())
//! })?;
//! let answer = client.request(request).await?;
//! assert_eq!(answer.id(), MessageId::EVENT_ACK);
//!
//! while let Some(event) = client.next().await {
//!     if let ClientEvent::Message(message) = event {
//!         println!("{message:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod connection;
mod demand;
mod driver;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tlib_proto::session::{Hello, RequestError};
use tlib_proto::{
    AttributeError, AttributeId, EncodeError, ErrorCode, Limits, Message, MessageId, WireError, enums,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use demand::{Demand, Wanted};
use driver::{Command, Driver};

/// What a client hears. Answers to [`Requester::request`] are not among it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// An event from the server.
    Message(Message),
    /// The connection is lost. With reconnect on, [`ClientEvent::Opened`] follows sooner or later; events in between
    /// are lost, as T-Server does not repeat them. When the server is there but refuses the session, that comes as a
    /// further `Lost`, once for each error code, and the attempts go on.
    Lost {
        /// Why.
        reason: String,
    },
    /// A new connection is open; the registrations are repeated now. [`ClientEvent::Opened`] follows, or
    /// [`ClientEvent::Lost`].
    Connected {
        /// EventLinkConnected or EventLinkDisconnected, the server's answer to RequestRegisterClient.
        link: Message,
    },
    /// A new connection is open and its registrations are repeated: each is answered, or was not answered within
    /// [`ClientOptions::answer_timeout`]. The EventError of one that failed has come as [`ClientEvent::Message`]
    /// before, as have events of DNs that were registered sooner than the last one.
    Opened {
        /// EventLinkConnected or EventLinkDisconnected, the server's answer to RequestRegisterClient.
        link: Message,
        /// The last EventRegistered; `None` when there was nothing to repeat, or no such answer came.
        registered: Option<Message>,
    },
}

/// What can go wrong for a client.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No connection could be made.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// Where to.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The server has refused RequestRegisterClient.
    #[error("{address} refused the session: {error}")]
    Refused {
        /// Where to.
        address: String,
        /// Its EventError.
        error: ServerError,
    },
    /// The connection was lost before the answer came.
    #[error("connection lost: {0}")]
    Lost(String),
    /// No answer came in time.
    #[error(
        "no answer to {request}{state} within {seconds} s",
        state = .reference.map_or_else(
            || ", which could not be sent,".to_owned(),
            |reference| format!(" (ReferenceID {reference})"),
        ),
        seconds = .after.as_secs_f32()
    )]
    TimedOut {
        /// Which request.
        request: MessageId,
        /// Its ReferenceID; `None` when there was no connection to send it over, or one that takes nothing.
        reference: Option<u32>,
        /// How long was waited.
        after: Duration,
    },
    /// The server has answered with EventError.
    #[error("{request}: {error}")]
    Server {
        /// Which request.
        request: MessageId,
        /// Its EventError.
        error: ServerError,
    },
    /// The request cannot be sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The request cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The server has sent something that is no frame.
    #[error("the server sent no T-Library frame: {0}")]
    Wire(#[from] WireError),
    /// The server has sent an attribute of the wrong kind.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

/// An EventError.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// `AttributeErrorCode`.
    pub code: ErrorCode,
    /// `AttributeErrorMessage`, if there.
    pub text: Option<String>,
}

impl ServerError {
    /// Reads an EventError; an attribute that is absent or of the wrong kind counts as error 50 without text.
    pub fn of(event: &Message) -> Self {
        let view = event.view();
        let code = view.unsigned(AttributeId::ERROR_CODE).ok().flatten();
        let text = view.text(AttributeId::ERROR_MESSAGE).ok().flatten();
        Self {
            code: code.map_or(ErrorCode::UNKNOWN_ERROR, ErrorCode),
            text: text.map(|text| String::from_utf8_lossy(text).into_owned()),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventError {}", self.code)?;
        match &self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

/// How a client behaves; every value has a default.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// What RequestRegisterClient says.
    pub hello: Hello,
    /// How long a connection and its handshake may take, and how long a server that reads slowly may take for the last
    /// messages of a client that is dropped. Default 3.6 s, as the T-Library's connect time-out (facts 2).
    pub connect_timeout: Duration,
    /// How long an answer may take, from the moment of asking: waiting for a connection, or for room on it, is part of
    /// it. Default 5 s (chosen).
    pub answer_timeout: Duration,
    /// Idle time after which the server is polled; zero, the default: never. It is not polled while
    /// [`event_capacity`](Self::event_capacity) events wait.
    pub keep_alive: Duration,
    /// Events that wait for [`Client::next`] at most; when they are so many, the connection is not read on. Default
    /// 16384 (chosen). A connection that is not read on gives no answers either, neither to requests nor to the
    /// server's polls: a server with `addp-timeout` closes it, and one with a bounded queue may, too.
    pub event_capacity: usize,
    /// Whether the connection is read only while somebody waits: in [`Client::next`] and its like for events, or for
    /// the answer to a request. What one read brings is handed over before the next read, so a client that makes
    /// durable what it took before it waits again has never more than one read at risk. Default: `false`, read ahead.
    pub read_on_demand: bool,
    /// Whether to connect again when the connection is lost: first wait and longest wait between attempts, doubled
    /// each time, and each cut at random by up to a half. The first wait comes again after a connection that has
    /// lived for the longest. Default: not at all.
    pub reconnect: Option<(Duration, Duration)>,
    /// Limits for what is received; what is sent keeps to the default limits.
    pub limits: Limits,
}

impl ClientOptions {
    /// The defaults, under this application name.
    pub fn new(application: impl Into<String>) -> Self {
        Self {
            hello: Hello { application: application.into(), password: None },
            connect_timeout: Duration::from_millis(3600),
            answer_timeout: Duration::from_secs(5),
            keep_alive: Duration::ZERO,
            event_capacity: 16_384,
            read_on_demand: false,
            reconnect: None,
            limits: Limits::default(),
        }
    }

    /// Connects again when the connection is lost, after 0.1 s, 0.2 s, .. up to 5 s (chosen).
    pub fn with_reconnect(mut self) -> Self {
        self.reconnect = Some((Duration::from_millis(100), Duration::from_secs(5)));
        self
    }
}

/// A connected client.
///
/// The connection is closed, after everything that was sent before, when the client and every [`Requester`] and
/// [`Pending`] of it are dropped. Without the client, a connection that is lost is not made again. All this is done by
/// a task of the runtime: a runtime that ends at once ends it, too.
#[derive(Debug)]
pub struct Client {
    requester: Requester,
    events: mpsc::Receiver<ClientEvent>,
    demand: Option<Arc<Demand>>,
    link: Message,
}

/// The asking half of a client; clones ask over the same connection.
#[derive(Clone, Debug)]
pub struct Requester {
    commands: mpsc::Sender<Command>,
    answer_timeout: Duration,
}

impl Client {
    /// Connects to `host:port` under this application name and waits until the session is open.
    ///
    /// # Errors
    /// [`ClientError::Connect`] and [`ClientError::Refused`].
    pub async fn connect(address: &str, application: &str) -> Result<Self, ClientError> {
        Self::connect_with(address, ClientOptions::new(application)).await
    }

    /// Connects with options.
    ///
    /// # Errors
    /// [`ClientError::Connect`] and [`ClientError::Refused`]; with reconnect on, too: only a connection that was open
    /// once is made again.
    pub async fn connect_with(address: &str, options: ClientOptions) -> Result<Self, ClientError> {
        let (commands, from_user) = mpsc::channel(1024);
        let (to_user, events) = mpsc::channel(options.event_capacity.max(1));
        let answer_timeout = options.answer_timeout;
        let demand = options.read_on_demand.then(Arc::<Demand>::default);
        let driver = Driver::open(address.to_owned(), options, from_user, to_user, demand.clone());
        let (driver, link) = driver.await?;
        tokio::spawn(driver.run());
        Ok(Self { requester: Requester { commands, answer_timeout }, events, demand, link })
    }

    /// The server's answer to RequestRegisterClient: EventLinkConnected or EventLinkDisconnected.
    pub fn link(&self) -> &Message {
        &self.link
    }

    /// The next event; `None` when the connection is closed for good.
    ///
    /// # Cancel safety
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        let _wanted = self.wanted();
        self.events.recv().await
    }

    /// Waits for an event and appends it, with those that have come together with it, to `events`: `limit` at most.
    /// Returns how many; 0 when the connection is closed for good.
    ///
    /// # Cancel safety
    /// No event is lost when the future is dropped.
    pub async fn next_many(&mut self, events: &mut Vec<ClientEvent>, limit: usize) -> usize {
        let _wanted = self.wanted();
        self.events.recv_many(events, limit).await
    }

    /// Has the connection read until the guard is dropped, unless there are events already.
    fn wanted(&self) -> Option<Wanted> {
        let demand = self.demand.as_ref().filter(|_| self.events.is_empty())?;
        demand.raise();
        Some(Wanted(demand.clone()))
    }

    /// The next message among the events; `None` when the connection is closed for good.
    pub async fn next_message(&mut self) -> Option<Message> {
        loop {
            if let ClientEvent::Message(message) = self.next().await? {
                return Some(message);
            }
        }
    }

    /// A handle for asking from elsewhere while this one listens.
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }

    /// See [`Requester::request`].
    ///
    /// # Errors
    /// As there.
    pub async fn request(&self, request: Message) -> Result<Message, ClientError> {
        self.requester.request(request).await
    }

    /// See [`Requester::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(&self, message: Message) -> Result<(), ClientError> {
        self.requester.send(message).await
    }

    /// Registers on a DN in ModeShare. After a reconnect it is registered again.
    ///
    /// # Errors
    /// [`ClientError::Server`] with the server's EventError, and what [`Requester::request`] says.
    pub async fn register(&self, dn: &str) -> Result<Message, ClientError> {
        self.register_as(dn, enums::RegisterMode::MODE_SHARE).await
    }

    /// Registers on a DN in this mode. After a reconnect it is registered again.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub async fn register_as(&self, dn: &str, mode: enums::RegisterMode) -> Result<Message, ClientError> {
        self.requester.register_as(dn, mode).await
    }

    /// Gives a registration up.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub async fn unregister(&self, dn: &str) -> Result<Message, ClientError> {
        self.requester.unregister(dn).await
    }
}

impl Requester {
    /// Sends a request and waits for its one answer, which may be an EventError. A request without ReferenceID gets
    /// one; the caller's own is kept.
    ///
    /// While the connection is made again a request waits for it. One that has timed out by then is not sent any more.
    ///
    /// # Cancel safety
    /// A request whose future is dropped is not sent, unless it has been already; its answer is thrown away. A
    /// registration that the server has confirmed all the same is repeated after a reconnect.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Lost`], [`ClientError::Request`].
    pub async fn request(&self, request: Message) -> Result<Message, ClientError> {
        self.start(request).await?.answer().await
    }

    /// Sends a request, after all that were started before, and gives what waits for its answer: for having many
    /// requests under way in a known order. The time for the answer starts here.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when the connection is closed for good, [`ClientError::TimedOut`] when too many others
    /// wait to be sent.
    pub async fn start(&self, request: Message) -> Result<Pending, ClientError> {
        let limit = self.limit(request.id());
        let (assigned, reference) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        self.command(Command::Request { request, assigned, reply }, &limit).await?;
        Ok(Pending { limit, reference, answer, open: self.commands.clone() })
    }

    /// [`Requester::request`], with EventError as an error.
    ///
    /// # Errors
    /// As there, and [`ClientError::Server`].
    pub async fn ask(&self, request: Message) -> Result<Message, ClientError> {
        let id = request.id();
        let answer = self.request(request).await?;
        if answer.id() == MessageId::EVENT_ERROR {
            return Err(ClientError::Server { request: id, error: ServerError::of(&answer) });
        }
        Ok(answer)
    }

    /// Sends a message as it is and waits for no answer. One that comes all the same is an event. While the connection
    /// is made again, messages wait for it.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when the connection is closed for good, [`ClientError::TimedOut`] when too many others
    /// wait to be sent.
    pub async fn send(&self, message: Message) -> Result<(), ClientError> {
        let limit = self.limit(message.id());
        self.command(Command::Send(message), &limit).await
    }

    /// See [`Client::register_as`].
    ///
    /// # Errors
    /// As there.
    pub async fn register_as(&self, dn: &str, mode: enums::RegisterMode) -> Result<Message, ClientError> {
        let request = Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
            m.str(AttributeId::THIS_DN, dn)
                .int(AttributeId::REGISTER_MODE, mode.0)
                .int(AttributeId::CONTROL_MODE, enums::ControlMode::REGISTER_DEFAULT.0)
                .int(AttributeId::ADDRESS_TYPE, enums::AddressType::DN.0)
        })?;
        self.ask(request).await
    }

    /// See [`Client::unregister`].
    ///
    /// # Errors
    /// As there.
    pub async fn unregister(&self, dn: &str) -> Result<Message, ClientError> {
        let request =
            Message::build(MessageId::REQUEST_UNREGISTER_ADDRESS, |m| m.str(AttributeId::THIS_DN, dn))?;
        self.ask(request).await
    }

    async fn command(&self, command: Command, limit: &Limit) -> Result<(), ClientError> {
        match limit.wait(self.commands.send(command)).await {
            Some(sent) => sent.map_err(|_| gone()),
            None => Err(limit.passed(None)),
        }
    }

    fn limit(&self, request: MessageId) -> Limit {
        let after = self.answer_timeout;
        Limit { request, after, deadline: Instant::now().checked_add(after) }
    }
}

/// A request that is under way. When it is dropped, its answer is thrown away.
#[derive(Debug)]
pub struct Pending {
    limit: Limit,
    reference: oneshot::Receiver<Result<u32, RequestError>>,
    answer: oneshot::Receiver<Result<Message, ClientError>>,
    /// The connection stays open for the answer.
    #[expect(dead_code, reason = "held, not used")]
    open: mpsc::Sender<Command>,
}

impl Pending {
    /// Waits for the answer, which may be an EventError.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`], [`ClientError::Lost`], [`ClientError::Request`].
    pub async fn answer(mut self) -> Result<Message, ClientError> {
        let Some(reference) = self.limit.wait(&mut self.reference).await else {
            return Err(self.limit.passed(None));
        };
        let reference = reference.map_err(|_| gone())??;
        match self.limit.wait(&mut self.answer).await {
            Some(answer) => answer.map_err(|_| gone())?,
            None => Err(self.limit.passed(Some(reference))),
        }
    }
}

/// Until when a request is waited for.
#[derive(Clone, Copy, Debug)]
struct Limit {
    request: MessageId,
    after: Duration,
    /// `None`: later than the clock can say.
    deadline: Option<Instant>,
}

impl Limit {
    /// What the future gives, `None` when it takes too long. What is there already is never too late.
    async fn wait<F: Future>(&self, future: F) -> Option<F::Output> {
        match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, future).await.ok(),
            None => Some(future.await),
        }
    }

    const fn passed(&self, reference: Option<u32>) -> ClientError {
        ClientError::TimedOut { request: self.request, reference, after: self.after }
    }
}

fn gone() -> ClientError {
    ClientError::Lost("the connection is closed".to_owned())
}
