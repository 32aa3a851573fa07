//! `--as client`: a connection for every captured application.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tlib_capture::replay::{ConnIds, Heard, Planned};
use tlib_net::client::{ClientOptions, ServerError};
use tlib_net::{Client, ClientError, ClientEvent, Requester};
use tlib_proto::{AttributeId, Message, MessageId, ValueRef, enums};
use tokio::task::JoinSet;

use super::play::{Target, printable};
use crate::client;
use crate::exit::{Failure, say};

/// The name of a client whose name the capture does not tell (chosen).
const NAMELESS: &str = "tbus-replay";

/// Requests of one client that wait for an answer at most.
const UNDER_WAY: usize = 512;

/// How long the next application's request waits for the answers of the one before, where times are kept.
const BRIEFLY: Duration = Duration::from_millis(20);

/// EventErrors and missing answers that are told one by one.
const TOLD: u64 = 20;

/// Calls whose two ConnIDs have not met yet, at most.
const UNMATCHED: usize = 1 << 16;

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// ReferenceIDs as captured.
    pub(super) keep_references: bool,
    /// ConnIDs as captured.
    pub(super) keep_conn_ids: bool,
    /// Whether messages have times of their own.
    pub(super) timed: bool,
    /// How long an answer may take.
    pub(super) timeout: Duration,
}

/// What has become of the requests.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) sent: u64,
    pub(super) rebuilt: u64,
    pub(super) answered: u64,
    pub(super) errors: u64,
    pub(super) unanswered: u64,
}

/// An answer on its way.
struct Answer {
    request: MessageId,
    application: Arc<str>,
    /// Number of the request, from 1.
    number: u64,
    reference: Option<u32>,
    result: Result<Message, ClientError>,
}

/// ReferenceID and ThisDN of a request: ReferenceIDs belong to one client each, and answers do not name theirs.
type Asked = (u32, Option<Box<[u8]>>);

pub(super) struct Clients {
    address: String,
    manner: Manner,
    connections: HashMap<Arc<str>, Requester>,
    /// Whose requests are under way.
    current: Option<Arc<str>>,
    answers: JoinSet<Answer>,
    /// Their ReferenceIDs.
    references: HashSet<u32>,
    conn_ids: ConnIds,
    /// By captured ReferenceID and ThisDN, the last request that had them.
    asked: HashMap<Asked, u64>,
    /// By request: the ConnID of its captured answer, and the one of its answer now, whichever came first.
    captured: HashMap<u64, u64>,
    answered: HashMap<u64, u64>,
    pub(super) results: Results,
}

impl Clients {
    /// Nobody is connected yet.
    pub(super) fn new(address: &str, manner: Manner) -> Self {
        Self {
            address: address.to_owned(),
            manner,
            connections: HashMap::new(),
            current: None,
            answers: JoinSet::new(),
            references: HashSet::new(),
            conn_ids: ConnIds::learned(),
            asked: HashMap::new(),
            captured: HashMap::new(),
            answered: HashMap::new(),
            results: Results::default(),
        }
    }

    /// How many are connected.
    pub(super) fn count(&self) -> usize {
        self.connections.len()
    }

