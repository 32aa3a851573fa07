//! The task behind a client: commands in, events out, who waits for which answer, and connecting again.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tlib_proto::session::{ClientSession, Delivery, RequestError, Timeout};
use tlib_proto::{AttributeId, Message, MessageId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, info};

use super::connection::Connection;
use super::demand::Demand;
use super::{ClientError, ClientEvent, ClientOptions};

/// Bytes that may wait to be written before no further command is taken.
const WRITE_HIGH: usize = 256 * 1024;
/// So many requests wait at least before those are looked for that nobody waits for any more.
const SWEEP_FROM: usize = 1024;

/// What the handles ask of the driver.
#[derive(Debug)]
pub(super) enum Command {
    Request {
        request: Message,
        assigned: oneshot::Sender<Result<u32, RequestError>>,
        reply: oneshot::Sender<Result<Message, ClientError>>,
    },
    Send(Message),
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

impl Waiting {
    /// Whether the user has given the request up.
    fn in_vain(&self) -> bool {
        matches!(self, Self::User { reply, .. } if reply.is_closed())
    }

    /// Whether the answer matters although nobody waits for it: it changes what is to be registered again.
    fn registers(&self) -> bool {
        match self {
            Self::User { request, .. } => matches!(
                request.id(),
                MessageId::REQUEST_REGISTER_ADDRESS | MessageId::REQUEST_UNREGISTER_ADDRESS
            ),
            Self::Again => true,
        }
    }
}

pub(super) struct Driver {
    address: String,
    options: ClientOptions,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<ClientEvent>,
    /// `None`: the connection is read ahead.
    demand: Option<Arc<Demand>>,
    connection: Connection,
    waiting: HashMap<u32, Waiting>,
    /// How many wait when those are looked for next that nobody waits for any more.
    sweep_at: usize,
    /// Registrations to repeat, in their order: DN and the request that made it.
    registrations: Vec<(Vec<u8>, Message)>,
    reopening: Option<Reopening>,
    /// Events that the user has no room for at the moment; reading stops while there are any.
    backlog: VecDeque<ClientEvent>,
}

/// A new connection whose registrations are not all answered yet.
struct Reopening {
    /// The server's greeting.
    link: Message,
    /// The last EventRegistered.
    registered: Option<Message>,
    /// How many answers are missing.
    left: usize,
    /// When they are waited for no longer.
    deadline: Option<Instant>,
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
        demand: Option<Arc<Demand>>,
    ) -> Result<(Self, Message), ClientError> {
        let (connection, link) = Connection::open(&address, &options).await?;
        let driver = Self {
            address,
            options,
            commands,
            events,
            demand,
            connection,
            waiting: HashMap::new(),
            sweep_at: SWEEP_FROM,
            registrations: Vec::new(),
            reopening: None,
            backlog: VecDeque::new(),
        };
        Ok((driver, link))
    }

