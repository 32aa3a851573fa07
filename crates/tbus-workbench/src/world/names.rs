//! Names in the order in which they came, so many and no more.

use std::collections::HashMap;

/// Longest name that a world takes, in bytes.
const NAME_LIMIT: usize = 255;

/// Things by name.
#[derive(Clone, Debug)]
pub(super) struct Names<T> {
    rows: HashMap<Box<str>, (usize, T)>,
    limit: usize,
    /// How often a name came that was one too many.
    pub(super) beyond: u64,
    /// How often a name came that no world can have: empty, too long, not UTF-8, or with control characters.
    pub(super) unusable: u64,
}

impl<T: Default> Names<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { rows: HashMap::new(), limit, beyond: 0, unusable: 0 }
    }

    /// The row of this name, a new one if need be; `None` if it cannot have one, which is counted.
    pub(super) fn of(&mut self, name: &[u8]) -> Option<&mut T> {
        let usable =
            |name: &&str| !name.is_empty() && name.len() <= NAME_LIMIT && !name.chars().any(char::is_control);
        let Some(name) = std::str::from_utf8(name).ok().filter(usable) else {
            self.unusable = self.unusable.saturating_add(1);
            return None;
        };
        if !self.rows.contains_key(name) {
            if self.rows.len() >= self.limit {
                self.beyond = self.beyond.saturating_add(1);
                return None;
            }
            self.rows.insert(name.into(), (self.rows.len(), T::default()));
        }
        self.rows.get_mut(name).map(|(_, row)| row)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.rows.remove(name);
    }

    /// The rows, oldest first.
    pub(super) fn into_rows(self) -> Vec<(String, T)> {
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_unstable_by_key(|(_, (order, _))| *order);
        rows.into_iter().map(|(name, (_, row))| (name.into(), row)).collect()
    }
}

/// The name that came most often, and how many others there are; of equals the one that came first.
pub(super) fn most(names: Names<u64>) -> (Option<String>, usize) {
    let rows = names.into_rows();
    let others = rows.len().saturating_sub(1);
    let mut best: Option<(String, u64)> = None;
    for (name, count) in rows {
        if best.as_ref().is_none_or(|(_, most)| count > *most) {
            best = Some((name, count));
        }
    }
    (best.map(|(name, _)| name), others)
}
