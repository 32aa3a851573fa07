//! The recorder as a whole: started, running on two threads, stopped.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use tbus_db::{Database, DatabaseUrl, DbError, ErrorKind, OpenOptions, Sync};
use tlib_capture::LogSink;
use tlib_net::{Client, ClientError, ClientOptions};
use tlib_proto::{Limits, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::adata::AttachedDataSpec;
use crate::directory::Directory;
use crate::interpret::Counters;
use crate::log::{Clock, Log};
use crate::options::Options;
use crate::queue::{Pending, Queue, QueueError, QueueOptions, QueuePath};
use crate::receiver::Receiver;
use crate::schema::{self, Prepared, SchemaError};
use crate::writer::{Open, Shared, Writer};
use crate::{mark, time};

/// The fact of the queue that says that a database has its mark.
const BOUND: &str = "bound";

/// What decides which data is stored where.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) options: Arc<Options>,
    pub(crate) specification: Arc<AttachedDataSpec>,
    pub(crate) directory: Arc<Directory>,
    /// Those of the connection: what came through it goes on.
    pub(crate) limits: Limits,
}

/// Everything that a recorder can be told.
pub struct RecorderConfig {
    /// The T-Server, `HOST:PORT`.
    pub server: String,
    /// How the client calls itself and behaves. It is read on demand whatever this says, and connects again, after
    /// the times that this says or else the usual ones.
    pub client: ClientOptions,
    /// The DNs to register on.
    pub dns: Vec<String>,
    /// The interaction database.
    pub database: DatabaseUrl,
    /// What a commit waits for, in the database and in the queue.
    pub sync: Sync,
    /// The durable queue; its `sync` is the one above.
    pub queue: QueueOptions,
    /// What to store.
    pub options: Options,
    /// Where attached data goes.
    pub specification: AttachedDataSpec,
    /// DBIDs.
    pub directory: Directory,
    /// Where the log goes.
    pub log: Option<LogSink>,
    /// The wall clock.
    pub clock: Clock,
}

impl RecorderConfig {
    /// A recorder of these DNs with the vendor's options, without log.
    pub fn new(server: impl Into<String>, dns: Vec<String>, database: DatabaseUrl, queue: QueuePath) -> Self {
        Self {
            server: server.into(),
            client: ClientOptions::new("Icon_Voice"),
            dns,
            database,
            sync: Sync::Normal,
            queue: QueueOptions::new(queue),
            options: Options::default(),
            specification: AttachedDataSpec::default(),
            directory: Directory::default(),
            log: None,
            clock: Arc::new(|| {
                Timestamp::from_duration(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
            }),
        }
    }
}

/// A recorder that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be opened or read.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The database has another schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The queue holds what another database is to have.
    #[error(
        "the queue {queue} holds {} records for another database than {database}: start the recorder with that \
         database, or give this one a queue of its own (pq-dbname)",
        .pending.records.saturating_add(.pending.open)
    )]
    OtherDatabase {
        /// The queue.
        queue: QueuePath,
        /// The database that was named.
        database: String,
        /// What it holds.
        pending: Pending,
    },
    /// The queue would be in the file of the database.
    #[error("{0} cannot be the database and its queue: give the queue a file of its own")]
    SameFile(QueuePath),
    /// The database would be in memory: opened again after an error it is another one, and empty.
    #[error(
        "a database in memory cannot be recorded into: after an error it would be opened again, and be empty"
    )]
    Memory,
    /// The T-Server cannot be reached, or refuses.
    #[error("{0}")]
    Client(#[source] ClientError),
    /// A DN cannot be registered on.
    #[error("{dn}: {error}")]
    Registration {
        /// The DN.
        dn: String,
        /// Why.
        #[source]
        error: ClientError,
    },
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// What was found at the start.
#[derive(Clone, Debug)]
pub struct Found {
    /// The schema was made, or was there; `None`: the database does not answer, and the queue waits for it.
    pub schema: Option<Prepared>,
    /// What the queue holds from a run before.
    pub pending: Pending,
    /// Why the database does not answer.
    pub unreachable: Option<String>,
}

/// What a recorder has done.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Records that the database has taken in this run: events, and changes of sessions.
    pub records: u64,
    /// Rows that were inserted.
    pub rows: u64,
    /// Queue transactions that were written.
    pub transactions: u64,
    /// What is left in the queue.
    pub pending: Pending,
    /// What became of the pairs.
    pub counters: Counters,
}