    pub(super) async fn run(mut self) {
        let mut backoff = self.options.reconnect.map(|(first, longest)| Backoff::new(first, longest));
        loop {
            let opened = Instant::now();
            let reason = match self.drive().await {
                End::Dropped => return self.connection.close(self.options.connect_timeout).await,
                End::Lost(reason) => reason,
            };
            debug!(address = self.address, %reason, "connection lost");
            // A server that does not know it yet may hold against the new connection what the old one has registered.
            self.connection.finish().await;
            for (_, waiting) in self.waiting.drain() {
                if let Waiting::User { reply, .. } = waiting {
                    let _ = reply.send(Err(ClientError::Lost(reason.clone())));
                }
            }
            if backoff.is_none() {
                // What is asked from now on fails at once, however long the user takes for the events that are left.
                self.commands.close();
                while self.commands.try_recv().is_ok() {}
            }
            while let Some(event) = self.backlog.pop_front() {
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            if self.events.send(ClientEvent::Lost { reason }).await.is_err() {
                return;
            }
            let Some(backoff) = &mut backoff else { return };
            backoff.lived(opened.elapsed());
            if !self.reconnect(backoff).await {
                return;
            }
        }
    }

    /// Connects again, however long it takes; `false` when the user has gone meanwhile.
    async fn reconnect(&mut self, backoff: &mut Backoff) -> bool {
        let mut told = Vec::new();
        loop {
            let attempt = async {
                tokio::time::sleep(backoff.wait()).await;
                Connection::open(&self.address, &self.options).await
            };
            let opened = tokio::select! {
                opened = attempt => opened,
                () = self.events.closed() => return false,
            };
            match opened {
                Ok((connection, link)) => {
                    self.connection = connection;
                    self.register_again(link);
                    info!(address = self.address, "connected again");
                    return true;
                }
                Err(error) => {
                    debug!(%error, "not connected yet");
                    // A server that is away comes back by itself; one that refuses may need somebody to act.
                    if let ClientError::Refused { error: refusal, .. } = &error
                        && !told.contains(&refusal.code)
                    {
                        told.push(refusal.code);
                        if self.events.send(ClientEvent::Lost { reason: error.to_string() }).await.is_err() {
                            return false;
                        }
                    }
                }
            }
        }
    }

    fn register_again(&mut self, link: Message) {
        self.waiting.clear();
        for (_, request) in self.registrations.clone() {
            if let Ok((reference, request)) = self.connection.session.assign(request) {
                self.waiting.insert(reference, Waiting::Again);
                self.connection.output.extend_from_slice(request.frame());
            }
        }
        let deadline = Instant::now().checked_add(self.options.answer_timeout);
        self.event(ClientEvent::Connected { link: link.clone() });
        self.reopening = Some(Reopening { link, registered: None, left: self.waiting.len(), deadline });
        if self.waiting.is_empty() {
            self.opened();
        }
    }

    /// Runs one connection until it ends.
    async fn drive(&mut self) -> End {
        let events = self.events.clone();
        let demand = self.demand.clone();
        // What has come together with the server's greeting.
        let mut done = self.frames();
        loop {
            if let Err(reason) = done {
                return End::Lost(reason);
            }
            self.deliver_backlog();
            let room = self.backlog.is_empty();
            let wanted = self.wanted();
            let reading = room && wanted;
            let deadline = self.deadline();
            done = tokio::select! {
                ready = self.connection.ready(reading) => {
                    let done = match ready {
                        Ok(ready) => self.connection.transfer(ready.is_readable(), ready.is_writable()),
                        Err(error) => Err(error.to_string()),
                    };
                    self.settle(done).await
                }
                command = self.commands.recv(), if self.connection.output.len() < WRITE_HIGH => {
                    let Some(command) = command else { return End::Dropped };
                    self.command(command);
                    // Requests that were made together travel together.
                    while self.connection.output.len() < WRITE_HIGH {
                        let Ok(command) = self.commands.try_recv() else { break };
                        self.command(command);
                    }
                    let done = self.connection.transfer(false, true);
                    self.settle(done).await
                }
                place = events.reserve(), if !room => {
                    if let (Ok(place), Some(event)) = (place, self.backlog.pop_front()) {
                        place.send(event);
                    }
                    Ok(())
                }
                () = raised(demand.as_deref()), if !wanted => Ok(()),
                () = sleep_until(deadline), if reading => self.time_is_up().await,
            };
            if !reading {
                // Who does not listen cannot tell whether the server is silent.
                self.connection.session.heard(Instant::now().into_std());
            }
        }
    }

    /// Whether somebody waits for what the connection may bring.
    fn wanted(&self) -> bool {
        let events = self.demand.as_ref().is_none_or(|demand| demand.is_raised());
        events || self.reopening.is_some() || !self.waiting.is_empty()
    }

    /// Hands on what has come. What has come before the end of a connection still counts.
    async fn settle(&mut self, done: Result<(), String>) -> Result<(), String> {
        if done.is_err() {
            self.connection.read_rest().await;
        }
        self.frames().and(done)
    }

    /// When there is something to do although nothing comes.
    fn deadline(&self) -> Option<Instant> {
        let keep_alive = self.connection.session.deadline().map(Instant::from_std);
        let reopening = self.reopening.as_ref().and_then(|reopening| reopening.deadline);
        keep_alive.into_iter().chain(reopening).min()
    }

    async fn time_is_up(&mut self) -> Result<(), String> {
        // It may be this program that was late: what has come meanwhile came in time.
        let done = self.connection.transfer(true, false);
        self.settle(done).await?;
        let now = Instant::now();
        if let Some(reopening) = &self.reopening
            && reopening.deadline.is_some_and(|deadline| deadline <= now)
        {
            info!(address = self.address, unanswered = reopening.left, "registrations are not answered");
            self.opened();
        }
        match self.connection.session.timeout(now.into_std()) {
            Timeout::Ping => self.connection.ping(),
            Timeout::None => {}
            _ => return Err("keep-alive was not answered".to_owned()),
        }
        Ok(())
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
            // Given up before its turn came, during an outage perhaps: nobody wants it to happen now.
            Command::Request { reply, .. } if reply.is_closed() => {}
            Command::Request { request, assigned, reply } => {
                self.make_room(&request);
                match self.connection.session.assign(request) {
                    Ok((reference, request)) => {
                        self.connection.output.extend_from_slice(request.frame());
                        self.waiting.insert(reference, Waiting::User { request, reply });
                        let _ = assigned.send(Ok(reference));
                    }
                    Err(error) => {
                        let _ = assigned.send(Err(error));
                    }
                }
            }
        }
    }

