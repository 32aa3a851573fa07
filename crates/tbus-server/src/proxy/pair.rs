//! One client's connection and the one to the server that belongs to it.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tlib_capture::packet::{CaptureRecord, Flow, Hello};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{ProxyConfig, ProxyNote};

/// Bytes that one read takes at most. The buffer is shared by all connections: an idle one costs none.
const READ_CHUNK: usize = 256 << 10;

/// What all connections share.
pub(super) struct Shared {
    config: RefCell<ProxyConfig>,
    scratch: RefCell<Vec<u8>>,
}

impl Shared {
    pub(super) fn new(config: ProxyConfig) -> Self {
        Self { config: RefCell::new(config), scratch: RefCell::new(vec![0; READ_CHUNK]) }
    }

    fn note(&self, note: &ProxyNote) {
        (self.config.borrow_mut().on_note)(note);
    }

    fn record(&self, record: impl FnOnce(tlib_proto::Timestamp) -> CaptureRecord) {
        let config = self.config.borrow();
        if let Some(capture) = &config.capture {
            capture.push(record((config.clock)()));
        }
    }
}

/// Which side has ended its direction first.
#[derive(Clone, Copy)]
enum Ended {
    Nobody,
    First(Flow),
}

/// A pair that is open; when it goes, whatever the reason, the capture and whoever listens are told.
struct Open<'a> {
    shared: &'a Shared,
    number: u64,
    client: SocketAddr,
    application: RefCell<Option<String>>,
    hello: RefCell<Hello>,
    to_server: Cell<u64>,
    to_client: Cell<u64>,
    ended: Cell<Ended>,
    failed: RefCell<Option<String>>,
    finished: Cell<bool>,
}

/// Connects to the server and passes on until both directions have ended.
pub(super) async fn run(shared: &Shared, number: u64, client: TcpStream, address: SocketAddr) {
    let (to, patience) = {
        let config = shared.config.borrow();
        (config.to.clone(), config.connect_timeout)
    };
    let connected = tokio::time::timeout(patience, TcpStream::connect(&to)).await;
    let server = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) => {
            let reason = format!("cannot connect to {to}: {error}");
            shared.note(&ProxyNote::Refused { number, client: address, reason });
            return;
        }
    };
    let Ok(server_address) = server.peer_addr() else { return };
    for socket in [&client, &server] {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
    }
    shared.record(|at| CaptureRecord::Open {
        at,
        connection: number,
        client: address,
        server: server_address,
    });
    shared.note(&ProxyNote::Opened { number, client: address, server: server_address });
    let open = Open {
        shared,
        number,
        client: address,
        application: RefCell::default(),
        hello: RefCell::default(),
        to_server: Cell::new(0),
        to_client: Cell::new(0),
        ended: Cell::new(Ended::Nobody),
        failed: RefCell::default(),
        finished: Cell::new(false),
    };
    let (client_reader, client_writer) = client.into_split();
    let (server_reader, server_writer) = server.into_split();
    let up = pass(&open, Flow::ToServer, client_reader, server_writer);
    let down = pass(&open, Flow::ToClient, server_reader, client_writer);
    if let Err(error) = tokio::try_join!(up, down) {
        *open.failed.borrow_mut() = Some(error);
    }
    open.finished.set(true);
}

/// Passes on one direction until it ends.
async fn pass(
    open: &Open<'_>,
    flow: Flow,
    reader: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
) -> Result<(), String> {
    let (from, to) = match flow {
        Flow::ToServer => ("the client", "the server"),
        Flow::ToClient => ("the server", "the client"),
    };
    loop {
        reader.readable().await.map_err(|error| format!("{from} failed: {error}"))?;
        let bytes = {
            let mut scratch = open.shared.scratch.borrow_mut();
            match reader.try_read(&mut scratch) {
                Ok(read) => Bytes::copy_from_slice(scratch.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(format!("{from} failed: {error}")),
            }
        };
        if bytes.is_empty() {
            if let Ended::Nobody = open.ended.get() {
                open.ended.set(Ended::First(flow));
            }
            // Who has gone need not be told.
            let _ = writer.shutdown().await;
            return Ok(());
        }
        open.passed(flow, &bytes);
        writer.write_all(&bytes).await.map_err(|error| format!("{to} failed: {error}"))?;
    }
}

impl Open<'_> {
    fn passed(&self, flow: Flow, bytes: &Bytes) {
        let count = match flow {
            Flow::ToServer => {
                if let Some(name) = self.hello.borrow_mut().feed(bytes) {
                    *self.application.borrow_mut() = Some(name);
                }
                &self.to_server
            }
            Flow::ToClient => &self.to_client,
        };
        count.set(count.get().saturating_add(u64::try_from(bytes.len()).unwrap_or_default()));
        let connection = self.number;
        self.shared.record(|at| CaptureRecord::Bytes { at, connection, flow, bytes: bytes.clone() });
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.shared.record(|at| CaptureRecord::Close { at, connection: self.number });
        let reason = match (self.failed.take(), self.ended.get()) {
            (Some(error), _) => error,
            (None, _) if !self.finished.get() => "closed by the proxy, which ends".to_owned(),
            (None, Ended::First(Flow::ToClient)) => "closed by the server".to_owned(),
            (None, _) => "closed by the client".to_owned(),
        };
        self.shared.note(&ProxyNote::Closed {
            number: self.number,
            client: self.client,
            application: self.application.take(),
            to_server: self.to_server.get(),
            to_client: self.to_client.get(),
            reason,
        });
    }
}
