//! The tables of a database as data: the interaction database, read from `protocol-spec/idb.toml`, and the Info Mart, read
//! from `infomart.toml`; checked, rendered.

mod base;
mod check;
mod model;

use std::path::Path;

pub use base::Base;
pub(crate) use check::{CALENDAR, CALENDAR_KEY};
pub use model::{Column, Dictionary, DictionaryValue, Group, Index, Marks, Seed, SqlType, Table, View};
use serde::Deserialize;

use crate::SpecError;

/// The whole database, consistent in itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idb {
    /// Which database it is.
    #[serde(skip)]
    pub base: Base,
    /// Version that its table of the version holds.
    pub version: u32,
    /// Columns that tables share.
    #[serde(default)]
    pub group: Vec<Group>,
    /// Tables in the order of the file.
    pub table: Vec<Table>,
    /// Views.
    #[serde(default)]
    pub view: Vec<View>,
    /// Rows that are there from the beginning.
    #[serde(default)]
    pub seed: Vec<Seed>,
    /// Indexes beside the primary keys.
    pub index: Vec<Index>,
    /// Rows of the dictionary.
    #[serde(default)]
    pub dictionary: Vec<Dictionary>,
}

impl Idb {
    /// Reads and checks `idb.toml` of the directory `protocol-spec`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed, or the first row that contradicts the rest; the text says what to do.
    pub fn load(dir: &Path) -> Result<Self, SpecError> {
        Self::of(Base::Interaction, dir)
    }

    /// Reads and checks `infomart.toml` of the directory `protocol-spec`.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn load_info_mart(dir: &Path) -> Result<Self, SpecError> {
        Self::of(Base::InfoMart, dir)
    }

    fn of(base: Base, dir: &Path) -> Result<Self, SpecError> {
        let idb = Self { base, ..crate::read(dir, base.file())? };
        idb.check()?;
        Ok(idb)
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.table.iter().find(|table| table.names.iter().any(|known| known == name))
    }

    /// The columns of a view: those of the table that it comes from in the end.
    pub fn view_columns(&self, view: &View) -> Option<Vec<Column>> {
        let mut from = view.from.as_str();
        // A view comes from an earlier one, so this ends.
        for _ in 0..=self.view.len() {
            if let Some(table) = self.table(from) {
                return Some(self.columns_of(table));
            }
            from = self.view.iter().find(|view| view.name == from)?.from.as_str();
        }
        None
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
