//! What the machine knows, as the database has it. The only part that reads a database.

use std::hash::{BuildHasher, RandomState};

use tbus_db::{Database, DbError, Value};

use super::calls::{CUT_MEMORY, Calls};
use super::history::{DELETED, Slot, Twin};
use super::parties::{Presence, Seat};
use super::sequence::Sequence;
use super::states::OpenStates;
use crate::adata::Source;

const SEQUENCE: &str = include_str!("../../sql/interpret/load-sequence.sql");
const PARTIES: &str = include_str!("../../sql/interpret/load-parties.sql");
const HISTORY: &str = include_str!("../../sql/interpret/load-history.sql");
const SECURE_HISTORY: &str = include_str!("../../sql/interpret/load-secure-history.sql");
const STATES: &str = include_str!("../../sql/interpret/load-states.sql");

/// The longest that an ended call can be remembered, in microseconds: `call-deletion-timeout` is 3600 s at most.
const LONGEST_MEMORY: i64 = 3600 * 1_000_000;

#[derive(Clone, Debug)]
struct Party {
    dn: String,
    conn_id: Option<u64>,
    seat: Seat,
}

#[derive(Clone, Debug)]
struct Key {
    twin: Twin,
    call: i64,
    source: Source,
    key: String,
    value: Option<String>,
    is_present: bool,
    row: i64,
    change: i32,
}

/// What the database knows of calls, their attached data, custom states and the counter of GSYS_SEQ.
#[derive(Clone, Debug, Default)]
pub struct State {
    last: i64,
    parties: Vec<Party>,
    keys: Vec<Key>,
    states: Vec<(String, i32, i64)>,
}

impl State {
    /// Reads it. `icon` is the recorder's own DBID.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn load(database: &mut Database, icon: i32) -> Result<Self, DbError> {
        let mut state = Self::default();
        for row in database.query(SEQUENCE, &[Value::Int(icon.into())])?.iter() {
            state.last = row.int_or_null(0)?.unwrap_or_default();
        }
        for row in database.query(PARTIES, &[])?.iter() {
            let conn_id = row.text_or_null(2)?.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            // A row of a later version may have another state; it counts as one that has left.
            let presence = Presence::from_number(row.int(4)?).unwrap_or(Presence::Left);
            let (callid, call) = (row.text(1)?.into(), row.int(3)?);
            let seat = Seat { call, callid, presence, at: row.time(5)?, number: row.int(6)? };
            state.parties.push(Party { dn: row.text(0)?.to_owned(), conn_id, seat });
        }
        let newest = state.parties.iter().map(|party| party.seat.at).max();
        if let Some(newest) = newest {
            let since = [LONGEST_MEMORY, CUT_MEMORY].map(|memory| Value::Time(newest.saturating_sub(memory)));
            for (twin, sql) in Twin::BOTH.into_iter().zip([HISTORY, SECURE_HISTORY]) {
                state.keys(database, twin, sql, &since)?;
            }
        }
        for row in database.query(STATES, &[])?.iter() {
            let code = i32::try_from(row.int_or_null(1)?.unwrap_or_default()).unwrap_or_default();
            let dn = row.text_or_null(0)?.unwrap_or_default().to_owned();
            state.states.push((dn, code, row.int_or_null(2)?.unwrap_or_default()));
        }
        Ok(state)
    }

    fn keys(
        &mut self,
        database: &mut Database,
        twin: Twin,
        sql: &str,
        since: &[Value<'_>],
    ) -> Result<(), DbError> {
        for row in database.query(sql, since)?.iter() {
            let number = row.int_or_null(1)?.unwrap_or_default();
            let source = usize::try_from(number.saturating_sub(1)).ok().and_then(|at| Source::ALL.get(at));
            let Some(source) = source.copied() else { continue };
            let change = |column| -> Result<i32, DbError> {
                Ok(i32::try_from(row.int_or_null(column)?.unwrap_or_default()).unwrap_or_default())
            };
            self.keys.push(Key {
                twin,
                call: row.int(0)?,
                source,
                key: row.text_or_null(2)?.unwrap_or_default().to_owned(),
                value: row.text_or_null(3)?.map(str::to_owned),
                is_present: change(4)? != DELETED,
                row: row.int_or_null(5)?.unwrap_or_default(),
                change: change(6)?,
            });
        }
        Ok(())
    }
}

/// Puts a machine's parts where the database is.
pub(super) fn restore(
    state: State,
    hasher: &RandomState,
    sequence: &mut Sequence,
    calls: &mut Calls,
    states: &mut OpenStates,
) {
    *sequence = Sequence::after(state.last);
    for party in state.parties {
        calls.restore(&party.dn, party.seat, party.conn_id);
    }
    calls.restored();
    for key in state.keys {
        let Some(call) = calls.get_mut(key.call) else { continue };
        let hash = hasher.hash_one(key.value.as_deref().unwrap_or_default());
        let slot = Slot { row: key.row, hash, is_present: key.is_present };
        call.data.restore(key.source, &key.key, key.twin, slot, key.change);
    }
    for (dn, code, row) in state.states {
        states.restore(&dn, code, row);
    }
}
