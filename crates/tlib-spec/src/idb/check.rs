//! Consistency of the tables. The first contradiction is reported.

use super::{Column, IDB, Idb, Marks, SqlType, Table};
use crate::SpecError;
use crate::check::{Row, Unique, is_constant};
use crate::model::Provenance;

/// Longest name that every engine takes: Oracle's old limit.
const NAME_LIMIT: usize = 30;
/// Longest text that every engine takes as a column: Oracle's.
const TEXT_LIMIT: u16 = 4000;
/// Size of `G_DICTIONARY.DESCRIPTION`.
const DESCRIPTION_LIMIT: usize = 255;
/// Where numbers of dictionary types begin that are not published.
const CHOSEN_TYPES: i32 = 9000;

impl Idb {
    /// Checks every row against the others.
    ///
    /// # Errors
    ///
    /// The first row that contradicts the rest.
    pub fn check(&self) -> Result<(), SpecError> {
        let row = |name: String| Row { file: IDB, name };
        row("version".to_owned())
            .ensure((1..1_000_000).contains(&self.version), || "count versions from 1".to_owned())?;
        let mut structs = Unique::default();
        let mut groups = Unique::default();
        for group in &self.group {
            let row = row(format!("group {:?}", group.name));
            groups.add(&row, &group.name)?;
            structs.add(&row, &group.row)?;
            plain(&row, &[&group.meaning, &group.source])?;
            for column in &group.columns {
                row.ensure(column.provenance.is_empty(), || {
                    format!(
                        "column {:?}: tables say how they know a group: remove its provenance",
                        column.name
                    )
                })?;
                let never = column.count.is_some() || column.pm == Marks::Pm || auto(column);
                row.ensure(!never, || {
                    format!("column {:?}: keys, numbers and counted columns belong into a table", column.name)
                })?;
            }
        }
        let mut tables = Unique::default();
        for table in &self.table {
            let row = row(format!("table {:?}", table.names.join(" ")));
            row.ensure(!table.names.is_empty(), || "give it a name".to_owned())?;
            for name in &table.names {
                tables.add(&row, name)?;
                named(&row, name)?;
            }
            structs.add(&row, &table.row)?;
            row.provenance("provenance", &table.provenance)?;
            plain(&row, &[&table.meaning, &table.source])?;
            self.check_columns(table)?;
        }
        self.check_indexes(&mut tables)?;
        self.check_dictionary()
    }

    fn check_columns(&self, table: &Table) -> Result<(), SpecError> {
        let whole = Row { file: IDB, name: format!("table {:?}", table.names.join(" ")) };
        for name in &table.groups {
            whole.ensure(self.group.iter().any(|group| group.name == *name), || {
                format!("its group {name:?} does not exist: correct it or add the group")
            })?;
        }
        whole.optional("groups", table.groups.is_empty(), &table.groups_provenance)?;
        for column in &table.columns {
            let marked = column.name.contains('#');
            whole.ensure(marked == column.count.is_some() && column.count != Some(0), || {
                format!("column {:?}: # in the name and a count go together: write both or none", column.name)
            })?;
        }
        let columns = self.columns_of(table);
        let mut names = Unique::default();
        for column in &columns {
            let row = Row { file: IDB, name: format!("{}, column {:?}", whole.name, column.name) };
            names.add(&row, &column.name)?;
            named(&row, &column.name)?;
            row.provenance("provenance", &column.provenance)?;
            plain(&row, &[&column.meaning])?;
            if let SqlType::Text(length) = column.ty {
                row.ensure(length <= TEXT_LIMIT, || {
                    format!("Oracle takes texts up to {TEXT_LIMIT}: shorten it")
                })?;
            }
            row.ensure(!auto(column) || column.pm == Marks::Pm, || {
                "a number that the database gives is the primary key: set pm = \"PM\"".to_owned()
            })?;
        }
        let keys: Vec<&Column> = columns.iter().filter(|column| column.pm == Marks::Pm).collect();
        whole.ensure(!keys.is_empty(), || {
            "it has no primary key: mark its columns with pm = \"PM\"".to_owned()
        })?;
        whole.ensure(keys.len() == 1 || !keys.iter().any(|column| auto(column)), || {
            "a number that the database gives is the whole key: mark no other column P".to_owned()
        })
    }

    fn check_indexes(&self, names: &mut Unique) -> Result<(), SpecError> {
        for index in &self.index {
            let row = Row { file: IDB, name: format!("index {:?}", index.name) };
            names.add(&row, &index.name)?;
            named(&row, &index.name)?;
            row.provenance("provenance", &index.provenance)?;
            plain(&row, &[&index.meaning])?;
            let Some(table) = self.table.iter().find(|table| table.names.contains(&index.table)) else {
                return Err(row.wrong(format!("its table {:?} does not exist: correct it", index.table)));
            };
            row.ensure(!index.columns.is_empty(), || "name its columns".to_owned())?;
            let columns = self.columns_of(table);
            for name in &index.columns {
                row.ensure(columns.iter().any(|column| column.name == *name), || {
                    format!("its table has no column {name:?}: correct it")
                })?;
            }
        }
        Ok(())
    }

    fn check_dictionary(&self) -> Result<(), SpecError> {
        let mut types = Unique::default();
        for ty in &self.dictionary {
            let row = Row { file: IDB, name: format!("dictionary {} {:?}", ty.ty, ty.name) };
            types.add(&row, &ty.ty.to_string())?;
            types.add(&row, &ty.name)?;
            named(&row, &ty.name)?;
            row.provenance("provenance", &ty.provenance)?;
            plain(&row, &[&ty.source, &ty.note])?;
            let ours = ty.provenance.contains(&Provenance::Chosen);
            row.ensure(ours || ty.ty < CHOSEN_TYPES, || {
                format!("numbers from {CHOSEN_TYPES} are ours: say so in provenance")
            })?;
            let mut values = Unique::default();
            for value in &ty.values {
                let row = Row { file: IDB, name: format!("{}, value {}", row.name, value.value) };
                values.add(&row, &value.value.to_string())?;
                values.add(&row, &value.name)?;
                named(&row, &value.name)?;
                row.provenance("provenance", &value.provenance)?;
                literal(&row, &value.meaning)?;
            }
        }
        Ok(())
    }
}

fn auto(column: &Column) -> bool {
    matches!(column.ty, SqlType::Auto(_))
}

/// A name that every engine takes without quotes.
fn named(row: &Row, name: &str) -> Result<(), SpecError> {
    row.ensure(is_constant(name) && name.len() <= NAME_LIMIT, || {
        format!(
            "{name:?} is no name for every engine: upper case, digits and _, at most {NAME_LIMIT} characters"
        )
    })
}

/// Texts of comments. A semicolon at the end would end a statement for those who split the script.
fn plain(row: &Row, texts: &[&str]) -> Result<(), SpecError> {
    for text in texts {
        row.ensure(!text.is_empty(), || "a text is empty: say what it is".to_owned())?;
        row.ensure(text.is_ascii() && !text.contains('\n') && !text.ends_with(';'), || {
            format!("{text:?} becomes a comment of SQL: ASCII, one line, no semicolon at its end")
        })?;
    }
    Ok(())
}

/// A text that becomes a literal of SQL.
fn literal(row: &Row, text: &str) -> Result<(), SpecError> {
    plain(row, &[text])?;
    row.ensure(!text.contains(['\'', '\\', '&', ';']) && text.len() <= DESCRIPTION_LIMIT, || {
        format!("{text:?} becomes a literal of SQL: without quote, backslash, & and ;, at most {DESCRIPTION_LIMIT} characters")
    })
}
