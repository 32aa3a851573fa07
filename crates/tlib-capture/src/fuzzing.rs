//! What the fuzz targets of this crate run; the same functions replay the corpus as ordinary tests on the stable compiler.
//!
//! Each function returns normally on any input, or panics when it has found a bug.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a failed check must stop the fuzzer

use std::cell::RefCell;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::ops::Range;

use etherparse::PacketBuilder;
use tlib_proto::{AttributeId, Message, MessageId};

use crate::anonymize::{Anonymizer, Rules, Secret};
use crate::packet::{CaptureItem, CaptureReader, ReadOptions, Trouble};
use crate::read::{Field, Kind, LogReader, Record};
use crate::replay::{ConnIds, Filter, LogPlan, Pace, Place, Speed, Step};

/// Reading a log never panics. Records follow each other and leave out nothing but empty lines; complaints and fields lie in
/// their records; a damaged block has a complaint; and all is the same when the bytes come in small pieces.
pub fn log_reader(data: &[u8]) {
    let mut whole = LogReader::new("fuzz", data);
    // The first byte says how small.
    let step = usize::from(data.first().copied().unwrap_or_default() % 61).saturating_add(1);
    let mut pieces = LogReader::new("fuzz", Pieces(data, step));
    let (mut end, mut line) = (0, 1);
    loop {
        let record = whole.next().expect("memory does not fail");
        let again = pieces.next().expect("memory does not fail");
        assert_eq!(record.is_some(), again.is_some(), "the same number of records");
        let (Some(record), Some(again)) = (record, again) else { break };
        assert_eq!(
            (record.at, record.text, record.time),
            (again.at, again.text, again.time),
            "place, text, time"
        );
        assert_eq!(record.complaints, again.complaints, "complaints");
        let at = usize::try_from(record.at.byte).expect("within the data");
        assert!(at >= end && record.at.line >= line, "records follow each other");
        let between = data.get(end..at).expect("within the data");
        assert!(between.iter().all(u8::is_ascii_whitespace), "only empty lines are left out");
        end = at.saturating_add(record.text.len()).min(data.len());
        line = record.at.line.saturating_add(record.lines);
        look_at(&record);
    }
    assert!(data.get(end..).is_some_and(|rest| rest.iter().all(u8::is_ascii_whitespace)), "read to the end");
}

fn look_at(record: &Record<'_>) {
    let lines = record.at.line..record.at.line.saturating_add(record.lines.max(1));
    for complaint in record.complaints {
        assert!(lines.contains(&complaint.line), "{complaint} is said of lines {lines:?}");
        assert!(complaint.byte >= record.at.byte, "{complaint} is before its record");
    }
    let (Kind::Block(block) | Kind::Damaged(block)) = &record.kind else { return };
    let damaged = matches!(record.kind, Kind::Damaged(_));
    assert!(!damaged || !record.complaints.is_empty(), "what is damaged is complained of");
    for field in block.fields() {
        let line = match field {
            Field::Attribute(attribute) => attribute.line,
            Field::Pair(pair) => pair.line,
            Field::Other(_) => continue,
        };
        assert!(lines.contains(&line), "a field of line {line} in {lines:?}");
    }
    let Ok((_, left_out)) = block.to_message() else { return };
    for complaint in left_out {
        assert!(lines.contains(&complaint.line), "{complaint} is said of lines {lines:?}");
    }
}

/// Gives a few bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(length);
        buffer.get_mut(..length).unwrap_or_default().copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

/// Planning the replay of any log never panics. Steps stand in the log; a message that is planned can be chosen, timed (never
/// back) and given other ConnIDs, and is of the same size then.
pub fn replay_plan(data: &[u8]) {
    let mut plan = LogPlan::new();
    let mut reader = LogReader::new("fuzz", data);
    let mut steps = Vec::new();
    while let Some(record) = reader.next().expect("memory does not fail") {
        plan.push(&record, &mut |step| steps.push(step));
    }
    plan.finish(&mut |step| steps.push(step));

    let lines = memchr::memchr_iter(b'\n', data).count().saturating_add(1) as u64;
    let (mut pace, mut due) = (Pace::new(Speed::Times(10.0)), std::time::Duration::ZERO);
    let mut conn_ids = ConnIds::renewed(1);
    let filter = Filter {
        dns: vec!["REPORTING".to_owned()],
        from: "23:00".parse().ok(),
        to: "01:00".parse().ok(),
        ..Filter::default()
    };
    for step in &steps {
        let (Step::Message(_) | Step::Skipped { .. } | Step::Heard(_)) = step;
        if let Step::Message(planned) = step {
            let _ = filter.lets_through(planned);
            assert!(planned.is_request() || planned.message.id().is_event(), "{}", planned.message.id());
            let now = pace.due(planned.at);
            assert!(now >= due, "times go on");
            due = now;
            let renewed = conn_ids.apply(&planned.message).expect("a ConnID is as long as another");
            assert_eq!(renewed.frame().len(), planned.message.frame().len());
        }
        if let Step::Message(crate::replay::Planned { place, .. }) | Step::Skipped { place, .. } = step {
            assert!(
                matches!(place, Place::Line(line) if (1..=lines).contains(line)),
                "{place} of {lines} lines"
            );
        }
    }
}

