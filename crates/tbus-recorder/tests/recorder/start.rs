//! Starts that fail, and starts behind another run.

use std::time::Duration;

use tbus_db::{DatabaseUrl, ErrorKind};
use tbus_recorder::queue::{Queue, QueueError, QueueOptions, QueuePath, Record};
use tbus_recorder::schema::Prepared;
use tbus_recorder::{Recorder, StartError};
use tlib_net::ClientError;
use tlib_proto::{AttributeId, ErrorCode, MessageId};
use tlib_testkit::mock_server::{Received, To};
use tlib_testkit::{Postgres, PostgresOptions};

use crate::support::{Bench, ENGINES};

#[test]
fn a_dn_that_is_refused_leaves_a_closed_session() {
    let bench = Bench::sqlite();
    bench.server.set(|manners| manners.refuse_registrations = Some(ErrorCode::NOT_CONFIGURED));
    let mut config = bench.config();
    config.dns = ["NOWHERE", "REPORTING"].map(str::to_owned).to_vec();
    let error = bench.refused(config);
    let StartError::Registration { dn, error: ClientError::Server { error: refusal, .. } } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((dn.as_str(), refusal.code), ("NOWHERE", ErrorCode::NOT_CONFIGURED));
    assert!(error.to_string().starts_with("NOWHERE: RequestRegisterAddress: EventError 59"), "{error}");
    // The second one is not tried.
    bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 1);
    let sessions = "SELECT DSCONN_TYPE, DSCONN_ETIME, ICON_ETIME FROM G_DSS_GUD_PROVIDER";
    assert_eq!(bench.query(sessions), ["1|0.0|0.0"]);
    assert!(bench.text().contains("Disconnected from SIP_Server: not registered on NOWHERE: "));
}

#[test]
fn several_dns_are_registered_in_order_and_given_up_at_the_end() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.dns = ["7001", "REPORTING", "Callback_VQ"].map(str::to_owned).to_vec();
    let recorder = Recorder::start(config).unwrap();
    let asked = |id| {
        bench.server.expect(id, 3);
        let received = bench.server.received();
        let dns = received.iter().filter(|received| received.message.id() == id).map(Received::dn);
        dns.collect::<Vec<_>>()
    };
    assert_eq!(asked(MessageId::REQUEST_REGISTER_ADDRESS), ["7001", "REPORTING", "Callback_VQ"]);
    bench.stop(recorder);
    assert_eq!(asked(MessageId::REQUEST_UNREGISTER_ADDRESS), ["7001", "REPORTING", "Callback_VQ"]);
    assert_eq!(bench.server.connections(), 1);
    assert!(bench.text().contains("Trc 25190 Registered on 7001, REPORTING, Callback_VQ of SIP_Server"));
}

#[test]
fn a_dn_that_is_refused_after_a_reconnect_is_in_the_log() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.dns = ["REPORTING", "Callback_VQ"].map(str::to_owned).to_vec();
    let recorder = Recorder::start(config).unwrap();
    bench.server.set(|manners| manners.answer_registrations = false);
    bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 2);
    bench.server.close(To::Last);
    let asked = bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 4);
    bench.server.set(|manners| manners.answer_registrations = true);
    for request in asked.into_iter().skip(2) {
        let request = request.view();
        let reference = request.reference_id().unwrap().unwrap();
        let dn = request.text(AttributeId::THIS_DN).unwrap().unwrap();
        let refused = dn == b"Callback_VQ";
        let id = if refused { MessageId::EVENT_ERROR } else { MessageId::EVENT_REGISTERED };
        let answer = bench.server.event(id, |m| {
            m.unsigned(AttributeId::REFERENCE_ID, reference).str(AttributeId::THIS_DN, dn);
            if refused { m.int(AttributeId::ERROR_CODE, 59) } else { m }
        });
        bench.server.send(To::Last, &answer);
    }
    bench.expect("Trc 25190 Registered on REPORTING of SIP_Server", 1);
    let refusal = "Std 25190 Not registered on Callback_VQ of SIP_Server, it is tried again with the next connection: \
        EventError 59";
    bench.expect(refusal, 1);
    // What the others bring is stored.
    bench.send(0, "a", "1");
    bench.server.close(To::Last);
    bench.expect("Trc 25190 Registered on REPORTING, Callback_VQ of SIP_Server", 2);
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["2 a=1"]);
}

#[test]
fn a_registration_that_is_not_answered_after_a_reconnect_is_in_the_log() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.client.answer_timeout = Duration::from_secs(1);
    let recorder = Recorder::start(config).unwrap();
    bench.server.set(|manners| manners.answer_registrations = false);
    bench.server.close(To::Last);
    bench.expect("Std 25190 SIP_Server has not answered the registration on REPORTING: ", 1);
    assert_eq!(bench.text().matches("Registered on ").count(), 1);
    bench.stop(recorder);
}

#[test]
fn a_server_that_refuses_the_session_or_is_not_there_is_an_error() {
    let bench = Bench::sqlite();
    bench.server.set(|manners| manners.refuse_clients = Some(ErrorCode::NOT_CONFIGURED));
    let error = bench.refused(bench.config());
    assert!(matches!(error, StartError::Client(ClientError::Refused { .. })), "{error:?}");
    bench.server.stop();
    let error = bench.refused(bench.config());
    assert!(matches!(error, StartError::Client(ClientError::Connect { .. })), "{error:?}");
    assert!(bench.query("SELECT DSS_ID FROM G_DSS_GUD_PROVIDER").is_empty());
    // Nothing of it stands in the way of a start that works.
    bench.server.set(|manners| manners.refuse_clients = None);
    bench.server.listen_again();
    let recorder = bench.start();
    assert_eq!(recorder.found().schema, Some(Prepared::Checked));
    bench.stop(recorder);
}

