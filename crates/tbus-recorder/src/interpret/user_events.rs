//! User events: their pairs become rows of G_CUSTOM_DATA_S, G_CUSTOM_DATA_P and G_CUSTOM_STATES (facts 2).

use std::collections::{HashMap, HashSet};

use tbus_db::{Table, Value};
use tlib_proto::{AttributeId, KvRef, PairRef};

use super::Sink;
use super::context::Context;
use super::decision::{Cut, Decision, Outcome, PairSource, Reason, Remark};
use super::duplicates::Duplicates;
use super::sequence::Sequence;
use super::states::{FIELDS, Field, OpenStates, Switch};
use super::text::{Content, content, text};
use crate::idb::{G_CUSTOM_DATA_P, G_CUSTOM_DATA_S, GCustomDataP, GCustomDataS, GCustomStates};
use crate::options::{Options, StoreEventData};

/// Columns of G_CUSTOM_DATA_S that differ from pair to pair.
const KEYNAME: usize = position(&G_CUSTOM_DATA_S, b"KEYNAME");
const VALUE: usize = position(&G_CUSTOM_DATA_S, b"VALUE");
const GSYS_SEQ: usize = position(&G_CUSTOM_DATA_S, b"GSYS_SEQ");

/// Position of a column; a name that is not there does not compile.
const fn position(table: &Table, name: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let column = table.columns[at].name.as_bytes();
        let mut same = 0;
        while same < name.len() && column.len() == name.len() && column[same] == name[same] {
            same += 1;
        }
        if same == name.len() {
            return at;
        }
        at += 1;
    }
}

/// What a key is for beside G_CUSTOM_DATA_S.
#[derive(Clone, Copy, Debug, Default)]
struct Special {
    /// Column of G_CUSTOM_DATA_P, from 0.
    principal: Option<usize>,
    /// Field of G_CUSTOM_STATES, from 0.
    field: Option<usize>,
    /// Code of a state that it begins and ends.
    state: Option<i32>,
}

/// What the options say of keys, ready for looking up.
#[derive(Clone, Debug)]
pub(super) struct KeyRules {
    store: StoreEventData,
    event_data: HashSet<String>,
    special: HashMap<String, Special>,
    is_on: bool,
}

impl KeyRules {
    pub(super) fn new(options: &Options) -> Self {
        let mut special: HashMap<String, Special> = HashMap::new();
        // CUST_DATA_1 is the first field.
        let column = |name: &str| name.rsplit('_').next()?.parse::<usize>().ok()?.checked_sub(1);
        for field in &options.global_data {
            special.entry(field.key.clone()).or_default().principal = column(&field.field);
        }
        for field in &options.agent_user_fields {
            special.entry(field.key.clone()).or_default().field = column(&field.field);
        }
        for state in &options.agent_record_user_types {
            special.entry(state.key.clone()).or_default().state = Some(state.code);
        }
        Self {
            store: options.store_event_data(),
            event_data: options.event_data.iter().cloned().collect(),
            special,
            is_on: options.roles.gud,
        }
    }

    /// Why a key does not go to G_CUSTOM_DATA_S; `None`: it does.
    #[inline]
    fn refusal(&self, key: &str) -> Option<Reason> {
        match self.store {
            StoreEventData::All => None,
            StoreEventData::None => Some(Reason::StoreEventDataNone),
            StoreEventData::Conf if self.event_data.contains(key) => None,
            StoreEventData::Conf => Some(Reason::NotInEventData),
        }
    }
}

/// What is used again from event to event.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) key: String,
    pub(super) value: String,
    duplicates: Duplicates,
}

/// Pairs that do not, or not only, go to G_CUSTOM_DATA_S.
#[derive(Default)]
struct Specials<'a> {
    /// Column, text, whether it was cut.
    principal: Vec<(usize, String, Option<Cut>, PairRef<'a>)>,
    switches: Vec<Switch<'a>>,
    fields: Vec<Field<'a>>,
}

/// One user event.
pub(super) struct UserEvent<'i> {
    pub(super) rules: &'i KeyRules,
    pub(super) scratch: &'i mut Scratch,
    pub(super) sequence: &'i mut Sequence,
    pub(super) states: &'i mut OpenStates,
}

