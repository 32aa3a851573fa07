//! The reader itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::block::Block;
use super::header::Header;
use super::line::{Class, OriginAt, Span};
use super::record::{Complaint, Kind, Position, ReadError, Record};
use super::scan::{Body, Found, Scan, Shape, scan};
use super::source::Source;
use super::split::{FieldKind, Parts};
use super::time::{Clock, Time, iso};

/// Reads a log of any size, a record at a time, in memory that does not grow with it.
///
/// Records borrow from the reader: each lives until the next one is read. Nothing in a log ends the reading; what is wrong
/// with a record comes with it as complaints.
#[derive(Debug)]
pub struct LogReader<R> {
    name: String,
    source: Source<R>,
    parts: Parts,
    complaints: Vec<Complaint>,
    clock: Clock,
    /// Line number and offset of what comes next.
    line: u64,
    byte: u64,
    /// The record before, which is still in the buffer.
    spent: usize,
    /// Whether the rest of a long line is to be passed over.
    in_long_line: bool,
    /// Whether this file has had a record already.
    begun: bool,
}

impl LogReader<File> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Self::new(name, file)),
            Err(source) => Err(ReadError { file: name, line: 1, byte: 0, source }),
        }
    }
}

impl<R: Read> LogReader<R> {
    /// A reader at the start of a log; `name` is what positions call the file. The source needs no buffer.
    pub fn new(name: impl Into<String>, source: R) -> Self {
        Self {
            name: name.into(),
            source: Source::new(source),
            parts: Parts::default(),
            complaints: Vec::new(),
            clock: Clock::default(),
            line: 1,
            byte: 0,
            spent: 0,
            in_long_line: false,
            begun: false,
        }
    }

    /// Goes on with the next file of the same log: lines and bytes are counted anew, the date is kept.
    pub fn next_file(self, name: impl Into<String>, source: R) -> Self {
        Self { clock: self.clock, ..Self::new(name, source) }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.name
    }

