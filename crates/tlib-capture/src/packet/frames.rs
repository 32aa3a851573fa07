//! From the bytes of one direction to frames.

use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, BytesMut};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{Limits, Message, Timestamp};

use super::Trouble;
use super::search::{Outcome, Search};

/// A packet: where it stands in the file, and when it was captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Number of the packet, from 1 as Wireshark counts.
    pub packet: u64,
    /// Byte of the file at which its record begins.
    pub byte: u64,
    /// The capture's time.
    pub at: Timestamp,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packet {} (byte {} of the file)", self.packet, self.byte)
    }
}

/// What was found in the bytes.
pub(super) enum Found {
    /// A message; the mark is of the packet with its last byte.
    Message(Message, Mark),
    /// A keep-alive.
    Control,
    /// Something that is no frame.
    Trouble(Trouble, Mark),
}

#[derive(Debug)]
enum State {
    /// A frame begins at the start of the buffer. Nothing has been read of the stream before.
    First,
    /// A frame begins at the start of the buffer.
    Synced,
    /// Where the next frame begins is not known.
    Searching(Search),
    /// It is another protocol.
    Foreign,
}

/// Cuts one direction of a connection into frames.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    buffer: BytesMut,
    /// Which bytes of the buffer came with which packet: how many bytes, and the packet.
    marks: VecDeque<(usize, Mark)>,
    /// Bytes since the last frame that belong to none.
    skipped: u64,
    /// Where they begin.
    skipped_from: Mark,
    last: Mark,
}

impl Frames {
    /// A stream of which the first byte begins a frame, or of which that is not known.
    pub(super) fn new(from_start: bool) -> Self {
        Self {
            state: if from_start { State::First } else { State::Searching(Search::default()) },
            buffer: BytesMut::new(),
            marks: VecDeque::new(),
            skipped: 0,
            skipped_from: Mark::default(),
            last: Mark::default(),
        }
    }

    /// Bytes of memory that wait for more.
    pub(super) fn held(&self) -> usize {
        self.buffer.len().saturating_add(self.marks.len().saturating_mul(size_of::<(usize, Mark)>()))
    }

    /// The next bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8], mark: Mark, limits: &Limits, out: &mut Vec<Found>) {
        if let State::Foreign = self.state {
            return;
        }
        if bytes.is_empty() {
            return;
        }
        if let State::Searching(search) = &mut self.state {
            search.grant(bytes.len());
        }
        self.last = mark;
        self.buffer.extend_from_slice(bytes);
        match self.marks.back_mut() {
            Some((count, last)) if *last == mark => *count = count.saturating_add(bytes.len()),
            _ => self.marks.push_back((bytes.len(), mark)),
        }
        self.run(limits, false, out);
        if self.buffer.is_empty() {
            // A stream between two frames keeps no buffer.
            self.buffer = BytesMut::new();
            self.marks = VecDeque::new();
        }
    }

    /// `bytes` of the stream are missing here; the packet behind them is `mark`.
    pub(super) fn gap(&mut self, bytes: u64, mark: Mark, limits: &Limits, out: &mut Vec<Found>) {
        if let State::Foreign = self.state {
            return;
        }
        self.give_up(limits, out);
        if bytes > 0 {
            out.push(Found::Trouble(Trouble::Lost { bytes }, mark));
        }
        self.state = State::Searching(Search::default());
    }

    /// Takes what can be taken of what waits, and counts the rest as skipped. The next frame is then to be looked for.
    pub(super) fn give_up(&mut self, limits: &Limits, out: &mut Vec<Found>) {
        self.run(limits, true, out);
        self.skip(self.buffer.len());
        if !matches!(self.state, State::Foreign) {
            self.state = State::Searching(Search::default());
        }
    }

    /// There is nothing more.
    pub(super) fn finish(&mut self, limits: &Limits, out: &mut Vec<Found>) {
        self.run(limits, true, out);
        if matches!(self.state, State::First | State::Synced) && !self.buffer.is_empty() {
            let bytes = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
            out.push(Found::Trouble(Trouble::Unfinished { bytes }, self.first_mark()));
            self.take(self.buffer.len());
        }
        self.skip(self.buffer.len());
        self.told_skipped(out);
        self.state = State::Foreign;
    }

    fn run(&mut self, limits: &Limits, last: bool, out: &mut Vec<Found>) {
        loop {
            match &mut self.state {
                State::Foreign => {
                    self.take(self.buffer.len());
                    return;
                }
                State::Searching(search) => match search.run(&self.buffer, limits, last) {
                    Outcome::Found(before) => {
                        self.skip(before);
                        self.told_skipped(out);
                        self.state = State::Synced;
                    }
                    Outcome::Skip(count) => {
                        self.skip(count);
                        return;
                    }
                },
                State::First | State::Synced => match split_frame(&self.buffer, limits) {
                    Ok(Split::Frame(frame, _)) => {
                        let length = frame.len();
                        self.frame(length, limits, out);
                    }
                    Ok(Split::More(_)) => return,
                    Err(_) if matches!(self.state, State::First) => {
                        out.push(Found::Trouble(Trouble::Foreign, self.first_mark()));
                        self.state = State::Foreign;
                    }
                    Err(error) => self.search(out, Trouble::NoFrame(error)),
                },
            }
        }
    }

    fn search(&mut self, out: &mut Vec<Found>, trouble: Trouble) {
        out.push(Found::Trouble(trouble, self.first_mark()));
        let mut search = Search::default();
        search.grant(self.buffer.len());
        self.state = State::Searching(search);
    }

    /// Takes the frame at the start of the buffer.
    fn frame(&mut self, length: usize, limits: &Limits, out: &mut Vec<Found>) {
        let first = self.first_mark();
        let frame = self.buffer.split_to(length).freeze();
        let last = self.advance_marks(length);
        match Message::from_frame(frame, limits) {
            Ok(message) if message.id().is_control() => {
                self.state = State::Synced;
                out.push(Found::Control);
            }
            Ok(message) => {
                self.state = State::Synced;
                out.push(Found::Message(message, last));
            }
            Err(error) => out.push(Found::Trouble(Trouble::Damaged(error), first)),
        }
    }

    fn first_mark(&self) -> Mark {
        self.marks.front().map_or(self.last, |(_, mark)| *mark)
    }

    /// Takes bytes off the front; the packet of the last one.
    fn take(&mut self, count: usize) -> Mark {
        self.buffer.advance(count.min(self.buffer.len()));
        self.advance_marks(count)
    }

    fn advance_marks(&mut self, mut count: usize) -> Mark {
        let mut last = self.first_mark();
        while count > 0
            && let Some((bytes, mark)) = self.marks.front_mut()
        {
            last = *mark;
            if *bytes > count {
                *bytes = bytes.saturating_sub(count);
                break;
            }
            count = count.saturating_sub(*bytes);
            self.marks.pop_front();
        }
        last
    }

    fn skip(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        if self.skipped == 0 {
            self.skipped_from = self.first_mark();
        }
        self.skipped = self.skipped.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.take(count);
    }

    fn told_skipped(&mut self, out: &mut Vec<Found>) {
        let bytes = std::mem::take(&mut self.skipped);
        if bytes > 0 {
            out.push(Found::Trouble(Trouble::Skipped { bytes }, self.skipped_from));
        }
    }
}
