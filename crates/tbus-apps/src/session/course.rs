//! The course of a callback: its moments, each with what is known from then on.

use super::callback::Callback;
use super::pairs::Pairs;
use super::script::{Dial, Script};
use super::values::{CallDirection, CallbackType, DialResult, Ending, Reason, State, disposition};
use crate::keys;

/// A moment of the course.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Seconds since 1970.
    pub(super) at: i64,
    /// The state from then on, if it changes.
    pub(super) state: Option<(State, Option<Reason>)>,
    /// What is known from then on.
    pub(super) known: Pairs,
    /// Whether everything known goes out as a user event.
    pub(super) event: bool,
    /// Keys that are attached to the call.
    pub(super) attach: &'static [&'static str],
    /// Whether a dial begins.
    pub(super) dial: bool,
    /// Whether a dial has its result.
    pub(super) result: bool,
}

impl Moment {
    pub(super) fn new(at: i64) -> Self {
        Self {
            at,
            state: None,
            known: Pairs::default(),
            event: false,
            attach: &[],
            dial: false,
            result: false,
        }
    }

    fn enters(mut self, state: State) -> Self {
        self.state = Some((state, None));
        self
    }

    /// The moment that ends it all, with its user event.
    pub(super) fn last(at: i64, reason: Option<Reason>) -> Self {
        let mut moment = Self { state: Some((State::Completed, reason)), event: true, ..Self::new(at) };
        moment.known.text(keys::CB_FINAL_RECORD, "1");
        moment.known.number(keys::CB_T_SERVICE_END, at);
        moment
    }
}

/// Attached when the callback is accepted.
pub(super) const AT_ACCEPTANCE: &[&str] =
    &[keys::CB_SERVICE_ID, keys::CB_T_SERVICE_START, keys::CB_T_CALLBACK_ACCEPTED];

/// Attached when the customer is connected.
const AT_CONNECTION: &[&str] = &[keys::CB_T_CUSTOMER_CONNECTED];

/// Keys of the first five dials: when, what it gave.
const DIALS: [(&str, &str); 5] = [
    (keys::CB_T_DIAL_1, keys::CB_DIAL_1_RESULT),
    (keys::CB_T_DIAL_2, keys::CB_DIAL_2_RESULT),
    (keys::CB_T_DIAL_3, keys::CB_DIAL_3_RESULT),
    (keys::CB_T_DIAL_4, keys::CB_DIAL_4_RESULT),
    (keys::CB_T_DIAL_5, keys::CB_DIAL_5_RESULT),
];

/// What is known when the offer is answered, accepted or not.
fn offer(callback: &Callback, script: &Script) -> Pairs {
    let mut known = Pairs::default();
    let queue = &callback.queue;
    known.text(keys::CB_SERVICE_ID, &callback.service_id);
    known.text(keys::CB_TENANT_DBID, callback.tenant_dbid.to_string());
    known.number(keys::CB_T_SERVICE_START, callback.start);
    known.text(keys::CB_DIM_VQ, &queue.name);
    if let Some(dbid) = queue.dbid {
        known.text(keys::CB_DIM_VQ_DBID, dbid.to_string());
    }
    if let Some(id) = queue.type_id {
        known.text(keys::VQ_CFG_TYPE_ID, id.to_string());
    }
    if let Some(name) = &queue.type_name {
        known.text(keys::VQ_CFG_TYPE, name);
    }
    known.text(keys::CB_CUSTOMER_ANI, &callback.customer_number);
    known.text(keys::CB_DIM_TYPE, callback.callback_type.name());
    known.text(keys::CB_DIM_CALL_DIRECTION, callback.direction.name());
    known.text(keys::CB_DIM_CONNECT_ORDER, callback.connect_order.name());
    // What only the caller can know, until the caller says it (facts infomart 7.2).
    known.number(keys::CB_N_CALLBACK_OFFERED, 1);
    known.number(keys::CB_T_CALLBACK_OFFERED, callback.start);
    known.number(keys::CB_D_CALLBACK_OFFER, 0);
    known.number(keys::CB_D_CUSTOMER_WAITED_BEFORE_OFFER, 0);
    known.text(keys::CB_DIM_CHANNEL, &callback.options.channel);
    // The offer's words and the choice's are spelt alike.
    known.text(keys::CB_DIM_CALLBACK_OFFER_TYPE, callback.callback_type.name());
    known.text(keys::CB_DIM_OFFER_TIMING, "ON-HOURS");
    known.text(keys::CB_EWT_WHEN_CALLBACK_WAS_OFFERED, "0");
    known.text(keys::CB_POS_WHEN_CALLBACK_WAS_OFFERED, "0");
    known.text(keys::CB_EWT_THRESHOLD_WHEN_OFFERED, "0");
    known.text(keys::CB_PRIORITY_WHEN_CALLBACK_ACCEPTED, script.queue.priority_accepted.to_string());
    known.text(keys::CB_FINAL_RECORD, "0");
    for (key, value) in &callback.parameters {
        // Whose callback it is, and when it began, is not the caller's to say.
        if !OWN.contains(&key.as_str()) {
            known.given(key, value);
        }
    }
    known
}

