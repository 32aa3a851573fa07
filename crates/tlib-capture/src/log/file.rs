//! The writer: records in, files out.

use std::path::Path;
use std::sync::Arc;

use tlib_proto::Timestamp;

use super::header::{Opening, put_header};
use super::output::{Output, Status};
use super::segments::Segments;
use super::{Formatter, Level, LogConfig, LogError, LogTarget, Record, Segment, Verbosity, ids};

/// So much text is gathered before it is written without being asked.
const WRITE_AT: usize = 256 << 10;

/// Room for the last line of a segment.
const LAST_LINE: u64 = 80;

/// Writes records to a [`LogTarget`], on the caller's thread.
///
/// A segment ends only before a record that starts a block: what belongs together stays together, and a segment may
/// be larger than [`Segment::Bytes`] by the notes and 04542 lines of its last block, or by one large block.
///
/// Errors of writing do not stop it: the first is kept, lines are counted as lost, and their number is a line of the
/// log as soon as writing works again.
pub struct LogFile {
    config: LogConfig,
    formatter: Formatter,
    output: Output,
    segments: Option<Segments>,
    with_header: bool,
    started: Timestamp,
    began: Timestamp,
    number: u32,
    /// Bytes written to this segment, its header's included.
    written: u64,
    /// How many of them are the header.
    header: u64,
    /// The size that the segment should not exceed.
    limit: u64,
    /// Formatted and not yet written.
    text: String,
    lost: u64,
    torn: bool,
    status: Arc<Status>,
}

impl LogFile {
    /// Opens the target and writes the header and the start lines.
    ///
    /// # Errors
    /// [`LogError`] when it cannot be opened, or when another process writes the same file. That nothing can be
    /// written is no error here, see [`LogFile::error`].
    pub fn open(config: LogConfig, target: LogTarget) -> Result<Self, LogError> {
        let now = (config.clock)();
        let formatter = Formatter::new(&config.version, config.zone.clone());
        let clock = formatter.clock();
        let (output, segments, with_header) = match target {
            LogTarget::File(path) => {
                let (segments, file, path) = Segments::at_file(&path, clock)?;
                (Output::File(file, path), segments, true)
            }
            LogTarget::Directory(path, base) => {
                let (segments, file) = Segments::in_directory(&path, &base, clock, now)?;
                (Output::File(file, segments.current().into()), Some(segments), true)
            }
            LogTarget::Stdout => (Output::Stream(Box::new(std::io::stdout()), "stdout"), None, false),
            LogTarget::Memory(memory) => {
                let with_header = memory.has_header();
                (Output::Stream(Box::new(memory), "memory"), None, with_header)
            }
        };
        Ok(Self::start(config, formatter, output, segments, with_header, now))
    }

    /// A log to anything that can be written to, without header.
    #[cfg(test)]
    pub(super) fn to_stream(config: LogConfig, stream: Box<dyn std::io::Write + Send>) -> Self {
        let now = (config.clock)();
        let formatter = Formatter::new(&config.version, config.zone.clone());
        Self::start(config, formatter, Output::Stream(stream, "stdout"), None, false, now)
    }

    fn start(
        config: LogConfig,
        formatter: Formatter,
        output: Output,
        segments: Option<Segments>,
        with_header: bool,
        now: Timestamp,
    ) -> Self {
        let limit = match config.segment {
            Segment::Bytes(limit) if segments.is_some() => limit,
            _ => u64::MAX,
        };
        let kind = output.kind();
        let mut log = Self {
            config,
            formatter,
            output,
            segments,
            with_header,
            started: now,
            began: now,
            number: 0,
            written: 0,
            header: 0,
            limit,
            text: String::new(),
            lost: 0,
            torn: false,
            status: Arc::default(),
        };
        log.begin_segment(now);
        let opened = format!("The Log Output of type '{kind}' has been created and opened");
        log.line(now, Level::Trace, ids::STARTED, "Logging service started");
        log.line(now, Level::Trace, ids::OUTPUT_OPENED, &opened);
        log.flush();
        log
    }

    /// Takes one record. What it prints is written by the next [`LogFile::flush`] at the latest.
    pub fn write(&mut self, record: &Record) {
        let start = self.text.len();
        self.formatter.format(record, self.config.verbosity, &mut self.text);
        if let Some(at) = record.starts_block()
            && self.is_full(start)
        {
            let block = self.text.split_off(start);
            self.flush();
            self.next_segment(at);
            self.text.push_str(&block);
        }
        if self.text.len() >= WRITE_AT {
            self.flush();
        }
    }

