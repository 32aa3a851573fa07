//! `tbus record`: a client that stores what it hears in an interaction database.

mod rules;
mod screen;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tbus_db::{DatabaseUrl, ErrorKind, Sync};
use tbus_recorder::queue::{QueueError, QueuePath};
use tbus_recorder::schema::SchemaError;
use tbus_recorder::{Recorder, RecorderConfig, StartError, Summary};
use tlib_net::ClientOptions;

use crate::args::{ServerArgs, dn};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, note, say};
use crate::log::{Log, LogArgs};
use crate::output::Out;
use crate::ready::ReadyFile;
use crate::stop::Stop;
use crate::world;
pub(crate) use rules::{RuleArgs, Rules, directory};

/// A server that is silent for so long is polled, and is lost when it does not answer within as long again (chosen): a
/// machine that vanishes says no farewell.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How often it is looked whether the recorder still runs.
const WATCH: Duration = Duration::from_secs(1);

/// What `tbus record` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus record --db demo.sqlite\n  \
    tbus record --db postgres://user@localhost/idb --dn REPORTING --dn Callback_VQ\n  \
    tbus record --db demo.sqlite --options icon.ini --adata-spec ccon_adata_spec.xml --log icon.log\n\n\
    What was received survives kill -9: it waits in the queue and is written after the next start.\n\n\
    Ctrl-C and SIGTERM take what was sent before, write what is queued, and exit with 0; with 3 when the database \
    does not take it (it stays in the queue). A second signal, half a second later or more, ends it at once with 1, and so does one \
    before all DNs are registered.")]
pub(crate) struct RecordArgs {
    /// The interaction database: PATH or sqlite:PATH, which is made if it is not there, or postgres://...
    #[arg(long, value_name = "DB", default_value = "idb.sqlite")]
    db: DatabaseUrl,
    /// DN to register on; may be repeated
    #[arg(long, default_value = "REPORTING", value_parser = |text: &str| dn("--dn", text))]
    dn: Vec<String>,
    /// Name of this client in the server's log
    #[arg(long, value_name = "NAME", default_value = "Icon_Voice")]
    app: String,
    #[command(flatten)]
    rules: RuleArgs,
    /// Where DBIDs are looked up (TOML); without it, in the world of the published example
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// File of the durable queue, or :memory:; without it, pq-dbname of the options, else a file beside the database
    /// (with PostgreSQL in this folder)
    #[arg(long, value_name = "FILE")]
    queue: Option<QueuePath>,
    /// Bytes in the queue at which nothing more is received until the database has caught up
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30, value_parser = clap::value_parser!(u64).range(1..))]
    queue_limit: u64,
    /// What a commit waits for: normal survives every end of the process, full also a loss of power, by
    /// which off may damage the files
    #[arg(long, value_enum, default_value_t = SyncLevel::Normal)]
    sync: SyncLevel,
    /// Write the server's address to this file as soon as all DNs are registered; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    log: LogArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SyncLevel {
    Off,
    Normal,
    Full,
}

impl From<SyncLevel> for Sync {
    fn from(level: SyncLevel) -> Self {
        match level {
            SyncLevel::Off => Self::Off,
            SyncLevel::Normal => Self::Normal,
            SyncLevel::Full => Self::Full,
        }
    }
}

