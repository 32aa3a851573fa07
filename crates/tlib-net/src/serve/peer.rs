//! What the server knows of one connection; its task knows the reading half.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::rc::Rc;
use std::task::Waker;

use bytes::Bytes;
use socket2::SockRef;
use tlib_proto::session::{ServerSession, Timeout};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;

use super::outbox::{Batch, Run};
use super::queue::{MOST_SLICES, Queue};
use super::{CloseReason, ServeOptions};

/// One connection's session, queue, and way to its end.
pub(super) struct Peer {
    socket: Rc<OwnedWriteHalf>,
    pub(super) session: ServerSession,
    queue: Queue,
    /// Since when the queue is over the soft limit.
    slow_since: Option<Instant>,
    waker: Option<Waker>,
    closing: Option<CloseReason>,
    /// Since when the connection waits for the peer to take what is queued and to close.
    lingering: Option<Instant>,
    /// The peer has sent something after it was to be closed.
    talking: bool,
    /// The peer has ended its direction.
    read_closed: bool,
    /// Nothing can be written any more: the socket failed, or our direction is ended.
    broken: bool,
}

/// What a connection's task has to wait for.
pub(super) struct Wants {
    pub(super) write: bool,
    pub(super) deadline: Option<Instant>,
}

impl Peer {
    pub(super) fn new(socket: Rc<OwnedWriteHalf>, session: ServerSession) -> Self {
        Self {
            socket,
            session,
            queue: Queue::default(),
            slow_since: None,
            waker: None,
            closing: None,
            lingering: None,
            talking: false,
            read_closed: false,
            broken: false,
        }
    }

    /// To be closed when what it was given has been written. The first reason counts.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.closing.get_or_insert(reason);
        self.wake();
    }

    /// The peer has ended its direction, or reading from it failed.
    pub(super) fn ended(&mut self, reason: CloseReason) {
        self.read_closed = true;
        self.closing.get_or_insert(reason);
    }

    /// Whether it is to be closed, so that nothing it says counts any more.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// The peer says something that is not listened to.
    pub(super) fn talks(&mut self) {
        self.talking = true;
    }

    /// Why it is gone.
    pub(super) fn into_reason(self) -> CloseReason {
        self.closing.unwrap_or(CloseReason::Peer)
    }

    /// Whether it does not take its answers, so that it should not ask for more.
    pub(super) fn is_choked(&self, options: &ServeOptions) -> bool {
        self.queue.len() > options.soft_limit
    }

    /// Writes what a batch has for it, and queues what the socket does not take; what it takes is added to `said`.
    pub(super) fn send(
        &mut self,
        runs: &[Run],
        batch: &Batch,
        options: &ServeOptions,
        mut said: Option<&mut Vec<Bytes>>,
    ) {
        // Who is on its way out has got its last word, and must not fill its queue meanwhile.
        if self.lingering.is_some() || self.broken {
            return;
        }
        let mut written = 0;
        if self.queue.is_empty() {
            // A write that fails is found again by the task, which knows how to end a connection.
            written = match runs {
                [run] => self.socket.try_write(&batch.of(run.buffer)[run.bytes.clone()]),
                runs => {
                    let mut slices = [IoSlice::new(&[]); MOST_SLICES];
                    let filled = runs.len().min(MOST_SLICES);
                    for (slice, run) in slices.iter_mut().zip(runs) {
                        *slice = IoSlice::new(&batch.of(run.buffer)[run.bytes.clone()]);
                    }
                    self.socket.try_write_vectored(&slices[..filled])
                }
            }
            .unwrap_or(0);
        }
        for run in runs {
            let length = run.bytes.len();
            if let Some(said) = said.as_mut().filter(|_| written > 0) {
                let end = run.bytes.start + written.min(length);
                said.push(batch.of(run.buffer).slice(run.bytes.start..end));
            }
            if written >= length {
                written -= length;
                continue;
            }
            let whole = batch.of(run.buffer);
            self.queue.push(whole.slice(run.bytes.start + written..run.bytes.end), whole.len());
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
        self.wake();
    }

    /// The socket may take something again; what it takes is added to `said`.
    pub(super) fn writable(&mut self, options: &ServeOptions, mut said: Option<&mut Vec<Bytes>>) {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); MOST_SLICES];
            let filled = self.queue.slices(&mut slices);
            match self.socket.try_write_vectored(&slices[..filled]) {
                Ok(written) => {
                    if let Some(said) = &mut said {
                        self.queue.head(written, said);
                    }
                    self.queue.written(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.broken = true;
                    self.queue = Queue::default();
                    self.closing.get_or_insert_with(|| CloseReason::Io(error.to_string()));
                }
            }
        }
        if self.queue.len() <= options.soft_limit {
            self.slow_since = None;
        }
    }

    /// What the task waits for, with the waker that brings it back; `None` when it is to end.
    pub(super) fn wants(&mut self, waker: &Waker, options: &ServeOptions) -> Option<Wants> {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        if self.closing.is_some() {
            return self.wants_to_end(options);
        }
        let session = self.session.deadline().map(Instant::from_std);
        let slow = self.slow_since.map(|since| since + options.slow);
        Some(Wants { write: !self.queue.is_empty(), deadline: session.into_iter().chain(slow).min() })
    }

    /// The way to the end: write what is queued, end our direction, wait a little for the peer's.
    fn wants_to_end(&mut self, options: &ServeOptions) -> Option<Wants> {
        let since = *self.lingering.get_or_insert_with(Instant::now);
        let silenced = self.broken || self.queue.is_empty();
        // Closing with unread input would reset the connection, and a reset takes away from the peer the error that
        // explains it. Who has said nothing since leaves no unread input.
        let waits = match &self.closing {
            Some(CloseReason::Invalid(_) | CloseReason::Refused) => true,
            Some(CloseReason::Shutdown) => self.talking,
            // Who does not read, or is not there, is not waited for.
            Some(CloseReason::Slow { .. } | CloseReason::Io(_) | CloseReason::Silent) => return None,
            _ => false,
        };
        let done = silenced && (self.read_closed || !waits);
        if done || since.elapsed() >= options.linger {
            return None;
        }
        if silenced && !std::mem::replace(&mut self.broken, true) {
            // Fails only when the peer has gone, which is what is waited for.
            let _ = SockRef::from((*self.socket).as_ref()).shutdown(Shutdown::Write);
        }
        Some(Wants { write: !silenced, deadline: Some(since + options.linger) })
    }

    /// Does what the deadlines that have passed ask for; whether a ping is to be sent.
    pub(super) fn timeout(&mut self, options: &ServeOptions) -> bool {
        if self.closing.is_some() {
            return false;
        }
        let now = Instant::now();
        if self.slow_since.is_some_and(|since| since + options.slow <= now) {
            self.closing = Some(CloseReason::Slow { queued: self.queue.len(), hard: false });
            return false;
        }
        match self.session.timeout(now.into_std()) {
            Timeout::Handshake => self.closing = Some(CloseReason::Handshake),
            Timeout::Silent => self.closing = Some(CloseReason::Silent),
            Timeout::Ping => return true,
            _ => {}
        }
        false
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
