//! The way to T-Servers: requests out, with retries; what becomes of a connection.

use std::time::Duration;

use tlib_net::{Client, ClientError, ClientEvent, ClientOptions, Requester};
use tlib_proto::{AttributeId, EncodeError, Message, MessageId};
use tokio::sync::mpsc;

use super::machine::Job;
use super::server::Event;

/// A T-Server that user events go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TServer {
    /// The switch that it serves, as `_rep_userevent_switch` names it; empty: any.
    pub switch: String,
    /// `host:port`.
    pub address: String,
}

/// How often a request is sent that was not answered (chosen). What a T-Server refuses with EventError is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often in all, at least once.
    pub tries: u32,
    /// How long each waits for its answer, or for a connection to send it over.
    pub answer_time: Duration,
    /// Wait after the first; doubled each time.
    pub first_wait: Duration,
}

impl Default for Retry {
    /// 5 tries of 5 s, with 0.5 s, 1 s, 2 s and 4 s between them: half a minute.
    fn default() -> Self {
        Self { tries: 5, answer_time: Duration::from_secs(5), first_wait: Duration::from_millis(500) }
    }
}

/// Connections to all T-Servers.
#[derive(Debug)]
pub(super) struct Links {
    links: Vec<(TServer, Requester)>,
    retry: Retry,
}

impl Links {
    /// Connects to all of them. What becomes of the connections later is told to `events`.
    pub(super) async fn open(
        servers: &[TServer],
        application: &str,
        retry: Retry,
        events: &mpsc::Sender<Event>,
    ) -> Result<Self, ClientError> {
        let mut links = Vec::new();
        for server in servers {
            let mut options = ClientOptions::new(application).with_reconnect();
            options.answer_timeout = retry.answer_time;
            let client = Client::connect_with(&server.address, options).await?;
            links.push((server.clone(), client.requester()));
            tokio::spawn(listen(client, server.address.clone(), events.clone()));
        }
        Ok(Self { links, retry })
    }

    /// Sends what a piece of work says, to the T-Server of its switch.
    ///
    /// # Errors
    /// Why it was not taken, for people.
    pub(super) fn perform(
        &self,
        switch: &str,
        job: &Job,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let named = self.links.iter().find(|(server, _)| !switch.is_empty() && server.switch == switch);
        let any = || self.links.iter().find(|(server, _)| switch.is_empty() || server.switch.is_empty());
        let target =
            named.or_else(any).map(|(server, requester)| (server.address.clone(), requester.clone()));
        let missing = format!("no T-Server serves switch {switch}");
        let message = message(job);
        let retry = self.retry;
        async move {
            let (address, requester) = target.ok_or(missing)?;
            let message = message.map_err(|error| error.to_string())?;
            ask(&requester, &message, retry).await.map_err(|error| format!("T-Server {address}: {error}"))
        }
    }
}

/// Asks until there is an answer, or until it has been tried often enough.
async fn ask(requester: &Requester, message: &Message, retry: Retry) -> Result<(), String> {
    let mut wait = retry.first_wait;
    let tries = retry.tries.max(1);
    let mut number = 1_u32;
    loop {
        let Err(error) = requester.ask(message.clone()).await else { return Ok(()) };
        let passes = matches!(error, ClientError::Lost(_) | ClientError::TimedOut { .. });
        if !passes {
            return Err(error.to_string());
        }
        if number >= tries {
            return Err(format!("{error}; tried {tries} times"));
        }
        tracing::info!(%error, number, "a request is sent again");
        tokio::time::sleep(wait).await;
        wait = wait.saturating_mul(2);
        number = number.saturating_add(1);
    }
}

fn message(job: &Job) -> Result<Message, EncodeError> {
    match job {
        // As in the published log: CommunicationDN, and no ThisDN.
        Job::UserEvent { dn, pairs } => Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
            m.str(AttributeId::COMMUNICATION_DN, dn).list(AttributeId::USER_DATA, pairs.view())
        }),
        // Pairs that are there already are replaced, so that a request that is sent again changes nothing.
        Job::Attach { call, pairs } => Message::build(MessageId::REQUEST_UPDATE_USER_DATA, |m| {
            m.long(AttributeId::CONN_ID, *call).list(AttributeId::USER_DATA, pairs.view())
        }),
    }
}

/// Keeps a connection, and tells when it is lost and when it is there again.
async fn listen(mut client: Client, address: String, events: mpsc::Sender<Event>) {
    while let Some(event) = client.next().await {
        let told = match event {
            ClientEvent::Lost { reason } => Event::Lost { address: address.clone(), reason },
            ClientEvent::Opened { .. } => Event::Connected { address: address.clone() },
            _ => continue,
        };
        if events.send(told).await.is_err() {
            return;
        }
    }
}