/// Records until a signal comes.
pub(crate) fn run(args: RecordArgs) -> Outcome {
    let rules = args.rules.read()?;
    let world = world::read(args.world.as_deref())?;
    ReadyFile::clear(args.ready_file.as_deref())?;
    let runtime = client::runtime()?;
    // Before anybody can know that the recorder is there, so that no signal is missed.
    let mut stop = runtime.block_on(async { Stop::listen() })?;

    let queue = queue(&args, &rules);
    different_files(&args, &queue)?;
    let log = Log::open(&args.log, &args.app, Some("Interaction Concentrator"))?;
    let log_text = log.describe();
    let mut out = Out::new();
    out.text(&screen::head(&args, &rules, &log_text))?;
    out.flush()?;
    drop(out);
    let (sink, log) = log.start()?;

    let mut config = RecorderConfig::new(&args.server.server, args.dn.clone(), args.db.clone(), queue);
    config.client = ClientOptions::new(&args.app);
    config.client.keep_alive = KEEP_ALIVE;
    config.sync = args.sync.into();
    config.queue.limit = args.queue_limit;
    config.directory = directory(&world, &args.app);
    config.options = rules.options;
    config.specification = rules.specification;
    config.log = Some(sink);
    let started = runtime.block_on(async {
        let starting = tokio::task::spawn_blocking(move || Recorder::start(config));
        tokio::select! {
            started = starting => started.map_err(|error| Failure::system(anyhow!(error).context("starting"))),
            () = stop.wait() => {
                say("stopped before it was registered; what is in the queue goes on at the next start");
                // A start that waits for somebody cannot be interrupted in any other way.
                std::process::exit(Exit::Unmet as i32)
            }
        }
    })?;
    let recorder = match started {
        Ok(recorder) => recorder,
        Err(error) => {
            log.close();
            return Err(failure(error));
        }
    };
    for line in screen::found(recorder.found()) {
        note(&line);
    }
    let ready = ReadyFile::write(args.ready_file.as_deref(), &args.server.server)?;
    tracing::info!(server = args.server.server, "registered");

    let (has_failed, summary) = runtime.block_on(async {
        let has_failed = loop {
            tokio::select! {
                () = stop.wait() => break false,
                () = tokio::time::sleep(WATCH) => {
                    if !recorder.is_running() {
                        break true;
                    }
                }
            }
        };
        drop(ready);
        let stopped = tokio::task::spawn_blocking(move || {
            let summary = recorder.stop();
            log.close();
            summary
        });
        tokio::select! {
            summary = stopped => {
                let summary = summary.map_err(|error| Failure::system(anyhow!(error).context("stopping")))?;
                Ok((has_failed, summary))
            }
            () = stop.wait() => {
                say("stopped at once; what is in the queue goes on at the next start");
                // The thread that writes cannot be interrupted in any other way.
                std::process::exit(Exit::Unmet as i32)
            }
        }
    })?;
    let outcome = finish(&summary)?;
    if has_failed {
        return Err(Failure::system(anyhow!(
            "the recorder has ended by itself; what it said before tells why"
        )));
    }
    Ok(outcome)
}

/// The last line, and the exit code.
fn finish(summary: &Summary) -> Outcome {
    note(&screen::summary(summary));
    let left = summary.pending.records.saturating_add(summary.pending.open);
    if left > 0 {
        return Err(Failure::system(anyhow!(
            "the database did not take {left} records; they stay in the queue and go on at the next start"
        )));
    }
    Ok(Exit::Done)
}

/// The queue that the command line, the options or the database's name say.
fn queue(args: &RecordArgs, rules: &Rules) -> QueuePath {
    let from_options =
        || rules.options.pq_dbname.as_deref().map(|name| name.parse().unwrap_or_else(|never| match never {}));
    args.queue.clone().or_else(from_options).unwrap_or_else(|| tbus_recorder::queue_of(&args.db))
}

/// What is written must not be one file: a log would put the database aside as the log of an earlier run.
fn different_files(args: &RecordArgs, queue: &QueuePath) -> Result<(), Failure> {
    let log = args.log.file();
    let named = [
        ("--db", args.db.sqlite_path()),
        ("the queue", queue.file()),
        ("--log", log.as_deref()),
        ("--ready-file", args.ready_file.as_deref()),
    ];
    let files: Vec<_> = named
        .into_iter()
        .filter_map(|(name, path)| {
            let path = path?;
            Some((name, path.canonicalize().or_else(|_| std::path::absolute(path)).ok()?))
        })
        .collect();
    for (at, (name, path)) in files.iter().enumerate() {
        if let Some((other, _)) = files.iter().take(at).find(|(_, before)| before == path) {
            return Err(Failure::bad(anyhow!("{other} and {name} are one file, {}", path.display())));
        }
    }
    Ok(())
}

/// The exit code of an error, and what to do about it.
pub(crate) fn failure(error: StartError) -> Failure {
    match error {
        StartError::Client(error) => client::failure(error),
        StartError::Registration { dn, error } => client::registration_failure(error, "--dn", &dn),
        StartError::Database(error) | StartError::Schema(SchemaError::Database(error)) => {
            match error.kind() {
                ErrorKind::Refused => Failure::bad(error),
                ErrorKind::Claimed => Failure::system(anyhow!(
                    "{error}: probably another recorder, and a database has one only, as with ICON"
                )),
                ErrorKind::Unreachable => Failure::system(anyhow!(
                    "{error}; start the PostgreSQL server, or name another one or a file with --db"
                )),
                _ => Failure::system(error),
            }
        }
        StartError::Schema(_)
        | StartError::OtherDatabase { .. }
        | StartError::SameFile(_)
        | StartError::Memory => Failure::bad(error),
        // What the user has named is not there, or is something else.
        StartError::Queue(
            QueueError::Unreachable { .. }
            | QueueError::ReadOnly { .. }
            | QueueError::Foreign { .. }
            | QueueError::Version { .. }
            | QueueError::Damaged { .. },
        ) => Failure::bad(error),
        error => Failure::system(error),
    }
}
