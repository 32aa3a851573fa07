//! What is held is bounded, and what is given up is said.

use tlib_capture::packet::{ReadOptions, Trouble};

use crate::support::{Tcp, capture, event, read_with};

/// Connections with something missing at the start, and a lot behind it.
fn holes(connections: u16, segments: u32, bytes: usize) -> Vec<u8> {
    let mut all = Vec::new();
    for n in 0..segments {
        for port in 0..connections {
            let to = format!("10.0.0.9:{}", 20_000 + port).parse().unwrap();
            if n == 0 {
                all.push(Tcp { to, ..Tcp::to_client(0, &[]).syn().ack(1) });
            }
            let sequence = 1000 + n * u32::try_from(event(0, bytes).frame().len()).unwrap();
            all.push(Tcp { to, ..Tcp::to_client(sequence, event(n, bytes).frame()) });
        }
    }
    capture(&all)
}

#[test]
fn one_connection_is_bounded() {
    let options = ReadOptions { connection_bytes: 50_000, ..ReadOptions::default() };
    let read = read_with(&holes(1, 200, 1000), options);
    assert!(read.held <= 50_000, "{}", read.held);
    assert_eq!(read.captured.len(), 200, "what is given up is handled all the same");
    assert!(matches!(read.complaints[0].trouble, Trouble::GivenUp { .. }), "{:#?}", read.texts());
}

#[test]
fn all_connections_are_bounded_and_the_oldest_gives_up() {
    let options = ReadOptions { total_bytes: 100_000, ..ReadOptions::default() };
    let read = read_with(&holes(40, 10, 1000), options);
    assert!(read.held <= 100_000, "{}", read.held);
    assert_eq!(read.captured.len(), 400);
    let first = read.texts().into_iter().find(|text| text.contains("given up")).unwrap();
    assert!(first.contains("the bound of all connections is reached, and it is the oldest"), "{first}");
}

#[test]
fn the_number_of_connections_is_bounded() {
    let options = ReadOptions { connections: 5, ..ReadOptions::default() };
    let read = read_with(&holes(20, 1, 100), options);
    assert_eq!((read.captured.len(), read.summary.connections), (20, 20));
}

#[test]
fn tiny_segments_are_counted_with_what_they_cost() {
    let mut all = vec![Tcp::to_client(0, &[]).syn().ack(1)];
    all.extend((0..20_000).map(|n| Tcp::to_client(1000 + n * 2, b"x")));
    let options = ReadOptions { connection_bytes: 200_000, ..ReadOptions::default() };
    let read = read_with(&capture(&all), options);
    assert!(read.held <= 200_000, "{}", read.held);
}
