//! The client's end of a connection: handshake, reference ids, keep-alive.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{KeepAlive, Timeout};
use crate::wire::profile;
use crate::{AttributeError, AttributeId, EncodeError, Message, MessageId, MessageRef, ValueRef};

/// The newest protocol version text that is public (facts 6, SDK header 7.1).
const PROTOCOL_VERSION: &str = "tserver protocol 4.2";

/// What a client says of itself in RequestRegisterClient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// `AttributeApplicationName`: under this name the server's log knows the client.
    pub application: String,
    /// `AttributeApplicationPassword`, if the site uses one.
    pub password: Option<String>,
}

/// What a frame means to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// The handshake is done. `link` is false while the server has no connection to its switch.
    Opened {
        /// EventLinkConnected (true) or EventLinkDisconnected (false).
        link: bool,
    },
    /// The server has refused RequestRegisterClient with EventError and will close.
    Refused,
    /// The one answer to the request with this ReferenceID.
    Answer {
        /// ReferenceID of the request.
        reference: u32,
    },
    /// An event that answers nothing.
    Event,
    /// A keep-alive ping: send a pong.
    Ping,
    /// A pong, or a control frame that is not known: nothing to do.
    Control,
}

/// A request that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The ReferenceID that the caller has set is under way already.
    #[error("ReferenceID {0} is under way already")]
    InUse(u32),
    /// Too many requests wait for an answer.
    #[error("{} requests wait for an answer already", ClientSession::PENDING_LIMIT)]
    TooMany,
    /// ReferenceID is there, but not an int.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// With its ReferenceID the request does not fit into a frame.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Handshake order, matching of answers by ReferenceID, and keep-alive.
///
/// Calling order: send [`hello`](Self::hello) first; then [`assign`](Self::assign) for every request that wants an
/// answer, [`heard`](Self::heard) for every read, [`arrived`](Self::arrived) for every frame in it,
/// [`timeout`](Self::timeout) at [`deadline`](Self::deadline); none of them does I/O.
#[derive(Clone, Debug)]
pub struct ClientSession {
    open: bool,
    next: u32,
    pending: HashMap<u32, MessageId>,
    keep_alive: KeepAlive,
}

impl ClientSession {
    /// At most this many requests wait for an answer at a time (chosen): a bound, not a target.
    pub const PENDING_LIMIT: usize = 65_536;

    /// A session over a connection that has just been made; `keep_alive` is the idle time after which the server is
    /// polled (zero: never).
    pub fn new(now: Instant, keep_alive: Duration) -> Self {
        Self { open: false, next: 1, pending: HashMap::new(), keep_alive: KeepAlive::new(now, keep_alive) }
    }

