//! A generated log, whole and damaged: 3 applications, 5 DNs, interleaved requests, nested and empty lists, a boundary of
//! segments, a midnight, mixed time stamps, CRLF, a cut tail, and 1 % of the lines damaged.

use tlib_capture::read::{Kind, LogReader};

use crate::generate::{Generator, Piece, Random};

/// A block as it should be found.
#[derive(Debug)]
struct Expected {
    message: &'static str,
    /// Line of its heading `message X` or `@..`, from 1.
    line: u64,
    /// Its lines that are damaged.
    damaged: Vec<u64>,
    /// The lines before damage, with LF.
    text: String,
}

struct Log {
    text: Vec<u8>,
    blocks: Vec<Expected>,
}

/// Makes a log. About one line in `one_in` is damaged; 0 damages none.
fn generate(seed: u64, exchanges: usize, one_in: u64, crlf: bool) -> Log {
    let mut generator = Generator::new(seed, true);
    let mut pieces = Vec::new();
    for n in 0..exchanges {
        if n % (exchanges / 2).max(1) == 0 {
            generator.header(&mut pieces);
        }
        generator.exchange(&mut pieces);
    }
    let mut random = Random::new(seed.wrapping_add(99));
    let mut log = Log { text: Vec::new(), blocks: Vec::new() };
    let mut line = 1;
    for Piece { message, text } in pieces {
        let first = line;
        let mut damaged = Vec::new();
        for content in text.lines() {
            let mut content = content.as_bytes().to_vec();
            if one_in > 0 && !content.is_empty() && random.below(one_in) == 0 {
                content.truncate(usize::try_from(random.below(content.len() as u64)).unwrap());
                content.extend_from_slice(b"#%\xff~");
                damaged.push(line);
            }
            log.text.extend_from_slice(&content);
            log.text.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
            line += 1;
        }
        if let Some(message) = message {
            log.blocks.push(Expected { message, line: first, damaged, text });
        }
    }
    log
}

/// What the reader has found: for blocks without a complaint their line, name and message; and all lines with complaints.
fn found(log: &Log, check_text: bool) -> (Vec<(u64, String, String)>, Vec<u64>) {
    let mut reader = LogReader::new("generated.log", &log.text[..]);
    let (mut blocks, mut complaints) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        complaints.extend(record.complaints.iter().map(|complaint| complaint.line));
        if let (Some(time), Kind::Sent(_) | Kind::Block(_)) = (record.time, &record.kind) {
            times.push(time.elapsed());
            assert!(time.utc.is_some());
        }
        let Kind::Block(block) = &record.kind else { continue };
        let heading = block.attributes().next().map_or(0, |attribute| attribute.line - 1);
        match block.to_message() {
            Ok((message, left_out)) => {
                complaints.extend(left_out.iter().map(|complaint| complaint.line));
                if record.complaints.is_empty() && left_out.is_empty() {
                    let text = if check_text {
                        let mut text = String::new();
                        tlib_proto::text::print_attributes(&mut text, message.view(), &Default::default());
                        text
                    } else {
                        String::new()
                    };
                    blocks.push((heading, String::from_utf8_lossy(block.name).into_owned(), text));
                }
            }
            Err(_) => complaints.push(record.at.line),
        }
    }
    assert!(times.is_sorted(), "midnight is followed");
    assert!(
        times.last().unwrap() - times.first().unwrap() < 3_600_000_000
            && *times.last().unwrap() > 86_400_000_000
    );
    (blocks, complaints)
}

/// List heads are made up by the generator, so they are left out of the comparison.
fn without_heads(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("\tAttributeUserData")).collect()
}

#[test]
fn a_whole_log_is_read_as_it_was_made() {
    for (seed, crlf) in [(1, false), (2, true)] {
        let log = generate(seed, 400, 0, crlf);
        let (blocks, complaints) = found(&log, true);
        assert_eq!(complaints, [0; 0]);
        assert_eq!(blocks.len(), log.blocks.len());
        for ((line, name, text), expected) in blocks.iter().zip(&log.blocks) {
            assert_eq!((*line, name.as_str()), (expected.line, expected.message));
            let lines = expected.text.split_once('\n').unwrap().1;
            assert_eq!(without_heads(text), without_heads(lines));
        }
    }
}

#[test]
fn every_whole_block_is_found_and_every_damaged_one_is_named() {
    let mut damaged = 0;
    for seed in 0..3 {
        let log = generate(seed, 300, 100, seed % 2 == 1);
        let (blocks, complaints) = found(&log, false);
        let found_lines: Vec<u64> = blocks.iter().map(|(line, ..)| *line).collect();
        let whole: Vec<u64> =
            log.blocks.iter().filter(|block| block.damaged.is_empty()).map(|block| block.line).collect();
        let lacking: Vec<_> = whole.iter().filter(|line| !found_lines.contains(line)).collect();
        let more: Vec<_> = found_lines.iter().filter(|line| !whole.contains(line)).collect();
        // Of a last line that is nothing but damage nobody can tell that it was part of the block.
        let lines = |block: &Expected| block.text.lines().count() as u64;
        let last = |block: &&Expected| block.damaged == [block.line + lines(block) - 1];
        let known = log.blocks.iter().filter(last).map(|block| block.line).collect::<Vec<_>>();
        assert!(
            lacking.is_empty() && more.iter().all(|line| known.contains(line)),
            "seed {seed}: not found {lacking:?}, too many {more:?}: {:?}",
            log.blocks.iter().filter(|block| more.contains(&&block.line)).collect::<Vec<_>>()
        );
        for block in log.blocks.iter().filter(|block| !block.damaged.is_empty()) {
            damaged += 1;
            for line in &block.damaged {
                assert!(complaints.contains(line), "seed {seed}, line {line}: {block:?}\n{complaints:?}");
            }
        }
    }
    assert!(damaged > 250, "{damaged}");
}

/// Cut anywhere, everything before the cut is found, and nothing else is.
#[test]
fn a_log_that_was_cut() {
    let log = generate(7, 3, 0, false);
    for end in (0..log.text.len()).step_by(7) {
        let mut reader = LogReader::new("cut.log", &log.text[..end]);
        let mut blocks = 0;
        while let Some(record) = reader.next().unwrap() {
            let behind = usize::try_from(record.at.byte).unwrap() + record.text.len();
            let last = behind >= end || log.text[behind..end].trim_ascii().is_empty();
            assert!(last || record.complaints.is_empty(), "cut at {end}: {record:?}");
            blocks += u64::from(matches!(record.kind, Kind::Block(_)) && record.complaints.is_empty());
        }
        let before = &log.text[..end];
        let headings = memchr::memmem::find_iter(before, b"message Event").count()
            + memchr::memmem::find_iter(before, b"\nmessage Request").count();
        assert!(
            blocks <= headings as u64 && blocks + 1 >= headings as u64,
            "cut at {end}: {blocks} of {headings}"
        );
    }
}
