//! RequestMakeCall, AnswerCall, ReleaseCall, HoldCall, RetrieveCall.

use tlib_proto::enums::CallState;
use tlib_proto::{AttributeId, ErrorCode, KvRef, MessageId};

use super::events::{CallEvent, Echo};
use super::{Call, Party, Side, State};
use crate::effects::Shown;
use crate::refusal::Refusal;
use crate::registry::Kind;
use crate::turn::{Handled, Turn};
use crate::{DnName, Function};

/// 56, for whatever does not lead from a DN to one of its calls.
fn no_such_call(text: String) -> Refusal {
    Refusal::new(ErrorCode::INV_CONNID, text)
}

impl<'t> Turn<'t> {
    /// EventDialing on the caller, then EventRinging on the callee, EventQueued on a queue, or EventDestinationBusy on
    /// the caller (facts 3.1; the second event is inferred).
    pub(crate) fn make_call(&mut self) -> Handled {
        let name = self.this_dn()?;
        let dn = self.own_dn(name)?;
        let other = self.request.text(AttributeId::OTHER_DN)?;
        let other = other.ok_or_else(|| Refusal::missing(AttributeId::OTHER_DN))?;
        let echo = Echo::read(self.request)?;
        let user_data = self.user_data()?.unwrap_or(KvRef::EMPTY).to_owned();
        let is_queue = |dn| self.registry.kind(dn).is_some_and(Kind::is_queue);
        if is_queue(dn) {
            let text = format!("DN {} is a queue and cannot make calls", Shown(name));
            return Err(Refusal::new(ErrorCode::CSTA_REQUEST_INCOMPATIBLE_WITH_OBJECT, text));
        }
        let Some(destination) = self.registry.find(other) else {
            let text = format!("there is no DN {} to call", Shown(other));
            return Err(Refusal::new(ErrorCode::MERIDIAN_INVALID_CALLED_DN, text));
        };
        if self.calls.is_active(self.registry, dn) {
            let text = format!("DN {} is in a call that is not on hold", Shown(name));
            return Err(Refusal::new(ErrorCode::CSTA_INCORRECT_OBJECT_STATE, text));
        }
        let (state, event, told) = if is_queue(destination) {
            (State::Queued, MessageId::EVENT_QUEUED, Side::Callee)
        } else if destination != dn && self.calls.can_ring(self.registry, destination) {
            (State::Ringing, MessageId::EVENT_RINGING, Side::Callee)
        } else {
            (State::Absent, MessageId::EVENT_DESTINATION_BUSY, Side::Caller)
        };
        let caller_state = if state == State::Absent { State::HearsBusy } else { State::Dialing };
        let caller = Party { dn, name: DnName::from(name), state: caller_state };
        let callee = Party { dn: destination, name: DnName::from(other), state };
        let call = self.calls.plan(self.registry, caller, callee, user_data)?;
        self.tell_call(&call, Side::Caller, MessageId::EVENT_DIALING, None, Some(echo))?;
        self.tell_call(&call, told, event, None, None)?;
        self.calls.add(self.registry, call);
        Ok(())
    }

    /// EventEstablished on the DN that answers, then on the caller. Without ConnID it is the call that rings there
    /// (chosen).
    pub(crate) fn answer_call(&mut self) -> Handled {
        let (mut call, side, echo) = if self.request.find(AttributeId::CONN_ID).is_some() {
            self.own_call()?
        } else {
            self.ringing_call()?
        };
        if call.party(side).state != State::Ringing {
            return Err(Refusal::new(ErrorCode::CSTA_NO_CALL_TO_ANSWER, "the call does not ring at this DN"));
        }
        call.caller.state = State::Connected;
        call.callee.state = State::Connected;
        self.tell_call(&call, side, MessageId::EVENT_ESTABLISHED, None, Some(echo))?;
        self.tell_call(&call, side.other(), MessageId::EVENT_ESTABLISHED, None, None)?;
        self.calls.update(call);
        Ok(())
    }

    /// EventReleased on the DN that releases, then on the other; EventAbandoned there if the caller gives up while the
    /// call rings or waits (facts 3.1, inferred).
    pub(crate) fn release_call(&mut self) -> Handled {
        let (call, side, echo) = self.own_call()?;
        let state = Some(CallState::OK);
        let other = match (call.party(side).state, call.party(side.other()).state) {
            (State::Queued, _) => {
                let text = "a call that waits in a queue is released by its caller";
                return Err(Refusal::new(ErrorCode::CSTA_NO_CALL_TO_CLEAR, text));
            }
            (_, State::Ringing | State::Queued) => Some(MessageId::EVENT_ABANDONED),
            (_, State::Absent) => None,
            _ => Some(MessageId::EVENT_RELEASED),
        };
        self.tell_call(&call, side, MessageId::EVENT_RELEASED, state, Some(echo))?;
        if let Some(event) = other {
            self.tell_call(&call, side.other(), event, state, None)?;
        }
        self.calls.end(self.registry, &call);
        Ok(())
    }

