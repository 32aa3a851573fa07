//! Rows in the binary form of COPY (PostgreSQL's documentation of COPY, "Binary Format").

use bytes::Bytes;

use super::values::timestamp;
use crate::value::{Kind, Table, Value};

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What follows the last row.
pub(super) const TRAILER: &[u8] = &(-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Why a row cannot be encoded.
#[derive(Debug)]
pub(super) enum Wrong {
    Count(usize),
    Value { column: usize, why: &'static str },
}

/// The rows of one table that wait to be sent.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) table: &'static Table,
    bytes: Vec<u8>,
    waiting: u64,
}

impl Rows {
    pub(super) fn new(table: &'static Table) -> Self {
        Self { table, bytes: Vec::new(), waiting: 0 }
    }

    /// Bytes that wait.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Rows that were added since the last `take`.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Takes everything that waits; `first` says whether a COPY begins with it, `last` whether it ends.
    pub(super) fn take(&mut self, last: bool, room: usize) -> Bytes {
        if last {
            self.bytes.extend_from_slice(TRAILER);
        }
        self.waiting = 0;
        Bytes::from(std::mem::replace(&mut self.bytes, Vec::with_capacity(room)))
    }

    /// Adds a row; the first bytes of a COPY are its header, so `begin` says whether this row begins one.
    #[inline]
    pub(super) fn add(&mut self, values: &[Value<'_>], begin: bool) -> Result<(), Wrong> {
        if begin {
            self.bytes.extend_from_slice(HEADER);
        }
        let start = self.bytes.len();
        let done = self.encode(values);
        match done {
            Ok(()) => self.waiting += 1,
            Err(_) => self.bytes.truncate(start),
        }
        done
    }

    #[inline]
    fn encode(&mut self, values: &[Value<'_>]) -> Result<(), Wrong> {
        let columns = self.table.columns;
        let out = &mut self.bytes;
        let count = match i16::try_from(columns.len()) {
            Ok(count) if values.len() == columns.len() => count,
            _ => return Err(Wrong::Count(values.len())),
        };
        out.reserve(2 + 12 * columns.len());
        out.extend_from_slice(&count.to_be_bytes());
        for (index, (value, column)) in values.iter().zip(columns).enumerate() {
            let wrong = |why| Err(Wrong::Value { column: index, why });
            match (*value, column.kind) {
                (Value::Null, _) => out.extend_from_slice(&NULL),
                (Value::Int(value), Kind::Int8) => long(out, value),
                (Value::Int(value), Kind::Int4) => match i32::try_from(value) {
                    Ok(value) => {
                        let [a, b, c, d] = value.to_be_bytes();
                        out.extend_from_slice(&[0, 0, 0, 4, a, b, c, d]);
                    }
                    Err(_) => return wrong("the integer does not fit into 4 bytes"),
                },
                (Value::Text(text), Kind::Text) => {
                    if text.as_bytes().contains(&0) {
                        return wrong("the text has a U+0000 in it");
                    }
                    match i32::try_from(text.len()) {
                        Ok(length) => out.extend_from_slice(&length.to_be_bytes()),
                        Err(_) => return wrong("the text is longer than 2 GiB"),
                    }
                    out.extend_from_slice(text.as_bytes());
                }
                (Value::Time(micros), Kind::Time) => match timestamp(micros) {
                    Some(value) => long(out, value),
                    None => return wrong("the time is not in the years 1 to 9999"),
                },
                (Value::Int(_), _) => return wrong("an integer was given, which the column does not hold"),
                (Value::Text(_), _) => return wrong("a text was given, which the column does not hold"),
                (Value::Time(_), _) => return wrong("a time was given, which the column does not hold"),
            }
        }
        Ok(())
    }
}

#[inline]
fn long(out: &mut Vec<u8>, value: i64) {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    out.extend_from_slice(&[0, 0, 0, 8, a, b, c, d, e, f, g, h]);
}
