//! `tbus demo`: the published T-Server exchange happens again, over real sockets, and is recorded.

use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use tbus_core::World;
use tbus_db::{Database, DatabaseUrl, OpenOptions};
use tbus_recorder::options::StoreEventData;
use tbus_recorder::read::{self, StoredPair};
use tbus_recorder::{Recorder, RecorderConfig};
use tbus_server::{Server, ServerConfig};
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, MemoryLog, Verbosity, ids};
use tlib_net::Client;
use tlib_proto::{AttributeId, KvList, Message, MessageId};

use crate::client;
use crate::exit::{Exit, Failure, Outcome};
use crate::invocation;
use crate::output::Out;
use crate::record;

/// What `tbus demo` is told: nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tbus demo\n\n\
    The T-Server listens on a free port of 127.0.0.1; server and database are gone when the command ends.")]
pub(crate) struct DemoArgs {}

/// Longest time that all of it may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The recorder, which registers on [`DN`] first.
const RECORDER: &str = "Icon_Voice";

/// Who else listens on it, in the order in which they register.
const LISTENERS: [&str; 2] = ["Stat_Server", "Universal_Routing_Server"];

/// Who sends the user event.
const SENDER: &str = "OrchestrationServer";

/// The DN of the example.
const DN: &str = "REPORTING";

/// Runs the exchange and shows it.
pub(crate) fn run(_: &DemoArgs) -> Outcome {
    let (done, result) = mpsc::sync_channel(1);
    // On a thread of its own, so that whatever hangs can be told of.
    let thread = std::thread::Builder::new().name("demo".to_owned()).spawn(move || {
        // The receiver is gone only when the time was up.
        let _ = done.send(exchange());
    });
    thread.context("cannot start").map_err(Failure::system)?;
    let text = match result.recv_timeout(LIMIT) {
        Ok(text) => text?,
        Err(_) => return Err(Failure::unmet(anyhow!("the demo has not ended within {} s", LIMIT.as_secs()))),
    };
    let mut out = Out::new();
    out.text(&text)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// The whole exchange, and what is to be shown of it.
fn exchange() -> Result<String, Failure> {
    let world = World::default();
    let name = world.t_server.name.clone();
    let memory = MemoryLog::new();
    let mut log = LogConfig::new(&name);
    log.verbosity = Verbosity::Trace;
    let (sink, handle) = LogSink::start(log, LogTarget::Memory(memory.clone())).map_err(Failure::system)?;

    let mut config = ServerConfig::new(world.clone());
    config.log = Some((sink, Verbosity::Trace));
    let server = Server::start(config).map_err(Failure::system)?;
    let address = server.address().to_string();
    let recording = Recording::start(&address, &world)?;
    let received = client::runtime()?.block_on(clients(&address))?;
    let recorded = recording.stop()?;
    server.stop();
    handle.close();
    let log = excerpt(&memory.text())?;

    let tbus = invocation::command();
    let mut text = String::new();
    let mut put = |line: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    };
    put(&format!("tbus {}: the published T-Server exchange, on this machine", env!("CARGO_PKG_VERSION")));
    put("");
    put("What happens:");
    put(&format!(
        "  {name} listens on {address} (switch {}, tenant {})",
        world.switch.name, world.tenant.name
    ));
    put(&format!("  {RECORDER}, {} register on {DN}", LISTENERS.join(", ")));
    put(&format!("  {SENDER} sends RequestDistributeUserEvent with {} pairs to {DN}", pairs().view().len()));
    put("");
    put("The T-Server log of it:");
    put(log.trim_end());
    put("");
    put("What each client received:");
    for (at, (client, event)) in received.iter().enumerate() {
        put(&describe(client, event));
        if at == 0 {
            put(&recorded.describe());
        }
    }
    put("");
    put(&format!("The log of {RECORDER}, the recorder:"));
    put(recorded.log.trim_end());
    put("");
    put("What it stored, in G_CUSTOM_DATA_S:");
    put(&recorded.table());
    put("");
    put("Try next:");
    put(&format!("  {tbus} serve"));
    put(&format!("  {tbus} watch --dn {DN}    (in a second terminal)"));
    put(&format!("  {tbus} record --db demo.sqlite    (in a third one)"));
    Ok(text)
}

/// The recorder and where it records to.
struct Recording {
    recorder: Recorder,
    handle: LogHandle,
    log: MemoryLog,
    database: DatabaseUrl,
    /// Holds the database and the queue, and is removed in the end.
    folder: tempfile::TempDir,
}

/// What it has recorded.
struct Recorded {
    pairs: Vec<StoredPair>,
    log: String,
}