    /// The message to send first.
    ///
    /// # Errors
    /// [`EncodeError`] when a name does not fit into an attribute.
    pub fn hello(hello: &Hello) -> Result<Message, EncodeError> {
        Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| {
            m.str(AttributeId::PROTOCOL_VERSION, PROTOCOL_VERSION)
                .str(AttributeId::APPLICATION_NAME, &hello.application)
                .optional(AttributeId::APPLICATION_PASSWORD, hello.password.as_deref().map(ValueRef::from))
        })
    }

    /// Gives a request its ReferenceID, unless the caller has set one, and remembers that it waits for an answer.
    ///
    /// # Errors
    /// [`RequestError`]; nothing is remembered then.
    pub fn assign(&mut self, request: Message) -> Result<(u32, Message), RequestError> {
        if self.pending.len() >= Self::PENDING_LIMIT {
            return Err(RequestError::TooMany);
        }
        let id = request.id();
        let (reference, request) = match request.view().reference_id()? {
            Some(reference) if self.pending.contains_key(&reference) => {
                return Err(RequestError::InUse(reference));
            }
            Some(reference) => (reference, request),
            None => {
                let reference = self.free_reference();
                let view = request.view();
                let request = Message::build(id, |m| {
                    m.unsigned(AttributeId::REFERENCE_ID, reference)
                        .copy(view, |attribute| attribute != AttributeId::REFERENCE_ID)
                })?;
                (reference, request)
            }
        };
        self.pending.insert(reference, id);
        Ok((reference, request))
    }

    fn free_reference(&mut self) -> u32 {
        loop {
            let reference = self.next;
            // 0 and 4294967295 (no answer wanted) are never given out.
            self.next = if reference >= profile::NO_REFERENCE.saturating_sub(1) {
                1
            } else {
                reference.wrapping_add(1)
            };
            if !self.pending.contains_key(&reference) {
                return reference;
            }
        }
    }

    /// Forgets a request whose answer nobody waits for any more.
    pub fn abandon(&mut self, reference: u32) {
        self.pending.remove(&reference);
    }

    /// The server has sent something, a whole frame or not.
    pub const fn heard(&mut self, now: Instant) {
        self.keep_alive.heard(now);
    }

    /// Takes a frame. An event counts as an answer only when it carries the ReferenceID of a request that it can
    /// answer: EventUserEvent keeps the sender's ReferenceID in every copy, and answers nothing.
    pub fn arrived(&mut self, message: MessageRef<'_>) -> Delivery {
        match message.id() {
            MessageId(profile::CONTROL_PING) => return Delivery::Ping,
            MessageId(profile::CONTROL_BASE..) => return Delivery::Control,
            MessageId::EVENT_LINK_CONNECTED if !self.open => return self.opened(true),
            MessageId::EVENT_LINK_DISCONNECTED if !self.open => return self.opened(false),
            MessageId::EVENT_ERROR if !self.open => return Delivery::Refused,
            _ => {}
        }
        let Ok(Some(reference)) = message.reference_id() else { return Delivery::Event };
        let answers = |request: &MessageId| match (message.id(), request.answers()) {
            (MessageId::EVENT_ERROR, _) => true,
            (MessageId::EVENT_USER_EVENT, _) => false,
            // Nothing is published of what answers these, and a private service may end in any event (facts 3.1).
            (_, []) => true,
            _ if *request == MessageId::REQUEST_PRIVATE_SERVICE => true,
            (event, answers) => answers.contains(&event),
        };
        if self.pending.get(&reference).is_some_and(answers) {
            self.pending.remove(&reference);
            Delivery::Answer { reference }
        } else {
            Delivery::Event
        }
    }

    const fn opened(&mut self, link: bool) -> Delivery {
        self.open = true;
        Delivery::Opened { link }
    }

    /// Whether the handshake is done.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// When [`timeout`](Self::timeout) has something to do, if ever.
    pub fn deadline(&self) -> Option<Instant> {
        self.keep_alive.deadline()
    }

    /// What to do at `now`.
    pub fn timeout(&mut self, now: Instant) -> Timeout {
        self.keep_alive.timeout(now)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests need some instant to start from")]
mod tests {
    use super::*;

    fn answer(id: MessageId, reference: u32) -> Message {
        Message::build(id, |m| m.unsigned(AttributeId::REFERENCE_ID, reference)).unwrap()
    }

    fn open() -> ClientSession {
        let mut session = ClientSession::new(Instant::now(), Duration::ZERO);
        let link = Message::build(MessageId::EVENT_LINK_CONNECTED, |m| m).unwrap();
        assert_eq!(session.arrived(link.view()), Delivery::Opened { link: true });
        session
    }

    fn request(id: MessageId) -> Message {
        Message::build(id, |m| m.str(AttributeId::THIS_DN, "REPORTING")).unwrap()
    }

    #[test]
    fn an_answer_finds_its_request() {
        let mut session = open();
        let (first, sent) = session.assign(request(MessageId::REQUEST_REGISTER_ADDRESS)).unwrap();
        assert_eq!(sent.view().reference_id(), Ok(Some(first)));
        let (second, _) = session.assign(request(MessageId::REQUEST_REGISTER_ADDRESS)).unwrap();
        assert_ne!(first, second);
        let event = answer(MessageId::EVENT_REGISTERED, second);
        assert_eq!(session.arrived(event.view()), Delivery::Answer { reference: second });
        assert_eq!(session.arrived(event.view()), Delivery::Event, "an answer comes once");
        let error = answer(MessageId::EVENT_ERROR, first);
        assert_eq!(session.arrived(error.view()), Delivery::Answer { reference: first });
    }

    #[test]
    fn a_user_event_with_our_reference_id_is_not_our_answer() {
        let mut session = open();
        let (reference, _) = session.assign(request(MessageId::REQUEST_DISTRIBUTE_USER_EVENT)).unwrap();
        let copy = answer(MessageId::EVENT_USER_EVENT, reference);
        assert_eq!(session.arrived(copy.view()), Delivery::Event);
        let ack = answer(MessageId::EVENT_ACK, reference);
        assert_eq!(session.arrived(ack.view()), Delivery::Answer { reference });
    }

    #[test]
    fn the_callers_own_reference_id_is_kept_and_unique() {
        let mut session = open();
        let own = answer(MessageId::REQUEST_QUERY_SERVER, 431);
        assert_eq!(session.assign(own.clone()).unwrap(), (431, own.clone()));
        assert_eq!(session.assign(own), Err(RequestError::InUse(431)));
        session.abandon(431);
        assert!(session.assign(answer(MessageId::REQUEST_QUERY_SERVER, 431)).is_ok());
    }

    #[test]
    fn an_error_before_the_handshake_is_a_refusal() {
        let mut session = ClientSession::new(Instant::now(), Duration::ZERO);
        let error = Message::build(MessageId::EVENT_ERROR, |m| m.int(AttributeId::ERROR_CODE, 40)).unwrap();
        assert_eq!(session.arrived(error.view()), Delivery::Refused);
    }

    #[test]
    fn too_many_requests_are_refused_until_some_are_given_up() {
        let mut session = open();
        for _ in 0..ClientSession::PENDING_LIMIT {
            session.assign(request(MessageId::REQUEST_QUERY_SERVER)).unwrap();
        }
        assert_eq!(
            session.assign(request(MessageId::REQUEST_QUERY_SERVER)).unwrap_err().to_string(),
            "65536 requests wait for an answer already"
        );
        session.abandon(1);
        assert!(session.assign(request(MessageId::REQUEST_QUERY_SERVER)).is_ok());
    }

    /// A large frame may take longer than the keep-alive time to come.
    #[test]
    fn part_of_a_frame_is_a_sign_of_life() {
        let second = Duration::from_secs(1);
        let now = Instant::now();
        let mut session = ClientSession::new(now, 20 * second);
        session.heard(now + 19 * second);
        assert_eq!(session.timeout(now + 20 * second), Timeout::None);
        assert_eq!(session.timeout(now + 39 * second), Timeout::Ping);
        session.heard(now + 58 * second);
        assert_eq!(session.timeout(now + 59 * second), Timeout::None);
        assert_eq!(session.timeout(now + 78 * second), Timeout::Ping);
        assert_eq!(session.timeout(now + 98 * second), Timeout::Silent);
    }
}
