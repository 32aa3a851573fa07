//! What happens to the values of a row, whatever database it is of.

use tlib_capture::anonymize::Anonymizer;
use tlib_proto::{Limits, MessageRef};

/// Columns that identify rows and calls, and times as text: they stay. Compared without regard to case (chosen).
const KEPT: &[&str] = &[
    "CALLID",
    "PARENTCALLID",
    "MERGECALLID",
    "PARTYID",
    "CONNID",
    "CONNIDNUM",
    "IRID",
    "KEYNAME",
    "QUEUE_ID",
    "FEVENT_DSSEQ",
    "LEVENT_DSSEQ",
];

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    /// Of any encoding.
    Text(Vec<u8>),
    Blob(Vec<u8>),
    /// Microseconds since 1970, where a column holds nothing but times.
    Time(i64),
}

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// Where a row has the name of a key.
    key: Option<usize>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Its values are those of the row's key.
    is_value: bool,
    stays: bool,
    /// The user has named it.
    named: bool,
}

/// A column that is to be replaced has what cannot be.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) column: String,
    pub(super) what: &'static str,
}

impl Columns {
    pub(super) fn new<'a>(anonymizer: &Anonymizer, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let at = |name: &str| names.iter().position(|column| column.eq_ignore_ascii_case(name));
        // A table of constants has names of kinds, not of people.
        let constants = at("TYPE").is_some() && at("NAME").is_some();
        let key = at("KEYNAME");
        let columns = names.iter().map(|name| {
            let one_of = |list: &[&str]| list.iter().any(|kept| name.eq_ignore_ascii_case(kept));
            let named = anonymizer.is_named(name.as_bytes());
            Column {
                is_value: key.is_some() && one_of(&["VALUE"]),
                stays: !named && (one_of(KEPT) || constants && one_of(&["NAME", "DESCRIPTION"])),
                named,
                name: (*name).to_owned(),
            }
        });
        Self { columns: columns.collect(), key }
    }

    /// Replaces what a row has. Without a cell for every column the others stay.
    pub(super) fn replace(&self, anonymizer: &mut Anonymizer, row: &mut [Cell]) -> Result<(), Fixed> {
        // Where a row has a key's name, its value is treated as that key's.
        let pair = match self.key.and_then(|at| row.get(at)) {
            Some(Cell::Text(name)) => Some(name.clone()),
            _ => None,
        };
        for (column, cell) in self.columns.iter().zip(row).filter(|(column, _)| !column.stays) {
            let name = match &pair {
                Some(pair) if column.is_value => pair.as_slice(),
                _ => column.name.as_bytes(),
            };
            let fixed = |what| Fixed { column: column.name.clone(), what };
            match cell {
                Cell::Null => {}
                Cell::Text(text) => anonymizer.keyed(name, text),
                Cell::Blob(bytes) => blob(anonymizer, name, bytes),
                Cell::Int(value) => *value = anonymizer.column_int(name, *value),
                Cell::Time(_) if column.named => return Err(fixed("times")),
                Cell::Real(_) if column.named => return Err(fixed("numbers with a point")),
                Cell::Time(_) | Cell::Real(_) => {}
            }
        }
        Ok(())
    }
}

/// A frame, as the recorder's queue has them, or any bytes.
fn blob(anonymizer: &mut Anonymizer, name: &[u8], bytes: &mut Vec<u8>) {
    let limits = Limits::default();
    if let Ok(message) = MessageRef::parse(bytes, &limits)
        && let Ok(fake) = anonymizer.message(message, &limits)
    {
        *bytes = fake.frame().to_vec();
        return;
    }
    anonymizer.keyed(name, bytes);
}
