//! A recorder between a scripted server and a database, with a clock that stands.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_recorder::options::{Options, StoreEventData};
use tbus_recorder::queue::QueuePath;
use tbus_recorder::{Directory, Recorder, RecorderConfig, StartError, Summary};
use tempfile::TempDir;
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, MemoryLog, TimeZone};
use tlib_proto::{AttributeId, KvList, Message, MessageId, Timestamp};
use tlib_testkit::Postgres;
use tlib_testkit::mock_server::{MockServer, PATIENCE, To};

/// When the recorder's clock starts: 2012-09-28 07:34:20 UTC.
pub(crate) const START: u64 = 1_348_817_660;
/// How much the server's clock is ahead, in seconds.
pub(crate) const AHEAD: u64 = 100;

/// What the tests with a database run on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgresql,
}

/// The two.
pub(crate) const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgresql];

/// Server, database, queue, clock and log of a test. Recorders come and go.
pub(crate) struct Bench {
    pub(crate) server: MockServer,
    pub(crate) url: DatabaseUrl,
    pub(crate) folder: TempDir,
    log: MemoryLog,
    /// Seconds since [`START`].
    clock: Arc<AtomicU64>,
    sink: LogSink,
    _log: LogHandle,
}

impl Bench {
    pub(crate) fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => folder.path().join("idb.sqlite").to_str().unwrap().to_owned(),
            Engine::Postgresql => Postgres::shared().new_database(),
        };
        Self::on(&url, folder)
    }

    pub(crate) fn sqlite() -> Self {
        Self::new(Engine::Sqlite)
    }

    /// On this database.
    pub(crate) fn on(url: &str, folder: TempDir) -> Self {
        let log = MemoryLog::new();
        let mut config = LogConfig::new("Icon_Voice");
        config.gather = Duration::ZERO;
        config.zone = TimeZone::UTC;
        let (sink, handle) = LogSink::start(config, LogTarget::Memory(log.clone())).unwrap();
        Self {
            server: MockServer::start(),
            url: url.parse().unwrap(),
            folder,
            log,
            clock: Arc::default(),
            sink,
            _log: handle,
        }
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.folder.path().join("icon.pq")
    }

    /// A recorder of REPORTING that stores everything and closes a queue transaction with every record.
    pub(crate) fn config(&self) -> RecorderConfig {
        let queue = QueuePath::File(self.queue());
        let mut config =
            RecorderConfig::new(self.server.address(), vec!["REPORTING".to_owned()], self.url.clone(), queue);
        config.client.reconnect = Some((Duration::from_millis(1), Duration::from_millis(10)));
        config.options.store_event_data = Some(StoreEventData::All);
        config.options.acc_queue_size = 1;
        config.directory =
            Directory { icon: 9, t_server: 101, switch: 102, tenant: 1, ..Directory::default() };
        config.log = Some(self.sink.clone());
        let clock = Arc::clone(&self.clock);
        config.clock =
            Arc::new(move || Timestamp { seconds: START + clock.load(Ordering::Relaxed), micros: 0 });
        config
    }

    #[track_caller]
    pub(crate) fn start(&self) -> Recorder {
        Recorder::start(self.config()).unwrap()
    }

    /// A start that must fail.
    #[track_caller]
    pub(crate) fn refused(&self, config: RecorderConfig) -> StartError {
        match Recorder::start(config) {
            Ok(_) => panic!("the recorder started"),
            Err(error) => error,
        }
    }

    /// Lets the recorder's clock go on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// A user event on REPORTING with one pair, a second of the server's after [`START`].
    pub(crate) fn event(&self, second: u64, key: &str, value: &str) -> Message {
        let data = KvList::build(|list| list.str(key, value)).unwrap();
        let time = u32::try_from(START + AHEAD + second).unwrap();
        self.server.event(MessageId::EVENT_USER_EVENT, |m| {
            m.unsigned(AttributeId::TIMEINU_SECS, 500_000)
                .unsigned(AttributeId::TIMEIN_SECS, time)
                .list(AttributeId::USER_DATA, data.view())
                .str(AttributeId::THIS_DN, "REPORTING")
        })
    }

    /// Sends such an event, and waits until it is in the queue.
    #[track_caller]
    pub(crate) fn send(&self, second: u64, key: &str, value: &str) {
        let before = self.count(" 04543 ");
        let event = self.event(second, key, value);
        self.server.send(To::Last, &event);
        self.expect(" 04543 ", before + 1);
    }

    /// The log so far: everything that was handed to it.
    pub(crate) fn text(&self) -> String {
        self.sink.flush();
        self.log.text()
    }

    fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }

    /// Waits until the log has this text so often.
    #[track_caller]
    pub(crate) fn expect(&self, text: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(text) < count {
            assert!(
                Instant::now() < deadline,
                "{text:?} should be in the log {count} times:\n{}",
                self.text()
            );
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// The texts of the log's lines with one of these numbers, without times.
    pub(crate) fn lines(&self, ids: &[u32]) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(' ')?;
            let id: u32 = rest.get(4..9)?.parse().ok()?;
            ids.contains(&id).then(|| rest.to_owned())
        });
        lines.collect()
    }

    pub(crate) fn open(&self) -> Database {
        Database::open(&self.url, &OpenOptions::default()).unwrap()
    }

    /// What a query selects: a text for each row, `|` between columns. Times are shown as seconds after [`START`].
    #[track_caller]
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let rows = self.open().query(sql, &[]).unwrap();
        let columns = rows.columns().len();
        let start = i64::try_from(START).unwrap();
        let show = |row: &tbus_db::Row<'_>, column| {
            if row.is_null(column) {
                return "-".to_owned();
            }
            // A time is a text on SQLite: it is tried first.
            if let Ok(time) = row.time(column) {
                let (seconds, rest) =
                    (time.div_euclid(1_000_000) - start, time.rem_euclid(1_000_000) / 100_000);
                return format!("{seconds}.{rest}");
            }
            row.int(column).map_or_else(|_| row.text(column).unwrap().to_owned(), |number| number.to_string())
        };
        rows.iter()
            .map(|row| (0..columns).map(|column| show(&row, column)).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// The pairs that are stored, as `session KEY=VALUE`.
    #[track_caller]
    pub(crate) fn pairs(&self) -> Vec<String> {
        let stored = tbus_recorder::read::custom_data(&mut self.open()).unwrap();
        stored.iter().map(|pair| format!("{} {}={}", pair.session, pair.key, pair.value)).collect()
    }

    /// Stops a recorder, with nothing left behind.
    #[track_caller]
    pub(crate) fn stop(&self, recorder: Recorder) -> Summary {
        let summary = recorder.stop();
        assert_eq!((summary.pending.records, summary.pending.open), (0, 0), "{}", self.text());
        summary
    }

    /// The database runs a script.
    #[track_caller]
    pub(crate) fn script(&self, sql: &str) {
        self.open().script(sql).unwrap();
    }
}

/// Options from the text of an INI file.
pub(crate) fn options(text: &str) -> Options {
    let (mut options, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
    assert!(notices.is_empty(), "{notices:?}");
    options.store_event_data.get_or_insert(StoreEventData::All);
    options
}
