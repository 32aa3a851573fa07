//! Large queues, full disks.

use crate::*;

#[test]
fn a_million_records_leave_a_small_file() {
    let place = Place::new();
    let queue = place.open();
    let body = vec![7; 64 * 100];
    let (mut records, mut largest, mut largest_log) = (0, 0, 0);
    while records < 1_000_000 {
        for _ in 0..8 {
            queue.append(&[frames(64, &body)]).unwrap();
        }
        let closed = queue.close_transaction().unwrap().unwrap();
        records += closed.records;
        assert_eq!(queue.take(closed.transaction).unwrap().parts.len(), 8);
        queue.remove(&[closed.transaction]).unwrap();
        largest = largest.max(fs::metadata(&place.path).unwrap().len());
        largest_log = largest_log.max(fs::metadata(beside(&place.path, "-wal")).unwrap().len());
    }
    assert!(largest < 1 << 20, "{largest} bytes");
    // How much it is depends on when the thread that folds it gets its turn; an append folds it at 64 MiB in any case.
    assert!(largest_log < 80 << 20, "{largest_log} bytes in the log");
    drop(queue);
    assert!(!beside(&place.path, "-wal").exists());
    assert_eq!(place.open().pending(), Pending::default());
}

#[test]
fn the_log_is_folded_though_nobody_removes() {
    let place = Place::new();
    let queue = place.open();
    let body = vec![7; 256 << 10];
    for _ in 0..600 {
        queue.append(&[frames(64, &body)]).unwrap();
    }
    let log = fs::metadata(beside(&place.path, "-wal")).unwrap().len();
    assert!(log < 80 << 20, "{log} bytes in the log of 150 MiB");
    // What is no longer in memory comes from the file.
    queue.close_transaction().unwrap();
    let taken = queue.take(1).unwrap();
    assert_eq!(taken.parts.len(), 600);
    assert!(taken.parts.iter().all(|part| *part == frames(64, &body).to_owned()));
}

#[test]
fn a_full_disk_loses_nothing_and_the_call_can_be_repeated() {
    let place = Place::new();
    let queue = Queue::open(QueueOptions { max_pages: Some(64), ..place.options() }).unwrap();
    let body = vec![7; 100_000];
    let mut appended = 0;
    let error = loop {
        match queue.append_with(&[frames(1, &body), frames(1, b"small")], &[("last", "x")]) {
            Ok(()) => appended += 2,
            Err(error) => break error,
        }
        assert!(appended < 100, "the limit works");
    };
    assert!(matches!(error, QueueError::Full { .. }), "{error}");
    assert!(error.to_string().contains("icon_1.pq") && error.to_string().contains("disk"), "{error}");
    assert_eq!(queue.open_records(), appended);
    assert!(matches!(queue.append(&[frames(1, &body)]), Err(QueueError::Full { .. })));
    assert_eq!(queue.open_records(), appended);

    queue.close_transaction().unwrap();
    assert_eq!(queue.take(1).unwrap().parts.len() as u64, appended);
    queue.remove(&[1]).unwrap();
    queue.append(&[frames(1, &body)]).unwrap();
    drop(queue);
    assert_eq!(place.open().pending(), Pending { transactions: 0, records: 0, open: 1 });
}

#[test]
fn a_large_file_is_compacted_when_it_is_asked_for() {
    let place = Place::new();
    let queue = place.open();
    let body = vec![7; 1 << 20];
    for _ in 0..8 {
        queue.append(&[frames(1, &body)]).unwrap();
    }
    queue.close_transaction().unwrap();
    queue.append(&[frames(1, b"stays")]).unwrap();
    queue.remove(&[1]).unwrap();
    drop(queue);
    let size = || fs::metadata(&place.path).unwrap().len();
    let before = size();
    assert!(before > 8 << 20);
    drop(Queue::open(QueueOptions { compact_above: Some(before), ..place.options() }).unwrap());
    assert_eq!(size(), before, "not above");
    let queue = Queue::open(QueueOptions { compact_above: Some(before - 1), ..place.options() }).unwrap();
    assert_eq!(queue.close_transaction().unwrap(), Some(Closed { transaction: 2, records: 1 }));
    assert_eq!(queue.take(2).unwrap().parts, [frames(1, b"stays").to_owned()]);
    drop(queue);
    assert!(size() < 1 << 20);
}