/// Keys that the session alone decides, whatever the request says.
const OWN: &[&str] = &[
    keys::CB_SERVICE_ID,
    keys::CB_TENANT_DBID,
    keys::CB_T_SERVICE_START,
    keys::CB_T_SERVICE_END,
    keys::CB_FINAL_RECORD,
    keys::CB_DISPOSITION,
    keys::CB_ORS_SESSION_ID,
    keys::CB_N_CALLBACK_ACCEPTED,
    keys::CB_N_CALLBACK_MEDIA_ATTEMPTS,
];

/// The one event of an offer that was not accepted; the application that made the offer sends it. There is no session.
pub(super) fn declined(callback: &Callback, script: &Script) -> Moment {
    let mut moment = Moment::last(callback.start, None);
    let mut known = offer(callback, script);
    let hung_up = script.ending == Ending::OfferAbandoned;
    known.number(keys::CB_N_CALLBACK_ACCEPTED, 0);
    known.number(keys::CB_N_CALLBACK_MEDIA_ATTEMPTS, 0);
    known.number(keys::CB_N_ABANDONED_DURING_CALLBACK_OFFER, hung_up.into());
    // Both chosen (facts infomart 9.18).
    known.text(
        keys::CB_DISPOSITION,
        script.disposition.as_deref().unwrap_or(if hung_up {
            disposition::FAILED
        } else {
            disposition::REJECTED
        }),
    );
    known.extend(&moment.known);
    moment.known = known;
    moment
}

/// The first moment of a session: accepted, and waiting.
pub(super) fn first(callback: &Callback, script: &Script) -> Moment {
    let scheduled = callback.callback_type == CallbackType::Scheduled;
    let mut moment =
        Moment::new(callback.start).enters(if scheduled { State::Scheduled } else { State::Queued });
    let known = &mut moment.known;
    known.extend(&offer(callback, script));
    known.text(keys::CB_ORS_SESSION_ID, &callback.session_id);
    known.number(keys::CB_N_CALLBACK_ACCEPTED, 1);
    if !callback.parameters.contains_key(keys::CB_T_CALLBACK_ACCEPTED) {
        known.number(keys::CB_T_CALLBACK_ACCEPTED, callback.start);
    }
    known.number(keys::CB_N_CALLBACK_MEDIA_ATTEMPTS, 0);
    known.number(keys::CB_N_AGENT_ADDED_TO_IXN, 0);
    known.text(keys::CB_IXN_START_IGNOREING_AVAILABILITY, "0");
    known.text(keys::CB_DISPOSITION, if scheduled { disposition::SCHEDULED } else { disposition::QUEUED });
    if let Some(call) = &callback.originating_interaction {
        known.text(keys::CB_ORIGINATION_IXN_ID, call);
        moment.attach = AT_ACCEPTANCE;
    }
    if let Some(desired) = callback.desired {
        known.number(keys::CB_T_DESIRED_TIME, desired);
    }
    moment.event = true;
    moment
}

/// The dials that there were already, when a callback is rescheduled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dialled {
    /// How many have begun; the next one's number follows.
    pub(super) begun: usize,
    /// How many have a result. One that is under way when the callback is rescheduled has none, and is made again.
    pub(super) finished: usize,
}

