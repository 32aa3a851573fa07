//! One publisher's connection: what it writes, and the answers that it reads.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;

use crate::check::Check;
use crate::dialect::{Dialect, Role};
use crate::engine::Tally;
use crate::marks::Marks;
use crate::names::Names;
use crate::plan::{Audience, Plan};
use crate::subscriber::{Odd, odd};

/// Copies of the request, one behind the other, whose marks are written anew for each write. All publishers share it.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    request: Check,
}

/// The messages of one write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages {
    pub(crate) publisher: usize,
    /// How many the publisher has sent before.
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) written: u64,
}

impl Batch {
    pub(crate) fn new(request: Check, copies: usize) -> Self {
        Self { bytes: request.bytes().repeat(copies.max(1)), request }
    }

    /// Bytes of each request.
    pub(crate) fn frame(&self) -> usize {
        self.request.len()
    }

    /// How many messages one write holds at most.
    pub(crate) fn capacity(&self) -> u64 {
        (self.bytes.len() / self.request.len().max(1)) as u64
    }

    /// The bytes of one write. `scheduled` says when a message of the publisher was due.
    #[inline]
    pub(crate) fn fill(&mut self, plan: &Plan, messages: Messages, scheduled: impl Fn(u64) -> u64) -> &[u8] {
        let length = self.request.len();
        let count = messages.count.min(self.capacity());
        let mut end = 0;
        for (number, frame) in
            (messages.first..messages.first + count).zip(self.bytes.chunks_exact_mut(length))
        {
            let (dn, stream_number) = target(plan, messages.publisher, number);
            let marks = Marks {
                publisher: messages.publisher as u32,
                dn: dn as u32,
                number: stream_number,
                written: messages.written,
                scheduled: scheduled(number),
            };
            self.request.patch(frame, &marks, number, &plan.dns);
            end += length;
        }
        self.bytes.get(..end).unwrap_or_default()
    }
}

/// The DN of a publisher's message, and its running number: over all DNs when everybody hears them all, else per DN.
#[inline]
pub(crate) fn target(plan: &Plan, publisher: usize, number: u64) -> (usize, u64) {
    let dns = plan.dns.len() as u64;
    if dns == 1 {
        return (0, number);
    }
    let dn = (publisher as u64 + number) % dns;
    (dn as usize, if plan.audience == Audience::Every { number } else { number / dns })
}

/// How many messages a publisher has sent that a listener of this DN gets, when it has sent `sent` in all.
pub(crate) fn sent_to(plan: &Plan, publisher: usize, sent: u64, dn: usize) -> u64 {
    let dns = plan.dns.len() as u64;
    if plan.audience == Audience::Every || dns == 1 {
        return sent;
    }
    let first = (dn as u64 + dns - publisher as u64 % dns) % dns;
    (sent + dns - 1 - first) / dns
}

impl Check {
    /// Writes marks, DN and counter into a request.
    #[inline]
    fn patch(&self, frame: &mut [u8], marks: &Marks, number: u64, names: &Names) {
        if let Some(place) = frame.get_mut(self.marks..).and_then(<[u8]>::first_chunk_mut) {
            *place = marks.bytes();
        }
        if let Some(counter) = self.counter {
            counter.write(frame, counter.value(number));
        }
        for at in &self.names {
            if let (Some(place), Some(name)) = (frame.get_mut(at.clone()), names.get(marks.dn as usize)) {
                place.copy_from_slice(name);
            }
        }
    }
}

/// A publisher's connection.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) role: Role,
    pub(crate) stream: TcpStream,
    pub(crate) alive: bool,
    /// The start of an answer.
    pub(crate) partial: Vec<u8>,
    /// What the socket has not taken.
    unsent: Vec<u8>,
    /// How much of that is written.
    at: usize,
    /// Whether the socket is watched for room.
    pub(crate) armed: bool,
    /// Requests that are answered.
    pub(crate) acked: u64,
    /// Times of writes whose requests wait for answers, and how many.
    waiting: VecDeque<(u64, u64)>,
    last: u64,
}

impl Publisher {
    pub(crate) fn new(role: Role, stream: TcpStream) -> Self {
        Self {
            role,
            stream,
            alive: true,
            partial: Vec::new(),
            unsent: Vec::new(),
            at: 0,
            armed: false,
            acked: 0,
            waiting: VecDeque::new(),
            last: 0,
        }
    }

    /// Whether there is something that the socket has not taken yet.
    #[inline]
    pub(crate) fn blocked(&self) -> bool {
        self.at < self.unsent.len()
    }