impl UserEvent<'_> {
    pub(super) fn store<S: Sink>(
        &mut self,
        context: &Context<'_>,
        callid: Option<&str>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if context.dn.is_none() {
            sink.remarked(Remark::NoThisDn);
        }
        let Ok(Some(list)) = context.message.list(AttributeId::USER_DATA) else { return Ok(()) };
        if !self.rules.is_on {
            for pair in list.pairs() {
                decide(&pair, Outcome::Dropped(Reason::RoleOff), sink);
            }
            return Ok(());
        }
        let specials = self.pairs(list, context, callid, sink)?;
        if !specials.principal.is_empty() {
            self.principal(&specials, context, callid, sink)?;
        }
        if !specials.switches.is_empty() || !specials.fields.is_empty() {
            let Specials { switches, fields, .. } = &specials;
            self.states.apply(switches, fields, callid, context, self.sequence, sink)?;
        }
        Ok(())
    }

    /// Rows of G_CUSTOM_DATA_S, in the order of the pairs. Gives what else there is to do.
    fn pairs<'a, S: Sink>(
        &mut self,
        list: KvRef<'a>,
        context: &Context<'_>,
        callid: Option<&str>,
        sink: &mut S,
    ) -> Result<Specials<'a>, S::Error> {
        let mut specials = Specials::default();
        let Scratch { key: key_scratch, value: value_scratch, duplicates } = &mut *self.scratch;
        let template = GCustomDataS {
            callid,
            partyid: context.party.as_deref(),
            endpointid: Some(context.endpoint),
            endpointdn: context.dn.as_deref(),
            switchid: Some(context.switch),
            tenantid: Some(context.tenant),
            added: context.added(),
            gsys: context.gsys(0),
            ..GCustomDataS::default()
        };
        let template = template.values();
        duplicates.begin(list);
        for pair in list.pairs() {
            if duplicates.seen(list, pair.key) {
                decide(&pair, Outcome::Dropped(Reason::Duplicate), sink);
                continue;
            }
            let key = text(pair.key, GCustomDataS::KEYNAME_MAX, key_scratch);
            let special =
                if self.rules.special.is_empty() { None } else { self.rules.special.get(key.whole).copied() };
            if let Some(special) = special {
                specials.add(special, pair, value_scratch, sink);
            }
            let outcome = match self.rules.refusal(key.whole) {
                // What becomes of it is decided elsewhere.
                Some(_) if special.is_some() => continue,
                Some(reason) => Outcome::Dropped(reason),
                None => match content(pair.value, GCustomDataS::VALUE_MAX, value_scratch) {
                    Content::Text(value) => {
                        // Where a row differs from the others of its event; the array is copied, not filled anew.
                        let mut values = template;
                        values[KEYNAME] = Value::Text(key.text);
                        values[VALUE] = Value::Text(value.text);
                        values[GSYS_SEQ] = Value::Int(self.sequence.next());
                        sink.insert(&G_CUSTOM_DATA_S, &values)?;
                        Outcome::Stored { table: G_CUSTOM_DATA_S.name, cut: value.cut, key_cut: key.cut }
                    }
                    Content::List => Outcome::Dropped(Reason::NestedList),
                    Content::Binary => Outcome::Dropped(Reason::Binary),
                },
            };
            decide(&pair, outcome, sink);
        }
        Ok(specials)
    }

    /// One row of G_CUSTOM_DATA_P.
    fn principal<S: Sink>(
        &mut self,
        specials: &Specials<'_>,
        context: &Context<'_>,
        callid: Option<&str>,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let mut cust_data = [None; FIELDS];
        for (column, text, cut, pair) in &specials.principal {
            if let Some(column) = cust_data.get_mut(*column) {
                *column = Some(text.as_str());
            }
            decide(pair, Outcome::Stored { table: G_CUSTOM_DATA_P.name, cut: *cut, key_cut: None }, sink);
        }
        let row = GCustomDataP {
            callid,
            partyid: context.party.as_deref(),
            endpointid: Some(context.endpoint),
            endpointdn: context.dn.as_deref(),
            switchid: Some(context.switch),
            tenantid: Some(context.tenant),
            cust_data,
            added: context.added(),
            gsys: context.gsys(self.sequence.next()),
            ..GCustomDataP::default()
        };
        sink.insert(&G_CUSTOM_DATA_P, &row.values())
    }
}

impl<'a> Specials<'a> {
    fn add<S: Sink>(&mut self, special: Special, pair: PairRef<'a>, scratch: &mut String, sink: &mut S) {
        let most = GCustomDataP::CUST_DATA_MAX.min(GCustomStates::CUST_DATA_MAX);
        let value = match content(pair.value, most, scratch) {
            Content::Text(value) => value,
            Content::List => return decide(&pair, Outcome::Dropped(Reason::NestedList), sink),
            Content::Binary => return decide(&pair, Outcome::Dropped(Reason::Binary), sink),
        };
        if let Some(column) = special.principal {
            self.principal.push((column, value.text.to_owned(), value.cut, pair));
        }
        if let Some(column) = special.field {
            self.fields.push(Field { column, text: value.text.to_owned(), cut: value.cut, pair });
        }
        if let Some(code) = special.state {
            let begins = match value.whole {
                "+" => Some(true),
                "-" => Some(false),
                _ => None,
            };
            self.switches.push(Switch { code, begins, pair });
        }
    }
}

#[inline]
fn decide<S: Sink>(pair: &PairRef<'_>, outcome: Outcome, sink: &mut S) {
    let source = PairSource::UserEvent;
    sink.decided(&Decision { source, key: pair.key, value: Some(pair.value), outcome });
}
