//! The files of a log, one after the other, with a progress bar when it takes long.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tlib_capture::read::{LogReader, Record};

use crate::exit::{Failure, say, unreadable};
use crate::traffic::is_capture;

/// Hands every record of the files to `see`.
pub(super) fn each(
    files: &[String],
    mut see: impl FnMut(&Record<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut progress = Progress::new(files);
    let mut reader: Option<LogReader<Box<dyn Read>>> = None;
    for file in files {
        let (name, source) = open(file)?;
        // Small, so that large reads go past it.
        let mut source = BufReader::with_capacity(16, source);
        if is_capture(&name, &mut source)? {
            return Err(Failure::bad(anyhow!(
                "{name}: is a packet capture, no log; tbus replay --dry-run lists what is in it"
            )));
        }
        let source: Box<dyn Read> = Box::new(source);
        let mut current = match reader.take() {
            Some(before) => {
                progress.before += before.bytes_read();
                before.next_file(name, source)
            }
            None => LogReader::new(name, source),
        };
        let mut count = 0_u32;
        loop {
            if count.is_multiple_of(4096) {
                progress.show(current.bytes_read());
            }
            count = count.wrapping_add(1);
            match current.next() {
                Ok(Some(record)) => see(&record)?,
                Ok(None) => break,
                Err(error) => return Err(Failure::bad(error)),
            }
        }
        reader = Some(current);
    }
    progress.end();
    Ok(())
}

/// Opens a file or standard input, and says what to call it.
fn open(file: &str) -> Result<(String, Box<dyn Read>), Failure> {
    if file == "-" {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            say("reading from the terminal; end with Ctrl-D");
        }
        return Ok(("standard input".to_owned(), Box::new(stdin.lock())));
    }
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?.is_dir(), opened)));
    match opened {
        Ok((false, opened)) => Ok((file.to_owned(), Box::new(opened))),
        Ok((true, _)) => Err(Failure::bad(anyhow!("{file}: is a directory; name the files in it"))),
        Err(error) => Err(Failure::bad(unreadable(&error)).context(file.to_owned())),
    }
}

/// A bar on stderr, if that is a terminal, once the work takes longer than two seconds.
struct Progress {
    start: Instant,
    total: Option<u64>,
    before: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(files: &[String]) -> Self {
        let sizes = files.iter().map(|file| std::fs::metadata(file).ok().filter(|data| data.is_file()));
        let total = sizes.map(|data| data.map(|data| data.len())).sum();
        let shown = io::stderr().is_terminal();
        Self { start: Instant::now(), total: if shown { total } else { None }, before: 0, bar: None }
    }

    fn show(&mut self, bytes: u64) {
        let Some(total) = self.total else { return };
        if self.bar.is_none() && self.start.elapsed() > Duration::from_secs(2) {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}");
            self.bar = Some(match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            });
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.before + bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Bytes of a log for the terminal and for JSON: what is not UTF-8 and control characters are replaced.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
