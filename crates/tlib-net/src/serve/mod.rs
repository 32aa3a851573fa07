//! The server's side: one thread reads every socket, hands each message to a [`Service`], and writes.
//!
//! A batch is what the sockets that are ready at the same time bring, one read each. Its messages go to the service one by
//! one; what the service answers is written into the [`Outbox`]'s buffers once for all receivers; then each receiver gets
//! one write with everything that the batch has for it, who asked first. A client's queue is used only when its socket would block, so an idle client costs
//! no buffer and no event pays for a wake-up of another task.
//!
//! Everything runs on one current-thread runtime: the service is a plain `&mut`, without channel or lock, and every
//! client sees events in the order in which the service made them.

mod busy;
mod connection;
mod hub;
mod outbox;
mod peer;
mod queue;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tlib_proto::session::Arrival;
use tlib_proto::{Limits, MessageRef, WireError};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::{debug, warn};

pub use hub::Control;
use hub::Shared;
pub use outbox::{Buffer, Outbox};

/// Names a connection as long as it lives; numbers are used again afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

/// What the driver calls, always from the same thread and never re-entered.
pub trait Service: 'static {
    /// A connection was accepted. `descriptor` is the number of its socket.
    fn accepted(&mut self, connection: ConnectionId, peer: SocketAddr, descriptor: u32);

    /// A message has come. Nothing is written before the service returns. What comes before the session is open is for
    /// the service to refuse, by an error and [`Outbox::close`].
    fn message(
        &mut self,
        connection: ConnectionId,
        arrival: Arrival,
        message: MessageRef<'_>,
        outbox: &mut Outbox,
    );

    /// A frame has come that is no message.
    fn invalid(&mut self, connection: ConnectionId, invalid: &Invalid<'_>, outbox: &mut Outbox);

    /// The batch is on its way to its receivers, some of whom may have it already. Both buffers are shared now; the
    /// ranges that were delivered are ranges of them. Called for a batch without frames, too.
    fn flushed(&mut self, answers: &Bytes, events: &Bytes);

    /// The connection is gone. Called exactly once for each that was accepted.
    fn closed(&mut self, connection: ConnectionId, reason: &CloseReason);

    /// No more connections than `limit`: the one from `peer` was closed at once.
    fn turned_away(&mut self, peer: SocketAddr, limit: usize);

    /// Whether [`Service::opened`], [`Service::heard`] and [`Service::said`] are to be called: asked once, at the start, so
    /// that a service that does not want them pays nothing.
    fn observes(&self) -> bool {
        false
    }

    /// A connection was accepted: its two ends.
    fn opened(&mut self, _connection: ConnectionId, _local: SocketAddr, _peer: SocketAddr) {}

    /// A frame has come, whatever it is, or bytes that begin none; before anything is made of them.
    fn heard(&mut self, _connection: ConnectionId, _bytes: &[u8]) {}

    /// The socket has taken these bytes, in their order: frames, or any parts of them. The vector is the service's to
    /// empty. [`Service::flushed`] follows.
    fn said(&mut self, _connection: ConnectionId, _bytes: &mut Vec<Bytes>) {}
}

/// A frame that is no message.
#[derive(Clone, Copy, Debug)]
pub struct Invalid<'a> {
    /// What is wrong with it.
    pub error: &'a WireError,
    /// The connection is closed when what the service writes now has been sent: the frames after this one cannot be
    /// found, or the client has not even opened its session.
    pub fatal: bool,
    /// The ReferenceID of the request that it was meant to be, as far as it can be read.
    pub reference: Option<u32>,
}

/// Why a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed it.
    Peer,
    /// The socket failed.
    Io(String),
    /// The frames after a damaged one cannot be found.
    Invalid(WireError),
    /// Nothing was said within the handshake time.
    Handshake,
    /// A keep-alive poll was not answered.
    Silent,
    /// The peer reads too slowly: this many bytes wait for it.
    Slow {
        /// Bytes in its queue.
        queued: usize,
        /// Which limit: the hard one, or the soft one for too long.
        hard: bool,
    },
    /// The service has refused to open a session.
    Refused,
    /// The server is shutting down.
    Shutdown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer => f.write_str("closed by the client"),
            Self::Io(error) => write!(f, "connection failed: {error}"),
            Self::Invalid(error) => write!(f, "no T-Library frame: {error}"),
            Self::Handshake => f.write_str("no RequestRegisterClient within the handshake time"),
            Self::Silent => f.write_str("keep-alive was not answered"),
            Self::Slow { queued, hard: true } => {
                write!(f, "slow client: {queued} bytes wait for it, over the hard limit")
            }
            Self::Slow { queued, hard: false } => {
                write!(f, "slow client: {queued} bytes wait for it, over the soft limit for too long")
            }
            Self::Refused => f.write_str("session refused"),
            Self::Shutdown => f.write_str("server shuts down"),
        }
    }
}

/// Limits of a server's connections; each has a default from `protocol-spec/session.md` (all chosen).
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Limits of the decoder.
    pub limits: Limits,
    /// How long a client may take to send RequestRegisterClient.
    pub handshake: Duration,
    /// Idle time after which a client is polled; zero: never.
    pub keep_alive: Duration,
    /// Most connections at a time.
    pub connections: usize,
    /// Bytes in a client's queue from which on a deadline runs.
    pub soft_limit: usize,
    /// Bytes in a client's queue at which it is disconnected.
    pub hard_limit: usize,
    /// How long a queue may stay over the soft limit.
    pub slow: Duration,
    /// How long a connection that is being closed waits for its peer to take what is queued and to close, too.
    pub linger: Duration,
    /// How long after the last read the reactor goes on looking at its sockets before it sleeps; zero: it sleeps at once.
    /// Waking a sleeping thread costs more than anything else that happens to an event below saturation; this spends one
    /// core to save it.
    pub busy_poll: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            handshake: Duration::from_secs(10),
            keep_alive: Duration::ZERO,
            connections: 16_384,
            soft_limit: 1 << 20,
            hard_limit: 8 << 20,
            slow: Duration::from_secs(5),
            linger: Duration::from_secs(2),
            busy_poll: Duration::ZERO,
        }
    }
}

/// Serves until `shutdown` resolves, then drains: no new connections, what is queued is written, everything closed.
/// The caller binds the listener and decides when to stop.
///
/// `control` runs closures on the service between two batches; see [`Control`].
///
/// Must be called within a [`tokio::task::LocalSet`].
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: S,
    options: ServeOptions,
    mut control: mpsc::Receiver<Control<S>>,
    shutdown: impl Future<Output = ()>,
) {
    let busy_poll = options.busy_poll;
    let shared = Rc::new(Shared::new(service, options));
    let flushing = Rc::clone(&shared);
    tokio::task::spawn_local(async move { flushing.flush_when_due().await });
    if !busy_poll.is_zero() {
        tokio::task::spawn_local(busy::keep_awake(Rc::clone(&shared), busy_poll));
    }
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connection::start(&shared, stream, peer),
                Err(error) => pause_after(&error).await,
            },
            Some(command) = control.recv() => shared.control(command),
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    shared.drain().await;
}

/// Errors of `accept` concern one connection or last a while (no descriptors left): neither may stop the server or
/// let it spin.
async fn pause_after(error: &io::Error) {
    match error.kind() {
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted => {
            debug!(%error, "a connection ended before it was accepted");
        }
        _ => {
            warn!(%error, "cannot accept connections for now");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
