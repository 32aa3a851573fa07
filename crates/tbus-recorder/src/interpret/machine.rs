//! The machine: which rule an event is for.

use std::hash::RandomState;
use std::sync::Arc;

use tlib_proto::{AttributeId, MessageId};

use super::call_event::CallEvent;
use super::calls::Calls;
use super::context::Context;
use super::decision::{Decision, Outcome, PairSource, Reason};
use super::history::{Attached, lists};
use super::sequence::Sequence;
use super::states::OpenStates;
use super::time_codes::TimeCodes;
use super::user_events::{KeyRules, Scratch, UserEvent};
use super::{Arrival, Session, Sink, State, state};
use crate::adata::AttachedDataSpec;
use crate::directory::Directory;
use crate::options::Options;
use crate::time::Moment;

/// Kinds of sessions after which the server may know none of the calls before: first, and server restart.
const CALLS_MAY_BE_GONE: [i32; 2] = [1, 3];

/// Whether there is a rule for messages of this kind: what a recorder queues.
pub fn concerns(message: MessageId) -> bool {
    message == MessageId::EVENT_USER_EVENT || CallEvent::of(message).is_some()
}

/// Turns events into rows. See the [module](super).
#[derive(Clone, Debug)]
pub struct Interpreter {
    options: Arc<Options>,
    specification: Arc<AttachedDataSpec>,
    directory: Arc<Directory>,
    rules: KeyRules,
    scratch: Scratch,
    hasher: RandomState,
    sequence: Sequence,
    time_codes: TimeCodes,
    calls: Calls,
    states: OpenStates,
}

impl Interpreter {
    /// A machine that knows nothing of before.
    pub fn new(
        options: Arc<Options>,
        specification: Arc<AttachedDataSpec>,
        directory: Arc<Directory>,
    ) -> Self {
        let memory = i64::try_from(options.call_deletion_timeout.as_micros()).unwrap_or(i64::MAX);
        Self {
            rules: KeyRules::new(&options),
            scratch: Scratch::default(),
            hasher: RandomState::new(),
            sequence: Sequence::default(),
            time_codes: TimeCodes::default(),
            calls: Calls::new(memory, options.roles.gcc),
            states: OpenStates::default(),
            options,
            specification,
            directory,
        }
    }

    /// Puts the machine where the database is. To be called once, before the first event.
    pub fn load(&mut self, state: State) {
        state::restore(state, &self.hasher, &mut self.sequence, &mut self.calls, &mut self.states);
    }

    /// A data-source session has begun. After the first connection of a recorder and after a restart of the server, the
    /// calls that last are ended (facts 4.4), until they are heard of again (chosen); custom states go on (chosen).
    ///
    /// # Errors
    /// The sink's own; the machine is then behind the database and must be made anew.
    pub fn session_opened<S: Sink>(&mut self, session: &Session, sink: &mut S) -> Result<(), S::Error> {
        if !CALLS_MAY_BE_GONE.contains(&session.kind) {
            return Ok(());
        }
        let moment = Moment::new(session.at);
        if self.calls.end_all(moment, &mut self.sequence, sink)? {
            self.time_codes.note(moment.code, sink)?;
        }
        Ok(())
    }

    /// An event. Messages that no rule is for are passed over.
    ///
    /// # Errors
    /// The sink's own; the machine is then behind the database and must be made anew.
    pub fn event<S: Sink>(&mut self, arrival: &Arrival<'_>, sink: &mut S) -> Result<(), S::Error> {
        let id = arrival.message.id();
        if id == MessageId::EVENT_USER_EVENT {
            let context = Context::new(arrival, &self.directory);
            if context.message.find(AttributeId::USER_DATA).is_some() && self.options.roles.gud {
                self.time_codes.note(context.moment.code, sink)?;
            }
            let call = self.calls.of_user_event(&context);
            let Self { rules, scratch, sequence, states, .. } = self;
            return UserEvent { rules, scratch, sequence, states }.store(&context, call.as_deref(), sink);
        }
        let Some(event) = CallEvent::of(id) else { return Ok(()) };
        let roles = self.options.roles;
        let context = Context::new(arrival, &self.directory);
        if !roles.gcc && !roles.gud {
            refuse(&context, Reason::RoleOff, sink);
            return Ok(());
        }
        let Some(call) = self.calls.heard(event, &context, &mut self.sequence, sink)? else {
            refuse(&context, Reason::NoCall, sink);
            return Ok(());
        };
        self.time_codes.note(context.moment.code, sink)?;
        if !roles.gud {
            refuse(&context, Reason::RoleOff, sink);
            return Ok(());
        }
        let Some(call) = self.calls.get_mut(call) else { return Ok(()) };
        let mut attached = Attached {
            options: &self.options,
            specification: &self.specification,
            directory: &self.directory,
            hasher: &self.hasher,
            key: &mut self.scratch.key,
            value: &mut self.scratch.value,
        };
        for (source, list) in lists(&context) {
            attached.list(source, list, call, &context, &mut self.sequence, sink)?;
        }
        Ok(())
    }

    /// The transaction is complete: has the counter of GSYS_SEQ written, if it has moved.
    ///
    /// # Errors
    /// The sink's own.
    pub fn end_transaction<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.sequence.write(self.directory.icon, sink)
    }
}

/// No pair of a call's event is stored.
fn refuse<S: Sink>(context: &Context<'_>, reason: Reason, sink: &mut S) {
    for (source, list) in lists(context) {
        for pair in list.pairs() {
            let outcome = Outcome::Dropped(reason);
            let source = PairSource::Call(source);
            sink.decided(&Decision { source, key: pair.key, value: Some(pair.value), outcome });
        }
    }
}