impl Recording {
    fn start(address: &str, world: &World) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().context("temporary folder").map_err(Failure::system)?;
        let database = DatabaseUrl::sqlite(folder.path().join("demo.sqlite"));
        let log = MemoryLog::new();
        let (sink, handle) = LogSink::start(LogConfig::new(RECORDER), LogTarget::Memory(log.clone()))
            .map_err(Failure::system)?;
        let queue = tbus_recorder::queue_of(&database);
        let mut config = RecorderConfig::new(address, vec![DN.to_owned()], database.clone(), queue);
        config.options.store_event_data = Some(StoreEventData::All);
        config.directory = record::directory(world, RECORDER);
        config.log = Some(sink);
        let recorder = Recorder::start(config).map_err(record::failure)?;
        Ok(Self { recorder, handle, log, database, folder })
    }

    fn stop(self) -> Result<Recorded, Failure> {
        self.recorder.stop();
        self.handle.close();
        let mut database =
            Database::open(&self.database, &OpenOptions::default()).map_err(Failure::system)?;
        let pairs = read::custom_data(&mut database).map_err(Failure::system)?;
        drop((database, self.folder));
        let log = self.log.text();
        // What happens to the event; the connection's own lines are left out.
        let from = log.lines().skip_while(|line| !line.contains(" Int 04543 "));
        let to = from
            .filter(|line| !line.contains(&format!(" {} ", ids::SOURCE)) && !line.ends_with("Log closed"));
        Ok(Recorded { pairs, log: to.collect::<Vec<_>>().join("\n") })
    }
}

impl Recorded {
    fn describe(&self) -> String {
        let sequence = self.pairs.first().map(|pair| pair.sequence.as_str()).unwrap_or_default();
        line(RECORDER, MessageId::EVENT_USER_EVENT, sequence, Some(self.pairs.len()))
    }

    fn table(&self) -> String {
        let width = self.pairs.iter().map(|pair| pair.key.len()).max().unwrap_or_default();
        let head = format!("  {:<width$}  VALUE", "KEYNAME");
        let rows = self.pairs.iter().map(|pair| format!("  {:<width$}  {}", pair.key, pair.value));
        std::iter::once(head)
            .chain(rows)
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// What every client does, and what it receives.
async fn clients(address: &str) -> Result<Vec<(&'static str, Message)>, Failure> {
    let mut listeners = Vec::new();
    for name in LISTENERS {
        let client = Client::connect(address, name).await.map_err(client::failure)?;
        client.register(DN).await.map_err(client::failure)?;
        listeners.push((name, client));
    }
    let sender = Client::connect(address, SENDER).await.map_err(client::failure)?;
    let answer = sender.requester().ask(request()?).await.map_err(client::failure)?;
    let mut received = vec![(SENDER, answer)];
    for (name, client) in &mut listeners {
        let event = client.next_message().await;
        let event = event.ok_or_else(|| Failure::system(anyhow!("{name}: the connection was closed")))?;
        received.push((name, event));
    }
    Ok(received)
}

/// The published user data.
fn pairs() -> KvList {
    let list = KvList::build(|list| {
        list.str("gms_AgentAvailable", "1348817660755")
            .str("gms_AgentConnected", "")
            .str("gms_IxnCompleted", "")
            .str("gms_ServiceName", "inbound-delay")
            .str("gms_ServiceStartAt", "1348817660553")
            .str("gms_ServiceStoppedAt", "")
            .int("gms_SessionEventSeq", 3)
            .str("gms_SessionId", "65UA6ISSJH76R340BNDQ2DG0DG000036")
            .str("gms_UserConnected", "")
            .str("gms_UserId", "")
            .str("gms_WaitingForAgent", "1348817660744")
            .str("gms_externalId", "")
    });
    // 347 bytes fit into any list.
    list.unwrap_or_default()
}

fn request() -> Result<Message, Failure> {
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.str(AttributeId::COMMUNICATION_DN, DN)
            .list(AttributeId::USER_DATA, pairs().view())
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333")
            .unsigned(AttributeId::REFERENCE_ID, 431)
    })
    .map_err(Failure::bad)
}

/// From the request to the last client that got the event.
fn excerpt(log: &str) -> Result<String, Failure> {
    let lines: Vec<_> = log.lines().collect();
    let first = lines.iter().position(|line| line.contains(" Trc 04541 RequestDistributeUserEvent received"));
    let last = lines.iter().rposition(|line| line.contains(" Trc 04542 EventUserEvent sent to"));
    match (first, last) {
        (Some(first), Some(last)) if first < last => Ok(lines[first..=last].join("\n")),
        _ => Err(Failure::system(anyhow!("the T-Server log does not show the exchange"))),
    }
}

fn describe(client: &str, event: &Message) -> String {
    let view = event.view();
    let sequence = view.long(AttributeId::EVENT_SEQUENCE_NUMBER).ok().flatten().unwrap_or_default();
    let pairs = view.list(AttributeId::USER_DATA).ok().flatten().map(|list| list.len());
    line(client, event.id(), &format!("{sequence:016x}"), pairs)
}

/// A line: who, which event, its sequence number, its pairs.
fn line(client: &str, event: MessageId, sequence: &str, pairs: Option<usize>) -> String {
    let pairs = pairs.map(|pairs| format!(", {pairs} pairs")).unwrap_or_default();
    format!("  {client:<25} {:<15} sequence number {sequence}{pairs}", event.to_string())
}
