//! Attached data of calls: which of its values become rows of G_USERDATA_HISTORY and its secure twin (facts 1.4, 3).

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tbus_db::{Table, Value};
use tlib_proto::{AttributeId, KvRef, MessageId, PairRef};

use super::Sink;
use super::calls::Call;
use super::change::{Change, Update};
use super::context::{Context, DN_MAX, attribute};
use super::decision::{Decision, Outcome, PairSource, Reason};
use super::sequence::Sequence;
use super::text::{Content, Text, content, text};
use crate::adata::{AttachedDataSpec, KeyRule, Source};
use crate::directory::Directory;
use crate::idb::{G_SECURE_USERDATA_HISTORY, G_USERDATA_HISTORY, GUserdataHistory};
use crate::options::{History, Options};

/// As many keys of a call are known (chosen).
const KEY_LIMIT: usize = 1000;

/// CHANGETYPE of the dictionary.
const CREATED: i32 = 1;
pub(super) const DELETED: i32 = 2;
const UPDATED: i32 = 3;

/// Which of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    Public,
    Secure,
}

impl Twin {
    pub(super) const BOTH: [Self; 2] = [Self::Public, Self::Secure];

    fn table(self) -> &'static Table {
        match self {
            Self::Public => &G_USERDATA_HISTORY,
            Self::Secure => &G_SECURE_USERDATA_HISTORY,
        }
    }

    fn change(self, is_deleted: bool) -> Change {
        match (self, is_deleted) {
            (Self::Public, false) => Change::LastValue,
            (Self::Public, true) => Change::LastDeleted,
            (Self::Secure, false) => Change::LastSecureValue,
            (Self::Secure, true) => Change::LastSecureDeleted,
        }
    }
}

/// What one table has of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    /// GSYS_SEQ of its last row; 0: none.
    pub(super) row: i64,
    /// Hash of the value as it is stored.
    pub(super) hash: u64,
    /// Whether the call has the key now.
    pub(super) is_present: bool,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The list that it was in last.
    list: u32,
    public: Slot,
    secure: Slot,
}

impl Known {
    fn slot(&mut self, twin: Twin) -> &mut Slot {
        match twin {
            Twin::Public => &mut self.public,
            Twin::Secure => &mut self.secure,
        }
    }
}

/// What is known of a call's attached data.
#[derive(Clone, Debug, Default)]
pub(super) struct CallData {
    /// By source, in the order of [`Source::ALL`].
    keys: [HashMap<Box<str>, Known>; 3],
    /// Number of the last list.
    list: u32,
    /// CSEQ of the last change.
    changes: i32,
}

impl CallData {
    /// Puts back what the database has of a key.
    pub(super) fn restore(&mut self, source: Source, key: &str, twin: Twin, slot: Slot, change: i32) {
        self.changes = self.changes.max(change);
        if let Some(keys) = self.keys.get_mut(source as usize) {
            *keys.entry(key.into()).or_default().slot(twin) = slot;
        }
    }
}

/// What the rules for attached data are made of.
pub(super) struct Attached<'i> {
    pub(super) options: &'i Options,
    pub(super) specification: &'i AttachedDataSpec,
    pub(super) directory: &'i Directory,
    pub(super) hasher: &'i RandomState,
    pub(super) key: &'i mut String,
    pub(super) value: &'i mut String,
}

/// The lists of a call's event, by source.
pub(super) fn lists<'a>(context: &Context<'a>) -> impl Iterator<Item = (Source, KvRef<'a>)> + use<'a> {
    let message = context.message;
    [
        (Source::UserData, AttributeId::USER_DATA),
        (Source::Reasons, AttributeId::REASON),
        (Source::Extensions, AttributeId::EXTENSIONS),
    ]
    .into_iter()
    .filter_map(move |(source, id)| Some((source, message.list(id).ok().flatten()?)))
}

/// Who has changed the data, as the rows say it (facts 1.2, row 5; 1.4, row 3).
struct Author<'a> {
    dn: Option<Cow<'a, str>>,
    endpoint: i32,
    party: Option<&'a str>,
}

