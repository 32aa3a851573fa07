//! The keys of callback user events as data: read from `protocol-spec/callback.toml`, checked, rendered.

mod check;
mod model;

use std::path::Path;

pub use model::{Domain, Key, KeyKind};
use serde::Deserialize;

use crate::SpecError;

/// File of the keys.
pub const CALLBACK: &str = "callback.toml";

/// All keys and the values of those that have a list, consistent in themselves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Lists of values.
    pub domain: Vec<Domain>,
    /// The published keys in the order of the file.
    pub key: Vec<Key>,
    /// Keys of our own for columns whose keys are not published.
    #[serde(default)]
    pub chosen: Vec<Key>,
}

impl Callback {
    /// Every key, the published ones first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.key.iter().chain(&self.chosen)
    }

    /// Reads and checks `callback.toml` of the directory `protocol-spec`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or parsed, or the first row that contradicts the rest; the text says what to do.
    pub fn load(dir: &Path) -> Result<Self, SpecError> {
        let callback: Self = crate::read(dir, CALLBACK)?;
        callback.check()?;
        Ok(callback)
    }
}
