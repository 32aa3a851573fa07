//! Calls: when they begin, go on and end, as far as events say so.
//!
//! A call begins with its first event on any DN that is heard, and ends when every DN that was heard in it has left it
//! (EventReleased, EventAbandoned, EventDiverted), or with EventCallDeleted. When another DN rings soon after, as behind
//! a queue, it goes on. For `call-deletion-timeout` after its end, by the clock of the events, data still finds it.
//!
//! A new session ends the calls too, without anyone having left them. Such a call is cut: when it is heard of again, it
//! goes on.

mod memory;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use tbus_db::Value;
use tlib_proto::AttributeId;

use super::Sink;
use super::call_event::{CallEvent, CallName};
use super::change::{Change, Update};
use super::context::{Context, DN_MAX, Hex, attribute};
use super::history::CallData;
use super::parties::{Parties, Presence, Seat};
use super::sequence::Sequence;
use crate::idb::{G_CALL, GCall};
use crate::time::Moment;

/// As many calls are known at a time, ended ones included (chosen). The oldest is ended for a new one.
const CALL_LIMIT: usize = 100_000;

/// As many DNs of a call are known (chosen); more of them neither hold it nor end it.
const PARTY_LIMIT: usize = 64;

/// So long a cut call is remembered, in microseconds: a day (chosen).
pub(super) const CUT_MEMORY: i64 = 24 * 3600 * 1_000_000;

/// CALL_STATE of the dictionary.
const ACTIVE: i32 = 1;

/// A call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) callid: Arc<str>,
    conn_id: Option<u64>,
    /// The DNs that were heard in it.
    parties: Vec<Arc<str>>,
    /// How many of them are in it.
    present: usize,
    /// When the last one left, or a session ended it.
    ended: Option<i64>,
    pub(super) data: CallData,
}

impl Call {
    /// In the order of their numbers, so that the order does not depend on when the recorder was started.
    fn add(&mut self, dn: Arc<str>) {
        let at = self.parties.partition_point(|other| *other < dn);
        self.parties.insert(at, dn);
    }
}

/// Why a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nobody is in it any more.
    AllLeft,
    /// It is over, whoever may be in it.
    Over,
    /// A new session: what becomes of it is not known.
    Session,
}

/// The calls that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// By GSYS_SEQ of their rows, so the oldest are first.
    calls: BTreeMap<i64, Call>,
    by_id: HashMap<Arc<str>, i64>,
    by_conn: HashMap<u64, i64>,
    /// Calls by their end, the first one first; and those of them that are cut, once they are older than `memory`.
    ended: VecDeque<(i64, i64)>,
    cut: VecDeque<(i64, i64)>,
    pub(super) parties: Parties,
    /// How long an ended call is remembered, in microseconds.
    memory: i64,
    /// Whether G_CALL has rows: role gcc.
    is_stored: bool,
}

impl Calls {
    pub(super) fn new(memory: i64, is_stored: bool) -> Self {
        Self { memory, is_stored, ..Self::default() }
    }

    pub(super) fn get_mut(&mut self, call: i64) -> Option<&mut Call> {
        self.calls.get_mut(&call)
    }

    /// The call of a name, if data can come to it at this time.
    fn find(&self, name: &CallName, at: i64) -> Option<i64> {
        let by_conn = || self.by_conn.get(&name.conn_id?).copied();
        let by_id = self.by_id.get(&name.callid).copied();
        // Another CallUUID is another call, though the ConnID be the same.
        let found = by_id.or_else(|| by_conn().filter(|call| !name.is_uuid || self.has_no_uuid(*call)))?;
        let Some(ended) = self.calls.get(&found)?.ended else { return Some(found) };
        let is_cut = || at <= ended.saturating_add(CUT_MEMORY) && self.is_cut(found);
        (at <= ended.saturating_add(self.memory) || is_cut()).then_some(found)
    }

    /// Whether a DN was in the call when a session ended it, and has not been heard since.
    fn is_cut(&self, id: i64) -> bool {
        let is_cut = |dn: &Arc<str>| self.parties.presence(dn, id) == Some(Presence::Cut);
        self.calls.get(&id).is_some_and(|call| call.parties.iter().any(is_cut))
    }

    /// Whether an event is of a DN that has left a call too long ago, which is remembered for another DN's sake.
    fn has_left_long_ago(&self, call: i64, event: CallEvent, dn: Option<&str>, at: i64) -> bool {
        let ended = self.calls.get(&call).and_then(|call| call.ended);
        let is_old = ended.is_some_and(|ended| at > ended.saturating_add(self.memory));
        let has_left = |dn| self.parties.presence(dn, call) == Some(Presence::Left);
        !event.begins() && is_old && dn.is_some_and(has_left)
    }

    /// Whether a call is named by its ConnID.
    fn has_no_uuid(&self, call: i64) -> bool {
        let call = self.calls.get(&call);
        call.is_some_and(|call| call.conn_id.is_some_and(|id| Hex::new(id).as_str() == &*call.callid))
    }

