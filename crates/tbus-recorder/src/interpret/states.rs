//! Custom states: rows of G_CUSTOM_STATES that user events begin, fill and end (facts 1.5, 2.1).

use std::collections::HashMap;

use tbus_db::Value;
use tlib_proto::PairRef;

use super::Sink;
use super::change::{Change, Update};
use super::context::Context;
use super::decision::{Cut, Decision, Outcome, PairSource, Reason};
use super::sequence::Sequence;
use crate::idb::{G_CUSTOM_STATES, GCustomStates};

/// As many open states are known (chosen).
const LIMIT: usize = 100_000;

/// Columns CUST_DATA_#.
pub(super) const FIELDS: usize = 16;

/// A pair that begins or ends a state.
pub(super) struct Switch<'a> {
    pub(super) code: i32,
    /// `+` begins, `-` ends; `None`: it says neither.
    pub(super) begins: Option<bool>,
    pub(super) pair: PairRef<'a>,
}

/// A pair for a field of open states.
pub(super) struct Field<'a> {
    /// From 0.
    pub(super) column: usize,
    pub(super) text: String,
    pub(super) cut: Option<Cut>,
    pub(super) pair: PairRef<'a>,
}

/// The states that are open: GSYS_SEQ of their rows, by DN and code.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenStates {
    dns: HashMap<String, Vec<(i32, i64)>>,
    count: usize,
}

impl OpenStates {
    /// Puts a row of the database back.
    pub(super) fn restore(&mut self, dn: &str, code: i32, row: i64) {
        self.dns.entry(dn.to_owned()).or_default().push((code, row));
        self.count = self.count.saturating_add(1);
    }

    /// What the pairs of one event mean: states begin, fields are filled, states end, in this order, whatever the order
    /// of the pairs is (chosen).
    pub(super) fn apply<S: Sink>(
        &mut self,
        switches: &[Switch<'_>],
        fields: &[Field<'_>],
        callid: Option<&str>,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let Some(dn) = context.dn.as_deref() else {
            for pair in
                switches.iter().map(|switch| &switch.pair).chain(fields.iter().map(|field| &field.pair))
            {
                decide(pair, Outcome::Dropped(Reason::NoThisDn), sink);
            }
            return Ok(());
        };
        let before = self.dns.get(dn).map_or(0, Vec::len);
        for switch in switches.iter().filter(|switch| switch.begins == Some(true)) {
            self.begin(dn, switch, fields, callid, context, sequence, sink)?;
        }
        self.fill(dn, before, fields, sequence, sink)?;
        for switch in switches {
            match switch.begins {
                Some(true) => {}
                Some(false) => self.end(dn, switch, context, sequence, sink)?,
                None => decide(&switch.pair, Outcome::Dropped(Reason::NotPlusOrMinus), sink),
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a pair, its event, and where it goes")]
    fn begin<S: Sink>(
        &mut self,
        dn: &str,
        switch: &Switch<'_>,
        fields: &[Field<'_>],
        callid: Option<&str>,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let open = self.dns.get(dn).map_or(&[][..], Vec::as_slice);
        let reason = match () {
            () if open.iter().any(|(code, _)| *code == switch.code) => Some(Reason::AlreadyOpen),
            () if self.count >= LIMIT => Some(Reason::TooManyKeys),
            () => None,
        };
        if let Some(reason) = reason {
            decide(&switch.pair, Outcome::Dropped(reason), sink);
            return Ok(());
        }
        let mut cust_data = [None; FIELDS];
        for field in fields {
            if let Some(column) = cust_data.get_mut(field.column) {
                *column = Some(field.text.as_str());
            }
        }
        let number = sequence.next();
        let row = GCustomStates {
            callid,
            partyid: context.party.as_deref(),
            endpointid: Some(context.endpoint),
            endpointdn: Some(dn),
            switchid: Some(context.switch),
            tenantid: Some(context.tenant),
            state: Some(switch.code),
            cust_data,
            starttime: Some(context.moment.at),
            starttime_ts: context.moment.seconds,
            starttime_tcode: context.moment.code,
            added: context.added(),
            gsys: context.gsys(number),
            ..GCustomStates::default()
        };
        sink.insert(&G_CUSTOM_STATES, &row.values())?;
        self.restore(dn, switch.code, number);
        decide(&switch.pair, stored(None), sink);
        Ok(())
    }

    /// Fills fields of the states that were open `before` this event; those that it has begun have them already.
    fn fill<S: Sink>(
        &self,
        dn: &str,
        before: usize,
        fields: &[Field<'_>],
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if fields.is_empty() {
            return Ok(());
        }
        let open = self.dns.get(dn).map_or(&[][..], Vec::as_slice);
        for field in fields {
            let outcome =
                if open.is_empty() { Outcome::Dropped(Reason::NoOpenState) } else { stored(field.cut) };
            decide(&field.pair, outcome, sink);
        }
        for (_, row) in open.iter().take(before) {
            let mut values = [Value::Null; FIELDS + 3];
            for field in fields {
                if let Some(value) = values.get_mut(field.column) {
                    *value = Value::Text(&field.text);
                }
            }
            let [.., number, endpoint, id] = &mut values;
            *number = Value::Int(sequence.next());
            *endpoint = Value::Text(dn);
            *id = Value::Int(*row);
            sink.update(Update { change: Change::StateFields, values: &values })?;
        }
        Ok(())
    }

    fn end<S: Sink>(
        &mut self,
        dn: &str,
        switch: &Switch<'_>,
        context: &Context<'_>,
        sequence: &mut Sequence,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let open = self.dns.get_mut(dn);
        let at = open.as_ref().and_then(|open| open.iter().position(|(code, _)| *code == switch.code));
        let (Some(open), Some(at)) = (open, at) else {
            decide(&switch.pair, Outcome::Dropped(Reason::NoOpenState), sink);
            return Ok(());
        };
        let (_, row) = open.remove(at);
        if open.is_empty() {
            self.dns.remove(dn);
        }
        self.count = self.count.saturating_sub(1);
        let optional = |number: Option<i32>| number.map_or(Value::Null, |number| Value::Int(number.into()));
        let moment = context.moment;
        let values = [
            Value::Time(moment.at),
            optional(moment.seconds),
            optional(moment.code),
            Value::Int(sequence.next()),
            Value::Text(dn),
            Value::Int(row),
        ];
        sink.update(Update { change: Change::StateEnded, values: &values })?;
        decide(&switch.pair, stored(None), sink);
        Ok(())
    }
}

fn stored(cut: Option<Cut>) -> Outcome {
    Outcome::Stored { table: G_CUSTOM_STATES.name, cut, key_cut: None }
}

fn decide<S: Sink>(pair: &PairRef<'_>, outcome: Outcome, sink: &mut S) {
    let source = PairSource::UserEvent;
    sink.decided(&Decision { source, key: pair.key, value: Some(pair.value), outcome });
}
