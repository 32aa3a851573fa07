//! The recorder without its database: it queues until the queue is full, and loses nothing of it.

use std::collections::BTreeMap;

use tbus_core::World;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_server::{Server, ServerConfig};
use tlib_proto::{AttributeId, MessageId};
use tlib_testkit::Postgres;
use tlib_testkit::mock_server::MockServer;

use super::judge;
use super::ledger::{Queued, Stored};
use super::process::{Recorder, matching};
use super::publisher::{LARGE, Publisher};

const OVERTAKE: &str = include_str!("sql/overtake.sql");
const FORGET: &str = include_str!("sql/forget.sql");

/// Bytes in the queue when it is full.
const LIMIT: &str = "2000000";

/// A server that gives up on those who do not read.
fn strict_server() -> Server {
    let mut world = World::default();
    let options = &mut world.t_server.options;
    (options.slow_client_soft_limit, options.slow_client_hard_limit) = (65_536, 65_536);
    Server::start(ServerConfig::new(world)).expect("a free port")
}

#[test]
fn a_full_queue_stops_the_receiving_and_loses_nothing_of_what_it_has() {
    let mut postgres = Postgres::start();
    postgres.create_database("idb");
    let url = postgres.url("idb");
    let server = strict_server();
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::start(folder.path(), 0, server.address(), &url, &["--queue-limit", LIMIT]);
    let publisher = Publisher::start(server.address(), LARGE, 1);

    publisher.allow(LARGE + 20);
    publisher.wait_for(LARGE + 20);
    recorder.logged(&[" 25004 "], 1);
    postgres.stop();
    // Until the server has had enough: first the queue is filled, then what the system holds for the connection.
    let listens = || server.clients().iter().any(|client| client.label.application() == "Icon_Voice");
    let mut sent = LARGE + 20;
    while listens() {
        sent += 20;
        assert!(
            sent < LARGE + 20_000,
            "the server still waits for a recorder that does not read: {}",
            recorder.log()
        );
        publisher.allow(sent);
        publisher.wait_for(sent);
    }
    recorder.logged(&[" 25192 ", "nearly full"], 1);
    recorder.logged(&[" 25192 ", "full", "nothing more is received"], 1);
    assert_eq!(matching(&recorder.log(), &[" 25192 ", "there is room again"]), 0);

    postgres.start_again();
    recorder.logged(&[" 25192 ", "there is room again", "receiving goes on"], 1);
    recorder.logged(&[" 25190 ", "Disconnected from SIP_Server"], 1);
    recorder.logged(&[" 25191 ", "Events from sequence number", "for the queue was full"], 1);
    recorder.logged(&[" 25190 ", "reconnect, data source session 2"], 1);
    recorder.logged(&[" 25190 ", "Registered"], 2);
    recorder.logged(&[" 25191 ", "Events with sequence numbers"], 1);
    let sent = publisher.finish(sent + 100);
    let log = [recorder.stop()];
    let stored = Stored::all(&url);
    let missed = judge::missed(&stored, &sent);
    println!("sent {}, stored {}, missed {}", sent.len(), stored.events.len(), missed.len());
    assert!(!missed.is_empty(), "the server has thrown something away");
    judge::no_holes(&stored.by_number());
    judge::all_told(&missed, &log);
    judge::as_logged(&stored, &log);
    // The last events came after the reconnect.
    assert!(stored.events.keys().any(|(session, _)| *session == 2));
}

#[test]
fn a_stop_without_the_database_leaves_everything_in_the_queue() {
    let mut postgres = Postgres::start();
    postgres.create_database("idb");
    let url = postgres.url("idb");
    let server = Server::start(ServerConfig::new(World::default())).expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::start(folder.path(), 0, server.address(), &url, &[]);
    postgres.stop();
    let sent = Publisher::start(server.address(), 1, 1).finish(300);
    recorder.terminate();
    let (code, said, first) = recorder.wait();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("they stay in the queue and go on at the next start"), "{said}");
    assert!(first.contains("it stays in the queue"), "{first}");
    let queued = Queued::look(folder.path());
    assert_eq!(queued.events.values().map(|events| events.len()).sum::<usize>(), sent.len());

    // Nor does a start need the database that the queue knows.
    let recorder = Recorder::start(folder.path(), 1, server.address(), &url, &[]);
    recorder.terminate();
    let (code, said, second) = recorder.wait();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("what comes is queued until the database answers"), "{said}");

    postgres.start_again();
    let recorder = Recorder::start(folder.path(), 2, server.address(), &url, &[]);
    let said = recorder.stderr();
    assert!(said.contains("wait in the queue and are written first"), "{said}");
    let logs = [first, second, recorder.stop()];
    let stored = Stored::all(&url);
    assert!(judge::missed(&stored, &sent).is_empty());
    judge::as_logged(&stored, &logs);
    let queued = Queued::look(folder.path());
    assert_eq!(queued.pending.records + queued.pending.open, 0);
}

