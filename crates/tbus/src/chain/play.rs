//! Plays a scenario on the stage: whatever is due next, at its time on the event clock.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde_json::{Map, Value};
use tbus_apps::callback::DEFAULT_SERVICE;
use tbus_apps::scenario::{Scenario, ScriptedCallback, What};
use tbus_apps::session::{
    self, Action, CallDirection, Callback, CallbackType, Ids, Queue, caller_parameters,
};
use tlib_proto::{AttributeId, KvList, Message, MessageId};

use super::http::Answer;
use super::stage::{self, DN, Stage};
use crate::client;
use crate::exit::Failure;

/// Most requests of the other traffic that are under way at once.
const PIPELINE: u64 = 256;

/// What is due, in the order in which it is done within a second. Session steps come before all of it.
#[derive(Clone, Debug)]
enum Due {
    /// The callback of this place is asked for, or its declined offer is told.
    Begin(usize),
    Cancel(String),
    Reschedule(String, i64),
    Around(What),
}

impl Due {
    const fn rank(&self) -> u8 {
        match self {
            Self::Begin(_) => 0,
            Self::Cancel(_) => 1,
            Self::Reschedule(..) => 2,
            Self::Around(_) => 3,
        }
    }
}

/// What was played.
#[derive(Clone, Debug, Default)]
pub(super) struct Played {
    /// Callbacks that were asked for.
    pub(super) requests: u64,
    /// Offers that were not accepted.
    pub(super) offers: u64,
    /// What the callback service has refused, with the customer's number.
    pub(super) refused: Vec<String>,
}

/// Told after each thing that was done: how many callbacks have begun.
pub(super) type Progress<'p> = &'p mut dyn FnMut(u64);

/// Whoever transforms what was recorded so far.
pub(super) type Etl<'e> = &'e mut dyn FnMut() -> Result<(), Failure>;

/// A play under way.
pub(super) struct Play<'s> {
    scenario: &'s Scenario,
    stage: &'s mut Stage,
    due: BTreeMap<(i64, u8, usize), Due>,
    next: usize,
    /// Ids of offers that were not accepted.
    ids: Ids,
    /// Sequence numbers that user events are to have, by their times.
    sequences: BTreeMap<i64, Vec<u64>>,
    played: Played,
    /// Calls that callbacks are offered in, so far.
    calls: usize,
}

impl<'s> Play<'s> {
    pub(super) fn new(scenario: &'s Scenario, stage: &'s mut Stage, seed: u64) -> Self {
        let mut play = Self {
            scenario,
            stage,
            due: BTreeMap::new(),
            next: 0,
            // Another series than the callback service's.
            ids: Ids::new(seed ^ 0x0ffe_5000),
            sequences: BTreeMap::new(),
            played: Played::default(),
            calls: 0,
        };
        for (place, callback) in scenario.callbacks.iter().enumerate() {
            play.plan(callback.at, Due::Begin(place));
        }
        for event in &scenario.events {
            play.plan(event.at, Due::Around(event.what));
        }
        play
    }

    fn plan(&mut self, at: i64, due: Due) {
        self.due.insert((at, due.rank(), self.next), due);
        self.next = self.next.saturating_add(1);
    }

    /// Plays all of it.
    pub(super) fn run(mut self, etl: Etl<'_>, progress: Progress<'_>) -> Result<Played, Failure> {
        loop {
            let session = self.stage.service.next_due();
            let planned = self.due.first_key_value().map(|((at, ..), _)| *at);
            let Some(at) = session.into_iter().chain(planned).min() else { break };
            self.stage.clock.set(at);
            if session.is_some_and(|due| due <= at) {
                self.advance(at)?;
            } else if let Some((_, due)) = self.due.pop_first() {
                self.act(at, due, etl)?;
                progress(self.played.requests.saturating_add(self.played.offers));
            }
        }
        Ok(self.played)
    }

    /// Everything that sessions do up to this time.
    fn advance(&mut self, at: i64) -> Result<(), Failure> {
        self.reach_sequence(at)?;
        self.stage.service.advance_to(at).map_err(Failure::system)?;
        Ok(())
    }

