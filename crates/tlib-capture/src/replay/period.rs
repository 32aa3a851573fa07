//! Times as people give them, and what lies between two of them.

use std::str::FromStr;

use super::When;

/// A time of day, or a time of a day, by the clock of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Microseconds since midnight.
    Clock(u64),
    /// Microseconds since 1970-01-01 00:00:00.
    Date(i64),
}

/// A time that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("expected HH:MM, HH:MM:SS.mmm or YYYY-MM-DDTHH:MM:SS")]
pub struct MomentError;

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        if let Ok(time) = text.parse::<jiff::civil::DateTime>()
            && text.contains(['T', ' '])
        {
            let time = jiff::tz::Offset::UTC.to_timestamp(time).map_err(|_| MomentError)?;
            return Ok(Self::Date(time.as_microsecond()));
        }
        let time: jiff::civil::Time = text.parse().map_err(|_| MomentError)?;
        let nanos = time.duration_since(jiff::civil::Time::MIN).as_nanos();
        Ok(Self::Clock(u64::try_from(nanos / 1000).map_err(|_| MomentError)?))
    }
}

/// What lies between two times; each may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this time on.
    pub from: Option<Moment>,
    /// Up to this time; a time of day before that of `from` is one of the next day.
    pub to: Option<Moment>,
}

impl Period {
    /// Whether something of this time lies in it. Without a time it does only if nothing is asked.
    pub fn holds(&self, at: Option<When>) -> bool {
        let Some(at) = at else { return self.from.is_none() && self.to.is_none() };
        let since = |moment| match moment {
            Moment::Clock(clock) => at.clock >= clock,
            Moment::Date(date) => at.date.is_some_and(|at| at >= date),
        };
        let until = |moment| match moment {
            Moment::Clock(clock) => at.clock <= clock,
            Moment::Date(date) => at.date.is_some_and(|at| at <= date),
        };
        match (self.from, self.to) {
            (Some(Moment::Clock(from)), Some(Moment::Clock(to))) if to < from => {
                at.clock >= from || at.clock <= to
            }
            (from, to) => from.is_none_or(since) && to.is_none_or(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_the_day_or_of_a_date() {
        let moment = |text: &str| text.parse::<Moment>();
        assert!(matches!(moment("00:10"), Ok(Moment::Clock(600_000_000))));
        assert!(matches!(moment("00:00:01.5"), Ok(Moment::Clock(1_500_000))));
        assert!(matches!(moment("1970-01-02T00:00:00"), Ok(Moment::Date(86_400_000_000))));
        assert!(moment("yesterday").is_err() && moment("25:00").is_err());
    }
}
