//! Percentages as the reports show them.

use std::fmt;

/// A percentage in hundredths: 691 is `6.91%`. It is made of two counts, rounded half up, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Percent(i128);

impl Percent {
    /// `part` of `whole`. Of nothing everything is 0.00% (chosen; nobody has published what the vendor shows).
    pub fn of(part: i64, whole: i64) -> Self {
        if whole <= 0 {
            return Self(0);
        }
        // |part| < 2^63, so twenty thousand times it is far from the bounds.
        let (part, whole) = (i128::from(part), i128::from(whole));
        Self((part * 20_000 + whole).div_euclid(2 * whole))
    }

    /// The value as a number: 6.91 for `6.91%`.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let hundredths = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}%", hundredths / 100, hundredths % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;
    use proptest::prelude::*;

    #[test]
    fn half_goes_up() {
        for (part, whole, text) in [
            (27, 391, "6.91%"),
            (1, 364, "0.27%"),
            (364, 364, "100.00%"),
            (0, 5, "0.00%"),
            (5, 0, "0.00%"),
            (0, 0, "0.00%"),
            (1, 3, "33.33%"),
            (2, 3, "66.67%"),
            // Exact halves: 0.005 %, 0.125 % and 0.375 %, which binary fractions would get wrong or right by chance.
            (1, 20_000, "0.01%"),
            (1, 800, "0.13%"),
            (3, 800, "0.38%"),
            (1, 20_001, "0.00%"),
            (3, 2, "150.00%"),
            (-1, 4, "-25.00%"),
            (i64::MAX, 1, "922337203685477580700.00%"),
            (i64::MAX, i64::MAX, "100.00%"),
            (5, -1, "0.00%"),
        ] {
            assert_eq!(Percent::of(part, whole).to_string(), text, "{part} of {whole}");
        }
        assert_eq!(Percent::of(27, 391).as_f64().to_string(), "6.91");
        assert_eq!(format!("{:>8}", Percent::of(1, 2)), "  50.00%");
    }

    proptest! {
        /// What is shown is nearest to the truth, and of two that are equally near the greater one.
        #[test]
        fn nearest_hundredth(part in 0_i64..1_000_000, whole in 1_i64..1_000_000) {
            let shown = Percent::of(part, whole).0;
            // 2 * (shown - exact) * whole, in hundredths, is in (-whole, whole].
            let twice = 2 * (shown * i128::from(whole) - i128::from(part) * 10_000);
            prop_assert!(-i128::from(whole) < twice && twice <= i128::from(whole));
        }
    }
}
