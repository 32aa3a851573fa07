//! The tables of the interaction database as data: read from `protocol-spec/idb.toml`, checked, rendered.

mod check;
mod model;

use std::path::Path;

pub use model::{Column, Dictionary, DictionaryValue, Group, Index, Marks, SqlType, Table};
use serde::Deserialize;

use crate::SpecError;

/// File of the tables.
pub const IDB: &str = "idb.toml";

/// The whole database, consistent in itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idb {
    /// Version that `TBUS_SCHEMA` holds.
    pub version: u32,
    /// Columns that tables share.
    pub group: Vec<Group>,
    /// Tables in the order of the file.
    pub table: Vec<Table>,
    /// Indexes beside the primary keys.
    pub index: Vec<Index>,
    /// Rows of the dictionary.
    pub dictionary: Vec<Dictionary>,
}

impl Idb {
    /// Reads and checks `idb.toml` of the directory `protocol-spec`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed, or the first row that contradicts the rest; the text says what to do.
    pub fn load(dir: &Path) -> Result<Self, SpecError> {
        let idb: Self = crate::read(dir, IDB)?;
        idb.check()?;
        Ok(idb)
    }

    /// The groups of a table, in its order. A name that does not exist is left out; [`Self::check`] refuses it.
    pub fn groups_of<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Group> {
        table.groups.iter().filter_map(|name| self.group.iter().find(|group| group.name == *name))
    }

    /// Every column of a table as the database has it: counted columns one by one, groups at the end.
    pub fn columns_of(&self, table: &Table) -> Vec<Column> {
        let own = table.columns.iter().flat_map(Column::expanded);
        let shared = self
            .groups_of(table)
            .flat_map(|group| &group.columns)
            .map(|column| Column { provenance: table.groups_provenance.clone(), ..column.clone() });
        own.chain(shared).collect()
    }
}