impl<'a> Author<'a> {
    fn of(context: &'a Context<'a>, directory: &Directory) -> Self {
        let this = context.dn.as_deref();
        let is_change = context.message.id() == MessageId::EVENT_ATTACHED_DATA_CHANGED;
        let third = attribute(context.message, AttributeId::THIRD_PARTY_DN, DN_MAX);
        if let Some(dn) = third.filter(|_| is_change) {
            // The event has the PartyUUID of ThisDN only.
            let party = context.party.as_deref().filter(|_| this == Some(&*dn));
            return Self { endpoint: directory.dn(&dn), dn: Some(dn), party };
        }
        Self { dn: this.map(Cow::Borrowed), endpoint: context.endpoint, party: None }
    }
}

impl Attached<'_> {
    /// What becomes of a key: by the specification, else by `adata-*-history`, which knows the public table only.
    fn rule(&self, source: Source, key: &str) -> (Option<KeyRule>, History, History) {
        let rule = self.specification.rule(source, key);
        match rule {
            Some(KeyRule { public, secure }) => {
                (rule, public.unwrap_or_default(), secure.unwrap_or_default())
            }
            None => {
                let history = match source {
                    Source::UserData => self.options.adata_userdata_history,
                    Source::Reasons => self.options.adata_reasons_history,
                    Source::Extensions => self.options.adata_extensions_history,
                };
                (None, history, History::None)
            }
        }
    }

    /// One list of an event of a call.
    pub(super) fn list<S: Sink>(
        &mut self,
        source: Source,
        list: KvRef<'_>,
        call: &mut Call,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let author = Author::of(context, self.directory);
        let Call { callid, data, .. } = call;
        data.list = data.list.wrapping_add(1);
        let number = data.list;
        let most = self.options.max_userdata_length.min(GUserdataHistory::VALUE_MAX);
        let CallData { keys, changes, .. } = data;
        let Some(keys) = keys.get_mut(source as usize) else { return Ok(()) };
        let mut place = Place { callid, context, author: &author, source, changes, sequence };
        let mut key_scratch = std::mem::take(self.key);
        let mut value_scratch = std::mem::take(self.value);
        let done = list.pairs().try_for_each(|pair| {
            let key = text(pair.key, GUserdataHistory::KEYNAME_MAX, &mut key_scratch);
            let mut decide = |outcome| {
                let source = PairSource::Call(source);
                sink.decided(&Decision { source, key: pair.key, value: Some(pair.value), outcome });
            };
            let (rule, public, secure) = self.rule(source, key.whole);
            if public == History::None && secure == History::None {
                let reason = if rule.is_some() { Reason::HistoryNone } else { Reason::NotInSpecification };
                decide(Outcome::Dropped(reason));
                return Ok(());
            }
            let is_full = keys.len() >= KEY_LIMIT;
            let known = match keys.get_mut(key.text) {
                Some(known) => known,
                None if is_full => {
                    decide(Outcome::Dropped(Reason::TooManyKeys));
                    return Ok(());
                }
                None => keys.entry(key.text.into()).or_default(),
            };
            if known.list == number {
                decide(Outcome::Dropped(Reason::Duplicate));
                return Ok(());
            }
            known.list = number;
            let value = match content(pair.value, most, &mut value_scratch) {
                Content::Text(value) => value,
                Content::List => {
                    decide(Outcome::Dropped(Reason::NestedList));
                    return Ok(());
                }
                Content::Binary => {
                    decide(Outcome::Dropped(Reason::Binary));
                    return Ok(());
                }
            };
            let hash = self.hasher.hash_one(value.text);
            for (twin, history) in Twin::BOTH.into_iter().zip([public, secure]) {
                if history != History::None {
                    place.value(twin, history, &pair, key, value, hash, known.slot(twin), sink)?;
                }
            }
            Ok(())
        });
        *self.key = key_scratch;
        *self.value = value_scratch;
        done?;
        // Reasons and Extensions belong to their event; only UserData is what the call has.
        if source != Source::UserData {
            return Ok(());
        }
        let is_gone =
            |known: &Known| known.list != number && (known.public.is_present || known.secure.is_present);
        let mut gone: Vec<Box<str>> =
            keys.iter().filter(|(_, known)| is_gone(known)).map(|(key, _)| key.clone()).collect();
        gone.sort_unstable();
        for key in gone {
            let (_, public, secure) = self.rule(source, &key);
            let Some(known) = keys.get_mut(&key) else { continue };
            for (twin, history) in Twin::BOTH.into_iter().zip([public, secure]) {
                place.deleted(twin, history, &key, known.slot(twin), sink)?;
            }
        }
        Ok(())
    }
}

