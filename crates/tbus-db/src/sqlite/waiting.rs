//! The rows of one table that wait for their statement.

use std::ops::Range;

use crate::time::in_range;
use crate::value::{Column, Kind, Table, Value};

/// Bytes of text that may stay allocated when the rows have gone (chosen).
const KEEP: usize = 1024 * 1024;

/// The columns of a table that hold something in one row at least. The others are not worth their place in a statement:
/// one that is not named is NULL, and costs a fraction of one that is bound to NULL. The first column always counts, so
/// that there is one, and so do those from the 64th on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns(u64);

impl Columns {
    const NONE: Self = Self(1);

    #[inline]
    const fn add(&mut self, index: usize) {
        if index < 64 {
            self.0 |= 1 << index;
        }
    }

    #[inline]
    const fn has(self, index: usize) -> bool {
        index >= 64 || self.0 & (1 << index) != 0
    }

    /// The table's columns that are among them.
    pub(super) fn of(self, table: &Table) -> impl Iterator<Item = &'static Column> {
        table.columns.iter().enumerate().filter(move |(index, _)| self.has(*index)).map(|(_, column)| column)
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::NONE
    }
}

/// Rows that wait: what they hold is copied, because which statement takes them is known only when there are enough of
/// them or the transaction flushes.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    cells: Vec<Cell>,
    /// The texts, one after the other.
    texts: String,
    columns: usize,
    rows: usize,
    /// By all rows so far, also those that have gone: it settles, and with it the statements.
    used: Columns,
}

/// A value; a text is a piece of the texts.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Null,
    Int(i64),
    Text { start: usize, end: usize },
    Time(i64),
}

impl Waiting {
    /// The number of rows.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row; an error is the column's index, beyond the last when the number of values is wrong, and the reason.
    #[inline]
    pub(super) fn add(&mut self, table: &Table, values: &[Value<'_>]) -> Result<(), (usize, &'static str)> {
        let columns = table.columns;
        if values.len() != columns.len() {
            return Err((columns.len(), ""));
        }
        self.columns = columns.len();
        self.cells.reserve(columns.len());
        for (index, (value, column)) in values.iter().zip(columns).enumerate() {
            let wrong = |why| Err((index, why));
            if *value == Value::Null {
                self.cells.push(Cell::Null);
                continue;
            }
            self.used.add(index);
            let cell = match (*value, column.kind) {
                (Value::Null, _) => Cell::Null,
                (Value::Int(value), Kind::Int8) => Cell::Int(value),
                (Value::Int(value), Kind::Int4) if i32::try_from(value).is_ok() => Cell::Int(value),
                (Value::Text(text), Kind::Text) if !text.as_bytes().contains(&0) => {
                    let start = self.texts.len();
                    self.texts.push_str(text);
                    Cell::Text { start, end: self.texts.len() }
                }
                (Value::Time(micros), Kind::Time) if in_range(micros) => Cell::Time(micros),
                (Value::Int(_), Kind::Int4) => return wrong("the integer does not fit into 4 bytes"),
                (Value::Text(_), Kind::Text) => return wrong("the text has a U+0000 in it"),
                (Value::Time(_), Kind::Time) => return wrong("the time is not in the years 1 to 9999"),
                (Value::Int(_), _) => return wrong("an integer was given, which the column does not hold"),
                (Value::Text(_), _) => return wrong("a text was given, which the column does not hold"),
                (Value::Time(_), _) => return wrong("a time was given, which the column does not hold"),
            };
            self.cells.push(cell);
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns that have held something since the transaction began.
    #[inline]
    pub(super) const fn used(&self) -> Columns {
        self.used
    }

    /// The values of some rows in the used columns, row after row.
    #[inline]
    pub(super) fn values<'a>(&'a self, rows: Range<usize>) -> impl Iterator<Item = Value<'a>> {
        let cells = self.cells.get(rows.start * self.columns..rows.end * self.columns).unwrap_or_default();
        let used = self.used;
        let named = move |row: &'a [Cell]| {
            row.iter().enumerate().filter(move |(index, _)| used.has(*index)).map(|(_, cell)| cell)
        };
        cells.chunks(self.columns.max(1)).flat_map(named).map(|cell| match *cell {
            Cell::Null => Value::Null,
            Cell::Int(value) => Value::Int(value),
            Cell::Text { start, end } => Value::Text(self.texts.get(start..end).unwrap_or_default()),
            Cell::Time(micros) => Value::Time(micros),
        })
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.texts.clear();
        self.texts.shrink_to(KEEP);
        self.rows = 0;
    }
}