    /// Registers a client where the capture shows that it was registered.
    pub(super) async fn listen(&mut self, heard: &Heard) -> Result<(), Failure> {
        let requester = self.connection(&heard.application).await?;
        let request = Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| {
            m.str(AttributeId::THIS_DN, &heard.dn)
                .int(AttributeId::REGISTER_MODE, enums::RegisterMode::MODE_SHARE.0)
                .int(AttributeId::CONTROL_MODE, enums::ControlMode::REGISTER_DEFAULT.0)
                .int(AttributeId::ADDRESS_TYPE, enums::AddressType::DN.0)
        });
        let dn = String::from_utf8_lossy(&heard.dn).into_owned();
        let answer = requester.ask(request.map_err(Failure::bad)?).await;
        answer.map(drop).map_err(|error| {
            client::failure_at(&error, "--to").context(printable(&format!("{}: {dn}", heard.application)))
        })
    }

    async fn connection(&mut self, application: &Arc<str>) -> Result<Requester, Failure> {
        if let Some(requester) = self.connections.get(application) {
            return Ok(requester.clone());
        }
        let mut options = ClientOptions::new(&**application);
        options.answer_timeout = self.manner.timeout;
        let mut client = Client::connect_with(&self.address, options)
            .await
            .map_err(|error| client::failure_at(&error, "--to").context(printable(application)))?;
        let requester = client.requester();
        let name = Arc::clone(application);
        // Events are heard, so that the server does not take the client for a slow one.
        tokio::spawn(async move {
            while let Some(event) = client.next().await {
                if let ClientEvent::Lost { reason } = event {
                    say(&format!("{}: connection lost: {reason}", printable(&name)));
                }
            }
        });
        self.connections.insert(Arc::clone(application), requester.clone());
        Ok(requester)
    }

    /// Waits for answers until no more than `left` are missing, or for as long.
    async fn settle(&mut self, left: usize, limit: Duration) {
        let deadline = tokio::time::Instant::now() + limit;
        while self.answers.len() > left {
            match tokio::time::timeout_at(deadline, self.answers.join_next()).await {
                Ok(Some(Ok(answer))) => self.note(answer),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn note(&mut self, answer: Answer) {
        if let Some(reference) = answer.reference {
            self.references.remove(&reference);
        }
        let told = self.results.errors + self.results.unanswered < TOLD;
        let who = || format!("{}: {}", printable(&answer.application), answer.request);
        match answer.result {
            Ok(message) if message.id() == MessageId::EVENT_ERROR => {
                if told {
                    say(&format!("{}: {}", who(), ServerError::of(&message)));
                }
                self.results.errors += 1;
            }
            Ok(message) => {
                self.results.answered += 1;
                if let Ok(Some(now)) = message.view().long(AttributeId::CONN_ID) {
                    match self.captured.remove(&answer.number) {
                        Some(captured) => self.conn_ids.learn(captured, now),
                        None => remember(&mut self.answered, answer.number, now),
                    }
                }
            }
            Err(error) => {
                if told {
                    say(&format!("{}: {error}", who()));
                }
                self.results.unanswered += 1;
            }
        }
    }

    /// Waits for the answers that are still missing.
    pub(super) async fn finish(&mut self) {
        self.settle(0, self.manner.timeout.saturating_add(BRIEFLY)).await;
        // What is cut off here has not been answered.
        self.results.unanswered += self.answers.len() as u64;
        self.answers.abort_all();
    }

    /// The request as it is sent.
    async fn now(&mut self, message: &Message) -> Result<Message, Failure> {
        let mut message = message.clone();
        if !self.manner.keep_conn_ids {
            let waits = message
                .view()
                .attributes()
                .any(|a| matches!(a.value, ValueRef::Long(id) if self.captured.values().any(|c| *c == id)));
            if waits {
                self.settle(0, self.manner.timeout).await;
            }
            message = self.conn_ids.apply(&message).map_err(Failure::bad)?;
        }
        if !self.manner.keep_references && message.view().reference_id().ok().flatten().is_some() {
            message = Message::build(message.id(), |m| {
                m.copy(message.view(), |id| id != AttributeId::REFERENCE_ID)
            })
            .map_err(Failure::bad)?;
        }
        Ok(message)
    }
}

impl Target for Clients {
    async fn send(&mut self, planned: Planned) -> Result<(), Failure> {
        let application = planned.application.clone().unwrap_or_else(|| NAMELESS.into());
        let captured_reference = planned.message.view().reference_id().ok().flatten();
        // Connections are not ordered among each other: the order is kept by waiting for the answers of the one before.
        if self.current.as_ref() != Some(&application) {
            let limit = if self.manner.timed { BRIEFLY } else { self.manner.timeout };
            self.settle(0, limit).await;
            self.current = Some(Arc::clone(&application));
        }
        while let Some(answer) = self.answers.try_join_next() {
            if let Ok(answer) = answer {
                self.note(answer);
            }
        }
        if self.answers.len() >= UNDER_WAY {
            self.settle(UNDER_WAY / 2, self.manner.timeout).await;
        }
        let requester = self.connection(&application).await?;
        let message = self.now(&planned.message).await?;
        let reference = message.view().reference_id().ok().flatten();
        if reference.is_some_and(|reference| self.references.contains(&reference)) {
            self.settle(0, self.manner.timeout).await;
        }
        self.results.sent += 1;
        self.results.rebuilt += u64::from(planned.rebuilt);
        let number = self.results.sent;
        let failed = |error| client::failure_at(&error, "--to").context(printable(&application));
        let Some(captured_reference) = captured_reference else {
            // It had asked for no answer.
            return requester.send(message).await.map_err(failed);
        };
        if self.asked.len() >= UNMATCHED {
            self.asked.clear();
        }
        self.asked.insert((captured_reference, planned.this_dn().map(Into::into)), number);
        self.references.extend(reference);
        let request = message.id();
        let pending = requester.start(message).await.map_err(failed)?;
        self.answers.spawn(async move {
            Answer { request, application, number, reference, result: pending.answer().await }
        });
        Ok(())
    }

    fn called(&mut self, reference: u32, dn: Option<Box<[u8]>>, conn_id: u64) {
        let Some(number) = self.asked.remove(&(reference, dn)) else { return };
        match self.answered.remove(&number) {
            Some(now) => self.conn_ids.learn(conn_id, now),
            None => remember(&mut self.captured, number, conn_id),
        }
    }

    async fn again(&mut self) -> Result<(), Failure> {
        self.settle(0, self.manner.timeout).await;
        self.conn_ids.forget();
        self.asked.clear();
        self.captured.clear();
        self.answered.clear();
        Ok(())
    }
}

fn remember(calls: &mut HashMap<u64, u64>, number: u64, conn_id: u64) {
    if calls.len() >= UNMATCHED {
        calls.clear();
    }
    calls.insert(number, conn_id);
}
