//! When a message is due.

use std::str::FromStr;
use std::time::Duration;

use super::When;

/// How fast a capture is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many times as fast as captured; above 0.
    Times(f64),
    /// As fast as the other side takes it.
    Max,
}

/// A speed that is none.
#[derive(Debug, thiserror::Error)]
#[error("expected a number of times such as 1, 10 or 0.5, from 0.001 to 1000000, or max")]
pub struct SpeedError;

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times: f64 = text.parse().map_err(|_| SpeedError)?;
        if (0.001..=1e6).contains(&times) { Ok(Self::Times(times)) } else { Err(SpeedError) }
    }
}

/// Turns times of the capture into times from the start of the replay.
#[derive(Clone, Debug)]
pub struct Pace {
    speed: Speed,
    /// Captured time of the first message of this round.
    origin: Option<u64>,
    /// When this round has begun, and when the last message was due.
    begun: Duration,
    last: Duration,
}

impl Pace {
    /// A pace at the start of a replay.
    pub const fn new(speed: Speed) -> Self {
        Self { speed, origin: None, begun: Duration::ZERO, last: Duration::ZERO }
    }

    /// When a message is due, from the start of the replay: never before the message before it, whose time it also has if it has no
    /// time of its own. The first one is due at once, and at the highest speed all are.
    pub fn due(&mut self, at: Option<When>) -> Duration {
        let (Speed::Times(times), Some(at)) = (self.speed, at) else { return self.last };
        let origin = *self.origin.get_or_insert(at.elapsed);
        let after = Duration::from_micros(at.elapsed.saturating_sub(origin));
        let after = Duration::try_from_secs_f64(after.as_secs_f64() / times).unwrap_or(Duration::MAX);
        self.last = self.last.max(self.begun.saturating_add(after));
        self.last
    }

    /// The capture begins again, right behind its last message.
    pub const fn again(&mut self) {
        self.origin = None;
        self.begun = self.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(elapsed: u64) -> Option<When> {
        Some(When { elapsed, clock: elapsed, date: None })
    }

    fn due(speed: &str, times: &[u64]) -> Vec<u128> {
        let mut pace = Pace::new(speed.parse().unwrap());
        times.iter().map(|time| pace.due(at(*time)).as_micros()).collect()
    }

    #[test]
    fn times_are_kept_shortened_or_left_out() {
        let times = [5_000_000, 5_250_000, 5_250_000, 15_000_000];
        assert_eq!(due("1", &times), [0, 250_000, 250_000, 10_000_000]);
        assert_eq!(due("10", &times), [0, 25_000, 25_000, 1_000_000]);
        assert_eq!(due("0.5", &times), [0, 500_000, 500_000, 20_000_000]);
        assert_eq!(due("max", &times), [0, 0, 0, 0]);
    }

    #[test]
    fn the_order_of_the_capture_counts_more_than_its_clock() {
        assert_eq!(due("1", &[10, 30, 20, 40]), [0, 20, 20, 30]);
        let mut pace = Pace::new(Speed::Times(1.0));
        assert_eq!([None, at(7), None].map(|at| pace.due(at).as_micros()), [0, 0, 0]);
    }

    #[test]
    fn rounds_follow_each_other() {
        let mut pace = Pace::new(Speed::Times(1.0));
        let mut round = || {
            let all = [at(100), at(150)].map(|at| pace.due(at).as_micros());
            pace.again();
            all
        };
        assert_eq!([round(), round(), round()], [[0, 50], [50, 100], [100, 150]]);
    }

    #[test]
    fn what_is_no_speed() {
        for text in ["", "0", "-1", "fast", "inf", "NaN", "1e9"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
