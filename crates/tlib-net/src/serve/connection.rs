//! The task of one connection: it reads, and it waits for what the hub says that there is to wait for.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tlib_proto::wire::{Split, split_frame};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Sleep;
use tokio_util::io::poll_read_buf;
use tracing::debug;

use super::hub::Shared;
use super::{CloseReason, ConnectionId, Service};

/// A partial frame up to this length is copied in front of the next read; a longer one gets a buffer of its own that is
/// read into until the frame is whole, so that no byte is copied twice, however small the pieces are that it comes in.
const COPY_BELOW: usize = 4096;

/// Idle time after which the system looks whether the peer's machine is still there (chosen): a client that vanished
/// must not keep its place for ever, even with the protocol's own keep-alive off.
const PROBE_AFTER: Duration = Duration::from_secs(60);

/// Takes a connection in and starts its task on the current [`tokio::task::LocalSet`].
pub(super) fn start<S: Service>(shared: &Rc<Shared<S>>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, %peer, "cannot switch off Nagle's algorithm");
    }
    let keepalive = TcpKeepalive::new().with_time(PROBE_AFTER);
    if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&keepalive) {
        debug!(%error, %peer, "cannot switch on TCP keep-alive");
    }
    let descriptor = u32::try_from(stream.as_raw_fd()).unwrap_or_default();
    let (reader, writer) = stream.into_split();
    let socket = Rc::new(writer);
    let Some(id) = shared.with(|hub| hub.admit(Rc::clone(&socket), peer, descriptor)) else { return };
    let connection = Connection {
        shared: Rc::clone(shared),
        id,
        reader,
        socket,
        partial: BytesMut::new(),
        stalled: false,
        sleep: None,
    };
    tokio::task::spawn_local(connection);
}

struct Connection<S: Service> {
    shared: Rc<Shared<S>>,
    id: ConnectionId,
    reader: OwnedReadHalf,
    socket: Rc<OwnedWriteHalf>,
    /// The beginning of a frame whose rest has not come yet; more than that while the connection is stalled.
    partial: BytesMut,
    /// The client has choked on its own answers, and `partial` holds requests that wait for it to take them.
    stalled: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<S: Service> Future for Connection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let choked = self.shared.with(|hub| hub.is_choked(self.id));
        // Who does not take its answers is not read from: its own requests wait in its own socket.
        if !choked && !self.catch_up() {
            while let Poll::Ready(read) = self.poll_read(cx) {
                if let Read::Full = read {
                    // There is more to read. Deferred: all other sockets are looked at before this task runs again.
                    let _ = std::pin::pin!(tokio::task::yield_now()).as_mut().poll(cx);
                    break;
                }
            }
        }
        let rest = self.poll_rest(cx);
        let choked = choked || self.stalled;
        if choked && rest.is_pending() && !self.shared.with(|hub| hub.is_choked(self.id)) {
            cx.waker().wake_by_ref();
        }
        rest
    }
}

/// What a read has brought.
enum Read {
    /// All that there was for now.
    Some,
    /// As much as was asked for, so there may be more.
    Full,
}

impl<S: Service> Connection<S> {
    /// Handles what was left when the client choked; whether it has choked again.
    fn catch_up(&mut self) -> bool {
        if self.stalled {
            let bytes = std::mem::take(&mut self.partial);
            self.keep(&bytes);
        }
        self.stalled
    }

    /// Handles what was read, and keeps what is left of it.
    fn keep(&mut self, bytes: &[u8]) {
        let (left, choked) = self.shared.with(|hub| (hub.received(self.id, bytes), hub.is_choked(self.id)));
        self.shared.flush_soon();
        // A client between two frames keeps no buffer.
        self.partial = BytesMut::from(&bytes[bytes.len() - left..]);
        self.stalled = choked && left > 0;
    }

    /// One read and all that follows from it; pending when there is nothing to read, now or for good.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        let result = if self.partial.len() < COPY_BELOW {
            ready!(self.poll_read_many(cx))
        } else {
            ready!(self.poll_read_rest(cx))
        };
        self.shared.activity.note();
        let ended = match result {
            Ok(Some(read)) => return Poll::Ready(read),
            Ok(None) => CloseReason::Peer,
            Err(error) => CloseReason::Io(error.to_string()),
        };
        self.shared.with(|hub| hub.ended(self.id, ended));
        Poll::Pending
    }

    /// Reads as much as there is into the buffer that all connections share. `None` at the end of the stream.
    fn poll_read_many(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Read>>> {
        let shared = Rc::clone(&self.shared);
        let mut scratch = shared.scratch();
        let before = self.partial.len();
        scratch[..before].copy_from_slice(&self.partial);
        let mut buffer = ReadBuf::new(&mut scratch[before..]);
        ready!(Pin::new(&mut self.reader).poll_read(cx, &mut buffer))?;
        let (read, full) = (buffer.filled().len(), buffer.remaining() == 0);
        if read == 0 {
            return Poll::Ready(Ok(None));
        }
        self.keep(&scratch[..before + read]);
        Poll::Ready(Ok(Some(if full || self.stalled { Read::Full } else { Read::Some })))
    }

    /// Reads the rest of a long frame behind what is there of it. `None` at the end of the stream.
    fn poll_read_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Read>>> {
        // Its length was within the limits before, and its head is there.
        let limits = self.shared.with(|hub| hub.limits(self.id));
        let Some(Ok(Split::More(missing))) = limits.map(|limits| split_frame(&self.partial, &limits)) else {
            return Poll::Ready(Ok(None));
        };
        let mut rest = (&mut self.partial).limit(missing);
        let read = ready!(poll_read_buf(Pin::new(&mut self.reader), cx, &mut rest))?;
        if read == 0 {
            return Poll::Ready(Ok(None));
        }
        if read == missing {
            let frame = std::mem::take(&mut self.partial);
            self.keep(&frame);
        }
        Poll::Ready(Ok(Some(Read::Full)))
    }

    /// Writes, deadlines, and the end.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(wants) = self.shared.with(|hub| hub.wants(self.id, cx.waker())) else {
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
