//! The callback service as a machine without I/O and clock: requests and times in, records and work out.
//!
//! Whoever drives it does this, under one lock:
//!
//! 1. answer requests with [`Machine::start`], [`Machine::cancel`], [`Machine::reschedule`] and the queries;
//! 2. after each, and whenever [`Machine::next_due`] has come, take the work with [`Machine::advance`] and do it, in its
//!    order;
//! 3. report each piece with [`Machine::done`], which may make the next step of that callback due;
//! 4. take what there is to tell with [`Machine::take_news`].
//!
//! A callback has at most one piece of work under way, so its user events arrive in their order. The state of a callback
//! is known as soon as its time has come; when its user event could not be sent, it ends with `FAIL_ERROR`.

mod change;
mod entry;
mod limits;
mod query;
mod start;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

pub use entry::Record;
use entry::{Entry, Run};
use limits::Limits;
pub use query::Position;
pub use start::Started;
pub use work::{Job, News, What, Work};

use super::options::{self, Options, Service};
use super::refusal::{Phrase, Refusal};
use crate::session::{Action, Ids, Outcomes, Reason, State};

/// Most completed callbacks that are kept for queries (chosen); the oldest go first, and each goes when `_ttl` is over.
pub const COMPLETED_LIMIT: usize = 10_000;

/// `_callback_reason` of a callback whose record's time was over before it was completed (facts infomart 7.4).
const TTL_IS_OVER: &str = "FAIL_TIMEOUT_TTL";

/// What a machine is made of.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// The services and their limits.
    pub options: Options,
    /// How callbacks go.
    pub outcomes: Outcomes,
    /// Where ids come from.
    pub ids: Ids,
    /// Number of the tenant in the configuration database.
    pub tenant_dbid: u32,
    /// Numbers of virtual queues in the configuration database, by name.
    pub queues: HashMap<String, u32>,
}

/// The callback service.
#[derive(Debug)]
pub struct Machine {
    config: MachineConfig,
    /// Callbacks in the order of their starts.
    entries: BTreeMap<u64, Entry>,
    by_id: HashMap<String, u64>,
    /// Callbacks of each service that are not completed.
    open: BTreeMap<String, BTreeSet<u64>>,
    completed: VecDeque<u64>,
    due: BTreeSet<(i64, u64)>,
    /// Callbacks that have work under way, by the work's id.
    working: HashMap<u64, u64>,
    outbox: Vec<Work>,
    news: Vec<News>,
    limits: Limits,
    next_order: u64,
    next_work: u64,
}

impl Machine {
    /// A machine without callbacks.
    pub fn new(config: MachineConfig) -> Self {
        let open = config.options.services.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
        Self {
            config,
            entries: BTreeMap::new(),
            by_id: HashMap::new(),
            open,
            completed: VecDeque::new(),
            due: BTreeSet::new(),
            working: HashMap::new(),
            outbox: Vec::new(),
            news: Vec::new(),
            limits: Limits::default(),
            next_order: 0,
            next_work: 0,
        }
    }

    /// What it was told.
    pub const fn options(&self) -> &Options {
        &self.config.options
    }

    /// When [`Machine::advance`] has something to do, in seconds since 1970; `None`: nothing until something changes. It
    /// lies in the past when work waits to be taken.
    pub fn next_due(&self) -> Option<i64> {
        if self.outbox.is_empty() { self.due.first().map(|(at, _)| *at) } else { Some(i64::MIN) }
    }

    /// When the next step of a session is due; the end of records does not count. `None`: there is none until something
    /// changes, or all that is left waits for [`Machine::done`].
    pub fn next_step(&self) -> Option<i64> {
        if !self.outbox.is_empty() {
            return Some(i64::MIN);
        }
        let has_step = |order: &u64| {
            let run = self.entries.get(order).and_then(|entry| entry.run.as_ref());
            run.is_some_and(|run| run.next_at().is_some())
        };
        self.due.iter().find(|(_, order)| has_step(order)).map(|(at, _)| *at)
    }

    /// How many callbacks are not completed.
    pub fn open_callbacks(&self) -> usize {
        self.open.values().map(BTreeSet::len).sum()
    }

