//! The parts of the chain, running: T-Server, recorder, callback service, and the clients of the play.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tbus_apps::callback::{self, Clock, MachineConfig};
use tbus_apps::scenario::Scenario;
use tbus_apps::session::Ids;
use tbus_core::{DnConfig, DnType, World};
use tbus_db::DatabaseUrl;
use tbus_recorder::options::{History, StoreEventData};
use tbus_recorder::queue::QueuePath;
use tbus_recorder::{Recorder, RecorderConfig};
use tbus_server::{Server, ServerConfig};
use tlib_capture::{LogConfig, LogHandle, LogSink, LogTarget, Verbosity};
use tlib_net::Client;
use tokio::runtime::Runtime;

use super::clock::EventClock;
use super::heard::{Heard, wait_until};
use super::http::Http;
use crate::exit::{Failure, say};
use crate::{client, record};

/// The recorder's name.
const RECORDER: &str = "Icon_Voice";

/// Who sends the user event of an offer that is not accepted.
const IVR: &str = "IVR_Application";

/// Who stands for the other traffic of the switch.
const TRAFFIC: &str = "Other_Traffic";

/// The DN that callbacks report on.
pub(super) const DN: &str = "REPORTING";

/// Where everything is kept.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The interaction database.
    pub(super) idb: DatabaseUrl,
    /// The recorder's queue.
    pub(super) queue: PathBuf,
    /// T-Server's log and the recorder's, if they are kept.
    pub(super) logs: Option<(PathBuf, PathBuf)>,
}

/// Everything that runs.
pub(super) struct Stage {
    pub(super) clock: EventClock,
    pub(super) heard: Heard,
    pub(super) world: World,
    /// The DNs that the recorder registers on.
    dns: Vec<String>,
    pub(super) service: callback::Server,
    /// For the clients of the play.
    pub(super) runtime: Runtime,
    pub(super) http: Http,
    pub(super) ivr: Client,
    pub(super) traffic: Client,
    places: Places,
    recorder: Option<Recorder>,
    /// Pairs that recorders have stored who have stopped.
    stored: u64,
    /// Records that this recorder must have stored for everything that was sent to it.
    expected: Expected,
    server: Option<Server>,
    logs: Logs,
}

/// How many records a recorder has to store: one for each session that begins or ends, and one for each event.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    sessions: u64,
    /// What was to be recorded before it listened.
    before: u64,
}

/// The logs that are kept.
#[derive(Default)]
struct Logs {
    server: Option<(LogSink, LogHandle)>,
    recorder: Option<(LogSink, LogHandle)>,
}

impl Stage {
    /// Starts everything for a scenario; each part is connected and registered when this returns.
    pub(super) fn start(scenario: &Scenario, seed: u64, places: Places) -> Result<Self, Failure> {
        let first = scenario.callbacks.first().map(|callback| callback.at);
        let event = scenario.events.first().map(|event| event.at);
        // A minute for connecting, in the scenario's time.
        let begin = first.into_iter().chain(event).min().unwrap_or_default().saturating_sub(60);
        let clock = EventClock::at(begin);
        let (world, dns) = world(scenario);
        let heard = Heard::default();
        let logs = Logs::open(&places, &world, &clock)?;
        let server = Self::server(&world, &clock, &heard, &logs, "127.0.0.1:0", scenario.first_sequence)?;
        let address = server.address().to_string();
        let recorder = Self::recorder(&world, &dns, &clock, &logs, &places, &address)?;

        let mut config = callback::ServerConfig::new(&address);
        let shown = clock.clone();
        config.clock = Clock::Injected(Arc::new(move || shown.seconds()));
        config.machine = machine(scenario, seed, &world);
        config.tell = Some(heard.tell());
        let service = callback::Server::start(config).context("callback service").map_err(Failure::system)?;
        let runtime = client::runtime()?;
        let (http, ivr, traffic) = runtime.block_on(async {
            let http = Http::connect(service.address()).await.map_err(Failure::system)?;
            let ivr = Client::connect(&address, IVR).await.map_err(client::failure)?;
            let traffic = Client::connect(&address, TRAFFIC).await.map_err(client::failure)?;
            Ok::<_, Failure>((http, ivr, traffic))
        })?;
        Ok(Self {
            clock,
            heard,
            world,
            dns,
            service,
            runtime,
            http,
            ivr,
            traffic,
            places,
            recorder: Some(recorder),
            stored: 0,
            expected: Expected { sessions: 1, before: 0 },
            server: Some(server),
            logs,
        })
    }

