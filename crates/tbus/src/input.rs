//! Reading what the user gives: a file, standard input, line by line or as a whole, never more than a bound at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use anyhow::anyhow;

use crate::exit::{Failure, say, unreadable};

/// Longest line, and longest input that is read as a whole.
pub(crate) const LIMIT: usize = 64 << 20;

/// A source of bytes with a name for errors.
pub(crate) struct Input {
    name: String,
    /// Whether the user has named it, so that it is the user's mistake when it cannot be read.
    named: bool,
    reader: Box<dyn BufRead>,
    line: usize,
    buffer: Vec<u8>,
}

impl Input {
    /// Opens a file; nothing or `-` is standard input.
    pub(crate) fn open(argument: Option<&str>) -> Result<Self, Failure> {
        match argument {
            None | Some("-") => Ok(Self::stdin()),
            Some(path) => Self::file(Path::new(path)),
        }
    }

    fn stdin() -> Self {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            say("reading from the terminal; end with Ctrl-D");
        }
        Self { named: false, ..Self::new("standard input".to_owned(), Box::new(stdin.lock())) }
    }

    fn file(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file =
            File::open(path).map_err(|error| Failure::bad(unreadable(&error)).context(name.clone()))?;
        Ok(Self::new(name, Box::new(BufReader::with_capacity(64 << 10, file))))
    }

    fn new(name: String, reader: Box<dyn BufRead>) -> Self {
        Self { name, named: true, reader, line: 0, buffer: Vec::new() }
    }

    /// A source that is open already; `name` is what to call it in an error.
    pub(crate) fn reading(name: &str, reader: impl BufRead + 'static) -> Self {
        Self::new(name.to_owned(), Box::new(reader))
    }

    /// What to call it in an error.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Number of the line that was read last, from 1.
    pub(crate) fn line_number(&self) -> usize {
        self.line
    }

    /// The next line without its line feed; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.buffer.clear();
        self.line += 1;
        // One byte more than the limit shows that there is more.
        let mut bounded = (&mut self.reader).take(LIMIT as u64 + 1);
        let read = bounded.read_until(b'\n', &mut self.buffer);
        let read = match read {
            Ok(read) => read,
            Err(error) => return Err(self.unreadable(error)),
        };
        if read == 0 {
            return Ok(None);
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if self.buffer.len() > LIMIT {
            return Err(self.at_line(anyhow!("is longer than {} MiB", LIMIT >> 20)));
        }
        Ok(Some(&self.buffer))
    }

    /// The first byte that is no white space, without taking anything but white space before it.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) => return Err(unread(&self.name, self.named, &error)),
            };
            if bytes.is_empty() {
                return Ok(None);
            }
            let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let first = bytes.get(blanks).copied();
            // Only whole blank lines are taken: line numbers stay right, and an indent stays with its line.
            let taken = bytes.get(..blanks).unwrap_or_default();
            let lines = taken.iter().filter(|byte| **byte == b'\n').count();
            let whole = taken.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.line += lines;
            self.reader.consume(if first.is_some() { whole } else { blanks });
            if first.is_some() {
                return Ok(first);
            }
        }
    }

    /// Whether an array of JSON begins after the blanks: `[` and an object, an array or nothing in it. Log text may
    /// begin with `[`, too.
    pub(crate) fn is_array(&mut self) -> Result<bool, Failure> {
        if self.peek()? != Some(b'[') {
            return Ok(false);
        }
        // What `peek` has seen is in the buffer, so that this reads nothing.
        let bytes = self.reader.fill_buf().unwrap_or_default().trim_ascii_start();
        let inner = bytes.get(1..).unwrap_or_default().trim_ascii_start();
        Ok(inner.first().is_none_or(|byte| b"{[]".contains(byte)))
    }

    /// Everything that is left.
    pub(crate) fn read_all(mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = (&mut self.reader).take(LIMIT as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.unreadable(error))?;
        if bytes.len() > LIMIT {
            return Err(Failure::bad(anyhow!("{}: is longer than {} MiB", self.name, LIMIT >> 20)));
        }
        Ok(bytes)
    }

    /// What is left, for a reader of its own, and what to say if that fails.
    pub(crate) fn into_reader(self) -> (Unread, Box<dyn BufRead>) {
        let Self { name, named, reader, line, .. } = self;
        (Unread { name, named, lines: line as u64 }, reader)
    }

    /// What is left, for a reader that counts its own lines.
    pub(crate) fn reader(&mut self) -> &mut dyn BufRead {
        &mut *self.reader
    }

    /// Reading has failed: bad input where the user has named it, the system's fault otherwise.
    pub(crate) fn unreadable(&self, error: io::Error) -> Failure {
        unread(&self.name, self.named, &error)
    }

    /// An error at the line that was read last.
    pub(crate) fn at_line(&self, error: impl Into<anyhow::Error>) -> Failure {
        Failure::bad(error.into().context(format!("line {}", self.line))).context(self.name.clone())
    }

    /// An input for tests.
    #[cfg(test)]
    pub(crate) fn of(name: &str, text: &'static [u8]) -> Self {
        Self::new(name.to_owned(), Box::new(BufReader::with_capacity(4, text)))
    }
}

/// An input that something else reads on.
pub(crate) struct Unread {
    name: String,
    named: bool,
    lines: u64,
}

impl Unread {
    /// What to call it in an error.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many lines were read before.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Reading on has failed, as in [`Input::unreadable`].
    pub(crate) fn unreadable(&self, error: &io::Error) -> Failure {
        unread(&self.name, self.named, error)
    }
}

fn unread(name: &str, named: bool, error: &io::Error) -> Failure {
    let reason = unreadable(error);
    let failure = if named { Failure::bad(reason) } else { Failure::system(reason) };
    failure.context(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &'static [u8]) -> Input {
        Input::of("test", text)
    }

    #[test]
    fn lines_have_numbers() {
        let mut input = input(b"one\n\ntwo");
        for (number, line) in [(1, "one"), (2, ""), (3, "two")] {
            assert_eq!(input.next_line().unwrap(), Some(line.as_bytes()));
            assert_eq!(input.line_number(), number);
        }
        assert_eq!(input.next_line().unwrap(), None);
    }

    #[test]
    fn peeking_keeps_line_numbers_and_indents() {
        let mut input = input(b"\n   \n\n\t{\"a\":1}\n");
        assert_eq!(input.peek().unwrap(), Some(b'{'));
        assert_eq!(input.next_line().unwrap().map(<[u8]>::trim_ascii_start), Some(&b"{\"a\":1}"[..]));
        assert_eq!(input.line_number(), 4);
    }

    #[test]
    fn nothing_but_blanks_has_no_first_byte() {
        assert_eq!(input(b" \n\n  ").peek().unwrap(), None);
    }
}
