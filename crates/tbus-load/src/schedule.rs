//! When messages are due: an absolute schedule, so that a late generator catches up instead of publishing less.

use std::time::Duration;

/// The schedule of an open loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// Messages per nanosecond.
    rate: f64,
    /// Nanoseconds in which the rate rises from nothing to that.
    ramp: f64,
}

impl Schedule {
    /// So many messages per second, after a ramp.
    pub(crate) fn new(rate: f64, ramp: Duration) -> Self {
        Self { rate: rate / 1e9, ramp: ramp.as_secs_f64() * 1e9 }
    }

    /// How many messages are due within the ramp.
    fn within_ramp(&self) -> f64 {
        self.rate * self.ramp / 2.0
    }

    /// How many messages are due up to a time, in nanoseconds since the start, and at it.
    pub(crate) fn due(&self, time: u64) -> u64 {
        let time = time as f64;
        let count = if time < self.ramp {
            self.rate * time * time / (2.0 * self.ramp)
        } else {
            self.within_ramp() + self.rate * (time - self.ramp)
        };
        // Casts of floating-point numbers saturate. The first one is due at once.
        (count.floor() as u64).saturating_add(1)
    }

    /// When a message is due, in nanoseconds since the start.
    #[inline]
    pub(crate) fn at(&self, number: u64) -> u64 {
        let number = number as f64;
        let within = self.within_ramp();
        let time = if number < within {
            (2.0 * number * self.ramp / self.rate).sqrt()
        } else {
            self.ramp + (number - within) / self.rate
        };
        time as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_has_equal_gaps() {
        let schedule = Schedule::new(1000.0, Duration::ZERO);
        assert_eq!([0, 1, 1000].map(|number| schedule.at(number)), [0, 1_000_000, 1_000_000_000]);
        assert_eq!([0, 999_999, 1_000_001].map(|time| schedule.due(time)), [1, 1, 2]);
    }

    #[test]
    fn a_ramp_has_half_as_many() {
        let schedule = Schedule::new(1000.0, Duration::from_secs(2));
        assert_eq!(schedule.at(1000), 2_000_000_000);
        assert_eq!(schedule.at(250), 1_000_000_000, "a quarter in half of the time");
        assert_eq!(schedule.at(1500), 2_500_000_000);
        for number in [1, 10, 333, 999, 1001, 5000] {
            let at = schedule.at(number);
            assert_eq!(schedule.due(at + 10), number + 1, "{number} is due at {at}");
            assert_eq!(schedule.due(at - 10), number, "{number} is not due before {at}");
        }
    }
}
