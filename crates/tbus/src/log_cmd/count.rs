//! Counters whose memory has a bound, whatever a log holds.

use std::collections::HashMap;

/// Different names that are counted one by one; what comes behind is counted together.
const NAMES: usize = 100_000;

/// How often each name has come.
#[derive(Debug, Default)]
pub(super) struct Names<T> {
    known: HashMap<Box<[u8]>, T>,
    /// For names behind the bound.
    pub(super) others: T,
}

impl<T: Default + Copy> Names<T> {
    /// The counter of a name.
    pub(super) fn of(&mut self, name: &[u8]) -> &mut T {
        if !self.known.contains_key(name) {
            if self.known.len() >= NAMES {
                return &mut self.others;
            }
            self.known.insert(name.into(), T::default());
        }
        match self.known.get_mut(name) {
            Some(count) => count,
            None => &mut self.others,
        }
    }

    /// All of them, those with most first, by `weight`.
    pub(super) fn sorted(&self, weight: impl Fn(&T) -> u64) -> Vec<(&[u8], T)> {
        let mut all: Vec<(&[u8], T)> = self.known.iter().map(|(name, count)| (&**name, *count)).collect();
        all.sort_by(|a, b| weight(&b.1).cmp(&weight(&a.1)).then(a.0.cmp(b.0)));
        all
    }
}

/// How many messages came when: pieces of equal length, which grow when there are too many.
#[derive(Debug)]
pub(super) struct Rate {
    first: Option<u64>,
    /// Length of a piece in microseconds.
    width: u64,
    counts: Vec<u64>,
}

/// Most pieces.
const PIECES: usize = 240;

impl Rate {
    pub(super) const fn new() -> Self {
        Self { first: None, width: 100_000, counts: Vec::new() }
    }

    /// Counts a message at this time, in microseconds.
    pub(super) fn add(&mut self, at: u64) {
        let first = *self.first.get_or_insert(at);
        // What comes late, as around midnight, is counted with the first.
        let since = at.saturating_sub(first);
        while since / self.width >= PIECES as u64 {
            self.counts = halved(&self.counts);
            self.width = self.width.saturating_mul(2);
        }
        let index = usize::try_from(since / self.width).unwrap_or_default();
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
        }
    }

    /// At most so many pieces, and their length in seconds.
    pub(super) fn pieces(&self, most: usize) -> (Vec<u64>, f64) {
        let (mut counts, mut width) = (self.counts.clone(), self.width);
        while counts.len() > most || width < 1_000_000 {
            counts = halved(&counts);
            width = width.saturating_mul(2);
        }
        (counts, width as f64 / 1e6)
    }
}

fn halved(counts: &[u64]) -> Vec<u64> {
    counts.chunks(2).map(|pair| pair.iter().sum()).collect()
}

/// One character for each count, its height in eighths of the greatest.
pub(super) fn plot(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let bar = |count: &u64| match count {
        0 => ' ',
        _ => {
            let eighths = u128::from(*count) * 8;
            let level = u32::try_from(eighths.div_ceil(most.into())).unwrap_or(8);
            char::from_u32(0x2580 + level.clamp(1, 8)).unwrap_or(' ')
        }
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_with_the_time() {
        let mut rate = Rate::new();
        for second in 0..1000 {
            rate.add(second * 1_000_000);
        }
        let (counts, width) = rate.pieces(60);
        assert!(counts.len() <= 60 && width >= 16.0, "{counts:?} {width}");
        assert_eq!(counts.iter().sum::<u64>(), 1000);
        rate.add(u64::MAX);
        assert_eq!(rate.pieces(60).0.iter().sum::<u64>(), 1001);
    }

    #[test]
    fn bars_have_eight_heights() {
        assert_eq!(plot(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(plot(&[]), "");
    }

    #[test]
    fn names_are_counted_up_to_a_bound() {
        let mut names: Names<u64> = Names::default();
        for n in 0..NAMES + 5 {
            *names.of(n.to_string().as_bytes()) += 1;
        }
        assert_eq!((names.sorted(|count| *count).len(), names.others), (NAMES, 5));
    }
}