#[test]
fn a_start_while_the_database_is_too_busy_queues() {
    let mut postgres = Postgres::start();
    postgres.create_database("idb");
    let url = postgres.url("idb");
    let server = Server::start(ServerConfig::new(World::default())).expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    Recorder::start(folder.path(), 0, server.address(), &url, &[]).stop();

    let role = Postgres::SECURED;
    postgres.psql("idb", &format!("ALTER ROLE {role} CONNECTION LIMIT 0; GRANT tbus TO {role}"));
    let limited = url.replace("tbus@", &format!("{role}:{}@", Postgres::PASSWORD.replace(' ', "%20")));
    let recorder = Recorder::start(folder.path(), 1, server.address(), &limited, &[]);
    let said = recorder.stderr();
    assert!(said.contains("what comes is queued until the database answers"), "{said}");
    let sent = Publisher::start(server.address(), 1, 1).finish(50);
    recorder.logged(&[" 25193 ", "not written"], 1);
    postgres.psql("idb", &format!("ALTER ROLE {role} CONNECTION LIMIT -1"));
    recorder.logged(&[" 25193 ", "is written at attempt"], 1);
    recorder.stop();
    assert!(judge::missed(&Stored::all(&url), &sent).is_empty());
    postgres.stop();
}

/// Runs SQL in a SQLite database beside its recorder.
fn meddle(url: &str, sql: &str) {
    let url: DatabaseUrl = url.parse().expect("a database");
    let mut database = Database::open(&url, &OpenOptions::default()).expect("a database");
    database.script(sql).expect("the mark is there");
}

#[test]
fn a_database_that_has_lost_the_mark_gets_nothing() {
    let server = Server::start(ServerConfig::new(World::default())).expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("idb.sqlite").display().to_string();
    let recorder = Recorder::start(folder.path(), 0, server.address(), &url, &[]);
    recorder.logged(&[" 25004 "], 1);
    meddle(&url, FORGET);
    Publisher::start(server.address(), 1, 1).finish(1);
    recorder.logged(&[" 25193 ", "the database does not know this queue"], 1);
    recorder.terminate();
    let (code, said, _) = recorder.wait();
    assert_eq!(code, Some(3), "{said}");
    assert!(Stored::all(&url).events.is_empty());
    assert_eq!(Queued::look(folder.path()).events.values().map(|events| events.len()).sum::<usize>(), 1);
}

/// After a kill PostgreSQL may finish the commit of the old run when the new run has read the mark.
#[test]
fn a_transaction_that_another_connection_has_committed_is_not_written_again() {
    let server = Server::start(ServerConfig::new(World::default())).expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("idb.sqlite").display().to_string();
    let recorder = Recorder::start(folder.path(), 0, server.address(), &url, &[]);
    // The opening of the session.
    recorder.logged(&[" 25004 "], 1);
    meddle(&url, OVERTAKE);
    let first = Publisher::start(server.address(), 1, 1).finish(1);
    recorder.logged(&[" 25004 "], 2);
    let second = Publisher::start(server.address(), 2, 1).finish(2);
    let log = recorder.stop();
    assert_eq!(matching(&log, &[" 25193 ", "the database has it already"]), 1, "{log}");
    let stored = Stored::all(&url);
    let sent = first.into_iter().chain(second).collect();
    assert_eq!(judge::missed(&stored, &sent).into_keys().collect::<Vec<_>>(), [1], "only what was not there");
}

#[test]
fn what_was_missed_is_told_although_a_run_was_killed_before_it_was_registered() {
    let server = MockServer::start();
    let address = server.address().parse().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("idb.sqlite").display().to_string();
    Recorder::start(folder.path(), 0, address, &url, &[]).stop();

    let missed = server.event(MessageId::EVENT_USER_EVENT, |m| m);
    server.set(|manners| manners.answer_registrations = false);
    let recorder = Recorder::spawn(folder.path(), 1, address, &url, &[]);
    server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 2);
    recorder.kill();
    server.set(|manners| manners.answer_registrations = true);
    let logs = [Recorder::start(folder.path(), 2, address, &url, &[]).stop()];
    let sequence = missed.view().long(AttributeId::EVENT_SEQUENCE_NUMBER).expect("a number");
    judge::all_told(&BTreeMap::from([(1, sequence.expect("it has one"))]), &logs);
}
