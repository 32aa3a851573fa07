//! How fast a log is anonymised, in both passes, and what memory that takes.
//!
//! `cargo bench -p tlib-capture --bench anonymize -- 300` generates a file of that many megabytes and removes it again.
//! Without a number, 64.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use tlib_capture::anonymize::{Anonymizer, Rules, Secret};

#[path = "../tests/read/generate.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod generate;

use generate::Generator;

fn main() {
    // `cargo bench` and `cargo test` pass options of their own.
    let megabytes: u64 = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(64);
    let folder = tempfile::tempdir().expect("a folder for the log");
    let path = folder.path().join("server.log");
    let bytes = generate_file(&path, megabytes << 20);
    println!("a log of {} MB", bytes >> 20);
    let speed = |start: Instant| bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    let mut anonymizer =
        Anonymizer::new(Secret::derive(b"a key for the bench").expect("long enough"), Rules::default());
    let (both, learning) = (Instant::now(), Instant::now());
    anonymizer.log(File::open(&path).expect("the log"), io::sink()).expect("the log");
    println!("learning   {:8.1} MB/s", speed(learning));
    anonymizer.changing().expect("few names");
    let replacing = Instant::now();
    let out = BufWriter::new(File::create(folder.path().join("out.log")).expect("a file"));
    anonymizer.log(File::open(&path).expect("the log"), out).expect("the log");
    println!("replacing  {:8.1} MB/s", speed(replacing));
    println!("both       {:8.1} MB/s, {} values replaced", speed(both), anonymizer.report().total());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        println!("VmHWM      {:>8}", peak.trim());
    }
}

/// Writes a log of at least this many bytes and gives its length.
fn generate_file(path: &Path, bytes: u64) -> u64 {
    let mut generator = Generator::new(1, false);
    let mut pieces = Vec::new();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"));
    let mut written = 0;
    generator.header(&mut pieces);
    while written < bytes {
        generator.exchange(&mut pieces);
        for piece in pieces.drain(..) {
            written += piece.text.len() as u64;
            out.write_all(piece.text.as_bytes()).expect("room for the log");
        }
    }
    out.flush().expect("room for the log");
    written
}
