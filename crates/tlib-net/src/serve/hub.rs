//! What all connections of a server share, and the flush of a batch.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use socket2::SockRef;
use tlib_proto::session::{Arrival, ServerSession, Timeout};
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{MessageId, MessageRef};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use super::outbox::{Batch, Outbox, Run};
use super::queue::{MOST_SLICES, Queue};
use super::{CloseReason, ConnectionId, ServeOptions, Service};

/// Bytes that one read takes at most; more than one read's worth waits in the socket.
const READ_CHUNK: usize = 256 * 1024;

/// A closure that runs on a service between two batches, such as "the link is down now".
pub type Control<S> = Box<dyn FnOnce(&mut S, &mut Outbox) + Send>;

/// The one owner of the service and of all connections. Borrowed for the length of one batch, never across an await.
pub(super) struct Shared<S> {
    hub: RefCell<Hub<S>>,
    emptied: Notify,
}

pub(super) struct Hub<S> {
    service: S,
    outbox: Outbox,
    connections: Vec<Option<Connection>>,
    free: Vec<u32>,
    open: usize,
    scratch: Vec<u8>,
    options: ServeOptions,
}

/// What the hub knows of a connection; its task knows the reading half.
struct Connection {
    socket: Rc<OwnedWriteHalf>,
    session: ServerSession,
    queue: Queue,
    slow_since: Option<Instant>,
    waker: Option<Waker>,
    closing: Option<CloseReason>,
    /// The peer has ended its direction.
    read_closed: bool,
    /// Since when the connection waits for the peer to take what is queued and to close.
    lingering: Option<Instant>,
}

/// What a connection's task has to wait for.
pub(super) struct Wants {
    pub(super) write: bool,
    pub(super) deadline: Option<Instant>,
}

impl<S: Service> Shared<S> {
    pub(super) fn new(service: S, options: ServeOptions) -> Self {
        // Room for the longest frame behind a partial one; the pages are touched only when they are needed.
        let scratch = vec![0; options.limits.frame + profile::LENGTH_BYTES + READ_CHUNK];
        let hub = Hub {
            service,
            outbox: Outbox::default(),
            connections: Vec::new(),
            free: Vec::new(),
            open: 0,
            scratch,
            options,
        };
        Self { hub: RefCell::new(hub), emptied: Notify::new() }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Hub<S>) -> T) -> T {
        work(&mut self.hub.borrow_mut())
    }

    pub(super) fn control(&self, command: Control<S>) {
        self.with(|hub| {
            command(&mut hub.service, &mut hub.outbox);
            hub.flush();
        });
    }

    pub(super) fn remove(&self, id: ConnectionId) {
        if self.with(|hub| hub.remove(id)) == 0 {
            self.emptied.notify_waiters();
        }
    }

    /// Closes every connection, each in order and within its time to linger.
    pub(super) async fn drain(&self) {
        let patience = self.with(Hub::begin_drain);
        let emptied = async {
            loop {
                let notified = self.emptied.notified();
                if self.with(|hub| hub.open) == 0 {
                    return;
                }
                notified.await;
            }
        };
        if tokio::time::timeout(patience, emptied).await.is_err() {
            self.with(Hub::abandon);
            tokio::task::yield_now().await;
        }
    }
}

impl<S: Service> Hub<S> {
    /// Takes a connection in, or turns it away when there are too many.
    pub(super) fn admit(
        &mut self,
        socket: Rc<OwnedWriteHalf>,
        peer: std::net::SocketAddr,
        descriptor: u32,
    ) -> Option<ConnectionId> {
        if self.open >= self.options.connections {
            self.service.turned_away(peer, self.options.connections);
            return None;
        }
        let session = ServerSession::new(now_std(), self.options.handshake, self.options.keep_alive);
        let connection = Connection {
            socket,
            session,
            queue: Queue::default(),
            slow_since: None,
            waker: None,
            closing: None,
            read_closed: false,
            lingering: None,
        };
        let id = match self.free.pop() {
            Some(free) => {
                self.connections[free as usize] = Some(connection);
                ConnectionId(free)
            }
            None => {
                let id = u32::try_from(self.connections.len()).ok()?;
                self.connections.push(Some(connection));
                ConnectionId(id)
            }
        };
        self.open += 1;
        self.outbox.admit(id);
        self.service.accepted(id, peer, descriptor);
        Some(id)
    }

    fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(id.0 as usize)?.as_mut()
    }

    /// Where to read: behind the bytes of a partial frame, which are copied to the front.
    pub(super) fn scratch(&mut self, partial: &[u8]) -> &mut [u8] {
        self.scratch[..partial.len()].copy_from_slice(partial);
        let end = self.scratch.len().min(partial.len() + READ_CHUNK);
        &mut self.scratch[partial.len()..end]
    }

    /// Handles the first `filled` bytes of the scratch buffer and flushes. What is left of a partial frame replaces
    /// `partial`.
    pub(super) fn received(&mut self, id: ConnectionId, filled: usize, partial: &mut Vec<u8>) {
        let scratch = std::mem::take(&mut self.scratch);
        let now = now_std();
        if let Some(connection) = self.connection(id) {
            connection.session.heard(now);
        }
        let mut rest = &scratch[..filled];
        loop {
            // A connection that is being closed is not listened to any more.
            if self.connection(id).is_none_or(|connection| connection.closing.is_some()) {
                rest = &[];
                break;
            }
            match split_frame(rest, &self.options.limits) {
                Ok(Split::Frame(frame, after)) => {
                    rest = after;
                    self.frame(id, frame);
                }
                Ok(Split::More(_)) => break,
                Err(error) => {
                    self.service.invalid(id, &error, true, &mut self.outbox);
                    self.outbox.close(id, CloseReason::Invalid(error));
                    rest = &[];
                    break;
                }
            }
            self.apply_closing();
        }
        // A client between two frames keeps no buffer.
        *partial = if rest.is_empty() { Vec::new() } else { rest.to_vec() };
        self.scratch = scratch;
        self.flush();
    }

    fn frame(&mut self, id: ConnectionId, frame: &[u8]) {
        let message = match MessageRef::parse(frame, &self.options.limits) {
            Ok(message) => message,
            Err(error) => {
                let open = self.connection(id).is_some_and(|connection| connection.session.is_open());
                self.service.invalid(id, &error, !open, &mut self.outbox);
                if !open {
                    self.outbox.close(id, CloseReason::Invalid(error));
                }
                return;
            }
        };
        let Some(connection) = self.connection(id) else { return };
        match connection.session.arrived(message.id()) {
            Arrival::Ping => {
                self.outbox.deliver_frame(id, &control_frame(MessageId(profile::CONTROL_PONG)));
            }
            Arrival::Control => {}
            arrival => self.service.message(id, arrival, message, &mut self.outbox),
        }
    }

    fn apply_closing(&mut self) {
        for (id, reason) in self.outbox.take_closing() {
            if let Some(connection) = self.connection(id) {
                connection.closing.get_or_insert(reason);
                wake(connection);
            }
        }
    }

    /// Sends a batch on its way: one write for each receiver, who asked first.
    pub(super) fn flush(&mut self) {
        self.apply_closing();
        if self.outbox.is_empty() {
            return;
        }
        let batch = self.outbox.take();
        for id in &batch.receivers {
            let runs = self.outbox.take_runs(*id);
            if let Some(connection) = self.connections.get_mut(id.0 as usize).and_then(Option::as_mut) {
                connection.send(&runs, &batch, &self.options);
            }
            self.outbox.recycle_runs(*id, runs);
        }
        self.service.flushed(&batch.answers, &batch.events);
        self.outbox.recycle(batch.receivers);
    }

    /// The socket of a connection may be writable again.
    pub(super) fn writable(&mut self, id: ConnectionId) {
        let soft_limit = self.options.soft_limit;
        if let Some(connection) = self.connection(id) {
            connection.write_queue();
            if connection.queue.len() <= soft_limit {
                connection.slow_since = None;
            }
        }
    }

    /// Does what the deadlines that have passed ask for.
    pub(super) fn timeout(&mut self, id: ConnectionId) {
        let (now, slow) = (Instant::now(), self.options.slow);
        let Some(connection) = self.connection(id) else { return };
        if connection.closing.is_some() {
            return;
        }
        if connection.slow_since.is_some_and(|since| since + slow <= now) {
            let queued = connection.queue.len();
            connection.closing.get_or_insert(CloseReason::Slow { queued, hard: false });
            return;
        }
        match connection.session.timeout(now.into_std()) {
            Timeout::Handshake => {
                connection.closing.get_or_insert(CloseReason::Handshake);
            }
            Timeout::Silent => {
                connection.closing.get_or_insert(CloseReason::Silent);
            }
            Timeout::Ping => {
                self.outbox.deliver_frame(id, &control_frame(MessageId(profile::CONTROL_PING)));
                self.flush();
            }
            _ => {}
        }
    }

    /// What the connection's task waits for, with the waker that brings it back; an error when it is to end.
    pub(super) fn wants(&mut self, id: ConnectionId, waker: &Waker) -> Result<Wants, ()> {
        let (slow, linger) = (self.options.slow, self.options.linger);
        let connection = self.connection(id).ok_or(())?;
        match &mut connection.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if let Some(reason) = &connection.closing {
            // Who does not read, or is not there, is not waited for.
            let hopeless =
                matches!(reason, CloseReason::Slow { .. } | CloseReason::Io(_) | CloseReason::Silent);
            let done = connection.queue.is_empty() && connection.read_closed;
            let since = *connection.lingering.get_or_insert_with(Instant::now);
            if hopeless || done || since.elapsed() >= linger {
                return Err(());
            }
            if connection.queue.is_empty() {
                // Everything is written: end our direction and wait for the peer's. Closing with unread input would
                // reset the connection, and a reset takes the error that explains it away from the peer.
                let _ = SockRef::from((*connection.socket).as_ref()).shutdown(Shutdown::Write);
            }
            return Ok(Wants { write: !connection.queue.is_empty(), deadline: Some(since + linger) });
        }
        let session = connection.session.deadline().map(Instant::from_std);
        let slow = connection.slow_since.map(|since| since + slow);
        let deadline = session.into_iter().chain(slow).min();
        Ok(Wants { write: !connection.queue.is_empty(), deadline })
    }

    /// Notes why the connection ends, unless a reason is known already.
    pub(super) fn ended(&mut self, id: ConnectionId, reason: CloseReason) {
        if let Some(connection) = self.connection(id) {
            connection.read_closed = true;
            connection.closing.get_or_insert(reason);
        }
    }

    fn remove(&mut self, id: ConnectionId) -> usize {
        let gone = self.connections.get_mut(id.0 as usize).and_then(Option::take);
        if let Some(connection) = gone {
            self.outbox.take_runs(id);
            self.free.push(id.0);
            self.open -= 1;
            let reason = connection.closing.unwrap_or(CloseReason::Peer);
            debug!(connection = id.0, %reason, "connection closed");
            self.service.closed(id, &reason);
        }
        self.open
    }

    fn begin_drain(&mut self) -> Duration {
        self.flush();
        for connection in self.connections.iter_mut().flatten() {
            connection.closing.get_or_insert(CloseReason::Shutdown);
            wake(connection);
        }
        self.options.linger.saturating_mul(2)
    }

    fn abandon(&mut self) {
        for id in (0..self.connections.len()).filter_map(|n| u32::try_from(n).ok()) {
            self.remove(ConnectionId(id));
        }
    }
}

