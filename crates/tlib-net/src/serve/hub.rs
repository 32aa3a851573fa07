//! What all connections of a server share, and the flush of a batch.

use std::cell::{Cell, RefCell, RefMut};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tlib_proto::session::{Arrival, ServerSession};
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{Limits, MessageId, MessageRef, WireError};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::debug;

use super::busy::Activity;
use super::outbox::Outbox;
use super::peer::{Peer, Wants};
use super::{CloseReason, ConnectionId, Invalid, ServeOptions, Service};

/// Bytes that one read takes at most; more than one read's worth waits in the socket.
const READ_CHUNK: usize = 256 * 1024;

/// A batch that makes more than this goes out before the rest of its read is handled: what a few requests can make is
/// a thousand times what they are.
const FLUSH_ABOVE: usize = 1 << 20;

/// Longest frame of a client that has not sent RequestRegisterClient yet (chosen): nobody may take much memory before
/// it says who it is.
const FRAME_BEFORE_OPEN: usize = 64 * 1024;

/// A closure that runs on a service between two batches, such as "the link is down now".
pub type Control<S> = Box<dyn FnOnce(&mut S, &mut Outbox) + Send>;

/// The one owner of the service and of all connections. Borrowed for the length of one batch, never across an await.
pub(super) struct Shared<S> {
    hub: RefCell<Hub<S>>,
    /// Where all connections read to, one at a time.
    scratch: RefCell<Vec<u8>>,
    emptied: Notify,
    pub(super) activity: Activity,
    /// Wakes the task that flushes; there from its first turn on.
    flusher: RefCell<Option<Waker>>,
    due: Cell<bool>,
}

pub(super) struct Hub<S> {
    service: S,
    outbox: Outbox,
    peers: Vec<Option<Peer>>,
    free: Vec<u32>,
    open: usize,
    options: ServeOptions,
    /// What a socket has taken, for a service that observes.
    said: Option<Vec<Bytes>>,
}