/// A recorder that is registered and records. Dropped, it stops.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    found: Found,
    stop: watch::Sender<bool>,
    receiver: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Opens the queue and the database, makes or checks the schema, connects and registers, and begins to record.
    /// What a run before has left in the queue is written first.
    ///
    /// A database that does not answer is an error, unless the queue was used with it before: then what comes is
    /// queued until it answers. Blocks until all of it is done; must not be called from an async task.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: RecorderConfig) -> Result<Self, StartError> {
        let started = time::micros((config.clock)());
        let log = Log::new(config.log, config.clock);
        let path = config.queue.path.clone();
        let rules = Arc::new(Rules {
            options: Arc::new(config.options),
            specification: Arc::new(config.specification),
            directory: Arc::new(config.directory),
            limits: config.client.limits,
        });
        let open_options = OpenOptions {
            sync: config.sync,
            application_name: "tbus record".to_owned(),
            sole_writer: true,
            ..OpenOptions::default()
        };
        if let Some(database) = config.database.sqlite_path() {
            if database == Path::new(":memory:") {
                return Err(StartError::Memory);
            }
            if path.file().is_some_and(|queue| same_file(queue, database)) {
                return Err(StartError::SameFile(path));
            }
        }
        // First, for a mistake in its name leaves no queue behind.
        let opened = Database::open(&config.database, &open_options).map_err(StartError::from);
        let opened = opened.and_then(|mut database| {
            let prepared = schema::prepare(&mut database, &config.database)?;
            Ok((database, prepared))
        });
        let opened = match opened {
            Err(error) if !(error.comes_back() && path.file().is_some_and(Path::exists)) => {
                return Err(error);
            }
            opened => opened,
        };
        let queue = Arc::new(Queue::open(QueueOptions { sync: config.sync, ..config.queue })?);
        // Whatever is open is of a run before: a transaction of its own says what the database may have of that run.
        if let Some(closed) = queue.close_transaction()? {
            log.committed(&closed);
        }
        let before = queue.last_closed();
        let pending = queue.pending();
        let mut found = Found { schema: None, pending, unreachable: None };
        let mut sessions = 0;
        let bound = queue.get(BOUND)?.is_some();
        let prepare = |(mut database, prepared): (Database, Prepared)| -> Result<Open, StartError> {
            found.schema = Some(prepared);
            if mark::read(&mut database, queue.id())?.is_none() {
                if bound && (pending.records > 0 || pending.open > 0) {
                    let database = config.database.to_string();
                    return Err(StartError::OtherDatabase { queue: path, database, pending });
                }
                mark::insert(&mut database, queue.id(), started)?;
            }
            queue.put(BOUND, "1")?;
            sessions = mark::sessions(&mut database)?;
            Ok(Open::new(database, &rules, queue.id())?)
        };
        let open = match opened.and_then(prepare) {
            Ok(open) => Some(open),
            Err(error) if bound && error.comes_back() => {
                found.unreachable = Some(error.to_string());
                None
            }
            Err(error) => return Err(error),
        };

        let shared = Arc::new(Shared::default());
        // Those of a run before were announced by it.
        shared.announce(before);
        let (stop, stopped) = watch::channel(false);
        let mut client = config.client;
        client.read_on_demand = true;
        if client.reconnect.is_none() {
            client = client.with_reconnect();
        }
        let receiver = {
            let (queue, shared, log, rules) =
                (Arc::clone(&queue), Arc::clone(&shared), log.another(), Arc::clone(&rules));
            let (server, dns) = (config.server, config.dns);
            move |ready: oneshot::Sender<Result<(), StartError>>| {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(error.into()))),
                };
                runtime.block_on(async move {
                    let begun = async {
                        let client =
                            Client::connect_with(&server, client).await.map_err(StartError::Client)?;
                        let mut receiver = Receiver::new(
                            client,
                            dns,
                            queue,
                            shared,
                            log,
                            &rules.options,
                            started,
                            sessions,
                            stopped,
                        )?;
                        receiver.begin().await?;
                        Ok(receiver)
                    };
                    match begun.await {
                        Ok(receiver) => {
                            if ready.send(Ok(())).is_ok() {
                                receiver.run().await;
                            }
                        }
                        Err(error) => drop(ready.send(Err(error))),
                    }
                });
            }
        };
        let writer = Writer {
            url: config.database,
            options: open_options,
            rules,
            queue: Arc::clone(&queue),
            shared: Arc::clone(&shared),
            log,
            open,
            before,
            compared: false,
            written: Vec::new(),
        };
        let (ready, begun) = oneshot::channel();
        let mut recorder = Self { queue, shared, found, stop, receiver: None, writer: None };
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        recorder.writer = Some(thread("database").spawn(move || writer.run())?);
        recorder.receiver = Some(thread("recorder").spawn(move || receiver(ready))?);
        match begun.blocking_recv() {
            Ok(begun) => begun?,
            // Only a panic drops the sender without a word.
            Err(_) => return Err(std::io::Error::other("the recorder's thread has ended").into()),
        }
        Ok(recorder)
    }

    /// What was found at the start.
    pub const fn found(&self) -> &Found {
        &self.found
    }

    /// The queue, for those who want to watch it.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Whether the recorder still records; it ends by itself only when something is broken beyond repair.
    pub fn is_running(&self) -> bool {
        let runs =
            |thread: &Option<JoinHandle<()>>| thread.as_ref().is_some_and(|thread| !thread.is_finished());
        runs(&self.receiver) && runs(&self.writer)
    }

    /// What was done so far.
    pub fn summary(&self) -> Summary {
        Summary {
            records: self.shared.records.load(Ordering::Relaxed),
            rows: self.shared.rows.load(Ordering::Relaxed),
            transactions: self.shared.transactions.load(Ordering::Relaxed),
            pending: self.queue.pending(),
            counters: self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Takes what was sent so far, writes what the queue holds, closes the session, and ends. What the database does
    /// not take at the first attempt stays in the queue.
    pub fn stop(mut self) -> Summary {
        self.end();
        self.summary()
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(receiver) = self.receiver.take() {
            // A panic has been reported by the thread itself.
            let _ = receiver.join();
        }
        self.shared.stop(&self.queue);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end();
    }
}

impl StartError {
    /// Whether it is a matter of time: the database is away or busy, and what comes can be queued meanwhile.
    fn comes_back(&self) -> bool {
        let (Self::Database(error) | Self::Schema(SchemaError::Database(error))) = self else { return false };
        matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Broken | ErrorKind::Busy)
    }
}

/// Whether two paths name one file, also when it is not there yet.
fn same_file(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    one == other || absolute(one).is_some_and(|one| absolute(other) == Some(one))
}

/// Where the queue of a database is unless somebody says otherwise: a file beside a SQLite database, with `.pq` after
/// its name; for another one a file in the current folder, named after server and
/// database (chosen: the vendor's `icon_<dbid>.pq` would be the same file for two databases).
pub fn queue_of(database: &DatabaseUrl) -> QueuePath {
    if let Some(path) = database.sqlite_path() {
        let mut name = path.as_os_str().to_owned();
        name.push(".pq");
        return QueuePath::File(name.into());
    }
    let name = database.to_string();
    let name =
        name.rsplit_once('@').or_else(|| name.split_once("://")).map_or(name.as_str(), |(_, rest)| rest);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
    QueuePath::File(format!("icon_{}.pq", name.chars().map(plain).collect::<String>()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_a_queue_of_its_own() {
        let queue = |url: &str| queue_of(&url.parse().unwrap()).to_string();
        assert_eq!(queue("sqlite:some/demo.sqlite"), "some/demo.sqlite.pq");
        assert_eq!(queue("postgres://me:secret@db.example:5433/idb"), "icon_db.example_5433_idb.pq");
    }
}
