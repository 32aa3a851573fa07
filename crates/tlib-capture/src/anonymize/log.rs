//! Logs as streams: line by line, in constant memory.

use std::io::{self, BufRead, Read, Write};

use super::Anonymizer;
use super::line::Block;
use crate::read::LINE_LIMIT;

impl Anonymizer {
    /// Reads a log and writes it with fakes in it, of exactly as many bytes. In a line that is longer than
    /// [`LINE_LIMIT`], every letter and digit becomes `x`.
    ///
    /// # Errors
    /// What reading or writing gives.
    pub fn log(&mut self, from: impl Read, mut to: impl Write) -> io::Result<()> {
        let mut from = io::BufReader::with_capacity(256 << 10, from);
        let mut block = Block::default();
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            line.clear();
            let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
            if from.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
                return to.flush();
            }
            let end = line.len() - usize::from(line.ends_with(b"\n"));
            let ended = end < line.len();
            let end = end - usize::from(line.get(..end).is_some_and(|line| line.ends_with(b"\r")));
            let text = line.get_mut(..end).unwrap_or_default();
            if too_long || !ended && text.len() >= LINE_LIMIT - 1 {
                for byte in text.iter_mut().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
                    *byte = b'x';
                }
                if !too_long {
                    self.dropped("lines that are too long", 1);
                }
                too_long = !ended;
            } else {
                self.line(text, &mut block);
            }
            to.write_all(&line)?;
        }
    }
}
