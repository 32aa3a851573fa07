//! A server on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use dashmap::DashMap;
use tbus_core::{Keep, Switch, Unplayable, World};
use tlib_capture::packet::CaptureSink;
use tlib_capture::{ClientLabel, LogSink, Record, Verbosity};
use tlib_net::serve::{Control, ServeOptions, serve};
use tlib_proto::{Message, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::capture::CaptureTap;
use crate::switchboard::{Parts, Switchboard};
use crate::thread::Reactor;

/// Is shown every record that a log could print, batch by batch, on the reactor's thread: it must not block.
pub type Tap = Box<dyn FnMut(&[Record]) + Send>;

/// A connection that was just accepted.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    /// How many connections this server has accepted, this one included.
    pub number: u32,
    /// The client's end.
    pub peer: SocketAddr,
    /// Number of the socket.
    pub descriptor: u32,
}

/// How a client is called in the log: `[<handle>] (<id> <application> <address>)`.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The number in brackets.
    pub handle: u32,
    /// The client id, printed as 8 hex digits.
    pub id: u32,
    /// The client's address.
    pub address: SocketAddr,
}

/// Everything that a server can be told; every value has a default.
pub struct ServerConfig {
    /// Tenant, switch, DNs, options.
    pub world: World,
    /// Where to listen; port 0 takes a free one.
    pub listen: String,
    /// Where the T-Server log goes, with its verbosity.
    pub log: Option<(LogSink, Verbosity)>,
    /// The wall clock of events and log lines.
    pub clock: Box<dyn Fn() -> Timestamp + Send>,
    /// Names connections for the log: socket number, running number and peer address unless changed.
    pub identify: Box<dyn FnMut(Accepted) -> Identity + Send>,
    /// The sequence number of the first event.
    pub first_sequence: u64,
    /// Sees every record, logged or not.
    pub tap: Option<Tap>,
    /// Gets every byte that goes over the sockets, both ways.
    pub capture: Option<CaptureSink>,
    /// Limits of connections; those that the world's options name are taken from there.
    pub serve: ServeOptions,
}

impl ServerConfig {
    /// A server of this world on a free port of the loopback interface, without log.
    pub fn new(world: World) -> Self {
        Self {
            world,
            listen: "127.0.0.1:0".to_owned(),
            log: None,
            clock: Box::new(system_clock),
            identify: Box::new(|accepted| Identity {
                handle: accepted.descriptor,
                id: accepted.number,
                address: accepted.peer,
            }),
            first_sequence: 1,
            tap: None,
            capture: None,
            serve: ServeOptions::default(),
        }
    }
}

/// The system's wall clock.
pub(crate) fn system_clock() -> Timestamp {
    Timestamp::from_duration(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A server that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}{}", hint(source))]
    Listen {
        /// Which address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread or no reactor.
    #[error("cannot start the server's thread: {0}")]
    Thread(io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another server is running there: stop it, or choose another port (0 takes a free one)"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges, choose a higher one",
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        _ => "",
    }
}

/// An event that could not be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The event is none that this server can send.
    #[error(transparent)]
    Unplayable(#[from] Unplayable),
    /// The server has stopped.
    #[error("the server has stopped")]
    Stopped,
}

/// A client that is connected at the moment.
#[derive(Clone, Debug)]
pub struct ConnectedClient {
    /// Who it is.
    pub label: Arc<ClientLabel>,
    /// Whether it has sent RequestRegisterClient.
    pub open: bool,
}

/// An address that is listened on: clients can connect, and wait until a server runs there.
#[derive(Debug)]
pub struct Listening {
    pub(crate) listener: std::net::TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Listens on `HOST:PORT`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`StartError::Listen`].
    pub fn bind(listen: &str) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { address: listen.to_owned(), source };
        let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The real address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    /// First, so that it has ended before anything else is dropped.
    _reactor: Reactor,
    address: SocketAddr,
    control: mpsc::Sender<Control<Switchboard>>,
    clients: Arc<DashMap<u32, ConnectedClient>>,
}

