//! What becomes of a pair.

use std::fmt;

use tlib_proto::ValueRef;

use crate::adata::Source;

/// Where a pair stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairSource {
    /// UserData of an EventUserEvent.
    UserEvent,
    /// Attached data of a call's event.
    Call(Source),
}

impl PairSource {
    /// What to call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserEvent => "userevent",
            Self::Call(source) => source.name(),
        }
    }
}

/// What became of one pair in one table.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Where the pair stood.
    pub source: PairSource,
    /// Its key, as it came.
    pub key: &'a [u8],
    /// Its value, as it came. `None` for a key that a call has lost.
    pub value: Option<ValueRef<'a>>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A text that was longer than its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many characters it had.
    pub from: usize,
    /// How many it has now.
    pub to: usize,
}

/// Stored, and where; or not, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A row has it.
    Stored {
        /// The table.
        table: &'static str,
        /// When the value was cut.
        cut: Option<Cut>,
        /// When the key was cut.
        key_cut: Option<Cut>,
    },
    /// No row has it.
    Dropped(Reason),
}

/// Something about an event as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remark {
    /// A user event without ThisDN; its rows have no ENDPOINTDN.
    NoThisDn,
}

/// Why a pair is in no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Its value is a list (facts 2.4).
    NestedList,
    /// Its value is binary, or of a kind without a text (chosen).
    Binary,
    /// `store-event-data = none`.
    StoreEventDataNone,
    /// `store-event-data = conf`, and `EventData` does not name the key.
    NotInEventData,
    /// The same key stood before it in the same list; the first is stored (chosen).
    Duplicate,
    /// Neither the specification nor `adata-*-history` wants the key.
    NotInSpecification,
    /// The specification names the key with history none.
    HistoryNone,
    /// History first, and the call has a value of it.
    NotFirst,
    /// The call has this value already.
    Unchanged,
    /// The event names no call, or one that has been forgotten.
    NoCall,
    /// `role` leaves out gud.
    RoleOff,
    /// More keys than are kept for one call (chosen).
    TooManyKeys,
    /// The value of a state's key is neither `+` nor `-`.
    NotPlusOrMinus,
    /// `-` for a state that is not open on this DN, or a field without an open state.
    NoOpenState,
    /// `+` for a state that is open on this DN.
    AlreadyOpen,
    /// A state without a DN: the event has no ThisDN.
    NoThisDn,
}

impl Reason {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 16] = [
        Self::NestedList,
        Self::Binary,
        Self::StoreEventDataNone,
        Self::NotInEventData,
        Self::Duplicate,
        Self::NotInSpecification,
        Self::HistoryNone,
        Self::NotFirst,
        Self::Unchanged,
        Self::NoCall,
        Self::RoleOff,
        Self::TooManyKeys,
        Self::NotPlusOrMinus,
        Self::NoOpenState,
        Self::AlreadyOpen,
        Self::NoThisDn,
    ];

    /// A short text for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NestedList => "nested list",
            Self::Binary => "binary",
            Self::StoreEventDataNone => "store-event-data is none",
            Self::NotInEventData => "not in EventData",
            Self::Duplicate => "duplicate key",
            Self::NotInSpecification => "not in the specification",
            Self::HistoryNone => "history none",
            Self::NotFirst => "not the first value",
            Self::Unchanged => "unchanged",
            Self::NoCall => "no call",
            Self::RoleOff => "role without gud",
            Self::TooManyKeys => "too many keys in the call",
            Self::NotPlusOrMinus => "neither + nor -",
            Self::NoOpenState => "no open state",
            Self::AlreadyOpen => "state open already",
            Self::NoThisDn => "no ThisDN",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}