    fn act(&mut self, at: i64, due: Due, etl: Etl<'_>) -> Result<(), Failure> {
        match due {
            Due::Begin(place) => {
                let scenario = self.scenario;
                let Some(callback) = scenario.callbacks.get(place) else { return Ok(()) };
                if callback.script.ending.is_offer_only() {
                    self.decline(callback)
                } else {
                    self.request(callback)
                }
            }
            Due::Cancel(id) => {
                let Stage { runtime, http, .. } = &mut *self.stage;
                let answer = runtime.block_on(http.cancel(DEFAULT_SERVICE, &id)).map_err(Failure::system)?;
                self.settle(answer, &format!("cancelling {id}"));
                self.advance(at)
            }
            Due::Reschedule(id, to) => {
                let mut parameters = Map::new();
                parameters.insert("_new_desired_time".to_owned(), Value::String(iso(to)));
                let Stage { runtime, http, .. } = &mut *self.stage;
                let asked = http.reschedule(DEFAULT_SERVICE, &id, parameters);
                let answer = runtime.block_on(asked).map_err(Failure::system)?;
                self.settle(answer, &format!("rescheduling {id}"));
                self.advance(at)
            }
            Due::Around(What::RestartServer { first_sequence }) => {
                // What the recorder has not read yet would be lost with the connection.
                self.stage.recorded()?;
                self.stage.restart_server(first_sequence)
            }
            Due::Around(What::ReconnectRecorder) => self.stage.reconnect_recorder(),
            Due::Around(What::Etl) => {
                self.stage.recorded()?;
                etl()
            }
        }
    }

    /// Asks the callback service for a callback.
    fn request(&mut self, callback: &ScriptedCallback) -> Result<(), Failure> {
        self.expect_sequences(callback)?;
        let parameters =
            callback.request.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        let mut parameters: Map<_, _> = parameters.collect();
        if callback.inbound_call {
            let id = self.call(&callback.queue)?;
            parameters.insert("_originating_interaction_id".to_owned(), Value::String(format!("{id:016x}")));
        }
        let Stage { runtime, http, .. } = &mut *self.stage;
        let asked = http.start(DEFAULT_SERVICE, parameters);
        let answer = runtime.block_on(asked).map_err(Failure::system)?;
        self.played.requests = self.played.requests.saturating_add(1);
        if let Some(id) = self.settle(answer, &format!("_customer_number={}", callback.customer_number())) {
            let after = |seconds: u32| callback.at.saturating_add(seconds.into());
            if let Some(seconds) = callback.cancel_after {
                self.plan(after(seconds), Due::Cancel(id.clone()));
            }
            if let Some((seconds, to)) = callback.reschedule {
                self.plan(after(seconds), Due::Reschedule(id, after(to)));
            }
        }
        self.advance(callback.at)
    }

    /// The call that a callback is offered in: from a DN of its own to the queue, where it stays. Its ConnID.
    fn call(&mut self, queue: &str) -> Result<u64, Failure> {
        let caller = stage::caller_dn(self.calls);
        self.calls = self.calls.saturating_add(1);
        let Stage { runtime, ivr, .. } = &mut *self.stage;
        let call = Message::build(MessageId::REQUEST_MAKE_CALL, |m| {
            m.str(AttributeId::THIS_DN, &caller).str(AttributeId::OTHER_DN, queue)
        })
        .map_err(Failure::bad)?;
        runtime.block_on(async {
            ivr.register(&caller).await.map_err(client::failure)?;
            let dialing = ivr.requester().ask(call).await.map_err(client::failure)?;
            let id = dialing.view().long(AttributeId::CONN_ID).ok().flatten();
            id.ok_or_else(|| Failure::system(anyhow!("EventDialing without ConnID")))
        })
    }

    /// Sends the user event of an offer that was not accepted, as the application that made the offer does.
    fn decline(&mut self, callback: &ScriptedCallback) -> Result<(), Failure> {
        self.expect_sequences(callback)?;
        self.reach_sequence(callback.at)?;
        let id = self.ids.service();
        let offer = self.offer(callback, callback.service_id.clone().unwrap_or(id));
        let plan = session::plan(&offer, &callback.script).map_err(Failure::bad)?;
        for step in plan.steps {
            if let Some(Action::UserEvent(pairs)) = step.action {
                self.stage.clock.set(step.at);
                let Stage { runtime, ivr, .. } = &mut *self.stage;
                let event = user_event(&pairs)?;
                runtime.block_on(ivr.requester().ask(event)).map_err(client::failure)?;
                self.stage.heard.sent_by_another();
            }
        }
        self.played.offers = self.played.offers.saturating_add(1);
        Ok(())
    }