    /// Forgets requests that the user has given up: the one with the same ReferenceID, and, so that they do not become
    /// ever more, all whenever those that wait have doubled.
    fn make_room(&mut self, request: &Message) {
        let session = &mut self.connection.session;
        if let Ok(Some(reference)) = request.view().reference_id()
            && self.waiting.get(&reference).is_some_and(Waiting::in_vain)
        {
            self.waiting.remove(&reference);
            session.abandon(reference);
        }
        if self.waiting.len() >= self.sweep_at {
            let full = self.waiting.len() >= ClientSession::PENDING_LIMIT;
            self.waiting.retain(|reference, waiting| {
                // The answer to a registration is of use even when it is late.
                let keep = !waiting.in_vain() || (waiting.registers() && !full);
                if !keep {
                    session.abandon(*reference);
                }
                keep
            });
            let doubled = self.waiting.len().saturating_mul(2);
            self.sweep_at = doubled.clamp(SWEEP_FROM, ClientSession::PENDING_LIMIT);
        }
    }

    /// Hands on every complete frame that has come.
    fn frames(&mut self) -> Result<(), String> {
        while let Some(message) =
            self.connection.next_message(&self.options).map_err(|error| error.to_string())?
        {
            match self.connection.session.arrived(message.view()) {
                Delivery::Answer { reference } => self.answer(reference, message),
                Delivery::Ping => self.connection.pong(),
                Delivery::Control => {}
                _ => self.event(ClientEvent::Message(message)),
            }
        }
        Ok(())
    }

    /// Tells that the connection is open again.
    fn opened(&mut self) {
        if let Some(Reopening { link, registered, .. }) = self.reopening.take() {
            self.event(ClientEvent::Opened { link, registered });
        }
    }

    fn event(&mut self, event: ClientEvent) {
        if let Some(demand) = &self.demand {
            demand.settle();
        }
        self.backlog.push_back(event);
        self.deliver_backlog();
    }

    fn answer(&mut self, reference: u32, answer: Message) {
        match self.waiting.remove(&reference) {
            Some(Waiting::User { request, reply }) => {
                self.remember(&request, &answer);
                let _ = reply.send(Ok(answer));
            }
            Some(Waiting::Again) => {
                // An EventError is of use to the user at once: the DN may be gone.
                let registered = answer.id() == MessageId::EVENT_REGISTERED;
                if answer.id() == MessageId::EVENT_ERROR {
                    self.event(ClientEvent::Message(answer.clone()));
                }
                if let Some(reopening) = &mut self.reopening {
                    if registered {
                        reopening.registered = Some(answer);
                    }
                    reopening.left = reopening.left.saturating_sub(1);
                    if reopening.left == 0 {
                        self.opened();
                    }
                }
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

/// How long to wait before the next attempt to connect.
struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// A connection that has lived so long is lost. One that is lost soon after it was opened is no success: a server
    /// that accepts and closes at once would be asked again and again without a pause.
    fn lived(&mut self, time: Duration) {
        if time >= self.longest {
            self.next = self.first;
        }
    }

    /// The next wait, cut at random by up to a half, so that the clients of a server that comes back do not all come
    /// at the same moment.
    fn wait(&mut self) -> Duration {
        let half = self.next / 2;
        self.next = self.next.saturating_mul(2).min(self.longest);
        // Every RandomState has keys of its own, which is random enough here.
        let random = RandomState::new().hash_one(0_u8) % 1024;
        half.saturating_add(half / 1024 * u32::try_from(random).unwrap_or(0))
    }
}

async fn raised(demand: Option<&Demand>) {
    match demand {
        Some(demand) => demand.raised().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
