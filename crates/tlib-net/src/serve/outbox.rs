//! What a batch has for whom.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::{CloseReason, ConnectionId};

/// The two buffers of a batch. Answers go to one client each and events to many; kept apart, the events that a client
/// gets are one contiguous run, however many answers are made between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// Frames for the client that has asked.
    Answers,
    /// Frames for all clients that are registered.
    Events,
}

/// A run of frames in one of the buffers.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) buffer: Buffer,
    pub(super) bytes: Range<usize>,
}

/// Where a service puts its frames, and for whom they are.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Frames for single clients.
    pub answers: BytesMut,
    /// Frames for many clients.
    pub events: BytesMut,
    /// What each connection gets in this batch, by its number.
    runs: Vec<Vec<Run>>,
    /// Connections with runs, in the order of their first one: who asked is served before who listens.
    receivers: Vec<ConnectionId>,
    closing: Vec<(ConnectionId, CloseReason)>,
}

impl Outbox {
    /// Gives the frames in `bytes` of that buffer to a connection, after what it has got before. Runs that touch
    /// become one.
    #[inline]
    pub fn deliver(&mut self, to: ConnectionId, buffer: Buffer, bytes: Range<usize>) {
        let Some(runs) = self.runs.get_mut(to.0 as usize) else { return };
        match runs.last_mut() {
            Some(last) if last.buffer == buffer && last.bytes.end == bytes.start => {
                last.bytes.end = bytes.end
            }
            Some(_) => runs.push(Run { buffer, bytes }),
            None => {
                self.receivers.push(to);
                runs.push(Run { buffer, bytes });
            }
        }
    }

    /// Gives a connection a frame that is finished elsewhere, such as a keep-alive pong.
    pub fn deliver_frame(&mut self, to: ConnectionId, frame: &[u8]) {
        let start = self.answers.len();
        self.answers.extend_from_slice(frame);
        self.deliver(to, Buffer::Answers, start..self.answers.len());
    }

    /// Closes a connection once it has got everything that was delivered to it.
    pub fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.closing.push((connection, reason));
    }

    /// Makes room for a connection with this number.
    pub(super) fn admit(&mut self, connection: ConnectionId) {
        let needed = connection.0 as usize + 1;
        if self.runs.len() < needed {
            self.runs.resize_with(needed, Vec::new);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receivers.is_empty()
            && self.closing.is_empty()
            && self.answers.is_empty()
            && self.events.is_empty()
    }

    /// Shares the buffers and hands out who gets what; the emptied parts come back by [`Outbox::recycle`].
    pub(super) fn take(&mut self) -> Batch {
        Batch {
            answers: self.answers.split().freeze(),
            events: self.events.split().freeze(),
            receivers: std::mem::take(&mut self.receivers),
        }
    }

    pub(super) fn take_runs(&mut self, connection: ConnectionId) -> Vec<Run> {
        self.runs.get_mut(connection.0 as usize).map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn recycle_runs(&mut self, connection: ConnectionId, mut runs: Vec<Run>) {
        // A client that gets little keeps no memory for it; one that gets much need not allocate each time.
        runs.clear();
        if let Some(place) = self.runs.get_mut(connection.0 as usize)
            && place.is_empty()
            && runs.capacity() <= 64
        {
            *place = runs;
        }
    }

    pub(super) fn recycle(&mut self, mut receivers: Vec<ConnectionId>) {
        receivers.clear();
        if self.receivers.is_empty() {
            self.receivers = receivers;
        }
    }

    pub(super) fn take_closing(&mut self) -> Vec<(ConnectionId, CloseReason)> {
        std::mem::take(&mut self.closing)
    }
}

/// A batch whose buffers are shared.
pub(super) struct Batch {
    pub(super) answers: Bytes,
    pub(super) events: Bytes,
    pub(super) receivers: Vec<ConnectionId>,
}

impl Batch {
    pub(super) fn of(&self, buffer: Buffer) -> &Bytes {
        match buffer {
            Buffer::Answers => &self.answers,
            Buffer::Events => &self.events,
        }
    }
}