#[test]
fn a_queue_with_records_of_another_database_is_refused() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.script(FAIL);
    bench.send(0, "a", "1");
    let summary = recorder.stop();
    assert!(summary.pending.records > 0, "{summary:?}");

    let other =
        Bench::on(bench.folder.path().join("other.sqlite").to_str().unwrap(), tempfile::tempdir().unwrap());
    let mut config = other.config();
    config.queue.path = QueuePath::File(bench.queue());
    let error = other.refused(config);
    assert!(matches!(error, StartError::OtherDatabase { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("icon.pq holds ") && text.contains("other.sqlite"), "{text}");

    // The database whose they are gets them.
    bench.script("DROP TRIGGER refuse");
    let recorder = bench.start();
    assert_eq!(recorder.found().pending.records + recorder.found().pending.open, summary.pending.records);
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["1 a=1"]);
    // Now that it is empty it may serve another one.
    let mut config = other.config();
    config.queue.path = QueuePath::File(bench.queue());
    let recorder = Recorder::start(config).unwrap();
    other.send(0, "b", "2");
    other.stop(recorder);
    assert_eq!(other.pairs(), ["3 b=2"]);
}

/// No pair can be stored.
const FAIL: &str =
    "CREATE TRIGGER refuse BEFORE INSERT ON G_CUSTOM_DATA_S BEGIN SELECT RAISE(ABORT, 'not today'); END";

#[test]
fn a_database_that_does_not_answer_at_the_start_is_waited_for_if_it_is_known() {
    let mut postgres = Postgres::start_with(PostgresOptions::default());
    postgres.create_database("idb");
    let bench = Bench::on(&postgres.url("idb"), tempfile::tempdir().unwrap());
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.stop(recorder);

    postgres.stop();
    let recorder = bench.start();
    assert!(recorder.found().schema.is_none());
    let reason = recorder.found().unreachable.clone().unwrap();
    assert!(reason.contains("127.0.0.1"), "{reason}");
    bench.send(1, "b", "2");
    bench.expect("Std 25193 Database queue [GUD]: transaction ", 1);
    postgres.start_again();
    bench.expect("is written at attempt", 1);
    bench.send(2, "c", "3");
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["1 a=1", "2 b=2", "2 c=3"]);

    // With a queue that does not know it, it is a mistake, and no queue is made.
    postgres.stop();
    let mut config = bench.config();
    let queue = bench.folder.path().join("new.pq");
    config.queue.path = QueuePath::File(queue.clone());
    let error = bench.refused(config);
    assert!(
        matches!(&error, StartError::Database(error) if error.kind() == ErrorKind::Unreachable),
        "{error:?}"
    );
    assert!(!queue.exists());
}

#[test]
fn a_database_that_cannot_be_leaves_no_queue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere").join("idb.sqlite");
    let bench = Bench::on(path.to_str().unwrap(), folder);
    let error = bench.refused(bench.config());
    assert!(matches!(&error, StartError::Database(error) if error.kind() == ErrorKind::Refused), "{error:?}");
    assert!(!bench.queue().exists());
}

#[test]
fn two_recorders_can_share_neither_queue_nor_database() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    let mut config = bench.config();
    config.database = DatabaseUrl::sqlite(bench.queue().with_file_name("other.sqlite"));
    let error = bench.refused(config);
    assert!(matches!(error, StartError::Queue(QueueError::InUse { .. })), "{error:?}");
    let mut config = bench.config();
    config.queue.path = QueuePath::File(bench.queue().with_file_name("other.pq"));
    let error = bench.refused(config);
    assert!(matches!(&error, StartError::Database(error) if error.kind() == ErrorKind::Claimed), "{error:?}");
    bench.send(0, "a", "1");
    bench.stop(recorder);
    assert_eq!(bench.pairs(), ["1 a=1"]);
}

/// As after a loss of power with `Sync::Normal`: the last commits of the queue are gone, those of the database are not.
#[test]
fn a_queue_that_has_gone_back_loses_nothing_new_and_doubles_nothing_old() {
    for engine in ENGINES {
        let bench = Bench::new(engine);
        let recorder = bench.start();
        bench.send(0, "a", "1");
        bench.stop(recorder);
        // A record that is in no transaction yet.
        let event = bench.event(1, "b", "2");
        let queue = Queue::open(QueueOptions::new(QueuePath::File(bench.queue()))).unwrap();
        let frames = Record::Frames { session: 1, at: 0, events: 1, bytes: event.frame() };
        queue.append(&[frames]).unwrap();
        drop(queue);
        let kept = std::fs::read(bench.queue()).unwrap();

        let recorder = bench.start();
        bench.send(2, "c", "3");
        bench.stop(recorder);
        std::fs::write(bench.queue(), kept).unwrap();
        let recorder = bench.start();
        bench.send(3, "d", "4");
        bench.stop(recorder);
        let recorder = bench.start();
        bench.send(4, "e", "5");
        bench.stop(recorder);
        assert_eq!(bench.pairs(), ["1 a=1", "1 b=2", "2 c=3", "3 d=4", "4 e=5"]);
        let told = "it ended with transaction 4, but the database has 7 of it";
        assert_eq!(bench.text().matches(told).count(), 1, "{}", bench.text());
    }
}