impl Connection {
    fn send(&mut self, runs: &[Run], batch: &Batch, options: &ServeOptions) {
        let mut written = 0;
        if self.queue.is_empty() {
            written = match runs {
                [run] => settle(self.socket.try_write(&batch.of(run.buffer)[run.bytes.clone()])),
                runs => {
                    let mut slices = [IoSlice::new(&[]); MOST_SLICES];
                    let filled = runs.len().min(MOST_SLICES);
                    for (slice, run) in slices.iter_mut().zip(runs) {
                        *slice = IoSlice::new(&batch.of(run.buffer)[run.bytes.clone()]);
                    }
                    settle(self.socket.try_write_vectored(&slices[..filled]))
                }
            };
        }
        for run in runs {
            let length = run.bytes.len();
            if written >= length {
                written -= length;
                continue;
            }
            self.queue.push(batch.of(run.buffer).slice(run.bytes.start + written..run.bytes.end));
            written = 0;
        }
        if self.queue.is_empty() {
            return;
        }
        if self.queue.len() > options.hard_limit {
            self.closing.get_or_insert(CloseReason::Slow { queued: self.queue.len(), hard: true });
        } else if self.queue.len() > options.soft_limit && self.slow_since.is_none() {
            self.slow_since = Some(Instant::now());
        }
        wake(self);
    }

    fn write_queue(&mut self) {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); MOST_SLICES];
            let filled = self.queue.slices(&mut slices);
            let written = match self.socket.try_write_vectored(&slices[..filled]) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.closing.get_or_insert_with(|| CloseReason::Io(error.to_string()));
                    return;
                }
            };
            self.queue.written(written);
        }
    }
}

/// A write that fails is found again by the reading half, which knows how to end a connection; until then everything
/// is queued.
fn settle(written: io::Result<usize>) -> usize {
    written.unwrap_or(0)
}

fn wake(connection: &Connection) {
    if let Some(waker) = &connection.waker {
        waker.wake_by_ref();
    }
}

fn now_std() -> std::time::Instant {
    Instant::now().into_std()
}
