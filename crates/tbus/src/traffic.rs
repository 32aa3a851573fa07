//! Files of traffic: logs and packet captures, told apart by their first bytes, and how far they are read.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::exit::{Failure, unreadable};

/// How long it must take until a bar is shown.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first bytes of pcap files (both byte orders, micro- and nanoseconds) and of pcapng files.
const PACKETS: [[u8; 4]; 5] = [
    [0xD4, 0xC3, 0xB2, 0xA1],
    [0xA1, 0xB2, 0xC3, 0xD4],
    [0x4D, 0x3C, 0xB2, 0xA1],
    [0xA1, 0xB2, 0x3C, 0x4D],
    [0x0A, 0x0D, 0x0D, 0x0A],
];

/// Opens a file or standard input (`-`), and says what to call it.
pub(crate) fn open(file: &str) -> Result<(String, Box<dyn BufRead>), Failure> {
    if file == "-" {
        return Ok(("standard input".to_owned(), Box::new(BufReader::new(io::stdin()))));
    }
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?.is_dir(), opened)));
    match opened {
        Ok((false, opened)) => Ok((file.to_owned(), Box::new(BufReader::with_capacity(64 << 10, opened)))),
        Ok((true, _)) => Err(Failure::bad(anyhow!("{file}: is a directory; name the files in it"))),
        Err(error) => Err(Failure::bad(unreadable(&error)).context(file.to_owned())),
    }
}

/// Whether the source begins as a packet capture does. Nothing of it is taken.
pub(crate) fn is_capture(name: &str, source: &mut impl BufRead) -> Result<bool, Failure> {
    let head =
        source.fill_buf().map_err(|error| Failure::bad(unreadable(&error)).context(name.to_owned()))?;
    Ok(begins_capture(head))
}

/// Whether these are the first bytes of a packet capture.
pub(crate) fn begins_capture(head: &[u8]) -> bool {
    PACKETS.iter().any(|magic| head.starts_with(magic))
}

/// A source whose bytes are counted as they are read.
pub(crate) struct Counted<R> {
    source: R,
    bytes: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub(crate) fn new(source: R, bytes: Arc<AtomicU64>) -> Self {
        Self { source, bytes }
    }

    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.count(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count(amount);
        self.source.consume(amount);
    }
}

/// How many bytes of the files were read: a bar on stderr, if that is a terminal, once it takes long.
pub(crate) struct Bar {
    bytes: Arc<AtomicU64>,
    total: Option<u64>,
    start: Instant,
    shown: Cell<u32>,
    bar: OnceCell<ProgressBar>,
}

impl Bar {
    /// A bar for files that are read so many times.
    pub(crate) fn new(files: &[String], rounds: u32) -> Self {
        let sizes = files.iter().map(|file| std::fs::metadata(file).ok().filter(|data| data.is_file()));
        let total = sizes.map(|data| data.map(|data| data.len())).sum::<Option<u64>>();
        let total = total.map(|total| total.saturating_mul(rounds.into()));
        Self {
            bytes: Arc::default(),
            total: total.filter(|_| io::stderr().is_terminal()),
            start: Instant::now(),
            shown: Cell::new(0),
            bar: OnceCell::new(),
        }
    }

    /// The counter for what is read.
    pub(crate) fn bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    /// Shows how far it is; cheap enough for every record.
    pub(crate) fn show(&self) {
        let Some(total) = self.total else { return };
        let count = self.shown.get().wrapping_add(1);
        self.shown.set(count);
        if !count.is_multiple_of(1024) || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            match ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        bar.set_position(self.bytes.load(Ordering::Relaxed));
    }

    /// Takes it away.
    pub(crate) fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_counted_once() {
        let bytes = Arc::new(AtomicU64::new(0));
        let mut source =
            Counted::new(BufReader::with_capacity(4, &b"\x0A\x0D\x0D\x0Arest"[..]), Arc::clone(&bytes));
        assert!(is_capture("test", &mut source).is_ok_and(|is| is));
        assert_eq!(bytes.load(Ordering::Relaxed), 0);
        source.consume(1);
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!((bytes.load(Ordering::Relaxed), rest.len()), (8, 7));
    }
}
