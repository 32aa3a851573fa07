//! What is written is read again, equal.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use tlib_capture::packet::{CaptureRecord, CaptureSink, Flow, PcapngWriter};
use tlib_testkit::strategy;

use crate::support::{CLIENT, SERVER, address, at, event, hello, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn what_is_written_is_read(
        messages in vec((0_u64..4, any::<bool>(), strategy::message()), 0..40),
        segment in 1_usize..300,
    ) {
        let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap().with_segment(segment);
        for connection in 0..4 {
            let client = format!("127.0.0.1:{}", 40_000 + connection).parse().unwrap();
            writer.open(at(connection), connection, client, address("127.0.0.1:7007")).unwrap();
        }
        for ((connection, up, message), time) in messages.iter().zip(10..) {
            let flow = if *up { Flow::ToServer } else { Flow::ToClient };
            writer.bytes(at(time), *connection, flow, message.frame()).unwrap();
        }
        let read = read(&writer.finish(at(1000)).unwrap()).clean();
        prop_assert_eq!(read.captured.len(), messages.len());
        for ((captured, (connection, up, message)), time) in read.captured.iter().zip(&messages).zip(10..) {
            prop_assert_eq!(&captured.message, message);
            prop_assert_eq!(captured.flow == Flow::ToServer, *up);
            prop_assert_eq!(u64::from(captured.client.port()), 40_000 + connection);
            prop_assert_eq!(captured.at, at(time));
        }
    }
}

#[test]
fn long_messages_are_split_and_both_families_are_written() {
    for (client, server) in [
        (CLIENT, SERVER),
        ("[::1]:40000", "[::1]:7007"),
        ("127.0.0.1:40000", "[::]:7007"),
        ("[::ffff:10.0.0.1]:40000", "10.0.0.2:7007"),
    ] {
        let long: Vec<_> = (0..60).map(|n| event(n, 60_000)).collect();
        let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
        writer.open(at(0), 9, address(client), address(server)).unwrap();
        writer.bytes(at(1), 9, Flow::ToServer, hello("Icon_Voice").frame()).unwrap();
        writer.bytes(at(2), 9, Flow::ToClient, &crate::support::stream(&long)).unwrap();
        let read = read(&writer.finish(at(3)).unwrap()).clean();
        assert_eq!(read.messages()[1..], long);
        assert_eq!(read.captured[1].application.as_deref(), Some("Icon_Voice"));
        assert_eq!(read.captured[1].client.port(), address(client).port());
    }
}

#[test]
fn a_connection_that_is_not_open_is_named() {
    let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
    let error = writer.bytes(at(0), 3, Flow::ToClient, b"x").unwrap_err();
    assert_eq!(error.to_string(), "connection 3 is not open");
    writer.close(at(0), 3).unwrap();
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn records(connection: u64, count: u32, bytes: usize) -> Vec<CaptureRecord> {
    let open =
        CaptureRecord::Open { at: at(0), connection, client: address(CLIENT), server: address(SERVER) };
    let event = |n| CaptureRecord::Bytes {
        at: at(u64::from(n)),
        connection,
        flow: Flow::ToClient,
        bytes: Bytes::copy_from_slice(event(n, bytes).frame()),
    };
    std::iter::once(open).chain((0..count).map(event)).collect()
}

#[test]
fn the_thread_loses_nothing_however_much_is_handed_over() {
    let memory = Memory::default();
    let (sink, handle) = CaptureSink::start(memory.clone(), "test", |error| panic!("{error}")).unwrap();
    // 60 MB through a queue of 16.
    let mut all = records(1, 2000, 30_000);
    while !all.is_empty() {
        let mut batch: Vec<_> = all.drain(..all.len().min(100)).collect();
        sink.push_batch(&mut batch);
        assert!(batch.is_empty());
    }
    let length = handle.close().unwrap();
    let file = memory.0.lock().unwrap();
    assert_eq!(length, file.len() as u64);
    assert_eq!(read(&file).clean().captured.len(), 2000);
    sink.push(CaptureRecord::Close { at: at(0), connection: 1 });
}

struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("no space left"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_once_and_holds_nobody() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let (sink, handle) =
        CaptureSink::start(Full(100_000), "test", move |error| tell.lock().unwrap().push(error.to_string()))
            .unwrap();
    for _ in 0..40 {
        sink.push_batch(&mut records(1, 100, 10_000));
    }
    assert!(handle.close().is_err());
    assert_eq!(*told.lock().unwrap(), ["cannot write the capture: no space left"]);
}
