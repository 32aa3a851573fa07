//! Consistency of the keys. The first contradiction is reported.

use super::{CALLBACK, Callback, Key, KeyKind};
use crate::check::{Row, Unique, is_constant};
use crate::model::Provenance;
use crate::{Idb, SpecError};

/// Keys that are published.
const PUBLISHED: usize = 64;

impl Callback {
    /// Checks every row against the others.
    ///
    /// # Errors
    ///
    /// The first row that contradicts the rest.
    pub fn check(&self) -> Result<(), SpecError> {
        let mut domains = Unique::default();
        for domain in &self.domain {
            let row = Row { file: CALLBACK, name: format!("domain {:?}", domain.name) };
            domains.add(&row, &domain.name)?;
            row.ensure(is_constant(&domain.name), || {
                "its name becomes a module: upper case, digits and _".to_owned()
            })?;
            row.provenance("provenance", &domain.provenance)?;
            row.ensure(!domain.values.is_empty(), || "give it values".to_owned())?;
            let mut values = Unique::default();
            for value in &domain.values {
                values.add(&row, value)?;
                row.ensure(is_constant(&value.replace('-', "_")), || {
                    format!("{value:?} becomes a constant: upper case, digits, _ and -")
                })?;
            }
        }
        let mut names = Unique::default();
        for key in self.keys() {
            self.check_key(key, &mut names)?;
        }
        for key in &self.chosen {
            row(key).ensure(key.provenance == [Provenance::Chosen], || {
                "it stands among the chosen keys: write provenance = [\"chosen\"], or a row of `key` with its source".to_owned()
            })?;
            row(key).ensure(!key.mandatory && !key.sent_twice, || {
                "a key of ours cannot be mandatory or sent twice: others do not send it".to_owned()
            })?;
        }
        let keys = self.key.len();
        let row = Row { file: CALLBACK, name: "keys".to_owned() };
        row.ensure(keys == PUBLISHED, || {
            format!("{keys} rows, {PUBLISHED} keys are published: restore the rows, or raise the number in tlib-spec with a source")
        })
    }

    fn check_key(&self, key: &Key, names: &mut Unique) -> Result<(), SpecError> {
        let row = row(key);
        names.add(&row, &key.name)?;
        row.ensure(is_constant(key.constant()), || {
            "its name becomes a constant: upper case, digits and _".to_owned()
        })?;
        for alias in &key.aliases {
            names.add(&row, alias)?;
        }
        row.provenance("provenance", &key.provenance)?;
        row.provenance("kind_provenance", &key.kind_provenance)?;
        row.ensure((key.kind == KeyKind::Domain) == key.domain.is_some(), || {
            "kind = \"domain\" and a domain go together: write both or none".to_owned()
        })?;
        if let Some(name) = &key.domain {
            row.ensure(self.domain.iter().any(|domain| domain.name == *name), || {
                format!("its domain {name:?} does not exist: correct it or add the domain")
            })?;
        }
        row.ensure(!key.targets.is_empty(), || "say where the transform puts it".to_owned())?;
        row.ensure(!key.meaning.is_empty(), || "a text is empty: say what it is".to_owned())
    }

    /// Checks that every target is a column of the Info Mart.
    ///
    /// # Errors
    ///
    /// The first key with a target that is none.
    pub fn check_targets(&self, info_mart: &Idb) -> Result<(), SpecError> {
        for key in self.keys() {
            for target in &key.targets {
                let there = target.split_once('.').is_some_and(|(table, column)| {
                    info_mart
                        .table
                        .iter()
                        .filter(|known| known.names.iter().any(|name| name == table))
                        .any(|known| info_mart.columns_of(known).iter().any(|known| known.name == column))
                });
                row(key)
                    .ensure(there, || format!("its target {target:?} is no TABLE.COLUMN of infomart.toml"))?;
            }
        }
        Ok(())
    }
}

fn row(key: &Key) -> Row {
    Row { file: CALLBACK, name: format!("key {:?}", key.name) }
}