    /// CALLID for a user event: of the call that it names itself, else of its DN's (facts 2.3).
    pub(super) fn of_user_event(&self, context: &Context<'_>) -> Option<Arc<str>> {
        let at = context.moment.at;
        if let Some(name) = CallName::of(context.message) {
            let known = self.find(&name, at).and_then(|call| self.calls.get(&call));
            return Some(known.map_or(name.callid, |call| Arc::clone(&call.callid)));
        }
        if self.parties.is_empty() {
            return None;
        }
        self.parties.call_of(context.dn.as_deref()?, at).map(|seat| Arc::clone(&seat.callid))
    }

    /// An event about a call. Gives the call that it belongs to, if there is one.
    pub(super) fn heard<S: Sink>(
        &mut self,
        event: CallEvent,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<Option<i64>, S::Error> {
        self.forget_ended(context.moment.at, sink)?;
        let Some(name) = CallName::of(context.message) else { return Ok(None) };
        let dn = context.dn.as_deref();
        self.leave_previous(&name, context, sequence, sink)?;
        let call = match (self.find(&name, context.moment.at), dn) {
            (Some(call), dn) if self.has_left_long_ago(call, event, dn, context.moment.at) => {
                return Ok(None);
            }
            (Some(call), _) => call,
            (None, Some(dn)) if event.begins() || !self.is_late(event, dn, &name) => {
                self.begin(&name, context, sequence, sink)?
            }
            _ => return Ok(None),
        };
        match (event, dn) {
            (CallEvent::Over, _) => self.end(call, Ending::Over, context.moment, sequence, sink)?,
            (_, Some(dn)) => self.take_part(call, dn, event, context, sequence, sink)?,
            (_, None) => {}
        }
        Ok(Some(call))
    }

    /// Whether an event that is no sign of a new call is of one that was forgotten.
    fn is_late(&self, event: CallEvent, dn: &str, name: &CallName) -> bool {
        event == CallEvent::Over || self.parties.has_left(dn, &name.callid)
    }

    /// What the event means for its DN in the call.
    fn take_part<S: Sink>(
        &mut self,
        id: i64,
        dn: &str,
        event: CallEvent,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let before = self.parties.presence(dn, id);
        // Asked for few events only: it looks at every DN of the call.
        let is_cut = before.is_none()
            && self.calls.get(&id).is_some_and(|call| call.ended.is_some())
            && self.is_cut(id);
        let Some(call) = self.calls.get_mut(&id) else { return Ok(()) };
        if before.is_none() && call.parties.len() >= PARTY_LIMIT {
            return Ok(());
        }
        let wanted = match event {
            CallEvent::In => Presence::In,
            CallEvent::Held => Presence::OnHold,
            CallEvent::Left if before.is_none() && call.ended.is_some() => return Ok(()),
            CallEvent::Left => Presence::Left,
            // An event of a call that has ended, or of a DN that has left it, is late.
            _ => match before {
                Some(Presence::Cut) => Presence::In,
                Some(presence) => presence,
                None if call.ended.is_some() && !is_cut => return Ok(()),
                None => Presence::In,
            },
        };
        let goes_on = wanted != Presence::Left || before == Some(Presence::Cut);
        if goes_on && call.ended.is_some() {
            call.ended = None;
            // One that is left now ends again, later than the session said.
            if self.is_stored && wanted != Presence::Left {
                let values = [Value::Int(sequence.next()), Value::Text(&call.callid), Value::Int(id)];
                sink.update(Update { change: Change::CallReopened, values: &values })?;
            }
        }
        let at = context.moment.at;
        let was_present = before.is_some_and(Presence::is_here);
        match before {
            None => {
                let seat =
                    Seat { call: id, callid: Arc::clone(&call.callid), presence: wanted, at, number: 0 };
                let dn = self.parties.join(dn, seat, call.conn_id, sequence, sink)?;
                call.add(dn);
            }
            Some(before) if event == CallEvent::Same && before == wanted => return Ok(()),
            Some(_) => self.parties.change(dn, id, wanted, at, sequence, sink)?,
        }
        match (was_present, wanted != Presence::Left) {
            (false, true) => call.present = call.present.saturating_add(1),
            (true, false) => call.present = call.present.saturating_sub(1),
            _ => {}
        }
        if wanted == Presence::Left {
            let is_over = call.present == 0 && call.ended.is_none();
            if is_over {
                self.end(id, Ending::AllLeft, context.moment, sequence, sink)?;
            }
            let calls = &self.calls;
            self.parties.prune(dn, |call| calls.contains_key(&call), sink)?;
        }
        Ok(())
    }

    /// A call gets another ConnID for a DN, as when a consultation becomes a transfer: the DN leaves the one before.
    fn leave_previous<S: Sink>(
        &mut self,
        name: &CallName,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let Some(dn) = context.dn.as_deref() else { return Ok(()) };
        let previous = context.message.long(AttributeId::PREVIOUS_CONN_ID).ok().flatten();
        let previous = previous.filter(|previous| Some(*previous) != name.conn_id);
        let Some(call) = previous.and_then(|previous| self.by_conn.get(&previous).copied()) else {
            return Ok(());
        };
        match self.parties.presence(dn, call) {
            None | Some(Presence::Left) => Ok(()),
            Some(_) => self.take_part(call, dn, CallEvent::Left, context, sequence, sink),
        }
    }

    fn begin<S: Sink>(
        &mut self,
        name: &CallName,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<i64, S::Error> {
        if self.calls.len() >= CALL_LIMIT {
            self.make_room(context.moment, sequence, sink)?;
        }
        let id = sequence.next();
        if self.is_stored {
            self.insert(id, name, context, sink)?;
        }
        self.remember(id, Arc::clone(&name.callid), name.conn_id);
        Ok(id)
    }

    fn insert<S: Sink>(
        &self,
        id: i64,
        name: &CallName,
        context: &Context<'_>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let message = context.message;
        let conn_id = name.conn_id.map(Hex::new);
        let ani = attribute(message, AttributeId::ANI, DN_MAX);
        let dnis = attribute(message, AttributeId::DNIS, DN_MAX);
        let int = |attribute| message.int(attribute).ok().flatten();
        let moment = context.moment;
        let row = GCall {
            callid: &name.callid,
            parentcallid: &name.callid,
            mergecallid: &name.callid,
            irid: &name.callid,
            connid: conn_id.as_ref().map(Hex::as_str),
            connidnum: name.conn_id.and_then(|id| i64::try_from(id).ok()),
            switchcallid: int(AttributeId::CALL_ID),
            state: Some(ACTIVE),
            calltype: int(AttributeId::CALL_TYPE),
            switchid: Some(context.switch),
            tenantid: Some(context.tenant),
            callani: ani.as_deref(),
            calldnis: dnis.as_deref(),
            created: Some(moment.at),
            created_ts: moment.seconds,
            created_tcode: moment.code,
            added: context.added(),
            gsys: context.gsys(id),
            ..GCall::default()
        };
        sink.insert(&G_CALL, &row.values())
    }

    fn remember(&mut self, id: i64, callid: Arc<str>, conn_id: Option<u64>) {
        self.by_id.insert(Arc::clone(&callid), id);
        if let Some(conn_id) = conn_id {
            self.by_conn.insert(conn_id, id);
        }
        let call =
            Call { callid, conn_id, parties: Vec::new(), present: 0, ended: None, data: CallData::default() };
        self.calls.insert(id, call);
    }

    /// Ends a call, and says of its DNs what is known of them then.
    fn end<S: Sink>(
        &mut self,
        id: i64,
        ending: Ending,
        moment: Moment,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let ends_again = ending == Ending::Over && self.is_cut(id);
        let lasts = |call: &&mut Call| call.ended.is_none() || ends_again;
        let Some(call) = self.calls.get_mut(&id).filter(lasts) else { return Ok(()) };
        call.ended = Some(moment.at);
        call.present = 0;
        self.ended.push_back((moment.at, id));
        for dn in &call.parties {
            let is_here = self.parties.presence(dn, id).is_some_and(Presence::is_here);
            let wanted = match ending {
                Ending::Over => Presence::Left,
                Ending::Session if is_here => Presence::Cut,
                Ending::AllLeft | Ending::Session => continue,
            };
            self.parties.change(dn, id, wanted, moment.at, sequence, sink)?;
        }
        let calls = &self.calls;
        let Some(call) = calls.get(&id) else { return Ok(()) };
        for dn in &call.parties {
            self.parties.prune(dn, |call| calls.contains_key(&call), sink)?;
        }
        if !self.is_stored {
            return Ok(());
        }
        let optional = |number: Option<i32>| number.map_or(Value::Null, |number| Value::Int(number.into()));
        let values = [
            Value::Time(moment.at),
            optional(moment.seconds),
            optional(moment.code),
            Value::Int(sequence.next()),
            Value::Text(&call.callid),
            Value::Int(id),
        ];
        sink.update(Update { change: Change::CallEnded, values: &values })
    }

    /// Ends every call that lasts: the server may not know them any more (facts 4.4). Gives whether there was one.
    pub(super) fn end_all<S: Sink>(
        &mut self,
        moment: Moment,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<bool, S::Error> {
        let lasts = |(id, call): (&i64, &Call)| call.ended.is_none().then_some(*id);
        let open: Vec<_> = self.calls.iter().filter_map(lasts).collect();
        let any = !open.is_empty();
        open.into_iter().try_for_each(|id| self.end(id, Ending::Session, moment, sequence, sink))?;
        Ok(any)
    }
}
