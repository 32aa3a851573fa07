//! A database that does not take what it is given.

use tbus_recorder::Recorder;
use tlib_testkit::mock_server::To;

use crate::support::{Bench, ENGINES, Engine};

const REFUSE_SQLITE: &str =
    "CREATE TRIGGER refuse BEFORE INSERT ON G_CUSTOM_DATA_S BEGIN SELECT RAISE(ABORT, 'no room today'); END";
const REFUSE_POSTGRESQL: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
    BEGIN RAISE EXCEPTION SQLSTATE '53100' USING MESSAGE = 'no room today'; END $$; \
    CREATE TRIGGER refuse BEFORE INSERT ON G_CUSTOM_DATA_S FOR EACH ROW EXECUTE FUNCTION refuse()";

#[test]
fn a_transaction_that_fails_is_tried_again_and_never_skipped() {
    for engine in ENGINES {
        let bench = Bench::new(engine);
        let recorder = bench.start();
        bench.send(0, "a", "1");
        bench.expect(" 25004 ", 2);
        bench.script(match engine {
            Engine::Sqlite => REFUSE_SQLITE,
            Engine::Postgresql => REFUSE_POSTGRESQL,
        });
        bench.send(1, "b", "2");
        bench.send(2, "c", "3");
        bench.expect("Std 25193 Database queue [GUD]: transaction 3 is not written (attempt 2), next attempt in 200 ms: ", 1);
        assert!(recorder.is_running());
        assert_eq!(bench.pairs(), ["1 a=1"]);
        assert_eq!(recorder.summary().pending.transactions, 2);
        bench.script(match engine {
            Engine::Sqlite => "DROP TRIGGER refuse",
            Engine::Postgresql => "DROP TRIGGER refuse ON G_CUSTOM_DATA_S",
        });
        bench.expect("Std 25193 Database queue [GUD]: transaction 3 is written at attempt ", 1);
        let summary = bench.stop(recorder);
        assert_eq!(bench.pairs(), ["1 a=1", "1 b=2", "1 c=3"]);
        // The session's two ends and three events, each once.
        assert_eq!((summary.records, summary.transactions), (5, 5));
        let told = bench.lines(&[25193]);
        assert!(
            told.iter()
                .filter(|line| line.contains(" is not written "))
                .all(|line| line.contains("no room today"))
        );
        // A line of its own for every transaction, in their order.
        let done: Vec<_> = bench.lines(&[25004]);
        assert_eq!(done.len(), 5);
        for (transaction, line) in (1..).zip(&done) {
            assert!(
                line.contains(&format!("persistent queue transaction {transaction} is processed")),
                "{line}"
            );
        }
        assert_eq!(bench.query("SELECT LAST_TRANSACTION, LAST_SESSION FROM TBUS_QUEUE"), ["5|1"]);
    }
}

#[test]
fn what_the_database_refuses_at_the_end_stays_in_the_queue() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.script(REFUSE_SQLITE);
    bench.send(0, "a", "1");
    let summary = recorder.stop();
    // The event and the session's end.
    assert_eq!((summary.pending.records, summary.pending.open), (2, 0));
    assert!(bench.text().contains("it stays in the queue: "), "{}", bench.text());
    assert!(bench.pairs().is_empty());
    bench.script("DROP TRIGGER refuse");
    let recorder = bench.start();
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["1 a=1"]);
    let ends = "SELECT DSCONN_ETIME, LEVENT_DSSEQ FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";
    assert_eq!(bench.query(ends), ["0.0|0000000000000003", "0.0|-"]);
}

#[test]
fn a_full_disk_under_the_queue_stops_receiving_and_loses_nothing() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    // Of 16 kB.
    config.queue.max_pages = Some(16);
    config.options.acc_queue_size = 10;
    let recorder = Recorder::start(config).unwrap();
    bench.script(REFUSE_SQLITE);
    // More than the disk has.
    let value = "v".repeat(4000);
    let frames: Vec<u8> =
        (0..100).flat_map(|second| bench.event(second, "k", &value).frame().to_vec()).collect();
    bench.server.send_bytes(To::Last, &frames);
    bench
        .expect("Std 25192 Persistent Queue GUD: not written, nothing more is received, next attempt in ", 2);
    assert!(bench.text().contains("no room on the disk to "), "{}", bench.text());
    assert!(recorder.is_running());
    bench.script("DROP TRIGGER refuse");
    bench.expect(" 04543 ", 100);
    let summary = bench.stop(recorder);
    assert_eq!((bench.pairs().len(), summary.counters.stored), (100, 100));
    let sequences = "SELECT count(DISTINCT GSYS_EXT_VCH1) FROM G_CUSTOM_DATA_S";
    assert_eq!(bench.query(sequences), ["100"]);
    assert_eq!(bench.query("SELECT DSS_ID FROM G_DSS_GUD_PROVIDER"), ["1"], "the connection was held");
}

#[test]
fn a_stop_writes_what_was_closed_just_before() {
    // A stop may come at any moment after the last transaction was closed.
    for _ in 0..20 {
        let bench = Bench::sqlite();
        let recorder = bench.start();
        bench.send(0, "a", "1");
        bench.stop(recorder);
        assert_eq!(bench.pairs(), ["1 a=1"]);
    }
}