    /// How many bytes were read up to the next record.
    pub const fn bytes_read(&self) -> u64 {
        self.byte
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError`] when the source fails.
    #[expect(
        clippy::should_implement_trait,
        reason = "records borrow from the reader, which no iterator can offer"
    )]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        self.source.consume(std::mem::take(&mut self.spent));
        if self.in_long_line {
            self.pass_over()?;
        }
        let found = loop {
            match scan(self.source.bytes(), self.source.ended, &mut self.parts) {
                Scan::Found(found) => break found,
                Scan::Empty(length) => {
                    self.source.consume(length);
                    self.line = self.line.saturating_add(1);
                    self.byte = self.byte.saturating_add(length as u64);
                }
                Scan::More if self.source.ended => return Ok(None),
                Scan::More => self.source.fill_line().map_err(|source| self.failed(source))?,
            }
        };
        let (line, byte) = (self.line, self.byte);
        self.spent = found.length;
        self.byte = self.byte.saturating_add(found.length as u64);
        self.in_long_line = matches!(found.shape, Shape::TooLong);
        if !self.in_long_line {
            self.line = self.line.saturating_add(found.lines.into());
        }
        let time = self.time(&found);
        self.note_cut_value(&found);
        self.place_flaws(found.length, line, byte);
        let continues = std::mem::replace(&mut self.begun, true);

        let text = self.source.bytes().get(..found.length).unwrap_or_default();
        let at = Position { file: &self.name, line, byte };
        let complaints = &self.complaints;
        let block = |origin: OriginAt, name: Span, body: Body| Block {
            origin: origin.origin(text),
            name: name.text(text),
            at,
            text,
            fields: &self.parts.fields,
            body,
            complaints,
        };
        let kind = match found.shape {
            Shape::Block { origin, name, body } => Kind::Block(block(origin, name, body)),
            Shape::Damaged { body } => Kind::Damaged(block(OriginAt::Missing, Span::default(), body)),
            Shape::TooLong => {
                let body = Body { at: text.len(), line: 1 };
                Kind::Damaged(block(OriginAt::Missing, Span::default(), body))
            }
            Shape::One(class) => match class {
                Class::Header => Kind::Header(Header { text, continues }),
                Class::Received(receipt) => Kind::Received(receipt.receipt(text)),
                Class::Sent(receipt) => Kind::Sent(receipt.receipt(text)),
                Class::Interaction { message, handle, peer } => {
                    Kind::Interaction(Class::interaction(text, message, handle, peer))
                }
                Class::Note(note) => Kind::Note(note.text(text)),
                Class::Line { level, id, text: words, .. } => Kind::Line(Class::line(text, level, id, words)),
                // A block is no line; the class of its heading never comes here.
                Class::Block { .. } | Class::Unknown { .. } => Kind::Unknown(text.trim_ascii_end()),
            },
        };
        Ok(Some(Record { at, lines: found.lines.into(), time, kind, complaints, text }))
    }

    /// When the record was written; follows midnights and takes what the record tells of the date.
    #[inline]
    fn time(&mut self, found: &Found) -> Option<Time> {
        let text = self.source.bytes();
        match found.shape {
            Shape::One(Class::Header) => {
                let header = Header { text: text.get(..found.length).unwrap_or_default(), continues: false };
                let local = header.get("Local time").and_then(iso).map(|(_, micros)| micros);
                let (day, offset) = header.date();
                self.clock.set(day, offset, local);
                return self.clock.now();
            }
            Shape::Block { origin: OriginAt::Event { .. }, .. } if self.clock.learns() => {
                let stamp = found.stamp?;
                let time = self.clock.at(stamp);
                let is_time = |name: &Span| name.text(text) == b"TimeinSecs";
                let value = self
                    .parts
                    .fields
                    .iter()
                    .find(|field| field.kind == FieldKind::Attribute && is_time(&field.name));
                let Some(value) = value.map(|field| field.value.text(text)) else { return Some(time) };
                self.clock.learn(value, stamp.micros);
                return Some(self.clock.at(stamp));
            }
            _ => {}
        }
        match found.stamp {
            Some(stamp) => Some(self.clock.at(stamp)),
            None => self.clock.now(),
        }
    }

    /// A number at the end of a file without a line feed may have lost digits.
    fn note_cut_value(&mut self, found: &Found) {
        let text = self.source.bytes();
        if !self.source.cut || found.length < text.len() {
            return;
        }
        let line = match (self.parts.fields.last(), found.shape) {
            (Some(last), _) => {
                let may_go_on = last.value.text(text).last().is_some_and(u8::is_ascii_hexdigit);
                may_go_on.then_some(last.line)
            }
            // The name of the message itself.
            (None, Shape::Block { body, .. }) => Some(body.line.saturating_sub(1)),
            (None, _) => None,
        };
        if let Some(line) = line {
            self.parts.flaw(line, "the file ends within this line, which may be cut");
        }
    }

    /// Gives complaints their places.
    #[inline]
    fn place_flaws(&mut self, length: usize, line: u64, byte: u64) {
        self.complaints.clear();
        if self.parts.flaws.is_empty() {
            return;
        }
        self.parts.flaws.sort_by_key(|flaw| flaw.line);
        let text = self.source.bytes().get(..length).unwrap_or_default();
        let mut starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1));
        let (mut current, mut offset) = (0_u32, starts.next().unwrap_or_default());
        for flaw in self.parts.flaws.drain(..) {
            while current < flaw.line {
                current += 1;
                offset = starts.next().unwrap_or(offset);
            }
            self.complaints.push(Complaint {
                line: line.saturating_add(flaw.line.into()),
                byte: byte.saturating_add(offset as u64),
                reason: flaw.reason,
            });
        }
    }

    /// Passes over the rest of a line that is too long.
    fn pass_over(&mut self) -> Result<(), ReadError> {
        loop {
            let bytes = self.source.bytes();
            let end = memchr::memchr(b'\n', bytes);
            let length = end.map_or(bytes.len(), |end| end + 1);
            self.source.consume(length);
            self.byte = self.byte.saturating_add(length as u64);
            if end.is_some() || self.source.ended {
                self.line = self.line.saturating_add(1);
                self.in_long_line = false;
                return Ok(());
            }
            self.source.fill().map_err(|source| self.failed(source))?;
        }
    }

    fn failed(&self, source: io::Error) -> ReadError {
        ReadError { file: self.name.clone(), line: self.line, byte: self.byte, source }
    }
}
