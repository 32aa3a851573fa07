//! How long calls are remembered, and how they come back from the database.

use std::sync::Arc;

use super::{CUT_MEMORY, Calls, Ending};
use crate::interpret::Sink;
use crate::interpret::parties::Seat;
use crate::interpret::sequence::Sequence;
use crate::time::Moment;

impl Calls {
    pub(super) fn make_room<S: Sink>(
        &mut self,
        moment: Moment,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let ended = self.ended.pop_front().or_else(|| self.cut.pop_front());
        let ended = ended.map(|(_, id)| id).filter(|id| self.calls.contains_key(id));
        let Some(id) = ended.or_else(|| self.calls.keys().next().copied()) else { return Ok(()) };
        self.end(id, Ending::Over, moment, sequence, sink)?;
        self.forget(id, sink)
    }

    /// Forgets the calls that ended too long ago.
    pub(super) fn forget_ended<S: Sink>(&mut self, at: i64, sink: &mut S) -> Result<(), S::Error> {
        while let Some((ended, id)) = self.ended.front().copied() {
            if at <= ended.saturating_add(self.memory) {
                break;
            }
            self.ended.pop_front();
            // It may have gone on, and ended again later.
            if self.calls.get(&id).is_none_or(|call| call.ended != Some(ended)) {
                continue;
            }
            if self.is_cut(id) {
                self.cut.push_back((ended, id));
            } else {
                self.forget(id, sink)?;
            }
        }
        while let Some((ended, id)) = self.cut.front().copied() {
            if at <= ended.saturating_add(CUT_MEMORY) {
                break;
            }
            self.cut.pop_front();
            if self.calls.get(&id).is_some_and(|call| call.ended == Some(ended)) {
                self.forget(id, sink)?;
            }
        }
        Ok(())
    }

    fn forget<S: Sink>(&mut self, id: i64, sink: &mut S) -> Result<(), S::Error> {
        let Some(call) = self.calls.remove(&id) else { return Ok(()) };
        if self.by_id.get(&call.callid) == Some(&id) {
            self.by_id.remove(&call.callid);
        }
        if let Some(conn_id) = call.conn_id.filter(|conn_id| self.by_conn.get(conn_id) == Some(&id)) {
            self.by_conn.remove(&conn_id);
        }
        let calls = &self.calls;
        for dn in &call.parties {
            self.parties.prune(dn, |call| calls.contains_key(&call), sink)?;
        }
        Ok(())
    }

    /// Puts back what the database has, a DN at a time in the order of changes.
    pub(in crate::interpret) fn restore(&mut self, dn: &str, seat: Seat, conn_id: Option<u64>) {
        let (id, at, presence) = (seat.call, seat.at, seat.presence);
        if !self.calls.contains_key(&id) {
            self.remember(id, Arc::clone(&seat.callid), conn_id);
        }
        let dn = self.parties.restore(dn, seat);
        if let Some(call) = self.calls.get_mut(&id) {
            call.add(dn);
            if !presence.is_here() {
                // The last change is the end, whatever the clocks of servers and recorder say.
                call.ended = Some(at);
                self.ended.push_back((at, id));
            } else {
                call.present = call.present.saturating_add(1);
            }
        }
    }

    /// After the last [`Calls::restore`]: which calls have ended, and when.
    pub(in crate::interpret) fn restored(&mut self) {
        // Of calls with the same name the newest counts.
        let names: Vec<_> =
            self.calls.iter().map(|(id, call)| (*id, Arc::clone(&call.callid), call.conn_id)).collect();
        for (id, callid, conn_id) in names {
            self.by_id.insert(callid, id);
            if let Some(conn_id) = conn_id {
                self.by_conn.insert(conn_id, id);
            }
        }
        for call in self.calls.values_mut().filter(|call| call.present > 0) {
            call.ended = None;
        }
        let calls = &self.calls;
        self.ended.retain(|(at, id)| calls.get(id).is_some_and(|call| call.ended == Some(*at)));
    }
}
