//! The callback service on a thread of its own: HTTP, the machine, the way to the T-Server.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tlib_net::ClientError;
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{self, Command};
use super::http;
use super::link::{Links, Retry, TServer};
use super::machine::{Machine, MachineConfig, News};
use super::options::Options;
use super::shared::{Clock, Running, Shared};
use crate::session::{Ids, Outcomes};

/// Something that has happened, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something has happened to a callback.
    News(News),
    /// A connection to a T-Server is lost, or an attempt to have it again was refused.
    Lost {
        /// Where to.
        address: String,
        /// Why.
        reason: String,
    },
    /// The connection is there again.
    Connected {
        /// Where to.
        address: String,
    },
}

/// Is told everything that happens, with the service's time in seconds since 1970, on the service's thread: it must not
/// take long.
pub type Tell = Box<dyn FnMut(&Event, i64) + Send>;

/// Everything that a server can be told; every value has a default.
pub struct ServerConfig {
    /// Where HTTP listens; port 0 takes a free one.
    pub listen: String,
    /// Where user events go.
    pub t_servers: Vec<TServer>,
    /// The name under which T-Servers know the service. Default: who sends the published user event.
    pub application: String,
    /// Services, outcomes, ids.
    pub machine: MachineConfig,
    /// What time it is.
    pub clock: Clock,
    /// How often requests are sent that are not answered.
    pub retry: Retry,
    /// Is told everything that happens.
    pub tell: Option<Tell>,
}

impl ServerConfig {
    /// The default service on a free port of the loopback interface, which reports to this T-Server. Everybody is
    /// reached, unless the number is a magic one; ids are new ones each time.
    pub fn new(t_server: impl Into<String>) -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            t_servers: vec![TServer { switch: String::new(), address: t_server.into() }],
            application: "OrchestrationServer".to_owned(),
            machine: MachineConfig {
                options: Options::default(),
                outcomes: Outcomes::new(),
                ids: Ids::new(random_seed()),
                tenant_dbid: 1,
                queues: std::collections::HashMap::new(),
            },
            clock: Clock::Wall { speed: 1 },
            retry: Retry::default(),
            tell: None,
        }
    }
}

/// A number that is another one each time.
pub fn random_seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
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
    /// A service names a switch that no T-Server serves.
    #[error(
        "service {service} has _rep_userevent_switch {switch}, and no T-Server serves it; name one with SWITCH=HOST:PORT"
    )]
    NoSwitch {
        /// The service.
        service: String,
        /// The switch.
        switch: String,
    },
    /// A T-Server is not there, or refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system gives no thread or no reactor.
    #[error("cannot start the callback service's thread: {0}")]
    Thread(io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another program listens there: stop it, or choose another port (0 takes a free one)"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges, choose a higher one",
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        _ => "",
    }
}

/// What [`Server::advance_to`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Messages that a T-Server has taken.
    pub sent: usize,
    /// Messages that it has not.
    pub failed: usize,
}

/// What is left when a server stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Callbacks that are not completed; they are not kept.
    pub open: usize,
    /// Messages that were under way and not answered.
    pub unanswered: usize,
}

/// The service has ended by itself; what it said before tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the callback service has ended by itself")]
pub struct Ended;

/// The callback service. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<Left>>,
}

impl Server {
    /// Starts a server, and waits until its T-Servers are connected and it can be asked.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: ServerConfig) -> Result<Self, StartError> {
        check_switches(&config)?;
        let failed = |source| StartError::Listen { address: config.listen.clone(), source };
        let listener = TcpListener::bind(&config.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(Machine::new(config.machine), Running::start(&config.clock)));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let (commands, from_owner) = mpsc::channel(1);
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = oneshot::channel();
        let of_thread = shared.clone();
        let work = async move {
            let (to_tell, events) = mpsc::channel(64);
            let links =
                match Links::open(&config.t_servers, &config.application, config.retry, &to_tell).await {
                    Ok(links) => links,
                    Err(error) => {
                        // Whoever starts it waits for this.
                        let _ = ready.send(Err(error));
                        return Left::default();
                    }
                };
            let router = http::router(&of_thread);
            let http = tokio::spawn(http::serve(listener, router, stopped.clone()));
            let _ = ready.send(Ok(()));
            let left = driver::drive(&of_thread, &links, from_owner, events, config.tell, stopped).await;
            // It has been told to stop, too, and takes a bounded time.
            let _ = http.await;
            left
        };
        let thread = std::thread::Builder::new()
            .name("callback".to_owned())
            .spawn(move || runtime.block_on(work))
            .map_err(StartError::Thread)?;
        let server = Self { address, shared, commands, stop, thread: Some(thread) };
        match is_ready.blocking_recv() {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(StartError::Thread(io::Error::other("it has ended at once"))),
        }
    }

    /// Where HTTP listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the next session has something to do, in seconds since 1970; `None` while there is no such session. For an
    /// injected clock; it is in the past when a request has left something to do at once.
    pub fn next_due(&self) -> Option<i64> {
        self.shared.machine().next_step()
    }

    /// With an injected clock: does everything that is due up to `time`, in its order, and returns when each message of
    /// it has been acknowledged or given up. The caller's clock, which HTTP requests see, must show `time` already.
    /// Blocks; not for use on a reactor's thread. With the wall clock it does nothing but wait for what is under way.
    ///
    /// # Errors
    /// [`Ended`].
    pub fn advance_to(&self, time: i64) -> Result<Advanced, Ended> {
        let (reply, done) = oneshot::channel();
        self.commands.blocking_send(Command::Advance { time, reply }).map_err(|_| Ended)?;
        done.blocking_recv().map_err(|_| Ended)
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Stops: requests and messages under way get a little time, then it says what is left.
    pub fn stop(mut self) -> Left {
        self.end()
    }

    fn end(&mut self) -> Left {
        // A service that has ended hears nothing.
        let _ = self.stop.send(true);
        // One that has panicked has said so on stderr.
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether every service's switch has a T-Server.
fn check_switches(config: &ServerConfig) -> Result<(), StartError> {
    let serves = |switch: &str| {
        switch.is_empty()
            || config.t_servers.iter().any(|server| server.switch.is_empty() || server.switch == switch)
    };
    let mut services = config.machine.options.services.iter();
    match services.find(|(_, service)| service.options.report && !serves(&service.options.report_switch)) {
        None => Ok(()),
        Some((name, service)) => {
            Err(StartError::NoSwitch { service: name.clone(), switch: service.options.report_switch.clone() })
        }
    }
}