    /// EventHeld on that DN only.
    pub(crate) fn hold_call(&mut self) -> Handled {
        let (mut call, side, echo) = self.own_call()?;
        if call.party(side).state != State::Connected {
            let text = "the call is not established, or on hold already";
            return Err(Refusal::new(ErrorCode::CSTA_NO_ACTIVE_CALL, text));
        }
        call.party_mut(side).state = State::Held;
        self.tell_call(&call, side, MessageId::EVENT_HELD, None, Some(echo))?;
        self.calls.update(call);
        Ok(())
    }

    /// EventRetrieved on that DN only; refused while the DN has another call that is not on hold (chosen).
    pub(crate) fn retrieve_call(&mut self) -> Handled {
        let (mut call, side, echo) = self.own_call()?;
        if call.party(side).state != State::Held {
            return Err(Refusal::new(ErrorCode::CSTA_NO_HELD_CALL, "the call is not on hold"));
        }
        if self.calls.is_active(self.registry, call.party(side).dn) {
            let text = format!("DN {} is in a call that is not on hold", call.party(side).name);
            return Err(Refusal::new(ErrorCode::CSTA_INCORRECT_OBJECT_STATE, text));
        }
        call.party_mut(side).state = State::Connected;
        self.tell_call(&call, side, MessageId::EVENT_RETRIEVED, None, Some(echo))?;
        self.calls.update(call);
        Ok(())
    }

    /// A copy of the call that ConnID names, and which end of it is at ThisDN.
    fn own_call(&self) -> Result<(Call, Side, Echo<'t>), Refusal> {
        let name = self.this_dn()?;
        let dn = self.own_dn(name)?;
        let echo = Echo::read(self.request)?;
        let call = self.call_named()?;
        let (side, _) = call.party_of(dn).ok_or_else(|| {
            no_such_call(format!("DN {} is no party of call {:016x}", Shown(name), call.conn_id))
        })?;
        Ok((call.clone(), side, echo))
    }

    /// The call that ConnID names.
    pub(crate) fn call_named(&self) -> Result<&Call, Refusal> {
        let conn_id = self.request.long(AttributeId::CONN_ID)?;
        let conn_id = conn_id.ok_or_else(|| no_such_call("AttributeConnID is missing".to_owned()))?;
        self.calls.get(conn_id).ok_or_else(|| no_such_call(format!("there is no call {conn_id:016x}")))
    }

    fn ringing_call(&self) -> Result<(Call, Side, Echo<'t>), Refusal> {
        let name = self.this_dn()?;
        let dn = self.own_dn(name)?;
        let echo = Echo::read(self.request)?;
        let calls = self.registry.calls(dn).iter().filter_map(|conn| self.calls.get(*conn));
        let mut ends = calls.filter_map(|call| Some((call, call.party_of(dn)?)));
        let ringing =
            ends.find(|(_, (_, party))| party.state == State::Ringing).map(|(call, (side, _))| (call, side));
        let (call, side) = ringing.ok_or_else(|| {
            Refusal::new(ErrorCode::CSTA_NO_CALL_TO_ANSWER, format!("no call rings at DN {}", Shown(name)))
        })?;
        Ok((call.clone(), side, echo))
    }

    /// Tells everybody on one end's DN. With `echo` the event is the answer to the request.
    fn tell_call(
        &mut self,
        call: &Call,
        side: Side,
        event: MessageId,
        state: Option<CallState>,
        echo: Option<Echo<'_>>,
    ) -> Handled {
        let is_answer = echo.is_some();
        let addressed = self.post.answered().filter(|_| is_answer);
        let function = if is_answer { Function::DistributeResponse } else { Function::DistributeEvent };
        let (dn, reference) = (call.party(side).dn, self.post.reference);
        self.post.distribute(self.registry, dn, (function, event), addressed, |writer, own| {
            let reference = reference.filter(|_| own);
            CallEvent { state, echo, reference, ..CallEvent::new(call, Some(side)) }.write(writer);
        })?;
        Ok(())
    }
}