impl<S: Service> Shared<S> {
    pub(super) fn new(service: S, options: ServeOptions) -> Self {
        let said = service.observes().then(Vec::new);
        let hub = Hub {
            service,
            outbox: Outbox::default(),
            peers: Vec::new(),
            free: Vec::new(),
            open: 0,
            options,
            said,
        };
        Self {
            hub: RefCell::new(hub),
            scratch: RefCell::new(vec![0; READ_CHUNK]),
            emptied: Notify::new(),
            activity: Activity::default(),
            flusher: RefCell::new(None),
            due: Cell::new(false),
        }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Hub<S>) -> T) -> T {
        work(&mut self.hub.borrow_mut())
    }

    /// The buffer that is read into, for the length of one read.
    pub(super) fn scratch(&self) -> RefMut<'_, Vec<u8>> {
        self.scratch.borrow_mut()
    }

    /// Has the batch flushed once the other tasks that are ready have had their turns: what several sockets have brought at
    /// the same time goes out in one write for each receiver.
    pub(super) fn flush_soon(&self) {
        if self.due.replace(true) {
            return;
        }
        match &*self.flusher.borrow() {
            Some(waker) => waker.wake_by_ref(),
            None => self.flush_due(),
        }
    }

    fn flush_due(&self) {
        if self.due.take() {
            self.with(Hub::flush);
        }
    }

    /// The task that flushes; never ends by itself.
    pub(super) async fn flush_when_due(&self) {
        std::future::poll_fn::<(), _>(|cx| {
            self.flusher.borrow_mut().get_or_insert_with(|| cx.waker().clone());
            self.flush_due();
            Poll::Pending
        })
        .await;
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
        from: SocketAddr,
        descriptor: u32,
    ) -> Option<ConnectionId> {
        if self.open >= self.options.connections {
            self.service.turned_away(from, self.options.connections);
            return None;
        }
        let session = ServerSession::new(now_std(), self.options.handshake, self.options.keep_alive);
        let local = self.said.as_ref().and_then(|_| socket.local_addr().ok());
        let peer = Some(Peer::new(socket, session));
        let id = match self.free.pop() {
            Some(free) => {
                self.peers[free as usize] = peer;
                ConnectionId(free)
            }
            None => {
                let id = u32::try_from(self.peers.len()).ok()?;
                self.peers.push(peer);
                ConnectionId(id)
            }
        };
        self.open += 1;
        self.outbox.admit(id);
        self.service.accepted(id, from, descriptor);
        if let Some(local) = local {
            self.service.opened(id, local, from);
        }
        Some(id)
    }

    fn peer(&mut self, id: ConnectionId) -> Option<&mut Peer> {
        self.peers.get_mut(id.0 as usize)?.as_mut()
    }

    /// The decoder's limits for a connection, as far as its session has come.
    pub(super) fn limits(&self, id: ConnectionId) -> Option<Limits> {
        let peer = self.peers.get(id.0 as usize).and_then(Option::as_ref)?;
        Some(limits_of(&self.options, &peer.session))
    }

    /// Whether the connection does not take its answers, so that it is not read from for now.
    pub(super) fn is_choked(&self, id: ConnectionId) -> bool {
        let peer = self.peers.get(id.0 as usize).and_then(Option::as_ref);
        peer.is_some_and(|peer| peer.is_choked(&self.options))
    }

    /// Handles what was read; what it leads to is to be flushed soon. Gives the length of what is left: a partial frame at
    /// the end, or everything behind the request with which the client has choked on its own answers.
    pub(super) fn received(&mut self, id: ConnectionId, mut bytes: &[u8]) -> usize {
        let polls = !self.options.keep_alive.is_zero();
        if polls && let Some(peer) = self.peer(id) {
            peer.session.heard(now_std());
        }
        while let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::as_mut) {
            if peer.is_closing() {
                peer.talks();
                bytes = &[];
                break;
            }
            let limits = limits_of(&self.options, &peer.session);
            match split_frame(bytes, &limits) {
                Ok(Split::Frame(frame, after)) => {
                    bytes = after;
                    if self.said.is_some() {
                        self.service.heard(id, frame);
                    }
                    match MessageRef::parse(frame, &limits) {
                        Ok(message) => match peer.session.arrived(message.id()) {
                            Arrival::Ping => {
                                let pong = control_frame(MessageId(profile::CONTROL_PONG));
                                self.outbox.deliver_frame(id, &pong);
                            }
                            Arrival::Control => {}
                            arrival => self.service.message(id, arrival, message, &mut self.outbox),
                        },
                        Err(error) => self.damaged(id, frame, error),
                    }
                }
                Ok(Split::More(_)) => break,
                Err(error) => {
                    if self.said.is_some() {
                        self.service.heard(id, bytes);
                    }
                    let invalid = Invalid { error: &error, fatal: true, reference: None };
                    self.service.invalid(id, &invalid, &mut self.outbox);
                    self.outbox.close(id, CloseReason::Invalid(error));
                }
            }
            if self.outbox.is_closing() {
                // Who is closed must have got its last word.
                self.flush();
            }
            if self.outbox.answers.len() + self.outbox.events.len() > FLUSH_ABOVE {
                self.flush();
                if self.is_choked(id) {
                    break;
                }
            }
        }
        bytes.len()
    }

    /// A whole frame that is no message.
    #[cold]
    fn damaged(&mut self, id: ConnectionId, frame: &[u8], error: WireError) {
        let open = self.peer(id).is_some_and(|peer| peer.session.is_open());
        let reference = MessageRef::reference_of_damaged(frame);
        let invalid = Invalid { error: &error, fatal: !open, reference };
        self.service.invalid(id, &invalid, &mut self.outbox);
        if !open {
            self.outbox.close(id, CloseReason::Invalid(error));
        }
    }

    fn apply_closing(&mut self) {
        for (id, reason) in self.outbox.take_closing() {
            if let Some(peer) = self.peer(id) {
                peer.close(reason);
            }
        }
    }

    /// Sends a batch on its way, who asked first.
    pub(super) fn flush(&mut self) {
        self.apply_closing();
        if self.outbox.is_empty() {
            // What led to no frame at all is to be told, too.
            self.service.flushed(&Bytes::new(), &Bytes::new());
            return;
        }
        let batch = self.outbox.take();
        for id in &batch.receivers {
            let runs = self.outbox.take_runs(*id);
            if let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::as_mut) {
                peer.send(&runs, &batch, &self.options, self.said.as_mut());
            }
            self.tell_said(*id);
            self.outbox.recycle_runs(*id, runs);
        }
        if let Some(run) = &batch.together {
            for id in &batch.members {
                if let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::as_mut) {
                    peer.send(std::slice::from_ref(run), &batch, &self.options, self.said.as_mut());
                }
                self.tell_said(*id);
            }
        }
        self.service.flushed(&batch.answers, &batch.events);
        self.outbox.recycle(batch);
    }

    /// The socket of a connection may be writable again.
    pub(super) fn writable(&mut self, id: ConnectionId) {
        if let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::as_mut) {
            peer.writable(&self.options, self.said.as_mut());
        }
        if self.tell_said(id) {
            self.service.flushed(&Bytes::new(), &Bytes::new());
        }
    }

    /// Tells the service what a socket has taken, if it wants to know; whether there was anything.
    fn tell_said(&mut self, id: ConnectionId) -> bool {
        match &mut self.said {
            Some(said) if !said.is_empty() => {
                self.service.said(id, said);
                said.clear();
                true
            }
            _ => false,
        }
    }

    /// Does what the deadlines that have passed ask for.
    pub(super) fn timeout(&mut self, id: ConnectionId) {
        let peer = self.peers.get_mut(id.0 as usize).and_then(Option::as_mut);
        if peer.is_some_and(|peer| peer.timeout(&self.options)) {
            self.outbox.deliver_frame(id, &control_frame(MessageId(profile::CONTROL_PING)));
            self.flush();
        }
    }

    /// What the connection's task waits for, with the waker that brings it back; `None` when it is to end.
    pub(super) fn wants(&mut self, id: ConnectionId, waker: &Waker) -> Option<Wants> {
        self.peers.get_mut(id.0 as usize)?.as_mut()?.wants(waker, &self.options)
    }

    /// Nothing more will be read from the connection.
    pub(super) fn ended(&mut self, id: ConnectionId, reason: CloseReason) {
        self.flush();
        if let Some(peer) = self.peer(id) {
            peer.ended(reason);
        }
    }

    fn remove(&mut self, id: ConnectionId) -> usize {
        if let Some(peer) = self.peers.get_mut(id.0 as usize).and_then(Option::take) {
            self.outbox.take_runs(id);
            // What others are to get does not wait for it, and whoever has its number next must not get what was meant for it.
            self.flush();
            self.free.push(id.0);
            self.open -= 1;
            let reason = peer.into_reason();
            debug!(connection = id.0, %reason, "connection closed");
            self.service.closed(id, &reason);
        }
        self.open
    }

    fn begin_drain(&mut self) -> Duration {
        self.flush();
        for peer in self.peers.iter_mut().flatten() {
            peer.close(CloseReason::Shutdown);
        }
        self.options.linger.saturating_mul(2)
    }

    fn abandon(&mut self) {
        for id in (0..self.peers.len()).filter_map(|n| u32::try_from(n).ok()) {
            self.remove(ConnectionId(id));
        }
    }
}

/// The decoder's limits, as far as the session has come.
fn limits_of(options: &ServeOptions, session: &ServerSession) -> Limits {
    let limits = options.limits;
    if session.is_open() { limits } else { Limits { frame: limits.frame.min(FRAME_BEFORE_OPEN), ..limits } }
}

fn now_std() -> std::time::Instant {
    Instant::now().into_std()
}