impl Server {
    /// Binds the address and starts the reactor's thread. When this returns, clients can connect.
    ///
    /// # Errors
    /// [`StartError`], before anything runs.
    pub fn start(config: ServerConfig) -> Result<Self, StartError> {
        Self::run(Listening::bind(&config.listen)?, config)
    }

    /// Starts the reactor's thread on an address that is listened on already, whatever the configuration's one is.
    ///
    /// # Errors
    /// [`StartError::Thread`], before anything runs.
    pub fn run(listening: Listening, config: ServerConfig) -> Result<Self, StartError> {
        let Listening { listener, address } = listening;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;

        let options = &config.world.t_server.options;
        let serve_options = ServeOptions {
            limits: options.limits(),
            handshake: options.handshake_timeout,
            keep_alive: options.addp_timeout,
            connections: options.max_clients,
            soft_limit: options.slow_client_soft_limit,
            hard_limit: options.slow_client_hard_limit,
            slow: options.slow_client_timeout,
            ..config.serve
        };
        let mut switch = Switch::new(config.world);
        switch.set_next_sequence(config.first_sequence);
        switch.set_start((config.clock)().wire_seconds());
        let clients = Arc::new(DashMap::new());
        let switchboard = Switchboard::new(Parts {
            switch,
            clients: Arc::clone(&clients),
            clock: config.clock,
            identify: config.identify,
            log: config.log,
            tap: config.tap,
            capture: config.capture.map(CaptureTap::new),
        });

        let (control, commands) = mpsc::channel(16);
        let (stop, stopped) = oneshot::channel::<()>();
        let reactor = move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                // Inside the runtime, where sockets can be registered.
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let shutdown = async {
                    // A dropped sender means stop, too.
                    let _ = stopped.await;
                };
                serve(listener, switchboard, serve_options, commands, shutdown).await;
            });
        };
        let thread = std::thread::Builder::new()
            .name("reactor".to_owned())
            .spawn(reactor)
            .map_err(StartError::Thread)?;
        Ok(Self { _reactor: Reactor::new(stop, thread), address, control, clients })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The clients that are connected at the moment, by client id.
    pub fn clients(&self) -> Vec<ConnectedClient> {
        let mut clients: Vec<_> = self.clients.iter().map(|client| client.value().clone()).collect();
        clients.sort_by_key(|client| client.label.id());
        clients
    }

    /// Tells all clients that the link to the switch is up or down, and answers new ones accordingly.
    pub fn set_link(&self, up: bool) {
        let mut command: Control<Switchboard> =
            Box::new(move |switchboard, outbox| switchboard.set_link(up, outbox));
        // Not `blocking_send`, which may not be called from a task. A server that has stopped has nobody to tell.
        while let Err(mpsc::error::TrySendError::Full(again)) = self.control.try_send(command) {
            command = again;
            std::thread::yield_now();
        }
    }

    /// Sends an event that was captured elsewhere to everybody who is registered on its ThisDN, and says how many that are. It waits
    /// while the reactor is busy; events reach each client in the order of the calls.
    ///
    /// # Errors
    /// [`PlayError`].
    pub async fn play(&self, event: Message, keep: Keep) -> Result<usize, PlayError> {
        let (reply, played) = oneshot::channel();
        let command: Control<Switchboard> = Box::new(move |switchboard, outbox| {
            // Who does not wait for it does not need it.
            let _ = reply.send(switchboard.play(&event, keep, outbox));
        });
        self.control.send(command).await.map_err(|_| PlayError::Stopped)?;
        Ok(played.await.map_err(|_| PlayError::Stopped)??)
    }

    /// Stops accepting, writes what is queued, closes every connection and waits for all of it.
    pub fn stop(self) {
        drop(self);
    }
}
