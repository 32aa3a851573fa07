//! Rows of combinations: found, or made.

use std::collections::HashMap;
use std::fmt::Write;

use tbus_db::{Database, DbError, Kind, Table, Transaction, Value};

use super::event::TEXT_MAX;
use super::rules::Reading;
use crate::keys::KEYS;
use crate::mart;

/// Combinations that are kept in memory; when there are more, all are forgotten and asked for again (chosen).
const KEPT: usize = 100_000;
/// What stands for a text that no event told.
const UNKNOWN: &str = "UNKNOWN";

/// Where a value of a combination comes from.
#[derive(Clone, Copy, Debug)]
enum Part {
    Text(usize),
    Number(usize),
}

/// One table of combinations.
#[derive(Debug)]
pub(crate) struct Dimension {
    table: &'static Table,
    find: &'static str,
    /// What fills the columns beside ID and CREATE_AUDIT_KEY, in their order.
    parts: Vec<Part>,
    known: HashMap<String, i32>,
    last: i32,
    scratch: String,
}

/// A table, the statement that finds a row, and that for its highest ID.
type Of = (&'static Table, &'static str, &'static str);

/// The tables of combinations.
const ALL: [Of; 5] = [
    (
        &mart::CALLBACK_DIM_1,
        include_str!("../../sql/etl/find_callback_dim_1.sql"),
        include_str!("../../sql/etl/last_callback_dim_1.sql"),
    ),
    (
        &mart::CALLBACK_DIM_2,
        include_str!("../../sql/etl/find_callback_dim_2.sql"),
        include_str!("../../sql/etl/last_callback_dim_2.sql"),
    ),
    (
        &mart::CALLBACK_DIM_3,
        include_str!("../../sql/etl/find_callback_dim_3.sql"),
        include_str!("../../sql/etl/last_callback_dim_3.sql"),
    ),
    (
        &mart::CALLBACK_DIM_4,
        include_str!("../../sql/etl/find_callback_dim_4.sql"),
        include_str!("../../sql/etl/last_callback_dim_4.sql"),
    ),
    (
        &mart::CALLBACK_DIAL_RESULTS,
        include_str!("../../sql/etl/find_callback_dial_results.sql"),
        include_str!("../../sql/etl/last_callback_dial_results.sql"),
    ),
];

/// Columns that no event fills.
const OURS: [&str; 2] = ["ID", "CREATE_AUDIT_KEY"];

impl Dimension {
    /// All tables of combinations, in the order CALLBACK_DIM_1 to _4, CALLBACK_DIAL_RESULTS.
    pub(crate) fn all(database: &mut Database) -> Result<Vec<Self>, DbError> {
        ALL.iter().map(|of| Self::new(database, of)).collect()
    }

    fn new(database: &mut Database, (table, find, last): &Of) -> Result<Self, DbError> {
        let parts = table.columns.iter().filter(|column| !OURS.contains(&column.name));
        let parts = parts.filter_map(|column| {
            let target = format!("{}.{}", table.name, column.name);
            let slot = KEYS.iter().position(|key| key.targets.contains(&target.as_str()))?;
            Some(if column.kind == Kind::Int4 { Part::Number(slot) } else { Part::Text(slot) })
        });
        let parts = parts.collect();
        let rows = database.query(last, &[])?;
        let last = rows.first().map_or(Ok(0), |row| row.int(0))?;
        Ok(Self {
            table,
            find,
            parts,
            known: HashMap::new(),
            last: i32::try_from(last).unwrap_or(i32::MAX),
            scratch: String::new(),
        })
    }

    /// The table.
    pub(crate) fn name(&self) -> &'static str {
        self.table.name
    }

    /// The ID of the combination of an event, whose row is made if there is none.
    pub(crate) fn key(
        &mut self,
        reading: &Reading<'_>,
        audit: i64,
        tx: &mut Transaction<'_>,
    ) -> Result<i32, DbError> {
        self.scratch.clear();
        for part in &self.parts {
            // A NUL cannot be in a value: it was cut there.
            let _ = match part {
                Part::Text(slot) => write!(self.scratch, "{}\0", text(reading, *slot)),
                Part::Number(slot) => write!(self.scratch, "{}\0", reading.number(*slot)),
            };
        }
        if let Some(id) = self.known.get(&self.scratch) {
            return Ok(*id);
        }
        let mut values: Vec<Value<'_>> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(slot) => Value::Text(text(reading, *slot)),
                Part::Number(slot) => Value::Int(reading.number(*slot).into()),
            })
            .collect();
        let found = tx.query(self.find, &values)?;
        let id = match found.first() {
            Some(row) => i32::try_from(row.int(0)?).unwrap_or_default(),
            None => {
                self.last = self.last.saturating_add(1);
                for (at, column) in self.table.columns.iter().enumerate() {
                    match column.name {
                        "ID" => values.insert(at, Value::Int(self.last.into())),
                        "CREATE_AUDIT_KEY" => values.insert(at, Value::Int(audit)),
                        _ => {}
                    }
                }
                tx.row(self.table, &values)?;
                self.last
            }
        };
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        self.known.insert(self.scratch.clone(), id);
        Ok(id)
    }
}

/// The text of a key, or what stands for none.
fn text<'e>(reading: &Reading<'e>, slot: usize) -> &'e str {
    const { assert!(UNKNOWN.len() <= TEXT_MAX) }
    reading.event.text(slot).unwrap_or(UNKNOWN)
}
