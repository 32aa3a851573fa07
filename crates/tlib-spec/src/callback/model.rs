//! The rows of `callback.toml` as they stand there.

use serde::Deserialize;

use crate::model::Provenance;

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A moment: seconds since 1970 in UTC.
    Time,
    /// A length of time in seconds.
    Seconds,
    /// 0 or 1.
    Flag,
    /// How often.
    Count,
    /// Another number.
    Number,
    /// Free text.
    Text,
    /// A value of the key's domain.
    Domain,
    /// `STATE.REASON`.
    Disposition,
}

/// A list of values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its name, upper case.
    pub name: String,
    /// What its values are about.
    pub meaning: String,
    /// Whether other values may occur.
    #[serde(default)]
    pub open: bool,
    /// How the values are known.
    pub provenance: Vec<Provenance>,
    /// The values.
    pub values: Vec<String>,
}

/// A key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its spelling.
    pub name: String,
    /// Other spellings that are read.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What its value says.
    pub kind: KeyKind,
    /// Its list of values, for that kind.
    pub domain: Option<String>,
    /// Whether there is no fact without it.
    #[serde(default)]
    pub mandatory: bool,
    /// Whether it is attached to the call, too.
    #[serde(default)]
    pub sent_twice: bool,
    /// Release of the callback service that brought it.
    #[serde(default)]
    pub since: String,
    /// Where the transform puts it, as TABLE.COLUMN.
    pub targets: Vec<String>,
    /// How name, targets and marks are known.
    pub provenance: Vec<Provenance>,
    /// How kind and domain are known.
    pub kind_provenance: Vec<Provenance>,
    /// What it says.
    pub meaning: String,
}

impl Key {
    /// Name of its constant.
    pub fn constant(&self) -> &str {
        self.name.trim_start_matches('_')
    }
}