    /// How many bytes the socket has not taken yet.
    pub(crate) fn backlog(&self) -> usize {
        self.unsent.len().saturating_sub(self.at)
    }

    /// Forgets what is not written, and the last requests that wait for answers.
    pub(crate) fn retract(&mut self, mut count: u64) {
        self.unsent.clear();
        self.at = 0;
        while let Some((_, last)) = self.waiting.back_mut() {
            let less = count.min(*last);
            *last -= less;
            count -= less;
            if *last > 0 {
                break;
            }
            self.waiting.pop_back();
        }
    }

    /// Writes a batch; what the socket does not take is kept. Not to be called while blocked.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8], count: u64, written: u64, answered: bool) -> io::Result<()> {
        if answered {
            self.waiting.push_back((written, count));
        }
        let taken = match self.stream.write(bytes) {
            Ok(taken) => taken,
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                self.keep(bytes);
                return Err(error);
            }
        };
        self.keep(bytes.get(taken..).unwrap_or_default());
        Ok(())
    }

    fn keep(&mut self, rest: &[u8]) {
        if !rest.is_empty() {
            self.unsent.clear();
            self.at = 0;
            self.unsent.extend_from_slice(rest);
        }
    }

    /// Writes what is left over.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while let Some(rest) = self.unsent.get(self.at..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(taken) => self.at += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.unsent.clear();
        self.at = 0;
        Ok(())
    }

    /// Takes the answers at the start of `bytes`; how many bytes of them are whole answers.
    pub(crate) fn answers(
        &mut self,
        bytes: &[u8],
        now: u64,
        check: &Check,
        dialect: &dyn Dialect,
        tally: &mut Tally,
    ) -> Result<usize, String> {
        let mut rest = bytes;
        let mut count = 0;
        let result = loop {
            if rest.is_empty() {
                break Ok(());
            }
            if let Some((frame, after)) =
                rest.split_at_checked(check.len()).filter(|(frame, _)| check.fits(frame))
            {
                if let Err(text) = self.in_turn(frame, count, check) {
                    tally.damaged += 1;
                    break Err(text);
                }
                count += 1;
                rest = after;
                continue;
            }
            match odd(rest, check, dialect, &self.role, &mut self.stream) {
                Odd::More => break Ok(()),
                Odd::Skip(length) => rest = rest.get(length..).unwrap_or_default(),
                Odd::Damaged(text) => {
                    tally.damaged += 1;
                    break Err(text);
                }
                Odd::Refused(text) => break Err(text),
            }
        };
        self.answered(count, now, tally);
        result.map(|()| bytes.len() - rest.len())
    }

    /// Whether an answer is the next one. `before`: how many of this read came before it.
    #[inline]
    fn in_turn(&mut self, frame: &[u8], before: u64, check: &Check) -> Result<(), String> {
        if let Some(counter) = check.counter {
            let expected = counter.value(self.acked + before);
            let found = counter.read(frame).unwrap_or_default();
            if found != expected {
                return Err(format!(
                    "the answer to request {expected} is due, the server sent that to {found}"
                ));
            }
        }
        if let Some(number) = check.rising(frame) {
            if number <= self.last {
                return Err(format!("an answer has number {number}, the one before it {}", self.last));
            }
            self.last = number;
        }
        Ok(())
    }

    fn answered(&mut self, mut count: u64, now: u64, tally: &mut Tally) {
        self.acked += count;
        tally.acked += count;
        while let Some((written, waiting)) = self.waiting.front_mut().filter(|_| count > 0) {
            let these = count.min(*waiting);
            tally.answered(now, *written, these);
            *waiting -= these;
            count -= these;
            if *waiting == 0 {
                self.waiting.pop_front();
            }
        }
    }
}

/// Whether an error only means that there is nothing to do now.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_round_the_dns() {
        let spread = Plan {
            dns: Names::numbered(3).unwrap(),
            audience: Audience::Spread,
            ..Plan::new(([127, 0, 0, 1], 1).into())
        };
        let targets: Vec<_> = (0..5).map(|number| target(&spread, 1, number)).collect();
        assert_eq!(targets, [(1, 0), (2, 0), (0, 0), (1, 1), (2, 1)]);
        assert_eq!([0, 1, 2].map(|dn| sent_to(&spread, 1, 5, dn)), [1, 2, 2]);
        assert_eq!([0, 1, 2].map(|dn| sent_to(&spread, 1, 0, dn)), [0, 0, 0]);
        let every = Plan { audience: Audience::Every, ..spread };
        assert_eq!((target(&every, 1, 4), sent_to(&every, 1, 5, 2)), ((2, 4), 5));
    }
}
