//! A server for other people's tests.

use std::net::SocketAddr;
use std::time::Duration;

use tbus_core::World;
use tlib_proto::MessageId;

use crate::{ConnectedClient, Entry, Journal, Server, ServerConfig};

/// How long an expectation waits unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// A T-Server on a free port that remembers what it received and delivered. It stops when it is dropped.
///
/// The crate's first page has an example.
#[derive(Debug)]
pub struct TestServer {
    server: Server,
    journal: Journal,
    patience: Duration,
}

impl TestServer {
    /// Starts a server of the default world: switch `SIP_Switch`, DN `REPORTING` and the others of `tbus serve`.
    ///
    /// # Panics
    /// When no port of the loopback interface can be had.
    pub fn start() -> Self {
        Self::start_with(ServerConfig::new(World::default()))
    }

    /// Starts a server that is told more.
    ///
    /// # Panics
    /// When the address cannot be listened on.
    #[expect(clippy::panic, reason = "a test without its server has failed")]
    pub fn start_with(mut config: ServerConfig) -> Self {
        let journal = Journal::default();
        config.tap = Some(journal.tap());
        match Server::start(config) {
            Ok(server) => Self { server, journal, patience: PATIENCE },
            Err(error) => panic!("{error}"),
        }
    }

    /// How long expectations wait; 5 s unless changed.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The clients that are connected at the moment.
    pub fn clients(&self) -> Vec<ConnectedClient> {
        self.server.clients()
    }

    /// Waits until a message was seen exactly `count` times on a DN: for a request so many times received, for an
    /// event so many times delivered, each receiver counted.
    ///
    /// # Panics
    /// When that does not happen in time, or when there are more: with what came nearest.
    #[track_caller]
    #[expect(clippy::panic, reason = "that is what an expectation is for")]
    pub fn expect(&self, message: MessageId, dn: &str, count: usize) {
        if let Err(miss) = self.journal.expect(message, dn, count, self.patience) {
            panic!("{miss}");
        }
    }

    /// Everything received and delivered so far, oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.journal.entries()
    }

    /// Forgets what was received and delivered so far.
    pub fn clear(&self) {
        self.journal.clear();
    }
}
