//! Files made to break a reader: nothing panics, and every item has its place.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use tlib_capture::packet::{Flow, PcapngWriter};

use crate::support::{CLIENT, SERVER, Tcp, address, at, capture, event, hello, pcap, read, stream};

fn good() -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap().with_segment(60);
    writer.open(at(0), 1, address(CLIENT), address(SERVER)).unwrap();
    writer.bytes(at(1), 1, Flow::ToServer, hello("OrchestrationServer").frame()).unwrap();
    for n in 0..6 {
        writer.bytes(at(2), 1, Flow::ToClient, event(n, 50).frame()).unwrap();
    }
    writer.finish(at(3)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn flipped_bytes(damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), classic in any::<bool>()) {
        let mut file = if classic {
            capture(&[Tcp::to_client(0, &[]).syn(), Tcp::to_client(1, &stream(&[event(1, 9), event(2, 300)]))])
        } else {
            good()
        };
        for (place, byte) in damage {
            let place = place.index(file.len());
            file[place] = byte;
        }
        read(&file);
    }

    #[test]
    fn any_bytes(mut bytes in vec(any::<u8>(), 0..600), magic in 0..4) {
        let magic: &[u8] = match magic {
            0 => &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
            1 => &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0],
            2 => &[0xa1, 0xb2, 0x3c, 0x4d],
            _ => &[],
        };
        bytes.splice(0..0, magic.iter().copied());
        read(&bytes);
    }

    #[test]
    fn any_packets(packets in vec(vec(any::<u8>(), 0..120), 0..20), link in prop_oneof![Just(1), Just(0), Just(101), Just(113), Just(276)]) {
        read(&pcap(link, &packets));
    }

    #[test]
    fn any_segments(
        segments in vec((any::<bool>(), any::<u32>(), any::<bool>(), any::<bool>(), proptest::option::of(any::<u32>()), vec(any::<u8>(), 0..40)), 0..60),
        near in any::<bool>(),
    ) {
        let segments: Vec<_> = segments.into_iter().map(|(up, sequence, syn, fin, ack, payload)| {
            let sequence = if near { sequence % 200 } else { sequence };
            let segment = if up { Tcp::to_server(sequence, &payload) } else { Tcp::to_client(sequence, &payload) };
            Tcp { syn, fin, acknowledged: ack, ..segment }
        }).collect();
        read(&capture(&segments));
    }
}

#[test]
fn frames_that_never_are_cost_no_more_than_their_bytes() {
    // After a hole, a chain of attributes each of which could be the head of a frame that goes on to the very end, where
    // it is wrong: looking at each of them to the end would take minutes.
    let unit = [0, 0, 0, 0, 8, 0x00, 0x0f, 0xff, 0x00, 0, 96, 0x4e, 0x20];
    let mut bytes = vec![0xff; 3];
    while bytes.len() < 1 << 20 {
        bytes.extend_from_slice(&unit);
    }
    bytes.extend_from_slice(&[0xff; 8]);
    bytes.extend_from_slice(event(5, 10).frame());
    let segments: Vec<_> = bytes
        .chunks(60_000)
        .enumerate()
        .map(|(n, piece)| Tcp::to_client(u32::try_from(n * 60_000).unwrap(), piece))
        .collect();
    let start = Instant::now();
    let read = read(&capture(&segments));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(read.messages(), [event(5, 10)]);
}