    fn server(
        world: &World,
        clock: &EventClock,
        heard: &Heard,
        logs: &Logs,
        listen: &str,
        first_sequence: u64,
    ) -> Result<Server, Failure> {
        let mut config = ServerConfig::new(world.clone());
        listen.clone_into(&mut config.listen);
        let shown = clock.clone();
        config.clock = Box::new(move || shown.timestamp());
        config.first_sequence = first_sequence;
        config.tap = Some(heard.tap(RECORDER));
        config.log = logs.server.as_ref().map(|(sink, _)| (sink.clone(), Verbosity::All));
        Server::start(config).map_err(Failure::system)
    }

    fn recorder(
        world: &World,
        dns: &[String],
        clock: &EventClock,
        logs: &Logs,
        places: &Places,
        address: &str,
    ) -> Result<Recorder, Failure> {
        let queue = QueuePath::File(places.queue.clone());
        let mut config = RecorderConfig::new(address, dns.to_vec(), places.idb.clone(), queue);
        config.options.store_event_data = Some(StoreEventData::All);
        config.options.adata_userdata_history = History::All;
        config.directory = record::directory(world, RECORDER);
        config.log = logs.recorder.as_ref().map(|(sink, _)| sink.clone());
        config.client.reconnect = Some((Duration::from_millis(5), Duration::from_millis(100)));
        let shown = clock.clone();
        config.clock = Arc::new(move || shown.timestamp());
        Recorder::start(config).map_err(record::failure)
    }

    /// Where T-Server listens.
    pub(super) fn server_address(&self) -> String {
        self.server.as_ref().map(|server| server.address().to_string()).unwrap_or_default()
    }

    /// T-Server is started again on its address, and everybody connects again.
    pub(super) fn restart_server(&mut self, first_sequence: u64) -> Result<(), Failure> {
        let address = self.server_address();
        let dns = u64::try_from(self.dns.len()).unwrap_or(u64::MAX);
        let (registered, connected) = (self.heard.registered(), self.heard.connected());
        drop(self.server.take());
        let server =
            Self::server(&self.world, &self.clock, &self.heard, &self.logs, &address, first_sequence)?;
        self.server = Some(server);
        // The session that was lost ends, another one begins.
        self.expected.sessions += 2;
        wait_until("that the recorder registers again", || {
            self.heard.registered() >= registered.saturating_add(dns)
        })?;
        wait_until("that the callback service connects again", || self.heard.connected() > connected)?;
        (self.ivr, self.traffic) = self.runtime.block_on(async {
            let ivr = Client::connect(&address, IVR).await.map_err(client::failure)?;
            let traffic = Client::connect(&address, TRAFFIC).await.map_err(client::failure)?;
            Ok::<_, Failure>((ivr, traffic))
        })?;
        Ok(())
    }

    /// The recorder stops and comes back.
    pub(super) fn reconnect_recorder(&mut self) -> Result<(), Failure> {
        self.stop_recorder();
        let address = self.server_address();
        let recorder =
            Self::recorder(&self.world, &self.dns, &self.clock, &self.logs, &self.places, &address)?;
        self.recorder = Some(recorder);
        self.expected = Expected { sessions: 1, before: self.heard.to_record() };
        Ok(())
    }

    /// Waits until everything that was sent so far is in the interaction database.
    pub(super) fn recorded(&self) -> Result<(), Failure> {
        let Some(recorder) = &self.recorder else { return Ok(()) };
        let events = self.heard.to_record().saturating_sub(self.expected.before);
        let expected = self.expected.sessions.saturating_add(events);
        wait_until("that the recorder has stored everything", || {
            recorder.summary().records >= expected || !recorder.is_running()
        })?;
        if recorder.is_running() {
            return Ok(());
        }
        Err(Failure::system(anyhow!("the recorder has ended by itself; its log tells why")))
    }

    fn stop_recorder(&mut self) {
        if let Some(recorder) = self.recorder.take() {
            self.stored = self.stored.saturating_add(recorder.stop().counters.stored);
        }
    }

