//! A client that only listens: it registers on DNs, hands on what it receives, keeps a log in its own style, and connects and
//! registers again when the connection is lost.
//!
//! What one event costs is bounded: when nobody takes the events, the connection is not read on, and the server's own rule for
//! slow clients holds.

mod log;
mod task;

use std::sync::Arc;

use tlib_capture::{ClientForm, LogSink};
use tlib_net::client::{ClientError, ClientOptions};
use tlib_proto::{Message, Timestamp};
use tokio::sync::mpsc;

use log::Log;
use task::Task;

/// How an application writes what it sends and receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The form of requests; `None`: they are not logged.
    pub sent: Option<ClientForm>,
    /// The form of events.
    pub received: ClientForm,
    /// Whether answers, such as EventRegistered, are logged as events are.
    pub answers: bool,
}

/// The wall clock of an application.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a subscriber is told at its start.
pub struct SubscriberConfig {
    /// The T-Server, `host:port`.
    pub server: String,
    /// The DNs to register on, in ModeShare.
    pub dns: Vec<String>,
    /// Name, time-outs and keep-alive. Its `reconnect` is not used: a subscriber connects again by itself.
    pub client: ClientOptions,
    /// How the log is written.
    pub style: Style,
    /// The log, if there is one. It is slowed down by, and never loses a line to, a slow disk.
    pub log: Option<LogSink>,
    /// The clock of the log; the system's unless changed.
    pub clock: Clock,
}

impl SubscriberConfig {
    /// A subscriber of this style under this application name, without a log.
    pub fn new(server: &str, dns: Vec<String>, application: &str, style: Style) -> Self {
        let now = || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            Timestamp::from_duration(now.unwrap_or_default())
        };
        Self {
            server: server.to_owned(),
            dns,
            client: ClientOptions::new(application),
            style,
            log: None,
            clock: Arc::new(now),
        }
    }
}

impl std::fmt::Debug for SubscriberConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubscriberConfig")
            .field("server", &self.server)
            .field("dns", &self.dns)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

/// Why a subscriber has not started.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriberError {
    /// There is no session.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A DN could not be registered on.
    #[error("{dn}: {error}")]
    Registration {
        /// The DN.
        dn: String,
        /// Why not.
        error: ClientError,
    },
}

/// What a subscriber tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// An event has arrived.
    Event(Message),
    /// The connection is lost; it is made again. Events in between are lost, T-Server does not repeat them.
    Lost {
        /// Why.
        reason: String,
    },
    /// The server cannot be reached, or refuses the session; told once for each reason in a row.
    Failed {
        /// Why.
        reason: String,
    },
    /// The connection is made again.
    Opened {
        /// DNs that could not be registered on again, and why.
        missing: Vec<(String, String)>,
    },
}

/// A running subscriber. Dropped, it ends its connection.
#[derive(Debug)]
pub struct Subscriber {
    notices: mpsc::Receiver<Notice>,
    task: tokio::task::JoinHandle<()>,
}

impl Subscriber {
    /// How many notices wait for [`Subscriber::next`] at most (chosen); more wait in the client, 16384 of them, and on the wire.
    const WAITING: usize = 1024;

    /// Connects, registers on every DN, and listens from then on.
    ///
    /// # Errors
    /// [`SubscriberError`]: only a connection that was open once is made again.
    pub async fn start(config: SubscriberConfig) -> Result<Self, SubscriberError> {
        let (to_owner, notices) = mpsc::channel(Self::WAITING);
        let log = Log::new(config.log.clone(), config.style, Arc::clone(&config.clock));
        let mut task = Task::new(config, log, to_owner);
        let client = task.open().await?;
        Ok(Self { notices, task: tokio::spawn(task.run(client)) })
    }

    /// What has happened next; `None` when the subscriber has ended.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    /// What has happened already and was not taken yet.
    pub fn try_next(&mut self) -> Option<Notice> {
        self.notices.try_recv().ok()
    }

    /// Ends the connection. What has been received is in the log when this returns, if not yet on disk: that is for the log's
    /// owner to wait for.
    pub async fn stop(mut self) {
        self.notices.close();
        // What waits for room is let go.
        while self.notices.recv().await.is_some() {}
        // A task that has panicked has ended, too.
        let _ = self.task.await;
    }
}
