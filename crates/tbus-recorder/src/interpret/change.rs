//! Changes to rows that are there, and how they wait for the end of a transaction.

use tbus_db::{DbError, Transaction, Value};

/// Which rows change and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A call has ended: its row of G_CALL.
    CallEnded,
    /// An ended call goes on after all.
    CallReopened,
    /// A DN has left a call, holds it or is back in it: its row of TBUS_PARTY.
    PartyChanged,
    /// One DN's older call need not be remembered any more.
    PartyForgotten,
    /// Ended calls up to one number need not be remembered any more.
    PartiesForgotten,
    /// The last value of a key: the one row of G_USERDATA_HISTORY.
    LastValue,
    /// The same in G_SECURE_USERDATA_HISTORY.
    LastSecureValue,
    /// The key of such a row was deleted.
    LastDeleted,
    /// The same in G_SECURE_USERDATA_HISTORY.
    LastSecureDeleted,
    /// A state has ended: its row of G_CUSTOM_STATES.
    StateEnded,
    /// Fields of an open row of G_CUSTOM_STATES.
    StateFields,
    /// A five-minute step that G_TIMECODE must have; nothing happens when it is there.
    TimeCode,
    /// The counter of GSYS_SEQ in G_PROV_CONTROL.
    Sequence,
}

impl Change {
    /// The statement; its placeholders are the values of an [`Update`], in their order.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::CallEnded => include_str!("../../sql/interpret/call-ended.sql"),
            Self::CallReopened => include_str!("../../sql/interpret/call-reopened.sql"),
            Self::PartyChanged => include_str!("../../sql/interpret/party-changed.sql"),
            Self::PartyForgotten => include_str!("../../sql/interpret/party-forgotten.sql"),
            Self::PartiesForgotten => include_str!("../../sql/interpret/parties-forgotten.sql"),
            Self::LastValue => include_str!("../../sql/interpret/last-value.sql"),
            Self::LastSecureValue => include_str!("../../sql/interpret/last-secure-value.sql"),
            Self::LastDeleted => include_str!("../../sql/interpret/last-deleted.sql"),
            Self::LastSecureDeleted => include_str!("../../sql/interpret/last-secure-deleted.sql"),
            Self::StateEnded => include_str!("../../sql/interpret/state-ended.sql"),
            Self::StateFields => include_str!("../../sql/interpret/state-fields.sql"),
            Self::TimeCode => include_str!("../../sql/interpret/time-code.sql"),
            Self::Sequence => include_str!("../../sql/interpret/sequence.sql"),
        }
    }
}

/// One change: which statement, and its values.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Which statement.
    pub change: Change,
    /// Its values, in the order of its placeholders.
    pub values: &'a [Value<'a>],
}

/// A value of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Null,
    Int(i64),
    Text(Box<str>),
    Time(i64),
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text.into()),
            Value::Time(time) => Self::Time(time),
        }
    }
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Time(time) => Value::Time(*time),
        }
    }
}

/// Changes that wait until a transaction has all its inserts. As many as the transaction has events, at most a few for
/// each of them.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    changes: Vec<(Change, Vec<Owned>)>,
}

impl Changes {
    /// Keeps a copy of a change.
    pub fn push(&mut self, update: Update<'_>) {
        self.changes.push((update.change, update.values.iter().map(|value| Owned::from(*value)).collect()));
    }

    /// Applies the changes in their order.
    ///
    /// # Errors
    /// When the database does not take one.
    pub fn apply(self, transaction: &mut Transaction<'_>) -> Result<(), DbError> {
        let mut values = Vec::new();
        for (change, owned) in &self.changes {
            values.clear();
            values.extend(owned.iter().map(Owned::value));
            transaction.execute(change.sql(), &values)?;
        }
        Ok(())
    }
}
