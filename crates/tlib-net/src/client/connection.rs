//! One connection of a client: the socket, the session machine, and the bytes between them.

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tlib_proto::session::{ClientSession, Delivery};
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{Message, MessageId};
use tokio::io::{AsyncWriteExt, Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{ClientError, ClientOptions, ServerError};

/// Room for one read.
const READ_CHUNK: usize = 64 * 1024;
/// How long the end of a connection is waited for, for the sake of the last bytes in either direction.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    stream: TcpStream,
    pub(super) session: ClientSession,
    input: BytesMut,
    pub(super) output: BytesMut,
}

impl Connection {
    /// Connects and opens the session.
    pub(super) async fn open(address: &str, options: &ClientOptions) -> Result<(Self, Message), ClientError> {
        let failed = |reason: String| ClientError::Connect { address: address.to_owned(), reason };
        let opening = async {
            let stream = TcpStream::connect(address).await.map_err(|error| failed(error.to_string()))?;
            stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
            let session = ClientSession::new(Instant::now().into_std(), options.keep_alive);
            let mut connection = Self { stream, session, input: BytesMut::new(), output: BytesMut::new() };
            connection.output.extend_from_slice(ClientSession::hello(&options.hello)?.frame());
            loop {
                let ready = connection.ready(true).await.map_err(|error| failed(error.to_string()))?;
                let done = connection.transfer(ready.is_readable(), ready.is_writable());
                if done.is_err() {
                    connection.read_rest().await;
                }
                while let Some(message) = connection.next_message(options)? {
                    match connection.session.arrived(message.view()) {
                        // What came behind it stays in the input for the driver.
                        Delivery::Opened { .. } => return Ok((connection, message)),
                        Delivery::Refused => {
                            let error = ServerError::of(&message);
                            return Err(ClientError::Refused { address: address.to_owned(), error });
                        }
                        Delivery::Ping => connection.pong(),
                        _ => {}
                    }
                }
                done.map_err(failed)?;
            }
        };
        match timeout(options.connect_timeout, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(failed(format!(
                "no answer to RequestRegisterClient within {} s",
                options.connect_timeout.as_secs_f32()
            ))),
        }
    }

    /// Waits until there is something to read, if that is wanted, or room for what is to be written, if there is any.
    pub(super) async fn ready(&self, reading: bool) -> io::Result<Ready> {
        let interest = match (reading, !self.output.is_empty()) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            (false, false) => return std::future::pending().await,
        };
        self.stream.ready(interest).await
    }

    /// Reads and writes what can be read and written without waiting. The error is why the connection is over.
    pub(super) fn transfer(&mut self, read: bool, write: bool) -> Result<(), String> {
        if write && !self.output.is_empty() {
            match self.stream.try_write(&self.output) {
                Ok(written) => self.output.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        if read {
            // Messages are slices of this memory, so a fresh chunk for every read would be kept whole by a single
            // small event that the user keeps.
            if self.input.capacity().saturating_sub(self.input.len()) < READ_CHUNK / 8 {
                self.input.reserve(READ_CHUNK);
            }
            match self.stream.try_read_buf(&mut self.input) {
                Ok(0) => return Err("closed by the server".to_owned()),
                Ok(_) => self.session.heard(Instant::now().into_std()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Reads what is left of a connection that is over. A write fails first when the server has closed; what it said
    /// before, often why, is still there to be read.
    pub(super) async fn read_rest(&mut self) {
        let rest =
            async { while self.stream.readable().await.is_ok() && self.transfer(true, false).is_ok() {} };
        // A connection whose write has failed ends at once; the bound is for what nobody has thought of.
        let _ = timeout(FAREWELL, rest).await;
    }

    /// Takes the next complete frame out of the input, without copying it.
    pub(super) fn next_message(&mut self, options: &ClientOptions) -> Result<Option<Message>, ClientError> {
        let length = match split_frame(&self.input, &options.limits)? {
            Split::Frame(frame, _) => frame.len(),
            Split::More(_) => return Ok(None),
        };
        let frame = self.input.split_to(length).freeze();
        Ok(Some(Message::from_frame(frame, &options.limits)?))
    }

    pub(super) fn ping(&mut self) {
        self.output.extend_from_slice(&control_frame(MessageId(profile::CONTROL_PING)));
    }

    pub(super) fn pong(&mut self) {
        self.output.extend_from_slice(&control_frame(MessageId(profile::CONTROL_PONG)));
    }

    /// Says that nothing more will be sent.
    pub(super) async fn finish(&mut self) {
        // It may be gone already.
        let _ = self.stream.shutdown().await;
    }

    /// Writes what is left, for as long as `patience` at most, and closes in order: unread input would turn the close
    /// into a reset, and a reset may take away what was sent last.
    pub(super) async fn close(mut self, patience: Duration) {
        let writing = async {
            while !self.output.is_empty() {
                let ready = self.ready(true).await.map_err(|error| error.to_string())?;
                // The server may read no more until we do.
                self.transfer(ready.is_readable(), ready.is_writable())?;
                self.input.clear();
            }
            Ok::<_, String>(())
        };
        if !matches!(timeout(patience, writing).await, Ok(Ok(()))) {
            return;
        }
        self.finish().await;
        let reading = async {
            while self.stream.readable().await.is_ok() && self.transfer(true, false).is_ok() {
                self.input.clear();
            }
        };
        let _ = timeout(FAREWELL, reading).await;
    }
}
