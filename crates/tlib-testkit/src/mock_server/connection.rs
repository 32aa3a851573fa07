//! One client of the mock.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tlib_proto::wire::{Split, control_frame, profile, split_frame};
use tlib_proto::{AttributeId, ErrorCode, Limits, Message, MessageId};

use super::{Manners, PATIENCE, Received, Shared};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: usize,
    /// Given up at the end, so that the last who uses it closes it.
    stream: Mutex<Option<Arc<TcpStream>>>,
    /// Held while something is written, so that two writers do not mix.
    writing: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    paused: bool,
    closed: bool,
}

impl Connection {
    pub(super) fn new(number: usize, stream: TcpStream) -> Arc<Self> {
        stream.set_nodelay(true).expect("an option of every socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("an option of every socket");
        let (state, changed) = (Mutex::default(), Condvar::new());
        let stream = Mutex::new(Some(Arc::new(stream)));
        Arc::new(Self { number, stream, writing: Mutex::default(), state, changed })
    }

    fn stream(&self) -> Option<Arc<TcpStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.state().closed
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.stream() {
            Some(stream) if self.is_open() => (&*stream).write_all(bytes),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn pause(&self, paused: bool) {
        self.state().paused = paused;
        self.changed.notify_all();
    }

    /// Ends the connection after what was sent.
    pub(super) fn close(&self) {
        self.end(Shutdown::Both);
    }

    /// Ends the connection at once.
    pub(super) fn reset(&self) {
        if let Some(stream) = self.stream() {
            // A socket with nothing to linger for sends a reset when it is closed, which is when the reader is done.
            let _gone = SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
        }
        // This wakes the reader, and the client sees nothing of it.
        self.end(Shutdown::Read);
    }

    fn end(&self, how: Shutdown) {
        self.state().closed = true;
        self.changed.notify_all();
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = stream {
            // It may be closed already.
            let _gone = stream.shutdown(how);
        }
    }

    /// Reads until the end.
    pub(super) fn serve(&self, shared: &Shared) {
        let fault = self.stream().and_then(|stream| self.read(&stream, shared).err());
        // First, so that who sees the end of the connection finds the reason.
        shared.state().faults.extend(fault);
        self.end(Shutdown::Both);
        shared.changed.notify_all();
    }

    fn read(&self, mut stream: &TcpStream, shared: &Shared) -> Result<(), String> {
        let mut input = Vec::new();
        let mut chunk = vec![0; 64 << 10];
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            let mut state = self.state();
            while state.paused && !state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            input.extend_from_slice(&chunk[..read]);
            let mut used = 0;
            loop {
                let split = split_frame(&input[used..], &Limits::default());
                match split.map_err(|error| format!("connection {} sent no frame: {error}", self.number))? {
                    Split::Frame(frame, _) => {
                        self.frame(frame, shared)?;
                        used += frame.len();
                    }
                    Split::More(_) => break,
                }
            }
            input.drain(..used);
        }
        Ok(())
    }

    fn frame(&self, frame: &[u8], shared: &Shared) -> Result<(), String> {
        let message = Message::from_frame(frame.to_vec().into(), &Limits::default())
            .map_err(|error| format!("connection {} sent no message: {error}", self.number))?;
        let mut state = shared.state();
        if message.id().0 >= profile::CONTROL_BASE {
            let answer = state.manners.keep_alive && message.id().0 == profile::CONTROL_PING;
            drop(state);
            if answer {
                let _gone = self.write(&control_frame(MessageId(profile::CONTROL_PONG)));
            }
            return Ok(());
        }
        let answer = answer(&message, &mut state.manners);
        drop(state);
        // Before anybody learns of the request: what a test then sends comes after the answer.
        if let Some(answer) = &answer {
            let _gone = self.write(answer.frame());
        }
        let greeted = message.id() == MessageId::REQUEST_REGISTER_CLIENT
            && answer.is_some_and(|answer| answer.id() != MessageId::EVENT_ERROR);
        let mut state = shared.state();
        state.opened += usize::from(greeted);
        state.received.push(Received { connection: self.number, message });
        drop(state);
        shared.changed.notify_all();
        Ok(())
    }
}

/// What the mock answers by itself.
fn answer(request: &Message, manners: &mut Manners) -> Option<Message> {
    let view = request.view();
    let application = manners.application.clone();
    let reference = view.find(AttributeId::REFERENCE_ID);
    let this_dn = view.find(AttributeId::THIS_DN);
    let error = |manners: &mut Manners, code: ErrorCode| {
        manners.event(MessageId::EVENT_ERROR, |m| {
            m.optional(AttributeId::REFERENCE_ID, reference)
                .optional(AttributeId::THIS_DN, this_dn)
                .int(AttributeId::ERROR_CODE, code.0.cast_signed())
                .str(AttributeId::ERROR_MESSAGE, "refused by the mock")
        })
    };
    let event = match request.id() {
        MessageId::REQUEST_REGISTER_CLIENT if !manners.answer_clients => return None,
        MessageId::REQUEST_REGISTER_CLIENT => {
            if let Some(code) = manners.refuse_clients {
                return Some(error(manners, code));
            }
            let session = manners.session_id;
            let id = if manners.link {
                MessageId::EVENT_LINK_CONNECTED
            } else {
                MessageId::EVENT_LINK_DISCONNECTED
            };
            return Some(manners.event(id, |m| {
                let m = m.str(AttributeId::APPLICATION_NAME, application);
                match session {
                    Some(session) => m.int(AttributeId::SESSION_ID, session),
                    None => m,
                }
            }));
        }
        _ if !manners.answer_registrations => return None,
        MessageId::REQUEST_REGISTER_ADDRESS => match manners.refuse_registrations {
            Some(code) => return Some(error(manners, code)),
            None => MessageId::EVENT_REGISTERED,
        },
        MessageId::REQUEST_UNREGISTER_ADDRESS => MessageId::EVENT_UNREGISTERED,
        _ => return None,
    };
    Some(manners.event(event, |m| {
        m.optional(AttributeId::REFERENCE_ID, reference)
            .optional(AttributeId::THIS_DN, this_dn)
            .str(AttributeId::APPLICATION_NAME, application)
    }))
}
