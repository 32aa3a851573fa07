//! The bytes of a log, a piece at a time, in one buffer that grows as far as a record needs and no further than a limit.

use std::io::{self, Read};

/// Longest line that is read, in bytes: a frame of the greatest length whose values are printed as `\xNN`, and some. A longer
/// one is passed over, with a complaint (chosen).
pub const LINE_LIMIT: usize = 5 << 20;

/// Longest block that is read as one, in bytes (chosen). What goes on behind that is reported and read as damaged.
pub const BLOCK_LIMIT: usize = 8 << 20;

/// What is asked for at once; a piece of this size stays in the processor's cache while it is read.
const CHUNK: usize = 256 << 10;

/// A reader and what was read from it and is still needed.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether everything was read.
    pub(super) ended: bool,
    /// Whether the last line has no line feed in the file: it was given one here.
    pub(super) cut: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; CHUNK], start: 0, end: 0, ended: false, cut: false }
    }

    /// What is there; ends with a line feed once everything was read.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Forgets the first bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Reads on until another line is there, or the end, or more than a line may have: before that there is nothing new.
    pub(super) fn fill_line(&mut self) -> io::Result<()> {
        let mut known = self.bytes().len();
        let mut tail = known - memchr::memrchr(b'\n', self.bytes()).map_or(0, |at| at + 1);
        loop {
            self.fill()?;
            let fresh = self.bytes().get(known..).unwrap_or_default();
            tail += fresh.len();
            if self.ended || tail > LINE_LIMIT || memchr::memchr(b'\n', fresh).is_some() {
                return Ok(());
            }
            known = self.bytes().len();
        }
    }

    /// Reads more behind what is there.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // One byte is kept for a line feed that the file does not have.
        if self.buffer.len() < self.end.saturating_add(CHUNK / 8) {
            self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
        }
        let last = self.buffer.len() - 1;
        let room = self.buffer.get_mut(self.end..last).unwrap_or_default();
        let read = loop {
            match self.reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            self.ended = true;
            if self.end > 0 && self.buffer.get(self.end - 1) != Some(&b'\n') {
                self.cut = true;
                if let Some(byte) = self.buffer.get_mut(self.end) {
                    *byte = b'\n';
                    self.end += 1;
                }
            }
        }
        self.end = self.end.saturating_add(read).min(self.buffer.len());
        Ok(())
    }
}
