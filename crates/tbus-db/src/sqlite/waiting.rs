//! The rows of one table that wait for their statement.

use std::ops::Range;

use crate::time::in_range;
use crate::value::{Kind, Table, Value};

/// Bytes of text that may stay allocated when the rows have gone (chosen).
const KEEP: usize = 1024 * 1024;

/// Rows that wait: what they hold is copied, because which statement takes them is known only when there are enough of
/// them or the transaction flushes.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    cells: Vec<Cell>,
    /// The texts, one after the other.
    texts: String,
    columns: usize,
    rows: usize,
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

    /// The values of some rows, row after row.
    #[inline]
    pub(super) fn values(&self, rows: Range<usize>) -> impl Iterator<Item = Value<'_>> {
        let cells = self.cells.get(rows.start * self.columns..rows.end * self.columns).unwrap_or_default();
        cells.iter().map(|cell| match *cell {
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
