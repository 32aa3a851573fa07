//! A sink that keeps rows in memory, and does what the statements of changes say without a database.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tbus_db::{Table, Value};
use tbus_recorder::interpret::{Change, Decision, Outcome, Remark, Sink, Update};

/// A value of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Time(i64),
}

impl From<&Value<'_>> for Cell {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(*number),
            Value::Text(text) => Self::Text((*text).to_owned()),
            Value::Time(time) => Self::Time(*time),
        }
    }
}

pub(crate) type Row = BTreeMap<&'static str, Cell>;

/// Tables in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) tables: BTreeMap<&'static str, Vec<Row>>,
    /// What became of pairs, a line each.
    pub(crate) decisions: Vec<String>,
}

impl Sink for Memory {
    type Error = Infallible;

    fn insert(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), Infallible> {
        assert_eq!(values.len(), table.columns.len(), "{}", table.name);
        let row = table.columns.iter().map(|column| column.name).zip(values.iter().map(Cell::from)).collect();
        self.tables.entry(table.name).or_default().push(row);
        Ok(())
    }

    fn update(&mut self, update: Update<'_>) -> Result<(), Infallible> {
        let Update { change, values } = update;
        let last = |columns: &[&'static str]| columns.to_vec();
        match change {
            Change::CallEnded => {
                self.set(
                    "G_CALL",
                    &[("STATE", Cell::Int(2))],
                    &last(&ENDED),
                    values,
                    &["CALLID", "GSYS_SEQ"],
                );
            }
            Change::CallReopened => {
                let fixed = [
                    ("STATE", Cell::Int(1)),
                    ("TERMINATED", Cell::Null),
                    ("TERMINATED_TS", Cell::Null),
                    ("TERMINATED_TCODE", Cell::Null),
                ];
                self.set("G_CALL", &fixed, &["GSYS_USEQ"], values, &["CALLID", "GSYS_SEQ"]);
            }
            Change::PartyChanged => {
                self.set("TBUS_PARTY", &[], &["STATE", "CHANGED", "SEQ"], values, &["DN", "CALLSEQ"]);
            }
            Change::PartyForgotten => {
                let (dn, call) = (Cell::from(&values[0]), Cell::from(&values[1]));
                let rows = self.tables.entry("TBUS_PARTY").or_default();
                rows.retain(|row| row["DN"] != dn || row["CALLSEQ"] != call);
            }
            Change::PartiesForgotten => {
                let number = |cell: &Cell| if let Cell::Int(number) = cell { *number } else { i64::MAX };
                let limit = number(&Cell::from(&values[0]));
                let rows = self.tables.entry("TBUS_PARTY").or_default();
                rows.retain(|row| number(&row["STATE"]) < 3 || number(&row["SEQ"]) > limit);
            }
            Change::LastValue | Change::LastSecureValue => {
                let columns: Vec<_> = [&AUTHOR[..], &["VALUE", "CSEQ"], &TAIL].concat();
                let fixed = [("CHANGETYPE", Cell::Int(3))];
                self.set(history(change), &fixed, &columns, values, &["CALLID", "GSYS_SEQ"]);
            }
            Change::LastDeleted | Change::LastSecureDeleted => {
                let columns: Vec<_> = [&AUTHOR[..], &["CSEQ"], &TAIL].concat();
                let fixed = [("CHANGETYPE", Cell::Int(2))];
                self.set(history(change), &fixed, &columns, values, &["CALLID", "GSYS_SEQ"]);
            }
            Change::StateEnded => {
                let columns = ["ENDTIME", "ENDTIME_TS", "ENDTIME_TCODE", "GSYS_USEQ"];
                self.set("G_CUSTOM_STATES", &[], &columns, values, &["ENDPOINTDN", "GSYS_SEQ"]);
            }
            Change::StateFields => self.fields(values),
            Change::TimeCode => {
                let rows = self.tables.entry("G_TIMECODE").or_default();
                let row: Row = TIME_CODE.into_iter().zip(values.iter().map(Cell::from)).collect();
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
            Change::Sequence => {
                let columns = ["PRIMARYID", "SEQCOUNTER", "SEQCURRENT"];
                let row = columns.into_iter().zip(values.iter().map(Cell::from)).collect();
                self.tables.insert("G_PROV_CONTROL", vec![row]);
            }
        }
        Ok(())
    }

    fn decided(&mut self, decision: &Decision<'_>) {
        let key: String = decision.key.escape_ascii().to_string().chars().take(40).collect();
        let outcome = match decision.outcome {
            Outcome::Stored { table, cut, key_cut } => {
                let cut = cut.map(|cut| format!(", cut from {}", cut.from)).unwrap_or_default();
                let key_cut = key_cut.map(|cut| format!(", key cut from {}", cut.from)).unwrap_or_default();
                format!("{table}{cut}{key_cut}")
            }
            Outcome::Dropped(reason) => format!("- {reason}"),
        };
        self.decisions.push(format!("{}\t{key}\t{outcome}", decision.source.name()));
    }

    fn remarked(&mut self, remark: Remark) {
        self.decisions.push(format!("{remark:?}"));
    }
}

const ENDED: [&str; 4] = ["TERMINATED", "TERMINATED_TS", "TERMINATED_TCODE", "GSYS_USEQ"];
const AUTHOR: [&str; 3] = ["PARTYID", "ENDPOINTID", "ENDPOINTDN"];
const TAIL: [&str; 7] =
    ["ADDED", "ADDED_TS", "ADDED_TCODE", "GSYS_DOMAIN", "GSYS_USEQ", "GSYS_EXT_VCH1", "GSYS_EXT_INT1"];
const TIME_CODE: [&str; 7] = ["ID", "TC_YEAR", "TC_MONTH", "TC_DAY", "TC_HOUR", "TC_MINUTE", "TC_WEEKDAY"];

fn history(change: Change) -> &'static str {
    match change {
        Change::LastSecureValue | Change::LastSecureDeleted => "G_SECURE_USERDATA_HISTORY",
        _ => "G_USERDATA_HISTORY",
    }
}

impl Memory {
    /// Sets columns of the one row that has the last values in its `keys`.
    fn set(
        &mut self,
        table: &'static str,
        fixed: &[(&'static str, Cell)],
        columns: &[&'static str],
        values: &[Value<'_>],
        keys: &[&'static str],
    ) {
        assert_eq!(values.len(), columns.len() + keys.len());
        let (new, wanted) = values.split_at(columns.len());
        let is_wanted =
            |row: &&mut Row| keys.iter().zip(wanted).all(|(key, value)| row[key] == Cell::from(value));
        let mut rows = self.tables.entry(table).or_default().iter_mut().filter(is_wanted);
        let row = rows.next().unwrap_or_else(|| panic!("no row of {table} has {wanted:?}"));
        row.extend(columns.iter().copied().zip(new.iter().map(Cell::from)));
        row.extend(fixed.iter().cloned());
        assert!(rows.next().is_none(), "more than one row of {table} has {wanted:?}");
    }

    fn fields(&mut self, values: &[Value<'_>]) {
        let (fields, rest) = values.split_at(16);
        let names: Vec<&'static str> = tbus_recorder::idb::G_CUSTOM_STATES
            .columns
            .iter()
            .map(|column| column.name)
            .filter(|name| name.starts_with("CUST_DATA_"))
            .collect();
        let given = names.iter().zip(fields).filter(|(_, value)| **value != Value::Null);
        let (columns, mut values): (Vec<_>, Vec<_>) = given.map(|(name, value)| (*name, *value)).unzip();
        values.extend_from_slice(rest);
        let columns = [&columns[..], &["GSYS_USEQ"]].concat();
        self.set("G_CUSTOM_STATES", &[], &columns, &values, &["ENDPOINTDN", "GSYS_SEQ"]);
    }
}
