//! The durable queue from outside: order, numbers, waiting, limits.

mod damage;
mod kill;
mod model;
mod size;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tbus_recorder::queue::{
    Closed, Level, MAX_RECORD, OwnedRecord, Pending, Queue, QueueError, QueueOptions, QueuePath, Record, Sync,
};
use tempfile::TempDir;

/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("icon_1.pq");
        Self { _folder: folder, path }
    }

    /// What is tested here does not need the disk, which other tests may keep busy.
    fn options(&self) -> QueueOptions {
        QueueOptions { sync: Sync::Off, ..QueueOptions::new(QueuePath::File(self.path.clone())) }
    }

    fn open(&self) -> Queue {
        Queue::open(self.options()).unwrap()
    }
}

fn memory() -> Queue {
    Queue::open(QueueOptions::new(":memory:".parse().unwrap())).unwrap()
}

fn frames(events: u32, bytes: &[u8]) -> Record<'_> {
    Record::Frames { session: 1, at: 1_700_000_000_000_000, events, bytes }
}

/// The file with `-wal` and the like behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn what_goes_in_comes_out_in_order() {
    let place = Place::new();
    let queue = place.open();
    let records = [
        Record::Opened { session: 7, json: "{\"peer\":\"SIP_Server\"}" },
        Record::Frames { session: 7, at: -1, events: 3, bytes: &[1, 0, 255] },
        Record::Frames { session: 7, at: i64::MAX, events: 0, bytes: &[] },
    ];
    queue.append(&records).unwrap();
    assert_eq!(queue.open_records(), 4);
    queue.append(&[Record::Closed { session: 7, json: "" }]).unwrap();
    assert_eq!(queue.pending(), Pending { transactions: 0, records: 0, open: 5 });
    assert_eq!(queue.close_transaction().unwrap(), Some(Closed { transaction: 1, records: 5 }));
    assert_eq!(queue.close_transaction().unwrap(), None, "nothing new, no transaction");
    assert_eq!(queue.pending(), Pending { transactions: 1, records: 5, open: 0 });

    let mut expected: Vec<OwnedRecord> = records.iter().map(Record::to_owned).collect();
    expected.push(OwnedRecord::Closed { session: 7, json: String::new() });
    // From memory, from the file, and from the file opened again.
    let first = queue.take(1).unwrap();
    assert_eq!((first.transaction, first.records, &first.parts), (1, 5, &expected));
    assert_eq!(queue.take(1).unwrap(), first);
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.take(1).unwrap(), first);
    queue.remove(&[1]).unwrap();
    assert_eq!(queue.pending(), Pending::default());
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn numbers_rise_though_everything_was_removed() {
    let place = Place::new();
    let id = place.open().id().to_owned();
    for round in 1..=3 {
        let queue = place.open();
        assert_eq!(queue.id(), id);
        queue.append(&[frames(1, b"x")]).unwrap();
        let closed = queue.close_transaction().unwrap().unwrap();
        assert_eq!(closed.transaction, round);
        queue.remove(&[round]).unwrap();
        assert!(matches!(queue.take(round), Err(QueueError::NoTransaction { .. })));
        assert!(matches!(queue.remove(&[round]), Err(QueueError::NoTransaction { .. })));
    }
    assert_ne!(memory().id(), id, "another queue, another name");
}

#[test]
fn transactions_may_be_removed_in_any_order() {
    let place = Place::new();
    let queue = place.open();
    for body in [b"a", b"b", b"c"] {
        queue.append(&[frames(1, body)]).unwrap();
        queue.close_transaction().unwrap();
    }
    queue.remove(&[2]).unwrap();
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.wait(0, Duration::ZERO), Some(1));
    assert_eq!(queue.wait(1, Duration::ZERO), Some(3));
    assert_eq!(queue.take(3).unwrap().parts, [frames(1, b"c").to_owned()]);
    assert_eq!(queue.take(1).unwrap().parts, [frames(1, b"a").to_owned()]);
}

#[test]
fn session_numbers_never_repeat() {
    let place = Place::new();
    let queue = place.open();
    assert_eq!(queue.next_session(0).unwrap(), 1);
    assert_eq!(queue.next_session(0).unwrap(), 2);
    assert_eq!(queue.next_session(40).unwrap(), 41);
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.next_session(3).unwrap(), 42);
    assert_eq!(queue.next_session(i32::MAX - 1).unwrap(), i32::MAX);
    assert!(matches!(queue.next_session(0), Err(QueueError::Exhausted { what: "sessions", .. })));
}

#[test]
fn facts_change_with_the_records() {
    let place = Place::new();
    let queue = place.open();
    assert_eq!(queue.get("sequence").unwrap(), None);
    queue.append_with(&[frames(1, b"x")], &[("sequence", "00ff"), ("server", "SIP_Server")]).unwrap();
    queue.put("sequence", "0100").unwrap();
    // What fails changes nothing.
    let long = vec![0; MAX_RECORD + 1];
    let refused = queue.append_with(&[frames(1, &long)], &[("sequence", "ffff")]);
    assert!(matches!(refused, Err(QueueError::TooLong { .. })), "{refused:?}");
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.get("sequence").unwrap().as_deref(), Some("0100"));
    assert_eq!(queue.get("server").unwrap().as_deref(), Some("SIP_Server"));
    assert_eq!(queue.open_records(), 1);
}

