//! Streams in pieces: cut anywhere, in any order, more than once, and with holes.

use proptest::collection::vec;
use proptest::prelude::*;
use tlib_capture::packet::{Flow, Trouble};
use tlib_proto::Message;
use tlib_testkit::strategy;

use crate::support::{Tcp, at, capture, event, hello, pcap_at, read, stream};

/// Cuts bytes at these places.
fn pieces(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<(usize, Vec<u8>)> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.dedup();
    places.windows(2).map(|pair| (pair[0], bytes[pair[0]..pair[1]].to_vec())).collect()
}

fn both_ways(
    messages: &[Message],
    answers: &[Message],
    start: u32,
    cuts: &[prop::sample::Index],
) -> Vec<Tcp> {
    let mut requests = vec![hello("OrchestrationServer")];
    requests.extend_from_slice(messages);
    let place = |offset: usize| start.wrapping_add(1).wrapping_add(u32::try_from(offset).unwrap());
    let mut segments = vec![Tcp::to_server(start, &[]).syn(), Tcp::to_client(start, &[]).syn().ack(start)];
    let (up, down) = (stream(&requests), stream(answers));
    segments.extend(pieces(&up, cuts).iter().map(|(n, bytes)| Tcp::to_server(place(*n), bytes)));
    segments.extend(pieces(&down, cuts).iter().map(|(n, bytes)| Tcp::to_client(place(*n), bytes)));
    segments.push(Tcp::to_server(place(up.len()), &[]).fin());
    segments.push(Tcp::to_client(place(down.len()), &[]).fin());
    segments
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn any_cutting_order_and_repetition_gives_the_same_messages(
        messages in vec(strategy::message(), 0..12),
        answers in vec(strategy::message(), 1..12),
        start in prop_oneof![any::<u32>(), (0_u32..2000).prop_map(|n| u32::MAX - n)],
        cuts in vec(any::<prop::sample::Index>(), 0..40),
        order in vec(any::<u16>(), 100),
        twice in vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut segments = both_ways(&messages, &answers, start, &cuts);
        let handshake = segments.drain(..2).collect::<Vec<_>>();
        for again in twice {
            let copy = again.get(&segments).clone();
            segments.push(copy);
        }
        let mut order: Vec<_> = segments.into_iter().zip(order.iter().cycle()).collect();
        order.sort_by_key(|(_, place)| **place);
        let segments: Vec<_> = handshake.into_iter().chain(order.into_iter().map(|(segment, _)| segment)).collect();

        let read = read(&capture(&segments)).clean();
        let of = |flow| {
            let of: Vec<_> = read.captured.iter().filter(|one| one.flow == flow).collect();
            of.iter().map(|one| one.message.clone()).collect::<Vec<_>>()
        };
        let up = of(Flow::ToServer);
        prop_assert_eq!(&up[0], &hello("OrchestrationServer"));
        prop_assert_eq!(&up[1..], &messages[..]);
        prop_assert_eq!(of(Flow::ToClient), answers);
        prop_assert!(read.captured.iter().all(|one| one.connection == 1));
    }

    #[test]
    fn with_a_segment_lost_all_other_messages_are_found(
        lengths in vec(0_usize..400, 6..30),
        start in prop_oneof![any::<u32>(), (0_u32..2000).prop_map(|n| u32::MAX - n)],
        step in 20_usize..700,
        lost in any::<prop::sample::Index>(),
    ) {
        let events: Vec<_> = lengths.iter().zip(0..).map(|(length, n)| event(n, *length)).collect();
        let bytes = stream(&events);
        let pieces: Vec<_> = bytes.chunks(step).collect();
        let lost = lost.index(pieces.len());
        let place = |n: usize| start.wrapping_add(1).wrapping_add(u32::try_from(n * step).unwrap());
        let mut segments = vec![Tcp::to_client(start, &[]).syn().ack(7)];
        segments.extend(
            pieces.iter().enumerate().filter(|(n, _)| *n != lost).map(|(n, piece)| Tcp::to_client(place(n), piece)),
        );
        let read = read(&capture(&segments));

        let hole = lost * step..lost * step + pieces[lost].len();
        let mut offset = 0;
        let mut expected = Vec::new();
        for message in &events {
            let span = offset..offset + message.frame().len();
            offset = span.end;
            if span.end <= hole.start || span.start >= hole.end {
                expected.push(message.clone());
            }
        }
        prop_assert_eq!(read.messages(), expected);
        if hole.end < bytes.len() {
            prop_assert_eq!(read.summary.lost, u64::try_from(hole.len()).unwrap());
            prop_assert!(!read.complaints.is_empty());
        }
    }
}

#[test]
fn overlapping_segments_count_once() {
    let events: Vec<_> = (0..5).map(|n| event(n, 30)).collect();
    let bytes = stream(&events);
    let mut segments = vec![Tcp::to_client(99, &[]).syn().ack(7)];
    for (from, to) in [(50, 120), (0, 20), (10, 60), (100, bytes.len()), (0, bytes.len()), (40, 45)] {
        segments.push(Tcp::to_client(100 + u32::try_from(from).unwrap(), &bytes[from..to]));
    }
    assert_eq!(read(&capture(&segments)).clean().messages(), events);
}