/// Where rows of a list belong.
struct Place<'p> {
    callid: &'p Arc<str>,
    context: &'p Context<'p>,
    author: &'p Author<'p>,
    source: Source,
    changes: &'p mut i32,
    sequence: &'p mut Sequence,
}

impl Place<'_> {
    /// A value of a key for one table.
    #[expect(clippy::too_many_arguments, reason = "a pair, its text, and where it goes")]
    fn value<S: Sink>(
        &mut self,
        twin: Twin,
        history: History,
        pair: &PairRef<'_>,
        key: Text<'_>,
        value: Text<'_>,
        hash: u64,
        slot: &mut Slot,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let same = slot.is_present && slot.hash == hash;
        let outcome = if same {
            Outcome::Dropped(Reason::Unchanged)
        } else if history == History::First && slot.row != 0 {
            Outcome::Dropped(Reason::NotFirst)
        } else {
            Outcome::Stored { table: twin.table().name, cut: value.cut, key_cut: key.cut }
        };
        let decision = Decision {
            source: PairSource::Call(self.source),
            key: pair.key,
            value: Some(pair.value),
            outcome,
        };
        sink.decided(&decision);
        if matches!(outcome, Outcome::Dropped(_)) {
            return Ok(());
        }
        let was_present = slot.is_present;
        slot.hash = hash;
        slot.is_present = true;
        *self.changes = self.changes.saturating_add(1);
        if history == History::Last && slot.row != 0 {
            return self.update(twin, Some(value.text), slot.row, sink);
        }
        let change = if was_present { UPDATED } else { CREATED };
        slot.row = self.insert(twin, key.text, Some(value.text), change, sink)?;
        Ok(())
    }

    /// A key that the call does not have any more.
    fn deleted<S: Sink>(
        &mut self,
        twin: Twin,
        history: History,
        key: &str,
        slot: &mut Slot,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if !std::mem::take(&mut slot.is_present) {
            return Ok(());
        }
        match history {
            History::None | History::First => return Ok(()),
            History::All => {
                *self.changes = self.changes.saturating_add(1);
                slot.row = self.insert(twin, key, None, DELETED, sink)?;
            }
            History::Last => {
                *self.changes = self.changes.saturating_add(1);
                self.update(twin, None, slot.row, sink)?;
            }
        }
        let outcome = Outcome::Stored { table: twin.table().name, cut: None, key_cut: None };
        let source = PairSource::Call(self.source);
        sink.decided(&Decision { source, key: key.as_bytes(), value: None, outcome });
        Ok(())
    }

    fn insert<S: Sink>(
        &mut self,
        twin: Twin,
        key: &str,
        value: Option<&str>,
        change: i32,
        sink: &mut S,
    ) -> Result<i64, S::Error> {
        let number = self.sequence.next();
        let row = GUserdataHistory {
            callid: self.callid,
            partyid: self.author.party,
            endpointid: Some(self.author.endpoint),
            endpointdn: self.author.dn.as_deref(),
            switchid: Some(self.context.switch),
            tenantid: Some(self.context.tenant),
            keyname: Some(key),
            value,
            changetype: Some(change),
            source: Some(self.source as i32 + 1),
            cseq: Some(*self.changes),
            added: self.context.added(),
            gsys: self.context.gsys(number),
            ..GUserdataHistory::default()
        };
        sink.insert(twin.table(), &row.values())?;
        Ok(number)
    }

    /// Changes the one row of history last; without a value the key was deleted.
    fn update<S: Sink>(
        &mut self,
        twin: Twin,
        value: Option<&str>,
        row: i64,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let int = |number: Option<i32>| number.map_or(Value::Null, |number| Value::Int(number.into()));
        let context = self.context;
        let head = [
            text_value(self.author.party),
            Value::Int(self.author.endpoint.into()),
            text_value(self.author.dn.as_deref()),
        ];
        let tail = [
            Value::Int((*self.changes).into()),
            Value::Time(context.moment.at),
            int(context.moment.seconds),
            int(context.moment.code),
            Value::Int(context.session.into()),
            Value::Int(self.sequence.next()),
            text_value(context.sequence()),
            int(context.sequence_low()),
            Value::Text(self.callid),
            Value::Int(row),
        ];
        let values: Vec<Value<'_>> = head.into_iter().chain(value.map(Value::Text)).chain(tail).collect();
        sink.update(Update { change: twin.change(value.is_none()), values: &values })
    }
}

fn text_value(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}