#[test]
fn the_writer_is_woken() {
    let queue = Arc::new(memory());
    assert_eq!(queue.wait(0, Duration::ZERO), None);
    let waiting = |after| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || queue.wait(after, PATIENCE))
    };
    let writer = waiting(0);
    queue.append(&[frames(1, b"x")]).unwrap();
    queue.close_transaction().unwrap();
    assert_eq!(writer.join().unwrap(), Some(1));
    let writer = waiting(1);
    queue.wake();
    assert_eq!(writer.join().unwrap(), None);
    queue.wake();
    assert_eq!(queue.wait(0, PATIENCE), None, "a wake-up is kept for the next wait");
    assert_eq!(queue.wait(0, PATIENCE), Some(1), "and only for that");
}

#[test]
fn a_queue_says_how_full_it_is() {
    let mut options = QueueOptions::new(QueuePath::Memory);
    options.limit = 10_000;
    let queue = Queue::open(options).unwrap();
    let body = vec![0; 3968];
    let levels: Vec<(Level, u64)> = (0..4)
        .map(|_| {
            let room = queue.room();
            queue.append(&[frames(1, &body)]).unwrap();
            (room.level, room.bytes)
        })
        .collect();
    let expected = [(Level::Free, 0), (Level::Free, 4000), (Level::Near, 8000), (Level::Full, 12_000)];
    assert_eq!(levels, expected);
    queue.close_transaction().unwrap();
    queue.remove(&[1]).unwrap();
    assert_eq!(queue.room().level, Level::Free);
    assert_eq!(queue.room().limit, 10_000);
}

#[test]
fn a_second_recorder_is_refused() {
    let place = Place::new();
    let queue = place.open();
    let error = Queue::open(place.options()).unwrap_err();
    assert!(matches!(error, QueueError::InUse { .. }));
    assert!(error.to_string().contains("icon_1.pq"), "{error}");
    // Another name of the same file has the same lock.
    let other = place.path.parent().unwrap().join(".").join("icon_1.pq");
    let error = Queue::open(QueueOptions::new(QueuePath::File(other))).unwrap_err();
    assert!(matches!(error, QueueError::InUse { .. }));
    drop(queue);
    place.open();
}

#[test]
fn every_level_of_sync_works() {
    for sync in [Sync::Off, Sync::Normal, Sync::Full] {
        let place = Place::new();
        let queue = Queue::open(QueueOptions { sync, ..place.options() }).unwrap();
        queue.append(&[frames(1, b"x"), frames(1, b"y")]).unwrap();
        drop(queue);
        assert_eq!(place.open().open_records(), 2);
    }
}

#[test]
fn receiver_and_writer_work_at_the_same_time() {
    const APPENDS: u32 = 400;
    let place = Place::new();
    let queue = Arc::new(place.open());
    let receiver = thread::spawn({
        let queue = Arc::clone(&queue);
        move || {
            for number in 0..APPENDS {
                queue.append(&[frames(1, &number.to_be_bytes())]).unwrap();
                if number % 7 == 6 || number == APPENDS - 1 {
                    queue.close_transaction().unwrap();
                }
            }
        }
    });
    let (mut after, mut found) = (0, Vec::new());
    while found.len() < APPENDS as usize {
        let next = queue.wait(after, PATIENCE).expect("a transaction in time");
        assert_eq!(next, after + 1);
        for part in queue.take(next).unwrap().parts {
            let OwnedRecord::Frames { bytes, .. } = part else { panic!("{part:?}") };
            found.push(u32::from_be_bytes(bytes.try_into().unwrap()));
        }
        queue.remove(&[next]).unwrap();
        after = next;
    }
    receiver.join().unwrap();
    assert!(found.into_iter().eq(0..APPENDS));
    assert_eq!(queue.pending(), Pending::default());
}

#[test]
fn the_folder_is_left_clean() {
    let place = Place::new();
    drop(place.open());
    let mut names: Vec<_> = fs::read_dir(place.path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["icon_1.pq", "icon_1.pq.lock"]);
}

#[test]
fn numbers_go_on_after_what_a_database_has() {
    let place = Place::new();
    let queue = place.open();
    for _ in 0..5 {
        queue.append(&[frames(1, b"x")]).unwrap();
        queue.close_transaction().unwrap();
    }
    queue.remove(&[1]).unwrap();
    // 2 is of a run before; 3 to 5 must not take the numbers 3 and 4, though 5 is there.
    queue.go_on_after(2, 4).unwrap();
    let numbers = |queue: &Queue| {
        let next = |after: &u64| queue.wait(*after, Duration::ZERO);
        std::iter::successors(queue.wait(0, Duration::ZERO), next).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&queue), [2, 6, 7, 8]);
    assert_eq!((queue.last_closed(), queue.take(6).unwrap().records), (8, 1));
    drop(queue);
    let queue = place.open();
    assert_eq!(numbers(&queue), [2, 6, 7, 8]);
    queue.remove(&[2, 6, 7, 8]).unwrap();
    queue.go_on_after(8, 100).unwrap();
    queue.append(&[frames(1, b"x")]).unwrap();
    assert_eq!(queue.close_transaction().unwrap().map(|closed| closed.transaction), Some(101));
}
