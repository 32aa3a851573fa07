//! What `tbus app stat-server` and `tbus app urs` share: listening until the count, the time or the user ends it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use tbus_apps::subscriber::{Notice, Style, Subscriber, SubscriberConfig, SubscriberError};
use tlib_capture::{LogHandle, LogSink};
use tlib_proto::{Message, MessageId};
use tokio::time::Instant;

use crate::args::{ServerArgs, dn, event_count, seconds};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, note, say};
use crate::ready::ReadyFile;
use crate::stop::Stop;

/// A server that is silent for so long is polled, and is lost when it does not answer within as long again (chosen).
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// So many events are taken before a report at most.
const AT_ONCE: usize = 1024;

/// Options of both.
#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// DN to register on; may be repeated
    #[arg(long, default_value = "REPORTING", value_parser = |text: &str| dn("--dn", text))]
    pub(super) dn: Vec<String>,
    /// End after so many user events
    #[arg(long, value_name = "N", value_parser = event_count)]
    count: Option<u64>,
    /// End after this time with exit code 1, such as 500ms, 5s or 1m
    #[arg(long, value_name = "TIME", value_parser = crate::args::duration)]
    timeout: Option<Duration>,
    /// Write the server's address to this file as soon as all DNs are registered; removed at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// What an application does with events.
pub(super) trait Application {
    /// Takes an event.
    fn event(&mut self, message: &Message);

    /// Prints what it has to say.
    fn report(&mut self) -> Result<(), Failure>;
}

/// Runs an application; `every` is how often it reports beside each SIGUSR1 and the end.
pub(super) fn listen(
    args: &ListenArgs,
    name: &str,
    style: Style,
    log: Option<(LogSink, LogHandle)>,
    every: Option<Duration>,
    application: &mut dyn Application,
) -> Outcome {
    ReadyFile::clear(args.ready_file.as_deref())?;
    let (sink, handle) = log.unzip();
    let mut config = SubscriberConfig::new(&args.server.server, args.dn.clone(), name, style);
    config.client.keep_alive = KEEP_ALIVE;
    config.log = sink;
    let outcome = client::runtime()?.block_on(async {
        let mut stop = Stop::listen()?;
        let asked = Asked::listen()?;
        let deadline = args.timeout.map(|timeout| Instant::now() + timeout);
        let mut subscriber = tokio::select! {
            started = Subscriber::start(config) => started.map_err(failure)?,
            () = stop.wait() => return ended(args, 0),
            () = until(deadline) => return Err(timed_out(args, 0)),
        };
        note(&format!("registered on {} at {} as {name}; waiting", args.dn.join(", "), args.server.server));
        let ready = ReadyFile::write(args.ready_file.as_deref(), &args.server.server)?;
        let outcome = events(args, &mut subscriber, stop, asked, deadline, every, application).await;
        drop(ready);
        subscriber.stop().await;
        outcome
    });
    if let Some(handle) = handle {
        handle.close();
    }
    outcome
}

async fn events(
    args: &ListenArgs,
    subscriber: &mut Subscriber,
    mut stop: Stop,
    mut asked: Asked,
    deadline: Option<Instant>,
    every: Option<Duration>,
    application: &mut dyn Application,
) -> Outcome {
    let mut listener = Listener { args, application, came: 0 };
    let mut next_report = every.map(|every| Instant::now() + every);
    loop {
        let why = tokio::select! {
            biased;
            () = asked.wait() => Why::Asked,
            () = stop.wait() => Why::Stopped,
            () = until(deadline) => Why::TimedOut,
            () = until(next_report) => Why::Asked,
            notice = subscriber.next() => match notice {
                Some(notice) => {
                    if listener.take(notice)? {
                        return Ok(Exit::Done);
                    }
                    continue;
                }
                None => {
                    return Err(Failure::system(anyhow!("connection to {} closed", args.server.server)));
                }
            },
        };
        // What has come before belongs to the report. More than this comes while it is taken.
        for _ in 0..AT_ONCE {
            let Some(notice) = subscriber.try_next() else { break };
            if listener.take(notice)? {
                return Ok(Exit::Done);
            }
        }
        listener.application.report()?;
        match why {
            Why::Asked => next_report = every.map(|every| Instant::now() + every),
            Why::Stopped => return ended(args, listener.came),
            Why::TimedOut => return Err(timed_out(args, listener.came)),
        }
    }
}

/// Why a report is made.
enum Why {
    Asked,
    Stopped,
    TimedOut,
}

struct Listener<'a> {
    args: &'a ListenArgs,
    application: &'a mut dyn Application,
    came: u64,
}

impl Listener<'_> {
    /// Takes what has happened; `true` when the count is reached, and reported.
    fn take(&mut self, notice: Notice) -> Result<bool, Failure> {
        let server = &self.args.server.server;
        match notice {
            Notice::Event(message) => {
                self.application.event(&message);
                self.came += u64::from(message.id() == MessageId::EVENT_USER_EVENT);
                if self.args.count.is_some_and(|count| self.came >= count) {
                    self.application.report()?;
                    return Ok(true);
                }
            }
            Notice::Lost { reason } => {
                say(&format!("connection to {server} lost: {reason}; connecting again"));
            }
            Notice::Failed { reason } => say(&format!("{reason}; trying again")),
            Notice::Opened { missing } => {
                note(&format!("connected to {server} again"));
                for (dn, reason) in missing {
                    say(&format!("not registered on {dn}: {reason}"));
                }
            }
            _ => {}
        }
        Ok(false)
    }
}

/// Hears SIGUSR1, where there is one.
struct Asked {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Asked {
    fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signal = signal(SignalKind::user_defined1());
            let signal = signal.map_err(|error| Failure::system(anyhow!(error).context("signals")))?;
            Ok(Self { signal })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn wait(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending().await
    }
}

fn failure(error: SubscriberError) -> Failure {
    match error {
        SubscriberError::Client(error) => client::failure(error),
        SubscriberError::Registration { dn, error } => client::registration_failure(error, "--dn", &dn),
        error => Failure::system(error),
    }
}

/// The user has ended it.
fn ended(args: &ListenArgs, came: u64) -> Outcome {
    match args.count {
        Some(count) => Err(Failure::unmet(anyhow!("interrupted: {came} of {count} user events came"))),
        None => Ok(Exit::Done),
    }
}

fn timed_out(args: &ListenArgs, came: u64) -> Failure {
    let time = seconds(args.timeout.unwrap_or_default());
    Failure::unmet(match args.count {
        Some(count) => anyhow!("time-out: {came} of {count} user events came within {time}"),
        None => anyhow!("time-out: {came} user events came within {time}"),
    })
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
