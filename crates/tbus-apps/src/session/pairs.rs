//! The pairs of a user event while they are collected.

use std::borrow::Cow;

use tlib_proto::{EncodeError, KvList};

/// A value: times, lengths of time and counts are ints, everything else is text (chosen, facts infomart 9.21).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Int(i32),
    Text(String),
}

/// The pairs of a user event, each key once, in the order in which the keys came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(Vec<(Cow<'static, str>, Value)>);

impl Pairs {
    /// A number. Whether it goes out as int or as text follows from the key.
    pub(super) fn number(&mut self, key: &'static str, value: i64) {
        // A time after 2038 does not fit into an int of the wire, so it is text.
        let value = match i32::try_from(value) {
            Ok(value) if is_int(key) => Value::Int(value),
            _ => Value::Text(value.to_string()),
        };
        self.put(key.into(), value);
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str, value: impl Into<String>) {
        self.put(key.into(), Value::Text(value.into()));
    }

    /// What somebody gave as text; a number where the key wants one, and as it is if it is none.
    pub(super) fn given(&mut self, key: &str, value: &str) {
        let number = if is_int(key) { value.parse().ok() } else { None };
        let value = number.map_or_else(|| Value::Text(value.to_owned()), Value::Int);
        self.put(key.to_owned().into(), value);
    }

    /// All pairs of another, which win.
    pub(super) fn extend(&mut self, other: &Self) {
        for (key, value) in &other.0 {
            self.put(key.clone(), value.clone());
        }
    }

    /// Leaves a pair out.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|(have, _)| have != key);
    }

    /// Only these keys.
    pub(super) fn only(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| keys.contains(&key.as_ref())).cloned().collect())
    }

    /// As it is sent.
    pub(super) fn list(&self) -> Result<KvList, EncodeError> {
        KvList::build(|list| {
            self.0.iter().fold(list, |list, (key, value)| match value {
                Value::Int(value) => list.int(key.as_bytes(), *value),
                Value::Text(value) => list.str(key.as_bytes(), value),
            })
        })
    }

    fn put(&mut self, key: Cow<'static, str>, value: Value) {
        match self.0.iter_mut().find(|(have, _)| *have == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }
}

/// Whether the key's values go out as ints.
fn is_int(key: &str) -> bool {
    ["_CB_T_", "_CB_D_", "_CB_N_"].iter().any(|prefix| key.starts_with(prefix))
}
