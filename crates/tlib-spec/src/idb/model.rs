//! The rows of `idb.toml` and `infomart.toml` as they stand there.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::model::Provenance;

/// Type of a column, before an engine has its own word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SqlType {
    /// `auto(16)`, `auto(19)`: the database numbers the rows; so many digits.
    Auto(u16),
    /// `int`: 32 bits.
    Int,
    /// `bigint`: 64 bits.
    Bigint,
    /// `decimal(20)`: so many digits.
    Decimal(u16),
    /// `text(n)`: at most n characters.
    Text(u16),
    /// `time`: date and time in UTC.
    Time,
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto(digits) => write!(f, "auto({digits})"),
            Self::Int => f.write_str("int"),
            Self::Bigint => f.write_str("bigint"),
            Self::Decimal(digits) => write!(f, "decimal({digits})"),
            Self::Text(length) => write!(f, "text({length})"),
            Self::Time => f.write_str("time"),
        }
    }
}

impl TryFrom<String> for SqlType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let with_size = |name: &str| {
            let size = text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
            size.parse::<u16>().ok().filter(|size| *size > 0)
        };
        let found = match text.as_str() {
            "int" => Some(Self::Int),
            "bigint" => Some(Self::Bigint),
            "time" => Some(Self::Time),
            _ => None,
        };
        found
            .or_else(|| with_size("auto").map(Self::Auto))
            .or_else(|| with_size("decimal").map(Self::Decimal))
            .or_else(|| with_size("text").map(Self::Text))
            .ok_or_else(|| {
                format!("{text:?} is no type: write auto(n), int, bigint, decimal(n), text(n) or time")
            })
    }
}

/// What a column must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
pub enum Marks {
    /// May be NULL.
    #[default]
    #[serde(rename = "")]
    None,
    /// Mandatory.
    M,
    /// Mandatory and part of the primary key.
    #[serde(rename = "PM")]
    Pm,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name; `#` stands for the number of a counted column.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: SqlType,
    /// Key and mandatory.
    #[serde(default)]
    pub pm: Marks,
    /// So many columns of this kind.
    pub count: Option<u8>,
    /// What a row gets that does not name the column: an integer or a text.
    pub default: Option<toml::Value>,
    /// How it is known; empty in a group, whose tables say it.
    #[serde(default)]
    pub provenance: Vec<Provenance>,
    /// Section of the facts, where it is not the table's.
    pub source: Option<String>,
    /// What it holds.
    pub meaning: String,
}

impl Column {
    /// The columns that this row stands for: itself, or the counted ones.
    pub fn expanded(&self) -> Vec<Self> {
        let Some(count) = self.count else { return vec![self.clone()] };
        (1..=count)
            .map(|number| {
                let number = number.to_string();
                Self {
                    name: self.name.replace('#', &number),
                    count: None,
                    meaning: self.meaning.replace('#', &number),
                    ..self.clone()
                }
            })
            .collect()
    }
}

/// Columns that tables share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What tables call it, and the field of their rows.
    pub name: String,
    /// Name of its struct.
    pub row: String,
    /// What it is about.
    pub meaning: String,
    /// Section of the facts.
    pub source: String,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A table, or several of the same structure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Names of the tables, upper case.
    pub names: Vec<String>,
    /// Name of the struct of a row.
    pub row: String,
    /// What a row is.
    pub meaning: String,
    /// How the table is known.
    pub provenance: Vec<Provenance>,
    /// Section of the facts.
    pub source: String,
    /// Whether it is published without a primary key.
    #[serde(default)]
    pub keyless: bool,
    /// Its own columns.
    pub columns: Vec<Column>,
    /// Groups after them.
    #[serde(default)]
    pub groups: Vec<String>,
    /// How it is known that the table has the columns of its groups.
    #[serde(default)]
    pub groups_provenance: Vec<Provenance>,
}

/// A view.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Its name.
    pub name: String,
    /// The table, or the earlier view, that it reads.
    pub from: String,
    /// The column of DATE_TIME that names its periods: its rows are sums over them. Without one it shows what it reads.
    pub period: Option<String>,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// What it is for.
    pub meaning: String,
}

/// A row that is there from the beginning.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Its table.
    pub table: String,
    /// Integers and texts by column.
    pub values: BTreeMap<String, toml::Value>,
    /// How it is known.
    pub provenance: Vec<Provenance>,
}

/// An index beside the primary key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// What it is for.
    pub meaning: String,
}

/// An enumeration of the dictionary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dictionary {
    /// Its number.
    #[serde(rename = "type")]
    pub ty: i32,
    /// Its name.
    pub name: String,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// Section of the facts.
    pub source: String,
    /// What is published of it and what is not.
    pub note: String,
    /// Its values.
    pub values: Vec<DictionaryValue>,
}

/// A value of the dictionary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DictionaryValue {
    /// The number.
    pub value: i32,
    /// Its name.
    pub name: String,
    /// How the number is known.
    pub provenance: Vec<Provenance>,
    /// What it means.
    pub meaning: String,
}
