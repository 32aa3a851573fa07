//! Message blocks of log text, one after the other, from a stream of any length.

use tlib_proto::Message;
use tlib_proto::text::{Complaint, Reader, TextError, heading};

use crate::exit::Failure;
use crate::input::Input;

/// What a log holds, as far as messages go.
pub(crate) enum Item {
    /// A message block.
    Message(Message),
    /// A line outside blocks.
    Line(Vec<u8>),
}

/// Reads a log. What it cannot read it leaves out and remembers.
pub(crate) struct Blocks {
    input: Input,
    complaints: Vec<Complaint>,
    /// The line that has ended the block before, if there is one.
    ahead: Option<Vec<u8>>,
    /// Number of the line that began the last block.
    began: usize,
}

impl Blocks {
    /// A reader at the start of the input.
    pub(crate) fn new(input: Input) -> Self {
        Self { input, complaints: Vec::new(), ahead: None, began: 0 }
    }

    /// What to call the log in an error.
    pub(crate) fn name(&self) -> &str {
        self.input.name()
    }

    /// Number of the line that began the last block, from 1.
    pub(crate) fn began(&self) -> usize {
        self.began
    }

    /// What was left out since this was asked last.
    pub(crate) fn complaints(&mut self) -> Vec<Complaint> {
        std::mem::take(&mut self.complaints)
    }

    /// The next block or line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Failure> {
        let line = match self.ahead.take() {
            Some(line) => line,
            None => match self.input.next_line()? {
                Some(line) => line.to_vec(),
                None => return Ok(None),
            },
        };
        let Some(name) = heading(&line) else { return Ok(Some(Item::Line(line))) };
        self.began = self.input.line_number();
        match Reader::start(name, self.input.line_number()) {
            Ok(reader) => Ok(Some(Item::Message(self.block(reader)?))),
            Err(TextError::UnknownMessage { line: number, name }) => {
                let reason = format!("{name:?} is not the name of a message");
                self.complaints.push(Complaint { line: number, reason });
                Ok(Some(Item::Line(line)))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn block(&mut self, mut reader: Reader) -> Result<Message, Failure> {
        while let Some(line) = self.input.next_line()? {
            if !reader.line(line) {
                self.ahead = Some(line.to_vec());
                break;
            }
        }
        let (message, complaints) = reader.finish().map_err(|error| self.failed(error))?;
        self.complaints.extend(complaints);
        Ok(message)
    }

    fn failed(&self, error: TextError) -> Failure {
        Failure::bad(error).context(self.input.name().to_owned())
    }
}
