//! Message blocks of log text, one after the other, from a stream of any length.

use std::borrow::Cow;
use std::io::BufRead;

use tlib_capture::read::{Kind, LogReader};
use tlib_proto::Message;
use tlib_proto::text::TextError;

use crate::exit::Failure;
use crate::input::{Input, Unread};

/// What a log holds, as far as messages go.
pub(crate) enum Item {
    /// A message block.
    Message(Message),
    /// Line 04543, which names a request.
    Request,
    /// The note that the request named before had no ThisDN.
    AbsentThisDn,
    /// Anything else.
    Other,
}

/// A line that was left out, and why.
pub(crate) struct LeftOut {
    /// Number of the line, from 1.
    pub(crate) line: u64,
    /// What is wrong with it.
    pub(crate) reason: Cow<'static, str>,
}

/// Reads a log. What it cannot read it leaves out and remembers.
pub(crate) struct Blocks {
    input: Unread,
    reader: LogReader<Box<dyn BufRead>>,
    complaints: Vec<LeftOut>,
    /// Number of the line that began the last block.
    began: u64,
}

impl Blocks {
    /// A reader at the start of the input.
    pub(crate) fn new(input: Input) -> Self {
        let (input, reader) = input.into_reader();
        let reader = LogReader::new(input.name(), reader);
        Self { input, reader, complaints: Vec::new(), began: 0 }
    }

    /// What to call the log in an error.
    pub(crate) fn name(&self) -> &str {
        self.input.name()
    }

    /// Number of the line that began the last block, from 1.
    pub(crate) fn began(&self) -> u64 {
        self.began
    }

    /// What was left out since this was asked last.
    pub(crate) fn complaints(&mut self) -> Vec<LeftOut> {
        std::mem::take(&mut self.complaints)
    }

    /// The next block or line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Failure> {
        let skipped = self.input.lines();
        let record = match self.reader.next() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.input.unreadable(&error.source)),
        };
        let mut leave_out = |line: u64, reason: &Cow<'static, str>| {
            self.complaints.push(LeftOut { line: line.saturating_add(skipped), reason: reason.clone() });
        };
        for complaint in record.complaints {
            leave_out(complaint.line, &complaint.reason);
        }
        let block = match &record.kind {
            Kind::Block(block) => block,
            Kind::Interaction(_) => return Ok(Some(Item::Request)),
            Kind::Note(note) if note.starts_with(b"Absent ThisDN") => return Ok(Some(Item::AbsentThisDn)),
            _ => return Ok(Some(Item::Other)),
        };
        self.began = record.at.line.saturating_add(skipped);
        match block.to_message() {
            Ok((message, more)) => {
                for complaint in &more {
                    leave_out(complaint.line, &complaint.reason);
                }
                Ok(Some(Item::Message(message)))
            }
            Err(TextError::UnknownMessage { line, name }) => {
                leave_out(line as u64, &format!("{name:?} is not the name of a message").into());
                Ok(Some(Item::Other))
            }
            Err(error) => Err(Failure::bad(error).context(self.input.name().to_owned())),
        }
    }
}