    /// Writes what has been taken.
    pub fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        if self.lost > 0 {
            let (lost, now) = (self.lost, (self.config.clock)());
            let mut notice = String::new();
            if self.torn {
                notice.push('\n');
            }
            let text = format!("{lost} lines of the log could not be written and are lost");
            self.formatter.line(&mut notice, now, Level::Standard, ids::LOST, &text);
            if !self.put(&notice, 0) {
                self.lose(count_lines(self.text.as_bytes()));
                self.text.clear();
                return;
            }
            self.lost = 0;
        }
        let text = std::mem::take(&mut self.text);
        self.put(&text, count_lines(text.as_bytes()));
        self.text = text;
        self.text.clear();
        // One large message should not hold its memory for ever.
        self.text.shrink_to(2 * WRITE_AT);
    }

    /// Writes everything and the last line.
    pub fn close(self) {
        drop(self);
    }

    /// The file that is being written, if it is one.
    pub fn path(&self) -> Option<&Path> {
        if let Output::File(_, path) = &self.output { Some(path) } else { None }
    }

    /// What is printed.
    pub const fn verbosity(&self) -> Verbosity {
        self.config.verbosity
    }

    /// The first error, if there was one.
    pub fn error(&self) -> Option<Arc<LogError>> {
        self.status.first()
    }

    /// How many lines could not be written so far.
    pub fn lost(&self) -> u64 {
        self.status.lost()
    }

    pub(super) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    pub(super) const fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Whether the block that begins at `start` of the text would make the segment too large.
    fn is_full(&self, start: usize) -> bool {
        let size = |bytes: usize| self.written.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        // A segment with nothing but its header takes any block.
        size(self.text.len()).saturating_add(LAST_LINE) > self.limit && size(start) > self.header
    }

    fn next_segment(&mut self, at: Timestamp) {
        let Some(segments) = &mut self.segments else { return };
        let (file, path) = match segments.next(self.formatter.clock(), self.began, at) {
            Ok(file) => (file, segments.current().to_owned()),
            Err(error) => {
                // Tried again after as much again, not at every block.
                if let Segment::Bytes(more) = self.config.segment {
                    self.limit = self.written.saturating_add(more);
                }
                return self.report(error);
            }
        };
        // The old file is still open, under whatever name it has now.
        self.line(at, Level::Standard, ids::CLOSED, "Log segment closed, the log goes on in the next");
        self.flush();
        self.output = Output::File(file, path);
        self.torn = false;
        self.begin_segment(at);
    }

    fn begin_segment(&mut self, at: Timestamp) {
        self.began = at;
        self.number = self.number.saturating_add(1);
        self.written = 0;
        if let Segment::Bytes(limit) = self.config.segment
            && self.segments.is_some()
        {
            self.limit = limit;
        }
        if self.with_header {
            let name = self.output.name();
            let opening = Opening { started: self.started, at, number: self.number, path: &name };
            put_header(&mut self.text, &self.config, self.formatter.clock(), opening);
        }
        self.header = u64::try_from(self.text.len()).unwrap_or(u64::MAX);
        if let Some(segments) = &self.segments
            && let Err(error) = segments.expire(self.config.expire)
        {
            self.report(error);
        }
    }

    fn line(&mut self, at: Timestamp, level: Level, id: u32, text: &str) {
        if self.config.verbosity.allows(level) {
            self.formatter.line(&mut self.text, at, level, id, text);
        }
    }

    /// Writes a text of so many lines that count as lost when they cannot be written.
    fn put(&mut self, text: &str, lines: u64) -> bool {
        let (written, error) = match self.output.write(text.as_bytes()) {
            Ok(()) => (text.len(), None),
            Err((written, error)) => (written, Some(error)),
        };
        self.written = self.written.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        let done = text.as_bytes().get(..written).unwrap_or_default();
        if let Some(last) = done.last() {
            self.torn = *last != b'\n';
        }
        let Some(source) = error else { return true };
        if self.lost == 0 {
            self.report(LogError::Write { output: self.output.name(), source });
        }
        self.lose(lines.saturating_sub(count_lines(done)));
        false
    }

    fn lose(&mut self, lines: u64) {
        self.lost = self.lost.saturating_add(lines);
        self.status.lose(lines);
    }

    fn report(&self, error: LogError) {
        let error = self.status.keep(error);
        (self.config.on_error)(&error);
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        let now = (self.config.clock)();
        self.line(now, Level::Standard, ids::CLOSED, "Log closed");
        self.flush();
    }
}

impl std::fmt::Debug for LogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogFile").field("output", &self.output.name()).finish_non_exhaustive()
    }
}

fn count_lines(text: &[u8]) -> u64 {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(lines).unwrap_or(u64::MAX)
}
