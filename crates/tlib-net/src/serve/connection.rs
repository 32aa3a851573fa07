//! The task of one connection: it reads, and it waits for what the hub says that there is to wait for.

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Sleep;
use tracing::debug;

use super::hub::Shared;
use super::{CloseReason, ConnectionId, Service};

/// Reads per turn before the other connections get theirs.
const READS_PER_TURN: usize = 4;

/// Takes a connection in and starts its task on the current [`tokio::task::LocalSet`].
pub(super) fn start<S: Service>(shared: &Rc<Shared<S>>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, %peer, "cannot switch off Nagle's algorithm");
    }
    let descriptor = u32::try_from(stream.as_raw_fd()).unwrap_or_default();
    let (reader, writer) = stream.into_split();
    let socket = Rc::new(writer);
    let Some(id) = shared.with(|hub| hub.admit(Rc::clone(&socket), peer, descriptor)) else { return };
    let connection =
        Connection { shared: Rc::clone(shared), id, reader, socket, partial: Vec::new(), sleep: None };
    tokio::task::spawn_local(connection);
}

struct Connection<S: Service> {
    shared: Rc<Shared<S>>,
    id: ConnectionId,
    reader: OwnedReadHalf,
    socket: Rc<OwnedWriteHalf>,
    /// The beginning of a frame whose rest has not come yet.
    partial: Vec<u8>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<S: Service> Future for Connection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS_PER_TURN {
            if self.poll_read(cx).is_pending() {
                return self.poll_rest(cx);
            }
        }
        cx.waker().wake_by_ref();
        self.poll_rest(cx)
    }
}

impl<S: Service> Connection<S> {
    /// One read and all that follows from it; pending when there is nothing to read, now or for good.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, id, reader, partial, .. } = self;
        shared.with(|hub| {
            let mut buffer = ReadBuf::new(hub.scratch(partial));
            let ended = match ready!(Pin::new(reader).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => CloseReason::Peer,
                Ok(()) => {
                    let filled = partial.len() + buffer.filled().len();
                    hub.received(*id, filled, partial);
                    return Poll::Ready(());
                }
                Err(error) => CloseReason::Io(error.to_string()),
            };
            hub.ended(*id, ended);
            Poll::Pending
        })
    }

    /// Writes, deadlines, and the end.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Ok(wants) = self.shared.with(|hub| hub.wants(self.id, cx.waker())) else {
                return Poll::Ready(());
            };
            if wants.write && (*self.socket).as_ref().poll_write_ready(cx).is_ready() {
                self.shared.with(|hub| hub.writable(self.id));
                continue;
            }
            let Some(deadline) = wants.deadline else {
                self.sleep = None;
                return Poll::Pending;
            };
            // A deadline that moved away need not touch the timer: it is looked at again when the old one is over.
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            if deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
            self.shared.with(|hub| hub.timeout(self.id));
        }
    }
}

impl<S: Service> Drop for Connection<S> {
    fn drop(&mut self) {
        self.shared.remove(self.id);
    }
}
