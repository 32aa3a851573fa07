//! Which DNs are in which calls, and the last call of each (facts 2.3).

use std::collections::HashMap;
use std::sync::Arc;

use tbus_db::Value;

use super::Sink;
use super::change::{Change, Update};
use super::context::Hex;
use super::sequence::Sequence;
use crate::idb::{TBUS_PARTY, TbusParty};

/// As many DNs are remembered (chosen). Those whose calls ended longest ago are forgotten first.
const DN_LIMIT: usize = 100_000;

/// What a DN does in a call; the numbers are those of TBUS_PARTY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Presence {
    In = 1,
    OnHold = 2,
    Left = 3,
    /// It was in the call when a new session ended that; nobody has heard it leave.
    Cut = 4,
}

impl Presence {
    pub(super) fn from_number(number: i64) -> Option<Self> {
        [Self::In, Self::OnHold, Self::Left, Self::Cut]
            .into_iter()
            .find(|presence| *presence as i64 == number)
    }

    /// Whether the DN is in the call, as far as is known.
    pub(super) fn is_here(self) -> bool {
        matches!(self, Self::In | Self::OnHold)
    }
}

/// A DN in a call.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// GSYS_SEQ of the call.
    pub(super) call: i64,
    pub(super) callid: Arc<str>,
    pub(super) presence: Presence,
    /// When it became so, and its place in the order of changes.
    pub(super) at: i64,
    pub(super) number: i64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Parties {
    dns: HashMap<Arc<str>, Vec<Seat>>,
}

impl Parties {
    /// The call that an event on this DN belongs to: the active one, else one on hold, else the last one that ended
    /// before it.
    pub(super) fn call_of(&self, dn: &str, at: i64) -> Option<&Seat> {
        let seats = self.dns.get(dn)?;
        let before = |seat: &&Seat| seat.presence != Presence::Left || seat.at <= at;
        // Of those that are over the last one counts, however it ended.
        let rank = |seat: &&Seat| (seat.presence.min(Presence::Left), std::cmp::Reverse(seat.number));
        seats.iter().filter(before).min_by_key(rank)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dns.is_empty()
    }

    /// What a DN does in a call.
    pub(super) fn presence(&self, dn: &str, call: i64) -> Option<Presence> {
        self.dns.get(dn)?.iter().find(|seat| seat.call == call).map(|seat| seat.presence)
    }

    /// Whether a DN was in a call of this name and has left it, as far as that is remembered.
    pub(super) fn has_left(&self, dn: &str, callid: &str) -> bool {
        let left = |seat: &Seat| seat.presence == Presence::Left && &*seat.callid == callid;
        self.dns.get(dn).is_some_and(|seats| seats.iter().any(left))
    }

    /// Puts a row of the database back.
    pub(super) fn restore(&mut self, dn: &str, seat: Seat) -> Arc<str> {
        let name = match self.dns.get_key_value(dn) {
            Some((name, _)) => Arc::clone(name),
            None => dn.into(),
        };
        self.dns.entry(Arc::clone(&name)).or_default().push(seat);
        name
    }

    /// A DN comes into a call for the first time.
    pub(super) fn join<S: Sink>(
        &mut self,
        dn: &str,
        mut seat: Seat,
        conn_id: Option<u64>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<Arc<str>, S::Error> {
        if self.dns.len() >= DN_LIMIT && !self.dns.contains_key(dn) {
            self.forget_oldest(sink)?;
        }
        seat.number = sequence.next();
        let conn_id = conn_id.map(Hex::new);
        let row = TbusParty {
            dn,
            callid: &seat.callid,
            connid: conn_id.as_ref().map(Hex::as_str),
            callseq: seat.call,
            state: seat.presence as i32,
            changed: seat.at,
            seq: seat.number,
        };
        sink.insert(&TBUS_PARTY, &row.values())?;
        Ok(self.restore(dn, seat))
    }

    /// A DN that is in a call, or was, does something else in it. Nothing is written where nothing is different.
    pub(super) fn change<S: Sink>(
        &mut self,
        dn: &str,
        call: i64,
        presence: Presence,
        at: i64,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let Some(seats) = self.dns.get_mut(dn) else { return Ok(()) };
        let last = seats.iter().filter(|seat| seat.presence == presence).map(|seat| seat.number).max();
        let Some(seat) = seats.iter_mut().find(|seat| seat.call == call) else { return Ok(()) };
        if seat.presence == presence && (!presence.is_here() || last == Some(seat.number)) {
            return Ok(());
        }
        seat.presence = presence;
        seat.at = at;
        seat.number = sequence.next();
        let values = [
            Value::Int(presence as i64),
            Value::Time(at),
            Value::Int(seat.number),
            Value::Text(dn),
            Value::Int(call),
        ];
        sink.update(Update { change: Change::PartyChanged, values: &values })
    }

    /// Forgets what a DN has had before its last call, but for calls to which data can still come.
    pub(super) fn prune<S: Sink>(
        &mut self,
        dn: &str,
        is_remembered: impl Fn(i64) -> bool,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let Some(seats) = self.dns.get_mut(dn) else { return Ok(()) };
        let gone = |seat: &Seat| !seat.presence.is_here();
        let newest = seats.iter().filter(|seat| gone(seat)).map(|seat| seat.number).max();
        let mut done = Ok(());
        seats.retain(|seat| {
            let keep = !gone(seat) || newest == Some(seat.number) || is_remembered(seat.call);
            if !keep && done.is_ok() {
                let values = [Value::Text(dn), Value::Int(seat.call)];
                done = sink.update(Update { change: Change::PartyForgotten, values: &values });
            }
            keep
        });
        done
    }

    /// Forgets the older half of the calls that have ended.
    fn forget_oldest<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let ended = |seat: &&Seat| !seat.presence.is_here();
        let mut numbers: Vec<_> = self.dns.values().flatten().filter(ended).map(|seat| seat.number).collect();
        let half = numbers.len() / 2;
        if numbers.is_empty() {
            return Ok(());
        }
        let (_, middle, _) = numbers.select_nth_unstable(half);
        let limit = *middle;
        self.dns.retain(|_, seats| {
            seats.retain(|seat| seat.presence.is_here() || seat.number > limit);
            !seats.is_empty()
        });
        sink.update(Update { change: Change::PartiesForgotten, values: &[Value::Int(limit)] })
    }
}
