use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::super::{LogFile, LogHandle, LogSink, LogTarget, MemoryLog, Record, Verbosity};
use super::{config, line, published};

fn memory() -> (MemoryLog, LogSink, LogHandle) {
    let memory = MemoryLog::new();
    let (sink, handle) = LogSink::start(config(), LogTarget::Memory(memory.clone())).unwrap();
    (memory, sink, handle)
}

/// Lets one write through per token, and every write when the sender of tokens is gone.
struct Gate(Receiver<()>, MemoryLog);

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn batches_come_out_in_order_and_the_vector_is_empty() {
    let (memory, sink, handle) = memory();
    assert_eq!(sink.verbosity(), Verbosity::All);
    assert_eq!(handle.path(), None);
    let mut batch = published();
    let capacity = batch.capacity();
    sink.push_batch(&mut batch);
    assert_eq!((batch.len(), batch.capacity()), (0, capacity));
    sink.flush();
    assert!(memory.text().ends_with(include_str!("../../../../../tests/evidence/tserver_reporting.log")));
    assert_eq!(sink.pending_bytes(), 0);
    sink.push(line(1, 40));
    handle.close();
    let text = memory.text();
    assert!(text.ends_with("00:34:20.757 Std 00001 0000000000000001\n00:34:20.700 Std 04198 Log closed\n"));
    // Too late, and no harm done.
    sink.push(line(2, 40));
    sink.flush();
    assert_eq!(memory.text(), text);
    assert_eq!((sink.error().is_none(), sink.lost()), (true, 0));
}

/// Notes how nice the thread is that writes.
#[cfg(target_os = "linux")]
struct Nice(std::sync::Arc<std::sync::Mutex<Vec<i32>>>);

#[cfg(target_os = "linux")]
impl Write for Nice {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(rustix::process::getpriority_process(None)?);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_thread_gives_way_to_others_and_nobody_else_does() {
    let own = || rustix::process::getpriority_process(None).unwrap();
    let (before, seen) = (own(), std::sync::Arc::default());
    let file = LogFile::to_stream(config(), Box::new(Nice(std::sync::Arc::clone(&seen))));
    let (sink, handle) = LogSink::spawn(file).unwrap();
    sink.push(line(1, 40));
    sink.flush();
    handle.close();
    assert_eq!(seen.lock().unwrap().last(), Some(&(before + 10).min(19)));
    assert_eq!(own(), before);
}

#[test]
fn a_full_queue_holds_publishers_up_and_loses_nothing() {
    let (tokens, gate) = sync_channel(1024);
    let memory = MemoryLog::new();
    let mut config = config();
    config.pending_bytes = 2000;
    tokens.send(()).unwrap(); // the start lines
    let file = LogFile::to_stream(config, Box::new(Gate(gate, memory.clone())));
    let (sink, handle) = LogSink::spawn(file).unwrap();
    let publishers: Vec<_> = (0..2)
        .map(|who| {
            let sink = sink.clone();
            thread::spawn(move || {
                let mut batch = Vec::new();
                for n in 0..500 {
                    batch.extend([line(1000 * who + 2 * n, 60), line(1000 * who + 2 * n + 1, 60)]);
                    sink.push_batch(&mut batch);
                }
            })
        })
        .collect();
    // The gate is shut: both must come to wait, with the queue within its bound.
    while sink.waiting() < 2 {
        thread::yield_now();
    }
    assert!(sink.pending_bytes() <= 2000);
    assert_eq!(memory.text().lines().count(), 2);
    drop(tokens);
    for publisher in publishers {
        publisher.join().unwrap();
    }
    handle.close();
    let text = memory.text();
    let numbers: Vec<usize> = text
        .lines()
        .filter(|line| line.contains(" 00001 "))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), 2000);
    for who in 0..2 {
        let own: Vec<_> = numbers.iter().copied().filter(|n| n / 1000 == who).collect();
        assert!(own.is_sorted() && own.len() == 1000);
    }
    // The two records of a batch are neighbours.
    assert!(numbers.chunks(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[test]
fn who_waits_when_the_log_is_closed_is_let_in() {
    let (tokens, gate) = sync_channel(1024);
    let memory = MemoryLog::new();
    let mut config = config();
    config.pending_bytes = 1;
    tokens.send(()).unwrap();
    let file = LogFile::to_stream(config, Box::new(Gate(gate, memory.clone())));
    let (sink, handle) = LogSink::spawn(file).unwrap();
    // Larger than the whole queue: let in alone.
    sink.push(line(1, 60));
    let late = thread::spawn({
        let sink = sink.clone();
        move || sink.push(line(2, 60))
    });
    let flusher = thread::spawn({
        let sink = sink.clone();
        move || sink.flush()
    });
    while sink.waiting() < 2 {
        thread::yield_now();
    }
    let closer = thread::spawn(move || handle.close());
    drop(tokens);
    for thread in [late, flusher, closer] {
        thread.join().unwrap();
    }
    assert_eq!(memory.text().lines().filter(|line| line.contains(" 00001 ")).count(), 2);
}

#[test]
fn flush_and_close_do_not_wait_for_the_gathering() {
    let memory = MemoryLog::new();
    let mut config = config();
    // As long as it can be; the test would take minutes.
    config.gather = Duration::from_secs(3600);
    let (sink, handle) = LogSink::start(config, LogTarget::Memory(memory.clone())).unwrap();
    let start = std::time::Instant::now();
    for n in 0..200 {
        sink.push(line(n, 60));
        sink.flush();
        assert_eq!(memory.text().lines().count(), n + 3);
    }
    sink.push(line(200, 60));
    handle.close();
    assert_eq!(memory.text().lines().count(), 204);
    assert!(start.elapsed() < Duration::from_secs(20), "200 times 200 ms would be 40 s");
}

#[test]
fn a_writer_that_panics_leaves_nobody_waiting() {
    struct Panics(usize);
    impl Write for Panics {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            assert_ne!(self.0, 2, "on purpose");
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut config = config();
    config.pending_bytes = 1;
    let (sink, handle) = LogSink::spawn(LogFile::to_stream(config, Box::new(Panics(0)))).unwrap();
    let mut batch: Vec<Record> = Vec::new();
    for n in 0..10 {
        batch.push(line(n, 60));
        sink.push_batch(&mut batch);
        assert!(batch.is_empty());
    }
    sink.flush();
    handle.close();
}
