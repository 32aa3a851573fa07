//! The server's end of a connection.

use std::time::{Duration, Instant};

use super::{KeepAlive, Timeout};
use crate::MessageId;
use crate::wire::profile;

/// What a frame means at this point of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrival {
    /// RequestRegisterClient, the first message: the session is open now.
    Open,
    /// A message of an open session.
    Message,
    /// A message before RequestRegisterClient: error 41, then close (chosen).
    BeforeOpen,
    /// A second RequestRegisterClient: error 43, the session stays (chosen).
    OpenAgain,
    /// A keep-alive ping: answer with a pong. Never logged as a message.
    Ping,
    /// A keep-alive pong, or a control frame that is not known: nothing to do.
    Control,
}

/// Handshake order, handshake time-out and keep-alive of one client's connection.
///
/// Calling order: [`heard`](Self::heard) for every read, [`arrived`](Self::arrived) for every frame in it,
/// [`timeout`](Self::timeout) at [`deadline`](Self::deadline); none of them does I/O.
#[derive(Clone, Debug)]
pub struct ServerSession {
    open: bool,
    handshake: Option<Instant>,
    keep_alive: KeepAlive,
}

impl ServerSession {
    /// A session that has just been accepted. `handshake` is how long it may take to send RequestRegisterClient,
    /// `keep_alive` the idle time after which it is polled (zero: never).
    pub fn new(now: Instant, handshake: Duration, keep_alive: Duration) -> Self {
        Self {
            open: false,
            handshake: now.checked_add(handshake),
            keep_alive: KeepAlive::new(now, keep_alive),
        }
    }

    /// The peer has sent something, a whole frame or not.
    pub const fn heard(&mut self, now: Instant) {
        self.keep_alive.heard(now);
    }

    /// Takes a frame's message id.
    #[inline]
    pub fn arrived(&mut self, id: MessageId) -> Arrival {
        match (id.0, self.open) {
            (profile::CONTROL_PING, _) => Arrival::Ping,
            (profile::CONTROL_BASE.., _) => Arrival::Control,
            (0, false) => {
                self.open = true;
                self.handshake = None;
                Arrival::Open
            }
            (0, true) => Arrival::OpenAgain,
            (_, true) => Arrival::Message,
            (_, false) => Arrival::BeforeOpen,
        }
    }

    /// Whether RequestRegisterClient has been seen.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// When [`timeout`](Self::timeout) has something to do, if ever.
    pub fn deadline(&self) -> Option<Instant> {
        match (self.handshake, self.keep_alive.deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// What to do at `now`.
    pub fn timeout(&mut self, now: Instant) -> Timeout {
        if self.handshake.is_some_and(|deadline| deadline <= now) {
            return Timeout::Handshake;
        }
        self.keep_alive.timeout(now)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests need some instant to start from")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_session_opens_once() {
        let now = Instant::now();
        let mut session = ServerSession::new(now, 10 * SECOND, Duration::ZERO);
        assert_eq!(session.arrived(MessageId::REQUEST_QUERY_SERVER), Arrival::BeforeOpen);
        assert_eq!(session.arrived(MessageId::REQUEST_REGISTER_CLIENT), Arrival::Open);
        assert_eq!(session.arrived(MessageId::REQUEST_QUERY_SERVER), Arrival::Message);
        assert_eq!(session.arrived(MessageId::REQUEST_REGISTER_CLIENT), Arrival::OpenAgain);
        assert_eq!(session.arrived(MessageId(profile::CONTROL_PING)), Arrival::Ping);
        assert_eq!(session.deadline(), None, "without keep-alive an open session waits for nothing");
    }

    #[test]
    fn who_says_nothing_is_closed() {
        let now = Instant::now();
        let mut session = ServerSession::new(now, 10 * SECOND, Duration::ZERO);
        assert_eq!(session.deadline(), Some(now + 10 * SECOND));
        assert_eq!(session.timeout(now + 9 * SECOND), Timeout::None);
        assert_eq!(session.timeout(now + 10 * SECOND), Timeout::Handshake);
    }

    #[test]
    fn an_idle_session_is_polled_and_then_lost() {
        let now = Instant::now();
        let mut session = ServerSession::new(now, 10 * SECOND, 20 * SECOND);
        session.arrived(MessageId::REQUEST_REGISTER_CLIENT);
        assert_eq!(session.timeout(now + 20 * SECOND), Timeout::Ping);
        session.heard(now + 21 * SECOND);
        session.arrived(MessageId(profile::CONTROL_PONG));
        assert_eq!(session.timeout(now + 40 * SECOND), Timeout::None);
        assert_eq!(session.timeout(now + 41 * SECOND), Timeout::Ping);
        assert_eq!(session.timeout(now + 60 * SECOND), Timeout::None);
        assert_eq!(session.timeout(now + 61 * SECOND), Timeout::Silent);
    }
}
