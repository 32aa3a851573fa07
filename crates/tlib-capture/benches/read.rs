//! How fast a log is read: every record, all attributes and pairs split, beside a loop that finds every line end with memchr and
//! looks at the first byte, over the same file, in turns, on one thread.
//!
//! `cargo bench -p tlib-capture --bench read -- 1024` generates a file of that many megabytes and removes it again.
//! Without a number, 64.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tlib_capture::read::{Field, Kind, LogReader};

#[path = "../tests/read/generate.rs"]
mod generate;

use generate::Generator;

const PAIRS: usize = 5;

fn main() {
    // `cargo bench` and `cargo test` pass options of their own.
    let megabytes: u64 = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(64);
    let folder = tempfile::tempdir().expect("a folder for the log");
    let path = folder.path().join("server.log");
    let (bytes, blocks) = generate_file(&path, megabytes << 20);
    println!("a log of {} MB", bytes >> 20);
    // Once each, so that the file is in memory for both.
    let (lines, _) = timed(|| line_ends(&path));
    let (counts, _) = timed(|| records(&path));
    println!(
        "{lines} lines, {} records, {} blocks, {} attributes, {} pairs",
        counts.records, counts.blocks, counts.attributes, counts.pairs
    );
    assert_eq!(counts.complaints, 0, "the log is whole");
    assert_eq!((counts.lines, counts.blocks), (lines, blocks));
    let mut ratios = Vec::new();
    let (mut loops, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let (_, bare) = timed(|| line_ends(&path));
        let (_, read) = timed(|| records(&path));
        ratios.push(bare.as_secs_f64() / read.as_secs_f64());
        loops.push(bare);
        reads.push(read);
    }
    let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!("line ends with memchr  {:8.0} MB/s", speed(median(&mut loops)));
    println!("records, all split     {:8.0} MB/s", speed(median(&mut reads)));
    ratios.sort_by(f64::total_cmp);
    println!(
        "ratio, median of {PAIRS}     {:8.3}   ({:.3} to {:.3})",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    );
    let mut greps: Vec<Duration> = (0..3).filter_map(|_| grep(&path)).collect();
    if greps.is_empty() {
        println!("grep -c                     not here");
    } else {
        println!("grep -c 'message Event'{:8.0} MB/s", speed(median(&mut greps)));
    }
    if let Some(peak) = peak_memory() {
        println!("VmHWM                  {peak:>8}");
    }
}

/// Writes a log of at least this many bytes; its length, and how many blocks it has.
fn generate_file(path: &Path, bytes: u64) -> (u64, u64) {
    let mut generator = Generator::new(1, false);
    let mut pieces = Vec::new();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"));
    let (mut written, mut blocks) = (0, 0);
    generator.header(&mut pieces);
    while written < bytes {
        generator.exchange(&mut pieces);
        for piece in pieces.drain(..) {
            blocks += u64::from(piece.message.is_some());
            written += piece.text.len() as u64;
            out.write_all(piece.text.as_bytes()).expect("room for the log");
        }
    }
    out.flush().expect("room for the log");
    (written, blocks)
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The least that any reader of lines has to do.
fn line_ends(path: &Path) -> u64 {
    let mut file = File::open(path).expect("the log");
    let mut buffer = vec![0; 256 << 10];
    let (mut lines, mut tabs, mut held) = (0_u64, 0_u64, 0_usize);
    loop {
        let read = file.read(&mut buffer[held..]).expect("the log");
        if read == 0 {
            break;
        }
        let end = held + read;
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &buffer[at..end]) {
            lines += 1;
            tabs += u64::from(buffer[at] == b'\t');
            at += length + 1;
        }
        buffer.copy_within(at..end, 0);
        held = end - at;
    }
    black_box(tabs);
    lines
}

#[derive(Debug, Default)]
struct Counts {
    lines: u64,
    records: u64,
    blocks: u64,
    attributes: u64,
    pairs: u64,
    complaints: u64,
}

/// Every record, every attribute and every pair.
fn records(path: &Path) -> Counts {
    let mut counts = Counts::default();
    let mut reader = LogReader::open(path).expect("the log");
    let mut sum = 0_usize;
    let mut last = 0;
    while let Some(record) = reader.next().expect("the log") {
        counts.records += 1;
        counts.complaints += record.complaints.len() as u64;
        last = record.at.line + record.lines - 1;
        if let Kind::Block(block) = &record.kind {
            counts.blocks += 1;
            for field in block.fields() {
                match field {
                    Field::Attribute(attribute) => {
                        counts.attributes += 1;
                        sum = sum.wrapping_add(attribute.name.len() ^ attribute.value.len());
                    }
                    Field::Pair(pair) => {
                        counts.pairs += 1;
                        sum = sum.wrapping_add(pair.key.len() ^ pair.value.len());
                    }
                    Field::Other(_) => {}
                }
            }
        }
    }
    black_box(sum);
    counts.lines = last;
    counts
}

fn grep(path: &Path) -> Option<Duration> {
    let (status, time) = timed(|| Command::new("grep").args(["-c", "message Event"]).arg(path).output());
    status.ok().filter(|output| output.status.success()).map(|_| time)
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}
