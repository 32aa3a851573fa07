//! What a session does, and when.

use tlib_proto::{EncodeError, KvList};

use super::callback::Callback;
use super::course::{self, Dialled, Moment};
use super::ids;
use super::pairs::Pairs;
use super::script::Script;
use super::values::{CallbackType, Reason, State, disposition};
use crate::keys;

/// A step of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, in seconds since 1970. Steps are in the order of their times.
    pub at: i64,
    /// The state that the callback enters, with the reason if that is `COMPLETED`.
    pub state: Option<(State, Option<Reason>)>,
    /// What to send.
    pub action: Option<Action>,
}

/// What a step sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The UserData of a RequestDistributeUserEvent to the reporting DN.
    UserEvent(KvList),
    /// Pairs for the call that the callback was offered in.
    Attach(KvList),
}

/// How often a callback may get another time (chosen): each time is a user event that the plan keeps.
const RESCHEDULES: usize = 100;

/// A plan cannot be changed any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The customer talks to an agent, or it is over.
    #[error("the callback is {0}")]
    TooLate(State),
    /// There was no callback, only an offer.
    #[error("the offer was declined, there is no callback")]
    NoSession,
    /// The new time lies before the present.
    #[error("the new time {new} is before now, {now} (seconds since 1970)")]
    Past {
        /// The new time.
        new: i64,
        /// Now.
        now: i64,
    },
    /// It was given another time too often.
    #[error("the callback was given another time {RESCHEDULES} times, the most there may be")]
    TooOften,
    /// The pairs do not fit into a message.
    #[error("{0}")]
    Encode(#[from] EncodeError),
}

/// Everything that a session does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is to be done, in order.
    pub steps: Vec<Step>,
    callback: Callback,
    script: Script,
    moments: Vec<Moment>,
}

/// What the session of a callback does when it goes like this.
///
/// The first user event goes out at the service's start, the last one at its end; the last repeats the first and adds
/// the results (facts infomart 3 and 8). Times, lengths of time and counts are ints, everything else is text (chosen).
///
/// ```
/// # use tbus_apps::session::{plan, Callback, Script};
/// let callback = Callback::new("1-d7b7", "SESSION", "5551234", 1_411_120_800);
/// let steps = plan(&callback, &Script::default())?.steps;
/// let times: Vec<_> = steps.iter().filter(|step| step.action.is_some()).map(|step| step.at).collect();
/// assert_eq!(times, [1_411_120_800, 1_411_120_818]);
/// # Ok::<(), tlib_proto::EncodeError>(())
/// ```
///
/// # Errors
/// [`EncodeError`] when the pairs do not fit into a message.
pub fn plan(callback: &Callback, script: &Script) -> Result<Plan, EncodeError> {
    let moments = if script.ending.is_offer_only() {
        vec![course::declined(callback, script)]
    } else {
        let mut moments = vec![course::first(callback, script)];
        let turn = match callback.callback_type {
            CallbackType::Scheduled => callback.desired.unwrap_or(callback.start).max(callback.start),
            CallbackType::Immediate | CallbackType::WaitForAgent => callback.start,
        };
        moments.extend(course::rest(callback, script, turn, Dialled::default()));
        crashed(callback, script, moments)
    };
    let mut plan = Plan { steps: Vec::new(), callback: callback.clone(), script: script.clone(), moments };
    plan.take_steps()?;
    Ok(plan)
}

/// What a crash leaves of a session.
fn crashed(callback: &Callback, script: &Script, mut moments: Vec<Moment>) -> Vec<Moment> {
    let Some(crash) = script.crash else { return moments };
    let at = callback.start.saturating_add(crash.after.into());
    moments.retain(|moment| moment.at <= at && !moment.is_last());
    if let Some(back) = crash.back_after {
        let again = at.saturating_add(back.into());
        // The second session knows what the first has sent, and begins the dials anew.
        let mut taken = Moment::new(again);
        taken.known.text(keys::CB_ORS_SESSION_ID, ids::next_session(&callback.session_id));
        moments.push(taken);
        moments.extend(course::rest(callback, script, again, Dialled::default()));
    }
    moments
}

impl Plan {
    /// The state at a moment, in seconds since 1970; of the first one, before it.
    pub fn state_at(&self, at: i64) -> Option<(State, Option<Reason>)> {
        let reached = self.moments.iter().filter(|moment| moment.at <= at).rev();
        reached
            .filter_map(|moment| moment.state)
            .next()
            .or_else(|| self.moments.first().and_then(|first| first.state))
    }

    /// The callback that is planned for.
    pub fn callback(&self) -> &Callback {
        &self.callback
    }

    /// How often the customer has been dialled, or notified, up to a moment.
    pub fn dials_until(&self, at: i64) -> usize {
        self.moments.iter().filter(|moment| moment.dial && moment.at <= at).count()
    }

