//! Calls: two parties, the caller and whom it called. Consultations, conferences and transfers are not simulated.

use std::collections::HashMap;

use tlib_proto::enums::{AddressStatusInfo, DnRole, PartyState};
use tlib_proto::{ErrorCode, KvList};

use crate::DnName;
use crate::refusal::Refusal;
use crate::registry::{DnId, Registry};

pub(crate) mod events;
mod requests;
#[cfg(test)]
mod tests;

/// Most calls at a time (chosen), so that no client fills the memory.
const CALL_LIMIT: usize = 100_000;

/// Most calls of one DN that is no queue, all but one on hold (chosen).
const DN_CALL_LIMIT: usize = 64;

/// Where ConnIDs count from (chosen), plus the switch's [`start`](Calls::start) from bit 16 up: they look like ConnIDs
/// in logs, and no two calls share one.
const FIRST_CONN_ID: u64 = 0x0067_0000_0000_0000;

/// Which of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    pub(crate) const fn role(self) -> DnRole {
        match self {
            Self::Caller => DnRole::ORIGINATION,
            Self::Callee => DnRole::DESTINATION,
        }
    }
}

/// What a party is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The caller, while the other one rings or waits in a queue.
    Dialing,
    /// The caller, while it hears that the other one is busy.
    HearsBusy,
    Ringing,
    Queued,
    Connected,
    Held,
    /// Was called, but is busy: only its name is part of the call.
    Absent,
}

impl State {
    /// The value of a `ps-%d` pair: the reported bits of PartyState (facts 2; which state is which is chosen).
    pub(crate) const fn party_state(self) -> i32 {
        match self {
            Self::Dialing => PartyState::INITIATED.0,
            Self::HearsBusy => PartyState::BUSY.0,
            Self::Ringing => PartyState::ALERTING.0,
            Self::Queued => PartyState::QUEUED.0,
            Self::Connected => PartyState::CONNECTED.0,
            Self::Held => PartyState::HELD.0,
            Self::Absent => PartyState::NULL.0,
        }
    }

    /// The status of a DN whose only call this is (chosen).
    pub(crate) const fn address_status(self) -> AddressStatusInfo {
        match self {
            Self::Dialing | Self::HearsBusy => AddressStatusInfo::DIALING,
            Self::Ringing => AddressStatusInfo::RINGING,
            Self::Connected => AddressStatusInfo::TALKING,
            Self::Held => AddressStatusInfo::HELD,
            Self::Queued | Self::Absent => AddressStatusInfo::IDLE,
        }
    }
}

/// One end of a call.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) dn: DnId,
    pub(crate) name: DnName,
    pub(crate) state: State,
}

/// A call. Cloning it copies no user data.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// CallID.
    pub(crate) number: u32,
    pub(crate) conn_id: u64,
    pub(crate) user_data: KvList,
    pub(crate) caller: Party,
    pub(crate) callee: Party,
}

impl Call {
    pub(crate) const fn party(&self, side: Side) -> &Party {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    fn party_mut(&mut self, side: Side) -> &mut Party {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
    }

    /// Those who take part, the caller first.
    pub(crate) fn sides(&self) -> impl Iterator<Item = Side> {
        [Side::Caller, Side::Callee].into_iter().filter(|side| self.party(*side).state != State::Absent)
    }

    /// The end of the call that is at this DN.
    pub(crate) fn party_of(&self, dn: DnId) -> Option<(Side, &Party)> {
        self.sides().map(|side| (side, self.party(side))).find(|(_, party)| party.dn == dn)
    }

    /// CallUUID: 32 characters from a counter (chosen; the vendor's are random).
    pub(crate) fn uuid(&self) -> String {
        format!("{:032X}", self.conn_id)
    }
}

/// All calls.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    by_conn_id: HashMap<u64, Call>,
    /// How many there have been.
    made: u64,
    /// When the switch was started, in seconds since 1970: a switch that is started again gives other ConnIDs.
    pub(crate) start: u32,
}

impl Calls {
    pub(crate) fn get(&self, conn_id: u64) -> Option<&Call> {
        self.by_conn_id.get(&conn_id)
    }

    /// Whether the DN has a call that is not on hold.
    fn is_active(&self, registry: &Registry, dn: DnId) -> bool {
        let mut states = registry.calls(dn).iter().filter_map(|conn| self.get(*conn)?.party_of(dn));
        states.any(|(_, party)| party.state != State::Held)
    }

    /// Whether a call can ring at the DN, which is no queue.
    fn can_ring(&self, registry: &Registry, dn: DnId) -> bool {
        registry.calls(dn).len() < DN_CALL_LIMIT && !self.is_active(registry, dn)
    }

    /// The call that would be next; [`Calls::add`] makes it real.
    fn plan(
        &self,
        registry: &Registry,
        caller: Party,
        callee: Party,
        user_data: KvList,
    ) -> Result<Call, Refusal> {
        if self.by_conn_id.len() >= CALL_LIMIT {
            let text = format!("there are {CALL_LIMIT} calls already");
            return Err(Refusal::new(ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE, text));
        }
        if registry.calls(caller.dn).len() >= DN_CALL_LIMIT {
            let text = format!("DN {} has {DN_CALL_LIMIT} calls already", caller.name);
            return Err(Refusal::new(ErrorCode::CSTA_GENERIC_SYSTEM_RESOURCE, text));
        }
        let first = FIRST_CONN_ID | u64::from(self.start) << 16;
        let conn_id = first.wrapping_add(self.made).wrapping_add(1);
        let number = u32::try_from(conn_id & 0xFFFF_FFFF).unwrap_or_default();
        Ok(Call { number, conn_id, user_data, caller, callee })
    }

    fn add(&mut self, registry: &mut Registry, call: Call) {
        for side in call.sides() {
            if let Some(activity) = registry.activity_mut(call.party(side).dn) {
                activity.calls.push(call.conn_id);
            }
        }
        self.made = self.made.wrapping_add(1);
        self.by_conn_id.insert(call.conn_id, call);
    }

    /// Puts a changed call in the place of what it was.
    pub(crate) fn update(&mut self, call: Call) {
        self.by_conn_id.insert(call.conn_id, call);
    }

    fn end(&mut self, registry: &mut Registry, call: &Call) {
        for side in call.sides() {
            if let Some(activity) = registry.activity_mut(call.party(side).dn) {
                activity.calls.retain(|conn| *conn != call.conn_id);
            }
        }
        self.by_conn_id.remove(&call.conn_id);
    }
}
