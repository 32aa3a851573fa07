//! Keep-alive: poll only when idle, and take an unanswered poll for a lost peer (facts 6, ADDP; the bytes are chosen).

use std::time::{Duration, Instant};

use super::Timeout;

/// The clockwork of one end. Off when its interval is zero, as `addp-timeout = 0` is.
#[derive(Clone, Debug)]
pub struct KeepAlive {
    interval: Duration,
    /// When the peer was heard last, or, once it has been polled, when it was polled.
    since: Instant,
    pinged: bool,
}

impl KeepAlive {
    /// Polls after `interval` without a byte from the peer; as long again without an answer is lost.
    pub const fn new(now: Instant, interval: Duration) -> Self {
        Self { interval, since: now, pinged: false }
    }

    /// The peer has sent something.
    #[inline]
    pub const fn heard(&mut self, now: Instant) {
        self.since = now;
        self.pinged = false;
    }

    /// When [`KeepAlive::timeout`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        if self.interval.is_zero() { None } else { self.since.checked_add(self.interval) }
    }

    /// What to do at `now`.
    pub fn timeout(&mut self, now: Instant) -> Timeout {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return Timeout::None;
        }
        if self.pinged {
            return Timeout::Silent;
        }
        self.pinged = true;
        self.since = now;
        Timeout::Ping
    }
}