    /// Somebody cancels it: nothing later than `at` happens, and the last user event says so. Steps up to `at` stay
    /// as they are, so that an index into them stays good.
    ///
    /// # Errors
    /// [`Refused`], and the plan is unchanged.
    pub fn cancel(&mut self, at: i64) -> Result<(), Refused> {
        self.open(at)?;
        let mut end = Moment::last(at, Some(Reason::Cancelled));
        end.known.text(keys::CB_DIM_DIAL_DIALOG_RESULT, "CANCELLED");
        end.known.text(keys::CB_DISPOSITION, disposition::CANCELLED);
        self.replace(at, vec![end])
    }

    /// Somebody sets another time: a user event says so (`FINAL_RECORD` 0, chosen), the callback waits again under its
    /// id, and the dials that are left are made then; a dial that is under way is made again, and when none is left they
    /// begin anew (chosen). Steps up to `at` stay as they are.
    ///
    /// # Errors
    /// [`Refused`], and the plan is unchanged.
    pub fn reschedule(&mut self, at: i64, new: i64) -> Result<(), Refused> {
        let state = self.open(at)?;
        if state == State::Routing {
            return Err(Refused::TooLate(state));
        }
        if new < at {
            return Err(Refused::Past { new, now: at });
        }
        // The first event is that of the start.
        if self.moments.iter().filter(|moment| moment.event && moment.at <= at).count() > RESCHEDULES {
            return Err(Refused::TooOften);
        }
        let mut told = Moment { event: true, state: Some((State::Scheduled, None)), ..Moment::new(at) };
        let known = &mut told.known;
        known.text(keys::CB_DIM_TYPE, CallbackType::Scheduled.name());
        known.text(keys::CB_DIM_DIAL_DIALOG_RESULT, "RESCHEDULED");
        known.text(keys::CB_DIM_FINAL_DIAL_RESULT, "RESCHEDULED");
        known.text(keys::CB_DISPOSITION, disposition::SCHEDULED);
        known.number(keys::CB_T_DESIRED_TIME, new);
        let finished = self.moments.iter().filter(|moment| moment.result && moment.at <= at).count();
        let dialled = Dialled { begun: self.dials_until(at), finished };
        let mut moments = vec![told];
        let mut callback = self.callback.clone();
        callback.desired = Some(new);
        callback.callback_type = CallbackType::Scheduled;
        moments.extend(course::rest(&callback, &self.script, new, dialled));
        self.replace(at, moments)?;
        self.callback = callback;
        Ok(())
    }

    /// The state, if somebody may still change something.
    fn open(&self, at: i64) -> Result<State, Refused> {
        if self.script.ending.is_offer_only() {
            return Err(Refused::NoSession);
        }
        match self.state_at(at) {
            Some((state @ (State::Processing | State::Completed), _)) => Err(Refused::TooLate(state)),
            Some((state, _)) => Ok(state),
            None => Err(Refused::NoSession),
        }
    }

    /// Puts other moments in the place of those after `at`.
    fn replace(&mut self, at: i64, moments: Vec<Moment>) -> Result<(), Refused> {
        let mut changed = self.clone();
        changed.moments.retain(|moment| moment.at <= at);
        changed.moments.extend(moments);
        changed.take_steps()?;
        *self = changed;
        Ok(())
    }

    /// Makes the steps from the moments.
    fn take_steps(&mut self) -> Result<(), EncodeError> {
        let mut known = Pairs::default();
        let mut steps = Vec::new();
        for moment in &self.moments {
            known.extend(&moment.known);
            let mut state = moment.state;
            if moment.event {
                let list = self.user_event(&known)?;
                steps.push(Step {
                    at: moment.at,
                    state: state.take(),
                    action: Some(Action::UserEvent(list)),
                });
            }
            if self.callback.originating_interaction.is_some() && !moment.attach.is_empty() {
                let list = known.only(moment.attach).list()?;
                steps.push(Step { at: moment.at, state: state.take(), action: Some(Action::Attach(list)) });
            }
            if state.is_some() {
                steps.push(Step { at: moment.at, state, action: None });
            }
        }
        if let (Some(after), Some(end)) = (self.script.resend_after, self.moments.last())
            && end.is_last()
            && !self.script.ending.is_offer_only()
        {
            let action = Some(Action::UserEvent(self.user_event(&known)?));
            steps.push(Step { at: end.at.saturating_add(after.into()), state: None, action });
        }
        self.steps = steps;
        Ok(())
    }

    /// A user event: what is known, as the strategy sends it.
    fn user_event(&self, known: &Pairs) -> Result<KvList, EncodeError> {
        let mut pairs = known.clone();
        for (key, value) in &self.script.pairs {
            pairs.given(key, value);
        }
        for key in &self.script.leave_out {
            pairs.remove(key);
        }
        pairs.list()
    }
}