/// Bounds so small that they are reached.
fn small() -> ReadOptions {
    ReadOptions { connections: 6, connection_bytes: 3000, total_bytes: 5000, ..ReadOptions::default() }
}

/// Reading any packet capture never panics and keeps to its bounds; an error is the last item.
pub fn capture_reader(data: &[u8]) {
    let mut ended = false;
    let options = small();
    let bound = options.total_bytes;
    let mut reader = CaptureReader::new(data, options);
    let mut messages = 0_u64;
    while let Some(item) = reader.next() {
        assert!(!ended, "an error is the last item");
        assert!(reader.held() <= bound, "{} bytes held", reader.held());
        match item {
            Ok(CaptureItem::Message(captured)) => {
                messages = messages.saturating_add(1);
                assert!(captured.packet <= reader.summary().packets);
            }
            Ok(CaptureItem::Complaint(complaint)) => assert!(!complaint.to_string().is_empty()),
            Err(error) => {
                ended = true;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert_eq!(reader.summary().messages, messages, "messages counted and given");
}

/// TCP segments in any order, twice, overlapping or not at all: 4 bytes each, of four streams whose messages are known. Only
/// these come out, in their order, none twice; and all of them where nothing is missing.
pub fn reassembly(data: &[u8]) {
    let messages: Vec<_> = (0..24_u8).map(event).collect();
    let stream: Vec<u8> = messages.iter().flat_map(|message| message.frame().to_vec()).collect();
    let (first, operations) = data.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    let first = u32::from_le_bytes(*first);
    let mut file: Vec<u8> = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 262_144, 101]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let mut put = |connection: u8, sequence: u32, syn: bool, payload: &[u8]| {
        let port = 40_000_u16.saturating_add(connection.into());
        let tcp = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(7007, port, sequence, 8192);
        let tcp = if syn { tcp.syn().ack(1) } else { tcp };
        let mut packet = Vec::new();
        tcp.write(&mut packet, payload).expect("memory does not fail");
        let length = u32::try_from(packet.len()).expect("a small packet");
        file.extend([0, 0, length, length].iter().flat_map(|word| word.to_le_bytes()));
        file.extend(packet);
    };
    // What is there of each stream.
    let mut given: [Vec<Range<usize>>; 4] = Default::default();
    for (connection, _) in (0_u8..).zip(&given) {
        put(connection, first, true, &[]);
    }
    for operation in operations.chunks_exact(4) {
        let &[connection, low, high, length] = operation else { continue };
        let connection = connection % 4;
        let start = usize::from(u16::from_le_bytes([low, high])) % stream.len();
        let end = start.saturating_add(usize::from(length).saturating_mul(4)).min(stream.len());
        let sequence = first.wrapping_add(1).wrapping_add(u32::try_from(start).unwrap_or_default());
        put(connection, sequence, false, stream.get(start..end).unwrap_or_default());
        if let Some(given) = given.get_mut(usize::from(connection)) {
            given.push(start..end);
        }
    }
    let mut numbers: [Vec<u32>; 4] = Default::default();
    let mut given_up = false;
    let bound = small().total_bytes;
    let mut reader = CaptureReader::new(&file[..], small());
    while let Some(item) = reader.next() {
        assert!(reader.held() <= bound, "{} bytes held", reader.held());
        match item.expect("the file is whole") {
            CaptureItem::Message(captured) => {
                let number = captured.message.view().reference_id().ok().flatten().expect("one of ours");
                let client: SocketAddr = captured.client;
                assert_eq!(messages.get(number as usize), Some(&captured.message), "one of ours");
                let index = usize::from(client.port().saturating_sub(40_000));
                let numbers = numbers.get_mut(index).expect("one of ours");
                assert!(numbers.last().is_none_or(|last| *last < number), "in order, none twice");
                numbers.push(number);
            }
            CaptureItem::Complaint(complaint) => {
                given_up |= matches!(complaint.trouble, Trouble::GivenUp { .. });
            }
        }
    }
    if given_up {
        return;
    }
    for (given, numbers) in given.iter_mut().zip(&numbers) {
        given.sort_by_key(|range| range.start);
        let whole =
            given.iter().fold(0, |end, range| if range.start <= end { end.max(range.end) } else { end });
        let mut end = 0;
        let there = messages.iter().take_while(|message| {
            end = message.frame().len().saturating_add(end);
            end <= whole
        });
        assert!(there.count() <= numbers.len(), "what is there without a gap is read");
    }
}

/// An event of its own number and length.
fn event(number: u8) -> Message {
    Message::build(MessageId::EVENT_USER_EVENT, |m| {
        let text = "abcdefghijklmnopqrstuvwxyz".repeat(usize::from(number % 5).saturating_mul(3));
        m.unsigned(AttributeId::REFERENCE_ID, number.into()).str(AttributeId::THIS_DN, &text)
    })
    .expect("a small message")
}

thread_local! {
    /// Stretching the key takes longer than everything else, and so do the tables of the permutations.
    static ANONYMIZER: RefCell<Anonymizer> = RefCell::new({
        let mut rules = Rules::default();
        rules.hide_key("Owner");
        rules.keep_key("Kept");
        Anonymizer::new(Secret::derive(b"a key for fuzzing").expect("long enough"), rules)
    });
}

/// Anonymising any log never panics. What comes out is as long, has its line ends where they were, and is read without a
/// complaint that the original has not, too; going over it again gives the same.
pub fn anonymize_log(data: &[u8]) {
    let anonymized = ANONYMIZER.with_borrow_mut(|anonymizer| {
        let mut once = || {
            anonymizer.forget();
            anonymizer.log(data, io::sink()).expect("memory does not fail");
            anonymizer.changing().expect("a small input");
            let mut out = Vec::new();
            anonymizer.log(data, &mut out).expect("memory does not fail");
            out
        };
        let out = once();
        assert_eq!(out, once(), "the same key gives the same fakes");
        out
    });
    assert_eq!(anonymized.len(), data.len(), "as long as before");
    let ends = |text: &[u8]| memchr::memchr_iter(b'\n', text).collect::<Vec<_>>();
    assert_eq!(ends(&anonymized), ends(data), "line ends stay");
    let complaints = |text: &[u8]| {
        let mut reader = LogReader::new("fuzz", text);
        let mut complaints = Vec::new();
        while let Some(record) = reader.next().expect("memory does not fail") {
            complaints.extend(record.complaints.iter().map(|complaint| complaint.line));
        }
        complaints
    };
    let (before, after) = (complaints(data), complaints(&anonymized));
    // Words of a damaged heading may be names that were learnt elsewhere; what is whole stays whole.
    assert!(!before.is_empty() || after.is_empty(), "{after:?} where nothing was");
}

/// Anonymising any packet capture never panics. What comes out has the same messages at the same sizes, and is read without a
/// complaint; what cannot be read is refused.
pub fn anonymize_capture(data: &[u8]) {
    let read = |file: &[u8], options| -> Result<(Vec<(MessageId, usize)>, usize), String> {
        let (mut messages, mut complaints) = (Vec::new(), 0_usize);
        for item in CaptureReader::new(file, options) {
            match item.map_err(|error| error.to_string())? {
                CaptureItem::Message(captured) => {
                    messages.push((captured.message.id(), captured.message.frame().len()));
                }
                CaptureItem::Complaint(_) => complaints = complaints.saturating_add(1),
            }
        }
        // Connections go their own ways within a capture; the order of each is its own.
        messages.sort_unstable();
        Ok((messages, complaints))
    };
    let anonymized = ANONYMIZER.with_borrow_mut(|anonymizer| {
        anonymizer.forget();
        anonymizer.capture(data, io::sink(), small()).map_err(|error| error.to_string())?;
        anonymizer.changing().expect("a small input");
        anonymizer.capture(data, Vec::new(), small()).map_err(|error| error.to_string())
    });
    match (read(data, small()), anonymized) {
        (Err(before), Err(after)) => assert_eq!(before, after, "refused as reading it is"),
        (Ok((before, _)), Ok(file)) => {
            // Each connection of the original may have been given up and met again, so small bounds are too small now.
            let (after, complaints) = read(&file, ReadOptions::default()).expect("what was written is read");
            assert_eq!((before, 0), (after, complaints), "the same messages");
        }
        (before, after) => panic!("{before:?} and then {after:?}"),
    }
}
