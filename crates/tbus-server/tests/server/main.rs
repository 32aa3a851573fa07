//! The server over real sockets: the published exchange, order under load, and everything that can be sent wrong.

mod bad_input;
mod busy;
mod capture;
mod churn;
mod client;
mod golden;
mod hostile;
mod order;
mod play;
mod raw;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tbus_core::World;
use tbus_server::{Server, ServerConfig};
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, MemoryLog, TimeZone, Verbosity};
use tlib_net::{Client, ClientOptions};
use tlib_proto::{AttributeId, KvRef, Message, MessageId};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a log in memory.
struct Logged {
    server: Option<Server>,
    handle: Option<LogHandle>,
    memory: MemoryLog,
}

impl Logged {
    fn start(configure: impl FnOnce(&mut ServerConfig)) -> Self {
        let memory = MemoryLog::new();
        let mut log = LogConfig::new("SIP_Server");
        log.zone = TimeZone::fixed(jiff::tz::offset(-7));
        log.gather = Duration::ZERO;
        let (sink, handle) =
            LogSink::start(log, LogTarget::Memory(memory.clone())).expect("memory is always there");
        let mut config = ServerConfig::new(World::default());
        config.log = Some((sink, Verbosity::All));
        configure(&mut config);
        let server = Server::start(config).expect("a free port");
        Self { server: Some(server), handle: Some(handle), memory }
    }

    fn address(&self) -> String {
        self.server.as_ref().expect("runs until it is stopped").address().to_string()
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("runs until it is stopped")
    }

    /// Stops the server and gives its whole log.
    fn stop(mut self) -> String {
        self.server.take().expect("stopped once").stop();
        self.handle.take().expect("stopped once").close();
        self.memory.text()
    }
}

async fn connect(address: &str, application: &str) -> Client {
    let mut options = ClientOptions::new(application);
    options.answer_timeout = PATIENCE;
    options.connect_timeout = PATIENCE;
    Client::connect_with(address, options).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn next(client: &mut Client) -> Message {
    tokio::time::timeout(PATIENCE, client.next_message())
        .await
        .expect("an event in time")
        .expect("still connected")
}

fn user_event(dn: &str, reference: Option<u32>, data: KvRef<'_>) -> Message {
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        if let Some(reference) = reference {
            m.unsigned(AttributeId::REFERENCE_ID, reference);
        }
        m.str(AttributeId::COMMUNICATION_DN, dn)
            .list(AttributeId::USER_DATA, data)
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333")
    })
    .unwrap()
}

fn sequence(message: &Message) -> u64 {
    message.view().long(AttributeId::EVENT_SEQUENCE_NUMBER).unwrap().expect("every event has one")
}

fn code(message: &Message) -> u32 {
    assert_eq!(message.id(), MessageId::EVENT_ERROR, "{message:?}");
    message.view().unsigned(AttributeId::ERROR_CODE).unwrap().expect("every error has a code")
}

fn error_text(message: &Message) -> String {
    let text = message.view().text(AttributeId::ERROR_MESSAGE).unwrap().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Shared by tests that name connections themselves.
fn shared<T>(value: T) -> Arc<std::sync::Mutex<T>> {
    Arc::new(std::sync::Mutex::new(value))
}
