//! Input that nobody has meant: any bytes, lines and blocks without an end, sources that give one byte at a time or fail.

use std::io::{self, Read};

use proptest::prelude::*;
use tlib_capture::read::{BLOCK_LIMIT, Kind, LINE_LIMIT, LogReader};

use crate::support::{read, read_from};

/// Pieces of which logs consist, put together at random.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\tAttribute"[..]),
        Just(&b"\tAttributeThisDN\t'7001'\n"[..]),
        Just(&b"\tAttributeUserData\t[40] 00 02 00 00..\n"[..]),
        Just(&b"\t\t'k'\t'v'\n"[..]),
        Just(&b"\t\t'k'(list) "[..]),
        Just(&b"\t\t\t'k'\t7\n"[..]),
        Just(&b"'"[..]),
        Just(&b"\""[..]),
        Just(&b"\\"[..]),
        Just(&b"(list) "[..]),
        Just(&b"message EventACK"[..]),
        Just(&b"message "[..]),
        Just(&b"@00:34:20.7570 [0] 8.1.000.62 send_to_client: message EventACK\n"[..]),
        Just(&b"@"[..]),
        Just(&b"23:59:59.999 Trc 04542 EventACK sent to [516] (00000003 A 1.2.3.4:5)\n"[..]),
        Just(&b"00:00:00.000 Trc 04541 RequestX received from [516] (00000003 A 1.2.3.4:5)\n"[..]),
        Just(&b"2012-09-28T00:00:00.000 Int 04543 Interaction message \"EventACK\" received from 1 (\"a@b\")\n"[..]),
        Just(&b"received from 65200(S)host:7007(fd=4) message EventACK(refid=5)\n"[..]),
        Just(&b"Local time:       2012-09-28T00:00:00.000\n"[..]),
        Just(&b"UTC time:         9999-12-31T23:59:59.999\n"[..]),
        Just(&b"\tAttributeTimeinSecs\t4294967295 (23:59:59)\n"[..]),
        Just(&b"-- note\n"[..]),
        Just(&b"    "[..]),
    ];
    let any_bytes = proptest::collection::vec(any::<u8>(), 0..20);
    let part = prop_oneof![6 => piece.prop_map(<[u8]>::to_vec), 1 => any_bytes];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Gives a few bytes at a time.
struct Slowly<'a>(&'a [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// No panic, places that are right (`support::read` checks them), records that do not overlap and leave out nothing but
    /// empty lines; and the same whatever the pieces are in which the bytes come.
    #[test]
    fn any_bytes(text in pieces(), step in 1_usize..9) {
        let seen = read(&text);
        prop_assert_eq!(&read_from(Slowly(&text, step), &text), &seen);
        let mut reader = LogReader::new("test.log", &text[..]);
        let mut end = 0;
        let blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
        while let Some(record) = reader.next().unwrap() {
            let at = usize::try_from(record.at.byte).unwrap();
            prop_assert!(at >= end && blank(&text[end..at]));
            end = (at + record.text.len()).min(text.len());
            if let Kind::Block(block) | Kind::Damaged(block) = &record.kind {
                // Also no panic, whatever the outcome.
                let _ = block.to_message();
            }
        }
        prop_assert!(blank(&text[end..]));
    }

    /// What this reader splits, the codec reads in the same way: keys and the number of pairs.
    #[test]
    fn splitting_agrees_with_the_codec(message in tlib_testkit::strategy::message()) {
        let mut text = String::new();
        tlib_proto::text::print_message(&mut text, message.view(), &Default::default());
        let mut reader = LogReader::new("test.log", text.as_bytes());
        let record = reader.next().unwrap().unwrap();
        prop_assert!(record.complaints.is_empty(), "{:?}\n{}", record.complaints, text);
        let Kind::Block(block) = record.kind else { panic!("{text}") };
        let (read, left_out) = block.to_message().unwrap();
        prop_assert!(left_out.is_empty());
        prop_assert_eq!(&read, &message);
        let mut keys = Vec::new();
        for attribute in message.view().attributes() {
            if let tlib_proto::ValueRef::List(list) = attribute.value {
                all_keys(list, 1, &mut keys);
            }
        }
        let pairs = block.attributes().flat_map(|attribute| attribute.pairs().collect::<Vec<_>>());
        let split: Vec<_> = pairs.map(|pair| (pair.depth, (!pair.escaped).then(|| pair.key.to_vec()))).collect();
        prop_assert_eq!(split.len(), keys.len(), "{}", text);
        for ((depth, key), (expected_depth, expected)) in split.iter().zip(&keys) {
            prop_assert_eq!(depth, expected_depth, "{}", text);
            prop_assert!(key.as_ref().is_none_or(|key| key == expected));
        }
    }
}