    /// Ends everything, the recorder before its server, and gives the number of pairs that were stored.
    pub(super) fn stop(mut self) -> u64 {
        self.stop_recorder();
        let left = self.service.stop();
        tracing::debug!(?left, "the callback service has stopped");
        drop((self.http, self.ivr, self.traffic));
        drop(self.server.take());
        for (sink, handle) in [self.logs.server, self.logs.recorder].into_iter().flatten() {
            drop(sink);
            handle.close();
        }
        self.stored
    }
}

/// The published world with the scenario's queues, and a DN for each call that a callback is offered in; and the DNs to
/// be recorded.
fn world(scenario: &Scenario) -> (World, Vec<String>) {
    let mut world = World::default();
    let mut dns = vec![DN.to_owned()];
    let calls = scenario.callbacks.iter().filter(|callback| callback.inbound_call).count();
    let free = world.dns.iter().map(|dn| dn.dbid).max().unwrap_or_default();
    let known: BTreeSet<String> = world.dns.iter().map(|dn| dn.number.clone()).collect();
    let queues: BTreeSet<&String> = scenario.callbacks.iter().map(|callback| &callback.queue).collect();
    let queues = queues.into_iter().filter(|queue| !known.contains(*queue));
    let queues = queues.map(|queue| (queue.clone(), DnType::VirtualQueue));
    let callers = (0..calls).map(|nth| (caller_dn(nth), DnType::Extension));
    for ((number, ty), dbid) in queues.chain(callers).zip(free.saturating_add(1)..) {
        if ty == DnType::Extension {
            dns.push(number.clone());
        }
        world.dns.push(DnConfig { number, ty, dbid });
    }
    (world, dns)
}

/// The DN from which the n-th call comes that a callback is offered in.
pub(super) fn caller_dn(nth: usize) -> String {
    format!("Inbound_{}", nth.saturating_add(1))
}

/// The callback service of a play: one service that reports, without limits on how many callbacks there are.
fn machine(scenario: &Scenario, seed: u64, world: &World) -> MachineConfig {
    let mut options = callback::Options::default();
    for service in options.services.values_mut() {
        let options = &mut service.options;
        DN.clone_into(&mut options.report_dn);
        options.report = true;
        options.in_queue_checking = callback::InQueueChecking::Off;
        options.queue_limit = u32::MAX;
        options.bucket_limit = u32::MAX;
        options.throttled_parameters_limit = u32::MAX;
        for throttle in &mut options.throttles {
            throttle.limit = u32::MAX;
        }
    }
    MachineConfig {
        options,
        outcomes: scenario.outcomes(),
        ids: Ids::new(seed).with_services(given_ids(scenario)),
        tenant_dbid: world.tenant.dbid,
        queues: queues(world),
    }
}

/// Numbers of the world's virtual queues.
pub(super) fn queues(world: &World) -> HashMap<String, u32> {
    let queues = world.dns.iter().filter(|dn| dn.ty == DnType::VirtualQueue);
    queues.map(|dn| (dn.number.clone(), dn.dbid)).collect()
}

/// The ids that the scenario gives to its services, in the order of the requests.
fn given_ids(scenario: &Scenario) -> impl Iterator<Item = Option<String>> {
    let asked_for = scenario.callbacks.iter().filter(|callback| !callback.script.ending.is_offer_only());
    asked_for.map(|callback| callback.service_id.clone())
}

impl Logs {
    fn open(places: &Places, world: &World, clock: &EventClock) -> Result<Self, Failure> {
        let Some((server, recorder)) = &places.logs else { return Ok(Self::default()) };
        let open = |name: &str, kind: Option<&str>, path: &PathBuf| {
            let mut config = LogConfig::new(name);
            if let Some(kind) = kind {
                kind.clone_into(&mut config.application_type);
            }
            let shown = clock.clone();
            config.clock = Box::new(move || shown.timestamp());
            config.on_error = Box::new(|error| say(&error.to_string()));
            LogSink::start(config, LogTarget::File(path.clone())).map_err(Failure::system)
        };
        Ok(Self {
            server: Some(open(&world.t_server.name, None, server)?),
            recorder: Some(open(RECORDER, Some("Interaction Concentrator"), recorder)?),
        })
    }
}
