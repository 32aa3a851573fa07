//! The connection's task.

use std::sync::Arc;
use std::time::Duration;

use tlib_capture::{Level, ServerLabel};
use tlib_net::Client;
use tlib_net::client::{ClientError, ClientEvent, ServerError};
use tlib_proto::{AttributeId, EncodeError, Message, MessageId, enums};
use tokio::sync::mpsc;

use super::log::Log;
use super::{Notice, SubscriberConfig, SubscriberError};

/// First and longest wait before the next attempt to connect, doubled each time (chosen, as tlib-net's).
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a server is called that does not say its name when the session is opened, as in published logs of clients.
const UNNAMED: &str = "TServer";

/// Events that are taken, logged and handed on together at most.
const BATCH: usize = 256;

pub(super) struct Task {
    config: SubscriberConfig,
    log: Log,
    to_owner: mpsc::Sender<Notice>,
    /// Connections so far.
    connections: u32,
    server: Arc<ServerLabel>,
}

/// The owner has gone.
struct Gone;

impl Task {
    pub(super) fn new(config: SubscriberConfig, log: Log, to_owner: mpsc::Sender<Notice>) -> Self {
        let server = Arc::new(ServerLabel::new(UNNAMED, &config.server, 0));
        Self { config, log, to_owner, connections: 0, server }
    }

    /// Connects and registers on all DNs; the first that fails ends it.
    pub(super) async fn open(&mut self) -> Result<Client, SubscriberError> {
        let client = self.connect().await;
        if let Err(error) = &client {
            self.log.line(Level::Standard, format!("Not connected: {error}"));
            self.log.flush();
        }
        let client = client?;
        for (number, dn) in (1..).zip(self.config.dns.clone()) {
            if let Err(error) = self.register(&client, number, &dn).await {
                return Err(SubscriberError::Registration { dn, error });
            }
        }
        Ok(client)
    }

    /// Listens until the owner has gone.
    pub(super) async fn run(mut self, mut client: Client) {
        while let Ok(reason) = self.listen(&mut client).await {
            self.log.line(Level::Standard, format!("Disconnected from {}: {reason}", self.server.name()));
            self.log.flush();
            if self.tell(Notice::Lost { reason }).await.is_err() {
                return;
            }
            match self.again().await {
                Ok(new) => client = new,
                Err(Gone) => return,
            }
        }
    }

    /// Hands events on; gives why the connection has ended.
    async fn listen(&mut self, client: &mut Client) -> Result<String, Gone> {
        let mut events = Vec::new();
        loop {
            let taken = tokio::select! {
                biased;
                () = self.to_owner.closed() => return Err(Gone),
                taken = client.next_many(&mut events, BATCH) => taken,
            };
            if taken == 0 {
                return Ok("the connection is closed".to_owned());
            }
            for event in &events {
                if let ClientEvent::Message(message) = event {
                    self.log.received(&self.server, message);
                }
            }
            self.log.flush();
            for event in events.drain(..) {
                match event {
                    ClientEvent::Message(message) => self.tell(Notice::Event(message)).await?,
                    ClientEvent::Lost { reason } => return Ok(reason),
                    // Come with the client's own reconnect, which is off.
                    _ => {}
                }
            }
        }
    }

    /// Connects again, as often as it takes, and registers again.
    async fn again(&mut self) -> Result<Client, Gone> {
        let (mut wait, mut told) = (FIRST_WAIT, None);
        loop {
            let owner = self.to_owner.clone();
            tokio::select! {
                () = owner.closed() => return Err(Gone),
                () = tokio::time::sleep(wait) => {}
            }
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
            let connected = tokio::select! {
                () = owner.closed() => return Err(Gone),
                connected = self.connect() => connected,
            };
            let client = match connected {
                Ok(client) => client,
                Err(error) => {
                    let reason = error.to_string();
                    if told.as_ref() != Some(&reason) {
                        self.log.line(Level::Standard, format!("Not connected: {reason}"));
                        self.log.flush();
                        self.tell(Notice::Failed { reason: reason.clone() }).await?;
                        told = Some(reason);
                    }
                    continue;
                }
            };
            let mut missing = Vec::new();
            for (number, dn) in (1..).zip(self.config.dns.clone()) {
                let registered = tokio::select! {
                    () = owner.closed() => return Err(Gone),
                    registered = self.register(&client, number, &dn) => registered,
                };
                match registered {
                    Ok(()) => {}
                    // The connection is lost again: what it says of that comes next.
                    Err(ClientError::Lost(_)) => break,
                    Err(error) => missing.push((dn, error.to_string())),
                }
            }
            self.tell(Notice::Opened { missing }).await?;
            return Ok(client);
        }
    }

    async fn connect(&mut self) -> Result<Client, ClientError> {
        let mut options = self.config.client.clone();
        options.reconnect = None;
        let client = Client::connect_with(&self.config.server, options).await?;
        self.connections = self.connections.saturating_add(1);
        let name = client.link().view().text(AttributeId::APPLICATION_NAME).ok().flatten();
        let name = name.map_or_else(|| UNNAMED.into(), String::from_utf8_lossy);
        self.server = Arc::new(ServerLabel::new(&name, &self.config.server, self.connections));
        self.log.line(Level::Trace, format!("Connected to {} at {}", self.server.name(), self.config.server));
        self.log.answered(&self.server, client.link());
        self.log.flush();
        Ok(client)
    }

    /// Registers on a DN; `number` is its ReferenceID. A request of our own, so that the log shows what was sent.
    async fn register(&mut self, client: &Client, number: u32, dn: &str) -> Result<(), ClientError> {
        let request = registration(number, dn)?;
        self.log.sent(&self.server, &request);
        self.log.flush();
        let answer = match client.request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                self.not_registered(dn, &error);
                return Err(error);
            }
        };
        self.log.answered(&self.server, &answer);
        if answer.id() == MessageId::EVENT_ERROR {
            let error = ServerError::of(&answer);
            let error = ClientError::Server { request: MessageId::REQUEST_REGISTER_ADDRESS, error };
            self.not_registered(dn, &error);
            return Err(error);
        }
        self.log.line(Level::Trace, format!("Registered on {dn} of {}", self.server.name()));
        self.log.flush();
        Ok(())
    }

    fn not_registered(&mut self, dn: &str, error: &ClientError) {
        self.log.line(Level::Standard, format!("Not registered on {dn} of {}: {error}", self.server.name()));
        self.log.flush();
    }

    async fn tell(&self, notice: Notice) -> Result<(), Gone> {
        self.to_owner.send(notice).await.map_err(|_| Gone)
    }
}

fn registration(reference: u32, dn: &str) -> Result<Message, EncodeError> {
    Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, reference)
            .str(AttributeId::THIS_DN, dn)
            .int(AttributeId::REGISTER_MODE, enums::RegisterMode::MODE_SHARE.0)
            .int(AttributeId::CONTROL_MODE, enums::ControlMode::REGISTER_DEFAULT.0)
            .int(AttributeId::ADDRESS_TYPE, enums::AddressType::DN.0)
    })
}
