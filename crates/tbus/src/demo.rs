//! `tbus demo`: the published T-Server exchange happens again, over real sockets.

use std::fmt::Write;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use tbus_core::World;
use tbus_server::{Server, ServerConfig};
use tlib_capture::{LogConfig, LogSink, LogTarget, MemoryLog, Verbosity};
use tlib_net::Client;
use tlib_proto::{AttributeId, KvList, Message, MessageId};

use crate::client;
use crate::exit::{Exit, Failure, Outcome};
use crate::invocation;
use crate::output::Out;

/// What `tbus demo` is told: nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tbus demo\n\n\
    The T-Server listens on a free port of 127.0.0.1 and is gone when the command ends.")]
pub(crate) struct DemoArgs {}

/// Longest time that all of it may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Who listens on [`DN`], in the order in which they register.
const LISTENERS: [&str; 3] = ["Icon_Voice", "Stat_Server", "Universal_Routing_Server"];

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
    let received = client::runtime()?.block_on(clients(&address))?;
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
    put(&format!("  {} register on {DN}", LISTENERS.join(", ")));
    put(&format!("  {SENDER} sends RequestDistributeUserEvent with {} pairs to {DN}", pairs().view().len()));
    put("");
    put("The T-Server log of it:");
    put(log.trim_end());
    put("");
    put("What each client received:");
    for (client, event) in &received {
        put(&describe(client, event));
    }
    put("");
    put("Try next:");
    put(&format!("  {tbus} serve"));
    put(&format!("  {tbus} watch --dn {DN}    (in a second terminal)"));
    Ok(text)
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

/// A line: who, which event, its sequence number, its pairs.
fn describe(client: &str, event: &Message) -> String {
    let view = event.view();
    let sequence = view.long(AttributeId::EVENT_SEQUENCE_NUMBER).ok().flatten().unwrap_or_default();
    let pairs = view.list(AttributeId::USER_DATA).ok().flatten();
    let pairs = pairs.map(|list| format!(", {} pairs", list.len())).unwrap_or_default();
    format!("  {client:<25} {:<15} sequence number {sequence:016x}{pairs}", event.id().to_string())
}
