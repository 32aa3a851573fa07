//! Two recorders beside each other.

use tbus_core::World;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_recorder::read;
use tbus_server::{Server, ServerConfig};
use tlib_testkit::Postgres;

use super::judge;
use super::ledger::Stored;
use super::process::Recorder;
use super::publisher::Publisher;

const EVENTS: u64 = 2_000;

/// Sequence number, key, value, DN and time: what does not depend on who has stored it.
type Row = (String, String, String, String, i64);

fn rows(url: &str) -> Vec<Row> {
    let url: DatabaseUrl = url.parse().expect("a database");
    let mut database = Database::open(&url, &OpenOptions::default()).expect("a database");
    let pairs = read::custom_data(&mut database).expect("rows").into_iter();
    // A database promises no order but that of the events.
    let mut rows: Vec<Row> = pairs.map(|p| (p.sequence, p.key, p.value, p.dn, p.added)).collect();
    rows.sort();
    rows
}

#[test]
fn two_recorders_with_two_databases_store_the_same() {
    let server = Server::start(ServerConfig::new(World::default())).expect("a free port");
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let sqlite = folders[0].path().join("idb.sqlite").display().to_string();
    let databases = [sqlite, Postgres::shared().new_database()];
    let recorders = [0, 1]
        .map(|which| Recorder::start(folders[which].path(), 0, server.address(), &databases[which], &[]));
    let sent = Publisher::start(server.address(), 1, 7).finish(EVENTS);
    for recorder in recorders {
        recorder.stop();
    }
    let stored = databases.each_ref().map(|url| Stored::all(url));
    for stored in &stored {
        assert!(judge::missed(stored, &sent).is_empty());
    }
    let [first, second] = databases.each_ref().map(|url| rows(url));
    assert_eq!(first.len(), second.len());
    if let Some((first, second)) = first.iter().zip(&second).find(|(first, second)| first != second) {
        panic!("{first:?} in one is {second:?} in the other");
    }
}
