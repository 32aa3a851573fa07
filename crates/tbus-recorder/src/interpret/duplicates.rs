//! Which keys a list had before: one look for each pair, no allocation once the table is large enough.

use std::hash::{BuildHasher, RandomState};

use tlib_proto::KvRef;

/// A hash table of the keys of one list, used again for the next. It keeps where keys are, not keys.
#[derive(Clone, Debug)]
pub(super) struct Duplicates {
    seed: u64,
    /// Slots: the list's number, the hash, and where its key is in the packed pairs.
    slots: Vec<Slot>,
    list: u32,
    mask: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    list: u32,
    hash: u32,
    start: u32,
    end: u32,
}

impl Default for Duplicates {
    fn default() -> Self {
        // Different in every process, so that nobody can choose keys that collide.
        Self { seed: RandomState::new().hash_one(0_u64), slots: Vec::new(), list: 0, mask: 0 }
    }
}

impl Duplicates {
    /// Begins with a list.
    pub(super) fn begin(&mut self, list: KvRef<'_>) {
        let needed = list.len().saturating_mul(2).next_power_of_two().max(64);
        self.list = self.list.wrapping_add(1);
        if self.slots.len() < needed || self.list == 0 {
            self.slots = vec![Slot::default(); needed.max(self.slots.len())];
            self.list = 1;
        }
        self.mask = needed.wrapping_sub(1);
    }

    /// Whether a key of the list stood before, and notes it. `key` is part of the list's packed pairs.
    #[inline]
    pub(super) fn seen(&mut self, list: KvRef<'_>, key: &[u8]) -> bool {
        let pairs = list.packed_pairs();
        let start = key.as_ptr().addr().wrapping_sub(pairs.as_ptr().addr());
        let (Ok(from), Ok(to)) = (u32::try_from(start), u32::try_from(start.wrapping_add(key.len()))) else {
            return false;
        };
        let hash = self.hash(key);
        let mut at = hash as usize & self.mask;
        // There are twice as many slots as pairs, so a free one is found.
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.list != self.list {
                *slot = Slot { list: self.list, hash, start: from, end: to };
                return false;
            }
            if slot.hash == hash && pairs.get(slot.start as usize..slot.end as usize) == Some(key) {
                return true;
            }
            at = at.wrapping_add(1) & self.mask;
        }
        false
    }

    /// A folded multiplication for every eight bytes.
    #[inline]
    fn hash(&self, key: &[u8]) -> u32 {
        let mut hash = self.seed ^ key.len() as u64;
        let mut chunks = key.chunks_exact(8);
        for chunk in &mut chunks {
            hash = fold(hash ^ chunk.try_into().map_or(0, u64::from_le_bytes));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(chunks.remainder()) {
            *to = *from;
        }
        let hash = fold(hash ^ u64::from_le_bytes(last));
        u32::try_from(hash >> 32).unwrap_or_default()
    }
}

#[inline]
fn fold(value: u64) -> u64 {
    let product = u128::from(value).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let high = u64::try_from(product >> 64).unwrap_or_default();
    high ^ u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::KvList;

    #[test]
    fn the_second_of_a_key_is_a_duplicate() {
        let mut duplicates = Duplicates::default();
        for _ in 0..3 {
            let list = KvList::build(|list| {
                for number in 0..500 {
                    list.str(format!("key-with-a-long-name-{number}"), "").str(number.to_string(), "");
                }
                list.str("", "").str("7", "").str("", "").str("key-with-a-long-name-499", "")
            })
            .unwrap();
            duplicates.begin(list.view());
            let found: Vec<_> =
                list.view().pairs().map(|pair| duplicates.seen(list.view(), pair.key)).collect();
            assert!(found.iter().take(1001).all(|seen| !seen));
            assert_eq!(found[1001..], [true, true, true]);
        }
    }
}