    /// Does every step whose time has come, in the order of the times, and gives the work that follows from them.
    pub fn advance(&mut self, now: i64) -> Vec<Work> {
        while let Some((at, order)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, order));
            let Some(entry) = self.entries.get_mut(&order) else { continue };
            entry.due = None;
            // What its session does up to that moment is still done.
            let has_step = entry.run.as_ref().and_then(Run::next_at).is_some_and(|step| step <= at);
            if entry.expires <= at && !has_step {
                self.expire(order, at);
            } else {
                // Not up to now: steps of another callback may come before its later ones.
                self.step(order, at);
            }
        }
        std::mem::take(&mut self.outbox)
    }

    /// What has become of a piece of work. An error ends the callback if it was a user event. Work that is not under way
    /// is passed over.
    pub fn done(&mut self, work: u64, result: Result<(), String>, now: i64) {
        let Some(order) = self.working.remove(&work) else { return };
        let Some(entry) = self.entries.get_mut(&order) else { return };
        let Some(run) = &mut entry.run else { return };
        let Some(job) = run.busy.take() else { return };
        let mut failed = false;
        let what = match (job, result) {
            (Job::UserEvent { dn, pairs }, Ok(())) => What::Sent { dn, pairs: pairs.view().len() },
            (Job::Attach { call, pairs }, Ok(())) => What::Attached { call, pairs: pairs.view().len() },
            (Job::Attach { call, .. }, Err(error)) => What::NotAttached { call, error },
            (Job::UserEvent { dn, .. }, Err(error)) => {
                let given_up =
                    run.plan.steps.iter().skip(run.next).filter(|step| step.action.is_some()).count();
                entry.run = None;
                failed = true;
                What::Unsent { dn, error, given_up }
            }
        };
        self.news.push(entry.news(now, what));
        if failed {
            self.enter(order, State::Completed, Some(Reason::Error.name().to_owned()), now);
        }
        self.plan_next(order);
    }

    /// What there is to tell, oldest first.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Does the steps of a callback whose time has come, until one of them is work.
    fn step(&mut self, order: u64, now: i64) {
        loop {
            let Some(entry) = self.entries.get_mut(&order) else { return };
            let Some(run) = entry.run.as_mut().filter(|run| run.busy.is_none()) else { break };
            let Some(step) = run.plan.steps.get(run.next).filter(|step| step.at <= now) else { break };
            let (at, state) = (step.at, step.state);
            let job = match (&step.action, &entry.report, entry.call) {
                (Some(Action::UserEvent(pairs)), Some(dn), _) => {
                    Some(Job::UserEvent { dn: dn.clone(), pairs: pairs.clone() })
                }
                (Some(Action::Attach(pairs)), _, Some(call)) => {
                    Some(Job::Attach { call, pairs: pairs.clone() })
                }
                _ => None,
            };
            run.next = run.next.saturating_add(1);
            if let Some(job) = job {
                run.busy = Some(job.clone());
                let id = self.next_work;
                self.next_work = self.next_work.wrapping_add(1);
                self.working.insert(id, order);
                let switch = entry.switch.clone();
                self.outbox.push(Work { id, callback: entry.id.clone(), switch, job });
            }
            if let Some((state, reason)) = state {
                self.enter(order, state, reason.map(|reason| reason.name().to_owned()), at);
            }
        }
        self.plan_next(order);
    }

    /// Has a callback enter a state. One that is completed stays so, but a failure replaces its reason.
    fn enter(&mut self, order: u64, to: State, reason: Option<String>, at: i64) {
        let Some(entry) = self.entries.get_mut(&order) else { return };
        let failed = reason.as_deref() == Some(Reason::Error.name());
        let was_completed = entry.state == Some(State::Completed);
        if (entry.state == Some(to) || was_completed) && !failed {
            return;
        }
        let from = entry.state.replace(to);
        entry.reason.clone_from(&reason);
        self.news.push(entry.news(at, What::State { from, to, reason }));
        if to == State::Completed && !was_completed {
            if let Some(open) = self.open.get_mut(&entry.service) {
                open.remove(&order);
            }
            self.completed.push_back(order);
            self.forget_oldest(order);
        }
    }

    /// Writes down when the callback is to be looked at again.
    fn plan_next(&mut self, order: u64) {
        let Some(entry) = self.entries.get_mut(&order) else { return };
        if entry.state == Some(State::Completed) && entry.run.as_ref().is_some_and(Run::is_over) {
            // Only the record is of use now.
            entry.run = None;
        }
        let next = match &entry.run {
            Some(Run { busy: Some(_), .. }) => None,
            Some(run) => Some(run.next_at().unwrap_or(entry.expires).min(entry.expires)),
            None => Some(entry.expires),
        };
        if let Some(before) = std::mem::replace(&mut entry.due, next) {
            self.due.remove(&(before, order));
        }
        if let Some(at) = next {
            self.due.insert((at, order));
        }
    }

    /// The time of a callback's record is over.
    fn expire(&mut self, order: u64, at: i64) {
        if let Some(entry) = self.entries.get_mut(&order) {
            entry.run = None;
        }
        self.enter(order, State::Completed, Some(TTL_IS_OVER.to_owned()), at);
        self.forget(order);
    }

    fn forget(&mut self, order: u64) {
        let Some(entry) = self.entries.remove(&order) else { return };
        if let Some(at) = entry.due {
            self.due.remove(&(at, order));
        }
        self.by_id.remove(&entry.id);
    }

    /// Keeps the number of completed callbacks bounded, but for `newest`, and for those whose last user event is still
    /// under way: the oldest of these comes back to the end.
    fn forget_oldest(&mut self, newest: u64) {
        let mut looked_at = 0;
        while self.completed.len() > COMPLETED_LIMIT && looked_at < COMPLETED_LIMIT {
            let Some(order) = self.completed.pop_front() else { return };
            looked_at += 1;
            if order == newest || self.entries.get(&order).is_some_and(|entry| entry.run.is_some()) {
                self.completed.push_back(order);
            } else {
                self.forget(order);
            }
        }
    }

    fn service(&self, name: &str) -> Result<&Service, Refusal> {
        let services = &self.config.options.services;
        services.get(name).ok_or_else(|| {
            let names: Vec<_> = services.keys().take(10).map(String::as_str).collect();
            let message =
                format!("there is no service {}; there are {}", options::cut(name), names.join(", "));
            Refusal::new(Phrase::NotFound, message)
        })
    }
}

#[cfg(test)]
mod tests;
