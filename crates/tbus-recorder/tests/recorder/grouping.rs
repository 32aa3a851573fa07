//! When a queue transaction is closed: its size, its age, and a quiet time.

use std::time::Duration;

use tbus_recorder::Recorder;
use tlib_testkit::mock_server::To;

use crate::support::Bench;

/// The numbers of records in the transactions, in order.
fn sizes(bench: &Bench) -> Vec<u32> {
    let count = |line: String| {
        let (_, rest) = line.split_once("is committed. ").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    bench.lines(&[25016]).into_iter().map(count).collect()
}

fn start(bench: &Bench, size: u32, lifespan: Duration) -> Recorder {
    let mut config = bench.config();
    config.options.acc_queue_size = size;
    config.options.acc_queue_lifespan = lifespan;
    Recorder::start(config).unwrap()
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_transaction_ends_with_the_record_that_fills_it() {
    let bench = Bench::sqlite();
    let recorder = start(&bench, 4, LONG);
    // The session's beginning is the first record; whatever one read brings is divided.
    let mut frames = Vec::new();
    for second in 0..10 {
        frames.extend_from_slice(bench.event(second, "k", &second.to_string()).frame());
    }
    bench.expect(" 25016 ", 1);
    bench.server.send_bytes(To::Last, &frames);
    bench.expect(" 25016 ", 3);
    let summary = bench.stop(recorder);
    let mut found = sizes(&bench);
    assert_eq!(found.remove(0), 1, "the session waited until it was quiet");
    assert_eq!(found[..2], [4, 4], "{found:?}");
    assert_eq!(found.iter().sum::<u32>(), 11, "ten events and the end: {found:?}");
    assert_eq!((summary.records, summary.transactions), (12, found.len() as u64 + 1));
    assert_eq!(bench.pairs().len(), 10);
}

#[test]
fn quiet_time_closes_what_neither_size_nor_age_do() {
    let bench = Bench::sqlite();
    let recorder = start(&bench, 500, LONG);
    bench.expect(" 25004 ", 1);
    bench.server.send(To::Last, &bench.event(0, "a", "1"));
    bench.expect(" 25004 ", 2);
    assert_eq!(bench.pairs(), ["1 a=1"], "it is there long before the transaction is full or old");
    bench.stop(recorder);
    assert_eq!(sizes(&bench), [1, 1, 1]);
}

#[test]
fn age_closes_what_never_gets_quiet() {
    let bench = Bench::sqlite();
    let recorder = start(&bench, 1_000_000, Duration::from_millis(1));
    bench.expect(" 25016 ", 1);
    // Each is older than the lifespan before the next can come, and the quiet time has not passed.
    for second in 0..5 {
        bench.server.send(To::Last, &bench.event(second, "k", "v"));
        bench.expect(" 25016 ", 2 + usize::try_from(second).unwrap());
    }
    bench.stop(recorder);
    assert_eq!(sizes(&bench), [1; 7]);
}
