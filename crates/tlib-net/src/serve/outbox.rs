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
    /// What many connections got together last. It grows as long as the next event is for the same ones, so that an
    /// event costs one comparison of lists, not one run for each connection.
    together: Together,
    /// For each connection, the number of the last list that it was on.
    listed: Vec<u32>,
    closing: Vec<(ConnectionId, CloseReason)>,
}

/// One run for a list of connections; not yet among the runs of any of them.
#[derive(Debug, Default)]
struct Together {
    run: Option<Run>,
    members: Vec<ConnectionId>,
    /// Number of this list.
    list: u32,
}

impl Outbox {
    /// Gives the frames in `bytes` of that buffer to a connection, after what it has got before. Runs that touch
    /// become one.
    #[inline]
    pub fn deliver(&mut self, to: ConnectionId, buffer: Buffer, bytes: Range<usize>) {
        if self.together.run.is_some() && self.listed.get(to.0 as usize) == Some(&self.together.list) {
            self.part();
        }
        self.push(to, buffer, bytes);
    }

    /// Gives the same frames to each of a list of connections, none of which is on it twice.
    #[inline]
    pub fn deliver_all(
        &mut self,
        to: impl ExactSizeIterator<Item = ConnectionId> + Clone,
        buffer: Buffer,
        bytes: Range<usize>,
    ) {
        if let Some(run) = &mut self.together.run
            && run.buffer == buffer
            && run.bytes.end == bytes.start
            && is_same(&self.together.members, to.clone())
        {
            run.bytes.end = bytes.end;
            return;
        }
        self.part();
        self.together.list = self.together.list.wrapping_add(1);
        let (listed, list) = (&mut self.listed, self.together.list);
        let known = to.filter(|id| listed.get_mut(id.0 as usize).map(|place| *place = list).is_some());
        self.together.members.extend(known);
        self.together.run = Some(Run { buffer, bytes });
    }

    /// Gives each member of the last list its run.
    fn part(&mut self) {
        let Some(Run { buffer, bytes }) = self.together.run.take() else { return };
        let mut members = std::mem::take(&mut self.together.members);
        for id in members.drain(..) {
            self.push(id, buffer, bytes.clone());
        }
        self.together.members = members;
    }

    #[inline]
    fn push(&mut self, to: ConnectionId, buffer: Buffer, bytes: Range<usize>) {
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
            self.listed.resize(needed, self.together.list.wrapping_sub(1));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receivers.is_empty()
            && self.together.run.is_none()
            && self.closing.is_empty()
            && self.answers.is_empty()
            && self.events.is_empty()
    }

