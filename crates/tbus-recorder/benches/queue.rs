//! What the durable queue costs: appending one event and a read full of them, taking and removing a transaction.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tbus_recorder::queue::{Queue, QueueOptions, QueuePath, Record, Sync};

/// Bytes of an event with 58 pairs, as of a callback.
const EVENT: usize = 3000;

/// Events in a transaction: the vendor's default of `acc-queue-size`.
const TRANSACTION: u64 = 500;

fn frames(events: u32, bytes: &[u8]) -> Record<'_> {
    Record::Frames { session: 1, at: 0, events, bytes }
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("queue/append");
    for (sync, name) in [(Sync::Off, "off"), (Sync::Normal, "normal"), (Sync::Full, "full")] {
        for events in [1_u32, 64] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = QueuePath::File(folder.path().join("bench.pq"));
            let queue = Queue::open(QueueOptions { sync, ..QueueOptions::new(path) }).expect("a queue");
            let body = vec![7; EVENT * events as usize];
            group.throughput(Throughput::Elements(events.into()));
            group.bench_function(format!("{events} x {EVENT} B, sync {name}"), |b| {
                b.iter_custom(|times| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..times {
                        let start = Instant::now();
                        queue.append(&[frames(events, &body)]).expect("room");
                        spent += start.elapsed();
                        // As the writer does, outside the measurement: the file stays small.
                        if queue.open_records() >= TRANSACTION
                            && let Some(closed) = queue.close_transaction().expect("room")
                        {
                            queue.remove(&[closed.transaction]).expect("it is there");
                        }
                    }
                    spent
                });
            });
        }
    }
    group.finish();
}

fn transaction(c: &mut Criterion) {
    let mut group = c.benchmark_group("queue/transaction of 500");
    group.throughput(Throughput::Elements(TRANSACTION));
    for (events, again) in [(1_u32, false), (1, true), (50, false), (50, true)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = QueuePath::File(folder.path().join("bench.pq"));
        let queue = Queue::open(QueueOptions::new(path)).expect("a queue");
        let body = vec![7; EVENT * events as usize];
        let from = if again { "the file" } else { "memory" };
        group.bench_function(format!("close, take from {from}, remove; {events} events an append"), |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    while queue.open_records() < TRANSACTION {
                        queue.append(&[frames(events, &body)]).expect("room");
                    }
                    let start = Instant::now();
                    let closed = queue.close_transaction().expect("room").expect("records");
                    spent += start.elapsed();
                    if again {
                        black_box(queue.take(closed.transaction).expect("it is there"));
                    }
                    let start = Instant::now();
                    black_box(queue.take(closed.transaction).expect("it is there"));
                    queue.remove(&[closed.transaction]).expect("it is there");
                    spent += start.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, append, transaction);
criterion_main!(benches);