/// What comes after the first moment. `from` is the callback's turn.
///
/// Of the script's dials, those that are left are made; when all that are allowed have been made, they begin anew
/// (chosen: who sets another time wants to be called then).
pub(super) fn rest(callback: &Callback, script: &Script, from: i64, dialled: Dialled) -> Vec<Moment> {
    let originated = callback.direction == CallDirection::CustomerOriginated;
    let limit = if originated {
        callback.options.max_notify_delivery_attempts
    } else {
        callback.options.max_dial_attempts
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut moments = Vec::new();
    if from > callback.start {
        moments.push(Moment::new(from).enters(State::Queued));
    }
    let mut at = from.saturating_add(script.offline_wait.into());
    let mut ready = Moment::new(at);
    ready.known.number(keys::CB_D_WAITING_FOR_AGENT_OFFLINE, script.offline_wait.into());
    moments.push(ready);
    at = at.saturating_add(script.dial_after.into());
    if script.ending == Ending::CancelledByPlugIn {
        let mut end = Moment::last(at, Some(Reason::Cancelled));
        end.known.text(keys::CB_DIM_FINAL_DIAL_RESULT, "CANCEL");
        end.known.text(keys::CB_DISPOSITION, disposition::CANCELLED);
        finish(&mut end, script);
        moments.push(end);
        return moments;
    }

    let round = limit.min(script.dials.len());
    let mut made = dialled.finished.checked_rem(round).unwrap_or(0);
    let mut number = dialled.begun;
    let mut last = None;
    for dial in script.dials.iter().take(round).skip(made) {
        made = made.saturating_add(1);
        number = number.saturating_add(1);
        last = Some(*dial);
        let begin = dialling(callback, script, at, number);
        moments.push(begin);
        at = at.saturating_add(dial.takes.into());
        let mut result = Moment { result: true, ..Moment::new(at) };
        if let Some((_, key)) = DIALS.get(number.saturating_sub(1)) {
            result.known.text(key, dial.result.name());
        }
        result.known.text(keys::CB_DIM_FINAL_DIAL_RESULT, dial.result.name());
        if dial.result == DialResult::PushDeliveryConfirmed {
            result.known.number(keys::CB_T_PUSH_DELIVERY_CONFIRMED, at);
        }
        moments.push(result);
        if dial.result.reaches_customer() {
            moments.extend(connected(callback, script, *dial, at));
            return moments;
        }
        if made < round {
            let pause = dial.retry_after.unwrap_or(callback.options.dial_retry_timeout);
            at = at.saturating_add(pause.into());
        }
    }
    let end = unreached(script, last, at, originated, made >= limit);
    moments.push(end);
    moments
}

/// A dial, or a notification, begins.
fn dialling(callback: &Callback, script: &Script, at: i64, number: usize) -> Moment {
    let mut moment = Moment { dial: true, ..Moment::new(at) };
    let known = &mut moment.known;
    let figures = &script.queue;
    let call = super::ids::outbound_call(&callback.service_id, number);
    if number == 1 {
        known.number(keys::CB_T_READY_TO_START_MEDIA_IXN, at);
        known.text(keys::CB_EWT_WHEN_READY_TO_START_MEDIA_IXN, figures.ewt_ready.to_string());
        known.text(keys::CB_POS_WHEN_READY_TO_START_MEDIA_IXN, figures.pos_ready.to_string());
        known.text(keys::CB_FIRST_OUT_IXN_ID, &call);
    }
    known.text(keys::CB_EWT_WHEN_READY_TO_START_LAST_MEDIA_IXN, figures.ewt_last.to_string());
    known.text(keys::CB_POS_WHEN_READY_TO_START_LAST_MEDIA_IXN, figures.pos_last.to_string());
    known.text(keys::CB_LAST_OUT_IXN_ID, call);
    known.number(keys::CB_N_CALLBACK_MEDIA_ATTEMPTS, i64::try_from(number).unwrap_or(i64::MAX));
    if let Some((key, _)) = DIALS.get(number.saturating_sub(1)) {
        known.number(key, at);
    }
    moment
}

/// From the customer's connection to the end.
fn connected(callback: &Callback, script: &Script, dial: Dial, at: i64) -> Vec<Moment> {
    let originated = callback.direction == CallDirection::CustomerOriginated;
    let at = if originated { at.saturating_add(script.customer_after.into()) } else { at };
    let mut here = Moment::new(at).enters(State::Routing);
    here.attach = AT_CONNECTION;
    let takes = if originated { script.customer_after } else { dial.takes };
    here.known.number(keys::CB_D_ESTABLISH_MEDIA_IXN, takes.into());
    here.known.number(keys::CB_T_CUSTOMER_CONNECTED, at);
    here.known.number(keys::CB_N_IXN_REQ_AGENT, 1);
    here.known.text(keys::CB_PRIORITY_WHEN_CUSTOMER_CONNECTED, script.queue.priority_connected.to_string());
    if originated {
        here.known.number(keys::CB_T_CUSTOMER_READY_TO_START_IXN, at);
        here.known.text(keys::CB_DIM_FINAL_DIAL_RESULT, DialResult::UserOriginatedConnected.name());
    } else {
        here.known.text(keys::CB_DIM_DIAL_DIALOG_RESULT, "RIGHT_PERSON");
    }
    let over = at.saturating_add(script.agent_wait.into());
    let mut then = Moment::new(over);
    then.known.number(keys::CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT, script.agent_wait.into());
    then.known.text(keys::CB_PRIORITY_AT_THE_END_OF_ONLINE_WAIT, script.queue.priority_end.to_string());
    then.known.number(keys::CB_N_TRANSFER_TO_AGENT_FAILED, script.transfers_failed.into());

    let mut end = Moment::last(over.saturating_add(script.handling.into()), None);
    let (disposition, reason) = match script.ending {
        Ending::Agent | Ending::Connected => {
            then = then.enters(State::Processing);
            then.known.number(keys::CB_N_AGENT_ADDED_TO_IXN, 1);
            if let Some(target) = script.target.as_ref().or(callback.options.target.as_ref()) {
                then.known.text(keys::CB_DIM_FINAL_TARGET, target);
            }
            let text =
                if script.ending == Ending::Agent { disposition::AGENT } else { disposition::CONNECTED };
            (text, Some(Reason::AgentConnected))
        }
        Ending::Abandoned => {
            end.known.text(keys::CB_DIM_FINAL_DIAL_RESULT, "ABANDONED_IN_QUEUE");
            (disposition::ABANDONED, Some(Reason::InteractionDeleted))
        }
        Ending::Timeout => (disposition::FAILED, Some(Reason::AgentConnect)),
        Ending::TransferredToRp => {
            end.known.text(keys::CB_DIM_DIAL_DIALOG_RESULT, "TRANSFERRED_TO_RP");
            (disposition::TRANSFERRED, None)
        }
        // These end before a dial.
        Ending::CancelledByPlugIn | Ending::Declined | Ending::OfferAbandoned => (disposition::FAILED, None),
    };
    then.known.number(
        keys::CB_N_CUSTOMER_ABANDONED_WHILE_WAITING_FOR_AGENT,
        (script.ending == Ending::Abandoned).into(),
    );
    then.known.number(keys::CB_N_TIMEOUT_WHILE_WAITING_FOR_AGENT, (script.ending == Ending::Timeout).into());
    end.state = Some((State::Completed, reason));
    end.known.text(keys::CB_DISPOSITION, disposition);
    finish(&mut end, script);
    vec![here, then, end]
}

/// The end of a callback whose customer was not reached.
fn unreached(script: &Script, last: Option<Dial>, at: i64, originated: bool, exhausted: bool) -> Moment {
    let mut end = Moment::last(at.saturating_add(script.handling.into()), Some(Reason::CallToCustomer));
    let result = last.map(|dial| dial.result);
    let known = &mut end.known;
    let disposition = match result {
        Some(DialResult::PushSendError) => disposition::PUSH_SEND_ERROR,
        Some(DialResult::Fax) => {
            known.text(keys::CB_DIM_FINAL_DIAL_RESULT, "FAIL_FAX_REACHED");
            disposition::FAILED
        }
        // Its result is the final one already.
        Some(DialResult::CreateCallError) => disposition::FAILED,
        _ if exhausted && !originated => {
            known.text(keys::CB_DIM_FINAL_DIAL_RESULT, "REDIAL_LIMIT_REACHED");
            disposition::REDIAL_LIMIT
        }
        _ => disposition::FAILED,
    };
    known.text(keys::CB_DISPOSITION, disposition);
    if originated {
        end.state = Some((State::Completed, Some(Reason::UserNoConfirm)));
    }
    finish(&mut end, script);
    end
}

/// What the script wants said at the end.
fn finish(end: &mut Moment, script: &Script) {
    let known = &mut end.known;
    if let Some(result) = &script.dialog_result {
        known.text(keys::CB_DIM_DIAL_DIALOG_RESULT, result);
    }
    if let Some(result) = &script.final_dial_result {
        known.text(keys::CB_DIM_FINAL_DIAL_RESULT, result);
    }
    if let Some(text) = &script.disposition {
        known.text(keys::CB_DISPOSITION, text);
    }
}

impl Moment {
    /// Whether the session ends with it.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.state, Some((State::Completed, _)))
    }
}