    /// Shares the buffers and hands out who gets what; the emptied parts come back by [`Outbox::recycle`].
    pub(super) fn take(&mut self) -> Batch {
        let run = self.together.run.take();
        let mut members = std::mem::take(&mut self.together.members);
        if let Some(run) = &run {
            // Who has got something else before gets all of it in one write.
            members.retain(|id| {
                let alone = self.runs.get(id.0 as usize).is_none_or(Vec::is_empty);
                if !alone {
                    self.push(*id, run.buffer, run.bytes.clone());
                }
                alone
            });
        }
        Batch {
            answers: self.answers.split().freeze(),
            events: self.events.split().freeze(),
            receivers: std::mem::take(&mut self.receivers),
            together: run,
            members,
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

    pub(super) fn recycle(&mut self, batch: Batch) {
        let (mut receivers, mut members) = (batch.receivers, batch.members);
        receivers.clear();
        if self.receivers.is_empty() {
            self.receivers = receivers;
        }
        members.clear();
        if self.together.members.is_empty() {
            self.together.members = members;
        }
        reclaim(&mut self.answers, batch.answers);
        reclaim(&mut self.events, batch.events);
    }

    pub(super) fn is_closing(&self) -> bool {
        !self.closing.is_empty()
    }

    pub(super) fn take_closing(&mut self) -> Vec<(ConnectionId, CloseReason)> {
        std::mem::take(&mut self.closing)
    }
}

/// Writes the next batch where the last one lay, while that memory is in the cache, unless somebody keeps the last one.
fn reclaim(buffer: &mut BytesMut, last: Bytes) {
    if !buffer.is_empty() || last.is_empty() {
        return;
    }
    let rest = std::mem::take(buffer);
    drop(rest);
    *buffer = last.try_into_mut().unwrap_or_default();
    buffer.clear();
}

/// Whether a list names these connections. Looks at all of it without a branch, which the compiler makes wide.
#[inline]
fn is_same(members: &[ConnectionId], to: impl ExactSizeIterator<Item = ConnectionId>) -> bool {
    members.len() == to.len() && members.iter().zip(to).fold(0, |other, (a, b)| other | (a.0 ^ b.0)) == 0
}

/// A batch whose buffers are shared.
pub(super) struct Batch {
    pub(super) answers: Bytes,
    pub(super) events: Bytes,
    /// Who has runs of its own.
    pub(super) receivers: Vec<ConnectionId>,
    /// What each of `members` gets, and nothing else.
    pub(super) together: Option<Run>,
    pub(super) members: Vec<ConnectionId>,
}

impl Batch {
    pub(super) fn of(&self, buffer: Buffer) -> &Bytes {
        match buffer {
            Buffer::Answers => &self.answers,
            Buffer::Events => &self.events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTIONS: u32 = 5;

    /// What each connection gets of a batch, and who is written to first.
    fn sent(outbox: &mut Outbox) -> (Vec<Vec<u8>>, Vec<u32>) {
        let batch = outbox.take();
        let mut got = vec![Vec::new(); CONNECTIONS as usize];
        let mut order = Vec::new();
        for id in &batch.receivers {
            for run in outbox.take_runs(*id) {
                got[id.0 as usize].extend_from_slice(&batch.of(run.buffer)[run.bytes]);
            }
            order.push(id.0);
        }
        for id in &batch.members {
            assert!(got[id.0 as usize].is_empty(), "one write for each connection");
            let run = batch.together.as_ref().expect("members get something");
            got[id.0 as usize].extend_from_slice(&batch.of(run.buffer)[run.bytes.clone()]);
            order.push(id.0);
        }
        outbox.recycle(batch);
        (got, order)
    }

    /// Whatever the lists and single frames are, each connection gets its bytes once and in order.
    #[test]
    fn lists_and_single_frames_in_any_mixture() {
        let mut outbox = Outbox::default();
        outbox.admit(ConnectionId(CONNECTIONS - 1));
        let mut random = 1_u32;
        let mut next = |below: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % below
        };
        for _ in 0..2000 {
            let mut expected = vec![Vec::new(); CONNECTIONS as usize];
            for frame in 0..next(12) as u8 {
                let list: Vec<_> = (0..CONNECTIONS).filter(|_| next(3) > 0).collect();
                // Often the same list again.
                let list = if next(2) == 0 { (0..CONNECTIONS).collect() } else { list };
                let start = outbox.events.len();
                outbox.events.extend_from_slice(&[frame, frame]);
                for id in &list {
                    expected[*id as usize].extend_from_slice(&[frame, frame]);
                }
                outbox.deliver_all(list.iter().copied().map(ConnectionId), Buffer::Events, start..start + 2);
                if next(3) == 0 {
                    let id = next(CONNECTIONS);
                    outbox.deliver_frame(ConnectionId(id), &[100 + frame]);
                    expected[id as usize].push(100 + frame);
                }
            }
            assert_eq!(sent(&mut outbox).0, expected);
            assert!(outbox.is_empty());
        }
    }

    #[test]
    fn who_asked_is_served_before_who_listens() {
        let mut outbox = Outbox::default();
        outbox.admit(ConnectionId(CONNECTIONS - 1));
        for frame in 0..3 {
            outbox.deliver_frame(ConnectionId(4), &[frame]);
            let start = outbox.events.len();
            outbox.events.extend_from_slice(&[10 + frame]);
            outbox.deliver_all((0..4).map(ConnectionId), Buffer::Events, start..start + 1);
        }
        let (got, order) = sent(&mut outbox);
        assert_eq!(order, [4, 0, 1, 2, 3]);
        assert_eq!((&got[4][..], &got[0][..]), (&[0, 1, 2][..], &[10, 11, 12][..]));
    }
}