fn all_keys(list: tlib_proto::KvRef<'_>, depth: u8, keys: &mut Vec<(u8, Vec<u8>)>) {
    for pair in list.pairs() {
        keys.push((depth, pair.key.to_vec()));
        if let tlib_proto::ValueRef::List(inner) = pair.value {
            all_keys(inner, depth + 1, keys);
        }
    }
}

#[test]
fn a_line_without_an_end_is_passed_over() {
    let block = b"message EventACK\n\tAttributeThisDN\t'7001'\n";
    for inside in [&b"@"[..], b"\tAttributeANI\t'", b"x"] {
        let text = [&block[..], inside, &vec![b'7'; LINE_LIMIT + 1000], b"'\n", block].concat();
        let seen = read(&text);
        let whole =
            seen.iter().filter(|seen| seen.what == "block EventACK" && seen.complaints.is_empty()).count();
        assert_eq!(whole, 2, "{seen:?}");
        assert!(seen[1].complaints[0].starts_with("3: longer than 5 MiB"), "{:?}", seen[1].complaints);
        assert_eq!(seen[2].line, 4);
    }
}

#[test]
fn a_block_without_an_end_is_cut() {
    let line = b"\tAttributeANI\t'12345678901234567890123456789012345678901234567890'\n";
    let text = [&b"message EventACK\n"[..], &line.repeat(5 * BLOCK_LIMIT / 2 / line.len())].concat();
    let mut reader = LogReader::new("test.log", &text[..]);
    let (mut bytes, mut records) = (0, 0);
    while let Some(record) = reader.next().unwrap() {
        assert!(record.text.len() <= BLOCK_LIMIT + 1000);
        assert!(!record.complaints.is_empty());
        bytes += record.text.len();
        records += 1;
    }
    assert_eq!((bytes, records), (text.len(), 3));
}

#[test]
fn a_source_that_fails_is_named_with_the_place() {
    struct Broken(&'static [u8]);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len();
            if length == 0 {
                return Err(io::Error::other("the disk is gone"));
            }
            buffer[..length].copy_from_slice(self.0);
            self.0 = b"";
            Ok(length)
        }
    }
    let mut reader = LogReader::new("server.log", Broken(b"-- a note\n-- another"));
    assert!(reader.next().unwrap().is_some());
    assert_eq!(reader.next().unwrap_err().to_string(), "server.log: line 2 (byte 10): the disk is gone");
}

/// What a look at all bytes with every read, or at all attributes with every line, does not get through.
#[test]
fn a_long_block_is_read_in_pieces_and_with_damage_in_time() {
    let mut text = b"message EventACK\n".to_vec();
    for n in 0..40_000 {
        if n == 20_000 {
            text.extend_from_slice(b"damaged\n");
        }
        text.extend_from_slice(format!("\tAttributeX{n}\t'{n}'\n").as_bytes());
    }
    text.extend_from_slice(b"damaged\n\tAttributeX1\t'");
    text.resize(text.len() + 400_000, b'7');
    text.extend_from_slice(b"'\n");
    let whole = read(&text);
    assert_eq!(
        whole.iter().map(|seen| seen.what.as_str()).collect::<Vec<_>>(),
        ["block EventACK", "damaged 1"]
    );
    assert_eq!(read_from(Slowly(&text, 1), &text), whole);
}
