//! The counter of GSYS_SEQ and GSYS_USEQ (facts 1.6).

use super::Sink;
use super::change::{Change, Update};
use tbus_db::Value;

/// Numbers are reserved in blocks of this size (chosen).
const BLOCK: i64 = 1000;

/// The counter: one number for every row that is inserted or updated. Its last value is written with the rows, so that
/// it goes on where it was, whatever happens between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    last: i64,
    written: i64,
}

impl Sequence {
    /// A counter whose last number was used.
    pub(super) const fn after(last: i64) -> Self {
        Self { last, written: last }
    }

    /// End of the block that the last number is in: SEQCOUNTER.
    const fn reserved(&self) -> i64 {
        match self.last.rem_euclid(BLOCK) {
            0 => self.last,
            used => self.last.saturating_add(BLOCK.saturating_sub(used)),
        }
    }

    /// The next number.
    #[inline]
    pub(super) fn next(&mut self) -> i64 {
        self.last = self.last.saturating_add(1);
        self.last
    }

    /// Has the counter written, if it has moved.
    pub(super) fn write<S: Sink>(&mut self, icon: i32, sink: &mut S) -> Result<(), S::Error> {
        if self.last == self.written {
            return Ok(());
        }
        self.written = self.last;
        let values = [Value::Int(icon.into()), Value::Int(self.reserved()), Value::Int(self.last)];
        sink.update(Update { change: Change::Sequence, values: &values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_thousands() {
        for (last, reserved) in [(0, 0), (1, 1000), (999, 1000), (1000, 1000), (1001, 2000)] {
            assert_eq!(Sequence::after(last).reserved(), reserved);
        }
        let mut sequence = Sequence::after(7);
        assert_eq!((sequence.next(), sequence.last), (8, 8));
    }
}