#[test]
fn a_capture_that_begins_in_the_middle_finds_the_next_frame() {
    let events: Vec<_> = (0..20).map(|n| event(n, 100)).collect();
    let bytes = stream(&events);
    let middle = 37;
    let segments: Vec<_> = bytes[middle..]
        .chunks(64)
        .enumerate()
        .map(|(n, piece)| Tcp::to_client(5000 + u32::try_from(n * 64).unwrap(), piece))
        .collect();
    let read = read(&capture(&segments));
    assert_eq!(read.messages(), events[1..]);
    let skipped = u64::try_from(events[0].frame().len() - middle).unwrap();
    assert_eq!(read.summary.skipped, skipped);
    assert_eq!(
        read.texts(),
        [format!(
            "packet 1 (byte 24 of the file): connection 1, server to client: {skipped} bytes skipped, no frame found in them"
        )]
    );
    // Nothing but events tells which end is the server.
    assert!(read.captured.iter().all(|one| one.server.port() == 7007 && one.application.is_none()));
}

#[test]
fn a_hole_that_the_receiver_has_acknowledged_is_given_up_after_a_second() {
    let events: Vec<_> = (0..6).map(|n| event(n, 100)).collect();
    let length = events[0].frame().len();
    let place = |n: usize| 100 + u32::try_from(n * length).unwrap();
    let mut packets = vec![(at(0), Tcp::to_client(99, &[]).syn().ack(7).packet())];
    for n in [0_usize, 2, 3] {
        packets.push((at(1000), Tcp::to_client(place(n), events[n].frame()).packet()));
    }
    packets.push((at(2000), Tcp::to_server(7, &[]).ack(place(4)).packet()));
    packets.push((at(999_000), Tcp::to_client(place(4), events[4].frame()).packet()));
    let told = read(&pcap_at(101, &packets));
    assert_eq!(told.captured.len(), 4, "given up at the end of the file at the latest");
    packets.push((at(1_002_000), Tcp::to_client(place(5), events[5].frame()).packet()));
    let read = read(&pcap_at(101, &packets));
    let packets: Vec<_> = read.captured.iter().map(|one| (one.packet, one.at)).collect();
    assert_eq!(packets, [(2, at(1000)), (3, at(1000)), (4, at(1000)), (6, at(999_000)), (7, at(1_002_000))]);
    assert!(
        matches!(read.complaints[0].trouble, Trouble::Lost { bytes } if bytes == length as u64),
        "{read:?}"
    );
}

#[test]
fn many_connections_keep_apart_and_ports_are_used_again() {
    let mut segments = Vec::new();
    let mut expected = Vec::new();
    for round in 0..3_u32 {
        for port in 1..=50_u16 {
            let from = format!("10.0.0.9:{}", 20_000 + port).parse().unwrap();
            let start = round * 1_000_000 + u32::from(port);
            let name = format!("client-{round}-{port}");
            let with = |segment: Tcp| Tcp { from, ..segment };
            segments.push(with(Tcp::to_server(start, &[]).syn()));
            segments.push(with(Tcp::to_server(start + 1, hello(&name).frame())));
            if round == 1 {
                let end = start + 1 + u32::try_from(hello(&name).frame().len()).unwrap();
                segments.push(with(Tcp::to_server(end, &[]).fin()));
            }
            expected.push(name);
        }
    }
    let read = read(&capture(&segments)).clean();
    let names: Vec<_> =
        read.captured.iter().map(|one| one.application.clone().unwrap().to_string()).collect();
    assert_eq!(names, expected);
    assert_eq!(read.summary.connections, 150);
}

#[test]
fn another_protocol_is_said_once_and_ignored() {
    let mut segments = vec![Tcp::to_server(0, &[]).syn()];
    let text = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for n in 0..50 {
        segments.push(Tcp::to_server(1 + n * u32::try_from(text.len()).unwrap(), text));
    }
    let read = read(&capture(&segments));
    assert_eq!(
        read.texts(),
        [
            "packet 2 (byte 80 of the file): connection 1, client to server: no T-Library traffic of the reference profile, ignored"
        ]
    );
    assert_eq!(read.summary.foreign, 1);
}

#[test]
fn a_damaged_frame_is_named_and_the_next_one_is_read() {
    let mut damaged = event(1, 20).frame().to_vec();
    damaged[7] = 9;
    let mut bytes = event(0, 20).frame().to_vec();
    bytes.extend_from_slice(&damaged);
    bytes.extend_from_slice(event(2, 20).frame());
    // A length that cannot be one, then frames again.
    bytes.extend_from_slice(&[0xff; 50]);
    bytes.extend_from_slice(event(3, 20).frame());
    bytes.extend_from_slice(&event(4, 20).frame()[..30]);
    let segments = [Tcp::to_client(0, &[]).syn().ack(1), Tcp::to_client(1, &bytes)];
    let read = read(&capture(&segments));
    assert_eq!(read.messages(), [event(0, 20), event(2, 20), event(3, 20)]);
    let texts = read.texts();
    assert_eq!(texts.len(), 4, "{texts:#?}");
    assert!(
        texts[0].contains("packet 2 (byte 80 of the file): connection 1, server to client: damaged frame"),
        "{texts:#?}"
    );
    assert!(texts[1].contains("no frame begins here"), "{texts:#?}");
    assert!(texts[2].contains("50 bytes skipped"), "{texts:#?}");
    assert!(texts[3].contains("the last frame is cut off, 30 bytes of it are there"), "{texts:#?}");
    assert_eq!(read.summary.damaged, 2);
}
