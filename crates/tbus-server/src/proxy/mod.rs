//! A recording proxy: clients connect to it, it connects to the server for each of them, and what they say is passed on
//! unchanged and captured.
//!
//! A side is read only when the other side has taken what was read before: who reads slowly slows the one who writes, as
//! without a proxy, and nothing piles up. When one side ends its direction, the other is told; when a socket fails, both
//! are closed.

mod pair;

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tlib_capture::packet::CaptureSink;
use tlib_proto::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::server::{Listening, StartError, system_clock};
use crate::thread::Reactor;
use pair::Shared;

/// What a proxy is told.
pub struct ProxyConfig {
    /// The server, as `HOST:PORT`; looked up anew for every connection.
    pub to: String,
    /// Gets every byte, both ways.
    pub capture: Option<CaptureSink>,
    /// The wall clock of the capture.
    pub clock: Box<dyn Fn() -> Timestamp + Send>,
    /// Is told what happens to connections, on the proxy's thread: it must not block.
    pub on_note: Box<dyn FnMut(&ProxyNote) + Send>,
    /// How long connecting to the server may take. Default 10 s (chosen).
    pub connect_timeout: Duration,
    /// Most connections at a time; more wait to be accepted. Default 16384 (chosen).
    pub connections: usize,
}

impl ProxyConfig {
    /// A proxy to this server that captures nothing and says nothing.
    pub fn new(to: &str) -> Self {
        Self {
            to: to.to_owned(),
            capture: None,
            clock: Box::new(system_clock),
            on_note: Box::new(|_| ()),
            connect_timeout: Duration::from_secs(10),
            connections: 16_384,
        }
    }
}

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyNote {
    /// A client is connected to the server.
    Opened {
        /// Number of the connection, from 1, as in the capture.
        number: u64,
        /// The client's end.
        client: SocketAddr,
        /// The server's end.
        server: SocketAddr,
    },
    /// The server cannot be reached, so the client's connection was closed.
    Refused {
        /// Number of the connection.
        number: u64,
        /// The client's end.
        client: SocketAddr,
        /// What was tried, and why it failed.
        reason: String,
    },
    /// A connection has ended.
    Closed {
        /// Number of the connection.
        number: u64,
        /// The client's end.
        client: SocketAddr,
        /// The client's name, if it has said one.
        application: Option<String>,
        /// Bytes that were passed on to the server.
        to_server: u64,
        /// Bytes that were passed on to the client.
        to_client: u64,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for ProxyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { number, client, server } => write!(f, "[{number}] {client} connected to {server}"),
            Self::Refused { number, client, reason } => {
                write!(f, "[{number}] {client} turned away: {reason}")
            }
            Self::Closed { number, client, application, to_server, to_client, reason } => {
                let name = application.as_deref().unwrap_or("unknown");
                write!(
                    f,
                    "[{number}] ({name} {client}) {reason}; {to_server} bytes to the server, {to_client} to the client"
                )
            }
        }
    }
}

/// A running proxy on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Proxy {
    /// First, so that it has ended before anything else is dropped.
    _reactor: Reactor,
    address: SocketAddr,
}

impl Proxy {
    /// Starts the proxy's thread on an address that is listened on already.
    ///
    /// # Errors
    /// [`StartError::Thread`], before anything runs.
    pub fn run(listening: Listening, config: ProxyConfig) -> Result<Self, StartError> {
        let Listening { listener, address } = listening;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                // Inside the runtime, where sockets can be registered.
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(listener, config) => {}
                    // A dropped sender means stop, too.
                    _ = stopped => {}
                }
            });
            // With it go the connections that are left: each says its end to the capture.
            drop(local);
        };
        let thread =
            std::thread::Builder::new().name("proxy".to_owned()).spawn(run).map_err(StartError::Thread)?;
        Ok(Self { _reactor: Reactor::new(stop, thread), address })
    }

    /// Where the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every connection and waits for it. What was read is in the capture's queue by then.
    pub fn stop(self) {
        drop(self);
    }
}

async fn accept(listener: TcpListener, config: ProxyConfig) {
    let places = Arc::new(Semaphore::new(config.connections.max(1)));
    let shared = Rc::new(Shared::new(config));
    let mut number = 0_u64;
    loop {
        // Closed only when it is dropped.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((client, address)) => {
                number = number.saturating_add(1);
                let shared = Rc::clone(&shared);
                tokio::task::spawn_local(async move {
                    pair::run(&shared, number, client, address).await;
                    drop(place);
                });
            }
            Err(error) => {
                // One connection is gone, or there are no descriptors left for a while: neither may stop the others.
                tracing::warn!(%error, "cannot accept connections for now");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