    /// The callback of an offer, as the application that makes it knows it.
    fn offer(&self, callback: &ScriptedCallback, id: String) -> Callback {
        let mut offer = Callback::new(id, String::new(), callback.customer_number(), callback.at);
        offer.tenant_dbid = self.stage.world.tenant.dbid;
        let dbid = stage::queues(&self.stage.world).get(&callback.queue).copied();
        offer.queue = Queue::new(&callback.queue, dbid);
        let is = |name: &str, value: &str| callback.request.get(name).is_some_and(|have| have == value);
        if callback.request.contains_key("_desired_time") {
            offer.callback_type = CallbackType::Scheduled;
        } else if is("_wait_for_agent", "true") {
            offer.callback_type = CallbackType::WaitForAgent;
        }
        if is("_call_direction", "USERORIGINATED") {
            offer.direction = CallDirection::CustomerOriginated;
        }
        let texts = callback.request.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        offer.parameters = caller_parameters(texts);
        offer
    }

    /// The id of a callback that was taken; a refusal is kept for the end.
    fn settle(&mut self, answer: Answer, what: &str) -> Option<String> {
        match answer {
            Answer::Taken(id) => id,
            Answer::Refused(why) => {
                self.played.refused.push(format!("{what}: {why}"));
                None
            }
        }
    }

    /// Notes when this callback's user events go out, if the scenario says which sequence numbers they have.
    fn expect_sequences(&mut self, callback: &ScriptedCallback) -> Result<(), Failure> {
        if callback.sequences.is_empty() {
            return Ok(());
        }
        let plan =
            session::plan(&self.offer(callback, String::new()), &callback.script).map_err(Failure::bad)?;
        let sent = plan.steps.iter().filter(|step| matches!(step.action, Some(Action::UserEvent(_))));
        for (step, sequence) in sent.zip(&callback.sequences) {
            self.sequences.entry(step.at).or_default().push(*sequence);
        }
        Ok(())
    }

    /// Other traffic until the next user event gets the sequence number that the scenario says. It takes two: the
    /// acknowledgement's and its own.
    fn reach_sequence(&mut self, at: i64) -> Result<(), Failure> {
        let Some(wanted) = self.sequences.get_mut(&at).filter(|wanted| !wanted.is_empty()) else {
            return Ok(());
        };
        let wanted = wanted.remove(0);
        let last = wanted.saturating_sub(2);
        let Stage { runtime, traffic, .. } = &mut *self.stage;
        runtime.block_on(async {
            let requester = traffic.requester();
            let mut reached = sequence_of(&requester.ask(query()?).await.map_err(client::failure)?);
            while reached < last {
                let mut pending = Vec::new();
                for _ in 0..last.saturating_sub(reached).min(PIPELINE) {
                    pending.push(requester.start(query()?).await.map_err(client::failure)?);
                }
                for answer in pending {
                    reached = sequence_of(&answer.answer().await.map_err(client::failure)?);
                }
            }
            if reached > last {
                return Err(Failure::unmet(anyhow!(
                    "the scenario wants sequence number {wanted} for a user event, and T-Server is at {reached} \
                     already: restart-server with a lower first-sequence, or a higher number"
                )));
            }
            Ok(())
        })
    }
}

/// A request that T-Server answers with one event, and so with one sequence number.
fn query() -> Result<Message, Failure> {
    Message::build(MessageId::REQUEST_QUERY_SERVER, |m| m).map_err(Failure::bad)
}

fn sequence_of(event: &Message) -> u64 {
    event.view().long(AttributeId::EVENT_SEQUENCE_NUMBER).ok().flatten().unwrap_or(u64::MAX)
}

fn user_event(pairs: &KvList) -> Result<Message, Failure> {
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.str(AttributeId::COMMUNICATION_DN, DN).list(AttributeId::USER_DATA, pairs.view())
    })
    .map_err(Failure::bad)
}

/// A time as requests write it.
fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| format!("{time:.3}"))
}
