//! What one subscriber has seen: which numbers of which publisher, and what was wrong with their order.

use std::ops::Range;

/// Most gaps that one subscriber remembers (chosen): numbers of further ones are lost at once.
const GAPS: usize = 4096;

/// What a message was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one of its publisher, or one behind a gap.
    New,
    /// One of a gap, later than its successors.
    Late,
    /// One that was there before.
    Again,
    /// One that was never published.
    Unknown,
}

/// Gaps are kept until they are filled: what never comes is lost, what comes later is disordered.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The next number of each publisher.
    next: Box<[u64]>,
    gaps: Vec<(usize, Range<u64>)>,
    /// Different messages.
    pub(crate) delivered: u64,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
    forgotten: u64,
    /// The last rising number.
    last: u64,
}

impl Seen {
    pub(crate) fn new(publishers: usize) -> Self {
        Self { next: vec![0; publishers].into(), ..Self::default() }
    }

    /// Counts a message. `published`: how many each publisher has sent.
    #[inline]
    pub(crate) fn message(&mut self, publisher: usize, number: u64, published: &[u64]) -> Arrival {
        match self.next.get_mut(publisher) {
            Some(next) if *next == number => {
                *next += 1;
                self.delivered += 1;
                Arrival::New
            }
            _ => self.out_of_order(publisher, number, published),
        }
    }

    /// Counts a message whose server gave it a number that must rise. `in_order`: whether it is the next of its publisher,
    /// or else has been counted as something else already.
    #[inline]
    pub(crate) fn rises(&mut self, number: u64, in_order: bool) {
        if number > self.last {
            self.last = number;
        } else if in_order {
            self.disordered += 1;
        }
    }

    #[cold]
    fn out_of_order(&mut self, publisher: usize, number: u64, published: &[u64]) -> Arrival {
        let Some(next) = self.next.get_mut(publisher) else { return Arrival::Unknown };
        if published.get(publisher).is_none_or(|published| number >= *published) {
            return Arrival::Unknown;
        }
        if number > *next {
            let gap = *next..number;
            *next = number + 1;
            self.delivered += 1;
            if self.gaps.len() < GAPS {
                self.gaps.push((publisher, gap));
            } else {
                self.forgotten += gap.end - gap.start;
            }
            return Arrival::New;
        }
        let found = self.gaps.iter().position(|(of, gap)| *of == publisher && gap.contains(&number));
        let Some((at, (_, gap))) = found.and_then(|at| Some((at, self.gaps.get(at)?.clone()))) else {
            self.doubled += 1;
            return Arrival::Again;
        };
        self.gaps.swap_remove(at);
        for rest in [gap.start..number, number + 1..gap.end] {
            if !rest.is_empty() {
                self.gaps.push((publisher, rest));
            }
        }
        self.delivered += 1;
        self.disordered += 1;
        Arrival::Late
    }

    /// How many messages are missing, when `expected` is how many of each publisher should have come.
    pub(crate) fn lost(&self, expected: impl Iterator<Item = u64>) -> u64 {
        let gaps: u64 = self.gaps.iter().map(|(_, gap)| gap.end - gap.start).sum();
        let tail: u64 = expected.zip(&self.next).map(|(expected, next)| expected.saturating_sub(*next)).sum();
        gaps + tail + self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: &[u64]) -> (u64, u64, u64, u64) {
        let mut seen = Seen::new(1);
        for number in numbers {
            seen.message(0, *number, &[10]);
        }
        (seen.delivered, seen.lost(std::iter::once(6)), seen.doubled, seen.disordered)
    }

    #[test]
    fn lost_doubled_and_disordered_are_told_apart() {
        assert_eq!(after(&[0, 1, 2, 3, 4, 5]), (6, 0, 0, 0));
        assert_eq!(after(&[0, 1, 3, 4, 5]), (5, 1, 0, 0), "a gap that stays");
        assert_eq!(after(&[0, 1, 2, 3]), (4, 2, 0, 0), "the last ones never came");
        assert_eq!(after(&[0, 2, 1, 3, 4, 5]), (6, 0, 0, 1));
        assert_eq!(after(&[0, 4, 2, 3, 1, 5]), (6, 0, 0, 3), "a gap is filled from its middle");
        assert_eq!(after(&[0, 1, 1, 2, 3, 4, 5, 5]), (6, 0, 2, 0));
        assert_eq!(after(&[0, 2, 1, 1, 3, 4, 5]), (6, 0, 1, 1), "late, and then again");
        assert_eq!(after(&[]), (0, 6, 0, 0));
    }

    #[test]
    fn what_was_never_published_is_none_of_ours() {
        let mut seen = Seen::new(1);
        assert_eq!(seen.message(0, 10, &[10]), Arrival::Unknown);
        assert_eq!(seen.message(0, u64::MAX, &[10]), Arrival::Unknown);
        assert_eq!(seen.message(1, 0, &[10]), Arrival::Unknown);
        assert_eq!(seen.delivered, 0);
    }

    #[test]
    fn gaps_are_bounded() {
        let mut seen = Seen::new(1);
        let count = 2 * (GAPS as u64 + 10);
        for number in (1..count).step_by(2) {
            seen.message(0, number, &[count]);
        }
        assert_eq!(seen.gaps.len(), GAPS);
        assert_eq!(seen.lost(std::iter::once(count)), count / 2, "forgotten gaps are lost");
    }

    #[test]
    fn a_number_that_does_not_rise_is_disorder_once() {
        let mut seen = Seen::new(1);
        seen.rises(5, true);
        seen.rises(5, true);
        seen.rises(4, false);
        seen.rises(6, true);
        assert_eq!(seen.disordered, 1);
    }
}
