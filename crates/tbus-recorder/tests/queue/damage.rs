//! Files that are something else, damaged or hostile: an error that names the file, never a panic, never a change.

use rusqlite::Connection;

use crate::*;

fn refuses(place: &Place) -> QueueError {
    let error = Queue::open(place.options()).unwrap_err();
    assert!(error.to_string().contains("icon_1.pq"), "names the file: {error}");
    error
}

/// A queue with transactions 1 and 2 of two records each, and an open record.
fn filled() -> Place {
    let place = Place::new();
    let queue = place.open();
    for body in [b"a", b"b"] {
        queue.append(&[frames(1, body), Record::Opened { session: 1, json: "{}" }]).unwrap();
        queue.close_transaction().unwrap();
    }
    queue.append(&[frames(5, b"c")]).unwrap();
    place
}

#[test]
fn what_is_no_queue_is_left_alone() {
    let place = Place::new();
    let text = b"[callconcentrator]\nacc-queue-size=500\n";
    fs::write(&place.path, text).unwrap();
    assert!(matches!(refuses(&place), QueueError::Foreign { .. }));
    assert_eq!(fs::read(&place.path).unwrap(), text);

    fs::remove_file(&place.path).unwrap();
    Connection::open(&place.path).unwrap().execute_batch("CREATE TABLE G_CALL (ID INTEGER)").unwrap();
    let before = fs::read(&place.path).unwrap();
    assert!(matches!(refuses(&place), QueueError::Foreign { .. }));
    assert_eq!(fs::read(&place.path).unwrap(), before);

    fs::remove_file(&place.path).unwrap();
    fs::create_dir(&place.path).unwrap();
    assert!(matches!(refuses(&place), QueueError::Foreign { .. }));
}

#[test]
fn another_version_is_named() {
    let place = filled();
    Connection::open(&place.path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(refuses(&place), QueueError::Version { found: 9, .. }));
}

#[test]
fn a_missing_folder_is_named() {
    let place = Place::new();
    let path = place.path.parent().unwrap().join("not_there").join("icon_1.pq");
    let error = Queue::open(QueueOptions::new(QueuePath::File(path))).unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }));
    let text = error.to_string();
    assert!(text.contains("not_there/icon_1.pq") && text.contains("folder"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let place = filled();
    let mut permissions = fs::metadata(&place.path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&place.path, permissions).unwrap();
    // The superuser may write all the same.
    if fs::File::options().append(true).open(&place.path).is_err() {
        assert!(matches!(refuses(&place), QueueError::ReadOnly { .. }));
    }
}

#[test]
fn a_damaged_file_is_found_and_kept() {
    let place = filled();
    let whole = fs::read(&place.path).unwrap();
    assert!(whole.len() > 32 << 10);
    // Each page after the first overwritten, one at a time, and the file cut short.
    for page in 1..whole.len() / 16384 {
        let mut damaged = whole.clone();
        damaged[page * 16384..(page + 1) * 16384].fill(0xa5);
        fs::write(&place.path, &damaged).unwrap();
        let error = refuses(&place);
        assert!(matches!(error, QueueError::Damaged { .. }), "page {page}: {error}");
        assert_eq!(fs::read(&place.path).unwrap(), damaged);
    }
    fs::write(&place.path, &whole[..16384]).unwrap();
    let error = refuses(&place);
    assert!(matches!(error, QueueError::Damaged { .. }), "{error}");
    assert_eq!(fs::read(&place.path).unwrap(), &whole[..16384]);
}

#[test]
fn damage_that_is_not_looked_for_does_no_harm() {
    let place = filled();
    let whole = fs::read(&place.path).unwrap();
    for place_of_damage in (100..whole.len()).step_by(127) {
        let mut damaged = whole.clone();
        damaged[place_of_damage] ^= 0xff;
        fs::write(&place.path, &damaged).unwrap();
        let Ok(queue) = Queue::open(QueueOptions { check: false, ..place.options() }) else { continue };
        // Answers or errors, and it stays usable.
        let _ = queue.append(&[frames(1, b"x")]);
        let _ = queue.close_transaction();
        for transaction in 0..5 {
            let _ = queue.take(transaction);
            let _ = queue.remove(&[transaction]);
        }
        let _ = (queue.next_session(0), queue.get("sequence"), queue.pending());
    }
}

#[test]
fn impossible_numbers_are_errors() {
    for change in [
        "UPDATE head SET last_transaction = -1",
        "UPDATE head SET last_transaction = 1",
        "UPDATE head SET last_record = -5",
        "UPDATE head SET last_record = 3",
        "UPDATE head SET last_session = 3000000000",
        "UPDATE head SET id = ''",
        "DELETE FROM head",
        "UPDATE closed SET number = -1 WHERE number = 1",
        "UPDATE closed SET first = 2 WHERE number = 1",
        "UPDATE closed SET first = -9 WHERE number = 1",
        "UPDATE closed SET last = 3 WHERE number = 1",
        "UPDATE closed SET last = 9223372036854775807 WHERE number = 2",
        "UPDATE closed SET records = -1",
        "UPDATE closed SET bytes = -1",
        "DELETE FROM closed WHERE number = 1",
        "UPDATE record SET id = -7 WHERE id = 5",
        "UPDATE record SET events = -1 WHERE id = 5",
        "UPDATE record SET events = 5000000000 WHERE id = 5",
        "UPDATE record SET kind = 17 WHERE id = 5",
    ] {
        let place = filled();
        Connection::open(&place.path).unwrap().execute_batch(change).unwrap();
        let error = refuses(&place);
        assert!(matches!(error, QueueError::Damaged { .. }), "{change}: {error}");
    }
}

#[test]
fn impossible_records_are_errors_when_they_are_taken() {
    for change in [
        "UPDATE record SET events = -1 WHERE id = 1",
        "UPDATE record SET events = 2 WHERE id = 1",
        "UPDATE record SET session = 3000000000 WHERE id = 1",
        "UPDATE record SET kind = 3 WHERE id = 1",
        "UPDATE record SET kind = -1 WHERE id = 2",
        "UPDATE record SET body = x'ff' WHERE id = 2",
        "UPDATE record SET body = zeroblob(17000000) WHERE id = 1",
        "DELETE FROM record WHERE id = 2",
    ] {
        let place = filled();
        Connection::open(&place.path).unwrap().execute_batch(change).unwrap();
        let queue = place.open();
        let error = queue.take(1).unwrap_err();
        assert!(matches!(error, QueueError::Damaged { .. }), "{change}: {error}");
        assert_eq!(queue.take(2).unwrap().records, 2, "the rest can be had");
    }
}

#[test]
fn the_last_numbers_are_an_error_and_not_a_wrap() {
    let place = filled();
    let highest = "UPDATE head SET last_transaction = 9223372036854775807";
    Connection::open(&place.path).unwrap().execute_batch(highest).unwrap();
    let queue = place.open();
    assert!(matches!(queue.close_transaction(), Err(QueueError::Exhausted { .. })));
    assert_eq!(queue.open_records(), 5);
    drop(queue);

    let place = filled();
    let highest = "UPDATE record SET id = 9223372036854775807 WHERE id = 5";
    Connection::open(&place.path).unwrap().execute_batch(highest).unwrap();
    assert!(matches!(place.open().append(&[frames(1, b"x")]), Err(QueueError::Exhausted { .. })));
}

#[test]
fn a_missing_table_is_an_error() {
    for table in ["head", "record", "closed"] {
        let place = filled();
        Connection::open(&place.path).unwrap().execute_batch(&format!("DROP TABLE {table}")).unwrap();
        refuses(&place);
    }
}
