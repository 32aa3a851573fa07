//! The process ends without a word.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::*;

/// The variable that tells the child where its queue is.
const CHILD: &str = "TBUS_TEST_QUEUE";

/// A copy of the queue's files as they are now, as a kill would leave them.
pub(crate) fn copy(from: &Place) -> Place {
    let to = Place::new();
    for suffix in ["", "-wal"] {
        let (from, to) = (beside(&from.path, suffix), beside(&to.path, suffix));
        if from.exists() {
            fs::copy(from, to).unwrap();
        }
    }
    to
}

#[test]
fn what_was_appended_is_there_after_a_kill() {
    let place = Place::new();
    let queue = place.open();
    queue.append(&[frames(2, b"one"), Record::Opened { session: 1, json: "{}" }]).unwrap();
    queue.close_transaction().unwrap();
    queue.append(&[frames(3, b"two")]).unwrap();

    let left = copy(&place);
    let after = left.open();
    assert_eq!(after.id(), queue.id());
    assert_eq!(after.pending(), Pending { transactions: 1, records: 3, open: 3 });
    assert_eq!(after.bytes(), queue.bytes());
    assert_eq!(after.wait(0, Duration::ZERO), Some(1));
    after.append(&[frames(1, b"three")]).unwrap();
    assert_eq!(after.close_transaction().unwrap(), Some(Closed { transaction: 2, records: 4 }));
    assert_eq!(after.take(2).unwrap().parts, [frames(3, b"two").to_owned(), frames(1, b"three").to_owned()]);

    // Killed between the database's commit and the removal: offered again under the same number.
    queue.take(1).unwrap();
    let again = copy(&place);
    assert_eq!(again.open().take(1).unwrap().records, 3);
    queue.remove(&[1]).unwrap();
    let gone = copy(&place);
    assert_eq!(gone.open().pending(), Pending { transactions: 0, records: 0, open: 3 });
}

#[test]
fn a_file_whose_making_was_cut_short_is_made_again() {
    let place = Place::new();
    fs::write(&place.path, b"").unwrap();
    place.open().append(&[frames(1, b"x")]).unwrap();
    assert_eq!(place.open().open_records(), 1);
}

#[test]
fn a_killed_process_loses_nothing_that_it_was_told_is_queued() {
    for told in [1, 20, 150] {
        let place = Place::new();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--ignored", "--nocapture"])
            .env(CHILD, &place.path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let queued = lines.filter(|line| line.contains("queued ")).take(told).last();
        child.kill().unwrap();
        child.wait().unwrap();
        let queued = queued.expect("the child appends");
        let queued: usize = queued.rsplit(' ').next().unwrap().parse().unwrap();

        let queue = place.open();
        queue.close_transaction().unwrap();
        let (mut after, mut found) = (0, Vec::new());
        while let Some(next) = queue.wait(after, Duration::ZERO) {
            for part in queue.take(next).unwrap().parts {
                let OwnedRecord::Frames { bytes, .. } = part else { panic!("{part:?}") };
                found.push(u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize);
            }
            after = next;
        }
        assert!(found.len() >= queued, "{queued} were queued, {} are there", found.len());
        assert!(found.iter().copied().eq(1..=found.len()), "each once, in order");
    }
}

/// What is killed: it appends, and says so after each commit.
#[test]
#[ignore = "the child of another test"]
fn child() {
    let Some(path) = env::var_os(CHILD) else { return };
    let queue = Queue::open(QueueOptions::new(QueuePath::File(path.into()))).unwrap();
    let mut body = vec![0; 3000];
    for number in 1_u32.. {
        body[..4].copy_from_slice(&number.to_be_bytes());
        queue.append(&[frames(1, &body)]).unwrap();
        println!("queued {number}");
        if number % 16 == 0 {
            queue.close_transaction().unwrap();
        }
    }
}
