//! A client that can do what no client should: stop in the middle of a frame, not read, reset.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{AttributeId, Limits, Message, MessageId};

/// How long a client waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How long one waits who takes what there is.
const MOMENT: Duration = Duration::from_millis(100);

fn is_moment_over(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// One connection to a T-Server. Everything on it blocks, for 20 seconds at most.
#[derive(Debug)]
pub(super) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

/// The frame that opens a session.
pub(super) fn hello(application: &str) -> Result<Message> {
    Ok(ClientSession::hello(&Hello { application: application.to_owned(), password: None })?)
}

/// RequestRegisterAddress for a DN.
pub(super) fn register(dn: &str) -> Result<Message> {
    let request = Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 1).str(AttributeId::THIS_DN, dn)
    });
    Ok(request?)
}

impl Client {
    /// Connects and says nothing.
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).context("cannot connect")?;
        Self::over(stream)
    }

    /// Connects with a receive buffer of about so many bytes, so that little is on its way when nobody reads.
    pub(super) fn connect_narrow(address: SocketAddr, bytes: usize) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Before the connection is made: the window is agreed on then.
        socket.set_recv_buffer_size(bytes)?;
        socket.connect_timeout(&address.into(), PATIENCE).context("cannot connect")?;
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, input: Vec::new() })
    }

    /// Opens the session on a new connection.
    pub(super) fn open(mut self, application: &str) -> Result<Self> {
        self.send(&hello(application)?)?;
        self.opened()?;
        Ok(self)
    }

    /// Opens the session on a new connection, and gives the server's answer.
    pub(super) fn hello(mut self, application: &str) -> Result<Message> {
        self.send(&hello(application)?)?;
        self.message()
    }

    /// Reads that the session is open.
    pub(super) fn opened(&mut self) -> Result<()> {
        self.expect(MessageId::EVENT_LINK_CONNECTED)
    }

    /// Registers on a DN.
    pub(super) fn register(&mut self, dn: &str) -> Result<()> {
        self.send(&register(dn)?)?;
        self.expect(MessageId::EVENT_REGISTERED)
    }

    /// Writes any bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("cannot write")
    }

    /// Writes a message.
    pub(super) fn send(&mut self, message: &Message) -> Result<()> {
        self.write(message.frame())
    }

    /// The next message.
    pub(super) fn message(&mut self) -> Result<Message> {
        let limits = Limits::default();
        loop {
            if let Split::Frame(frame, rest) = split_frame(&self.input, &limits)? {
                let (message, rest) = (Message::from_frame(frame.to_vec().into(), &limits)?, rest.to_vec());
                self.input = rest;
                return Ok(message);
            }
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk).context("no message in time")?;
            if read == 0 {
                bail!("the server has closed the connection");
            }
            self.input.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }

    /// The next message, which must be this one.
    pub(super) fn expect(&mut self, id: MessageId) -> Result<()> {
        let message = self.message()?;
        if message.id() != id {
            bail!("{} came where {id} was expected", message.id());
        }
        Ok(())
    }

    /// Reads about so many bytes and looks at none of them, or what comes within a moment; `false` when the server has
    /// ended the connection.
    pub(super) fn sip(&mut self, bytes: usize) -> Result<bool> {
        self.input.clear();
        self.stream.set_read_timeout(Some(MOMENT))?;
        let mut chunk = [0; 16 * 1024];
        let mut left = bytes;
        while left > 0 {
            let room = chunk.len().min(left);
            match self.stream.read(chunk.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return Ok(false),
                Ok(read) => left -= read,
                Err(error) if is_moment_over(&error) => break,
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Waits until there is something to read, and leaves it there.
    pub(super) fn wait_for_input(&self) -> Result<()> {
        self.stream.peek(&mut [0]).context("nothing to read in time")?;
        Ok(())
    }

    /// Whether the server has ended the connection, as far as that shows without reading what is there.
    pub(super) fn is_ended(&self) -> bool {
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let blocks = self.stream.set_nonblocking(false);
        match peeked {
            Ok(read) => read == 0 || blocks.is_err(),
            Err(error) => !is_moment_over(&error),
        }
    }

    /// Polls the server, as a client's keep-alive does, without waiting for the answer; `false` when the server has
    /// ended the connection.
    pub(super) fn ping(&mut self) -> bool {
        let ping = control_frame(MessageId(profile::CONTROL_PING));
        self.stream.write_all(&ping).is_ok() && self.stream.take_error().is_ok_and(|error| error.is_none())
    }

    /// Resets the connection, whatever is on its way.
    pub(super) fn reset(self) -> Result<()> {
        Ok(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?)
    }
}
