//! Consistency of the tables. The first contradiction is reported.

use super::{Column, Idb, Marks, SqlType, Table};
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
/// The table of periods, and its key.
pub(crate) const CALENDAR: &str = "DATE_TIME";
pub(crate) const CALENDAR_KEY: &str = "DATE_TIME_KEY";

impl Idb {
    /// Checks every row against the others.
    ///
    /// # Errors
    ///
    /// The first row that contradicts the rest.
    pub fn check(&self) -> Result<(), SpecError> {
        let row = |name: String| self.row(name);
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
        self.check_views(&mut tables)?;
        self.check_seeds()?;
        self.check_indexes(&mut tables)?;
        self.check_dictionary()
    }

    fn row(&self, name: String) -> Row {
        Row { file: self.base.file(), name }
    }

    fn check_columns(&self, table: &Table) -> Result<(), SpecError> {
        let whole = self.row(format!("table {:?}", table.names.join(" ")));
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
            let row = self.row(format!("{}, column {:?}", whole.name, column.name));
            names.add(&row, &column.name)?;
            named(&row, &column.name)?;
            row.provenance("provenance", &column.provenance)?;
            plain(&row, &[&column.meaning])?;
            if let SqlType::Text(length) = column.ty {
                row.ensure(length <= TEXT_LIMIT, || {
                    format!("Oracle takes texts up to {TEXT_LIMIT}: shorten it")
                })?;
            }
            if let Some(default) = &column.default {
                value(&row, column, default)?;
            }
            row.ensure(!auto(column) || column.pm == Marks::Pm, || {
                "a number that the database gives is the primary key: set pm = \"PM\"".to_owned()
            })?;
        }
        let keys: Vec<&Column> = columns.iter().filter(|column| column.pm == Marks::Pm).collect();
        whole.ensure(keys.is_empty() == table.keyless, || {
            "it has no primary key: mark its columns with pm = \"PM\", or write keyless = true".to_owned()
        })?;
        whole.ensure(keys.len() == 1 || !keys.iter().any(|column| auto(column)), || {
            "a number that the database gives is the whole key: mark no other column P".to_owned()
        })
    }

    fn check_views(&self, names: &mut Unique) -> Result<(), SpecError> {
        for (at, view) in self.view.iter().enumerate() {
            let row = self.row(format!("view {:?}", view.name));
            names.add(&row, &view.name)?;
            named(&row, &view.name)?;
            row.provenance("provenance", &view.provenance)?;
            plain(&row, &[&view.meaning])?;
            let earlier = self.view.iter().take(at).any(|other| other.name == view.from);
            row.ensure(earlier || self.table(&view.from).is_some(), || {
                format!("{:?} is no table and no view before it: correct it", view.from)
            })?;
            let Some(period) = &view.period else { continue };
            let calendar = self.table(CALENDAR).map(|table| self.columns_of(table)).unwrap_or_default();
            row.ensure(calendar.iter().any(|column| column.name == *period), || {
                format!("{CALENDAR} has no column {period:?}: correct it")
            })?;
            let columns = self.view_columns(view).unwrap_or_default();
            row.ensure(columns.iter().any(|column| column.name == CALENDAR_KEY && is_key(column)), || {
                format!("what it reads has no key {CALENDAR_KEY}: leave the period out")
            })?;
        }
        Ok(())
    }

    fn check_seeds(&self) -> Result<(), SpecError> {
        for seed in &self.seed {
            let row = self.row(format!("seed of {:?}", seed.table));
            row.provenance("provenance", &seed.provenance)?;
            let Some(table) = self.table(&seed.table) else {
                return Err(row.wrong("its table does not exist: correct it".to_owned()));
            };
            let columns = self.columns_of(table);
            for (name, given) in &seed.values {
                let Some(column) = columns.iter().find(|column| column.name == *name) else {
                    return Err(row.wrong(format!("its table has no column {name:?}: correct it")));
                };
                value(&row, column, given)?;
            }
            let lacking = columns.iter().find(|column| {
                column.pm != Marks::None
                    && column.default.is_none()
                    && !seed.values.contains_key(&column.name)
            });
            row.ensure(lacking.is_none(), || {
                format!("column {:?} must have a value", lacking.map(|column| column.name.as_str()))
            })?;
        }
        Ok(())
    }

    fn check_indexes(&self, names: &mut Unique) -> Result<(), SpecError> {
        for index in &self.index {
            let row = self.row(format!("index {:?}", index.name));
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
            let row = self.row(format!("dictionary {} {:?}", ty.ty, ty.name));
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
                let row = self.row(format!("{}, value {}", row.name, value.value));
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

fn is_key(column: &Column) -> bool {
    column.pm == Marks::Pm
}

/// A value of a column: an integer for one of numbers, a text that fits for one of texts.
fn value(row: &Row, column: &Column, given: &toml::Value) -> Result<(), SpecError> {
    let fits = match (column.ty, given) {
        (SqlType::Int, toml::Value::Integer(number)) => i32::try_from(*number).is_ok(),
        (SqlType::Bigint | SqlType::Decimal(_), toml::Value::Integer(_)) => true,
        (SqlType::Text(length), toml::Value::String(text)) => {
            literal(row, text)?;
            text.len() <= usize::from(length)
        }
        _ => false,
    };
    row.ensure(fits, || format!("{given} is no value of column {:?}, {}", column.name, column.ty))
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
