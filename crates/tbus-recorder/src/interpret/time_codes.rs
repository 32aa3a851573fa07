//! Five-minute steps: which of them the database has been told of.

use tbus_db::Value;

use super::Sink;
use super::change::{Change, Update};

/// As many steps are remembered (chosen): five hours and some. Telling one again does no harm.
const REMEMBERED: usize = 64;

/// The steps that were told last.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeCodes {
    recent: Vec<i32>,
    at: usize,
    last: Option<i32>,
}

impl TimeCodes {
    /// Has the database know a step.
    #[inline]
    pub(super) fn note<S: Sink>(&mut self, code: Option<i32>, sink: &mut S) -> Result<(), S::Error> {
        match code {
            Some(code) if self.last != Some(code) => self.tell(code, sink),
            _ => Ok(()),
        }
    }

    #[cold]
    fn tell<S: Sink>(&mut self, code: i32, sink: &mut S) -> Result<(), S::Error> {
        self.last = Some(code);
        if self.recent.contains(&code) {
            return Ok(());
        }
        if self.recent.len() < REMEMBERED {
            self.recent.push(code);
        } else if let Some(oldest) = self.recent.get_mut(self.at) {
            *oldest = code;
            self.at = (self.at + 1) % REMEMBERED;
        }
        let seconds = i64::from(code);
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        // 1970-01-01 was a Thursday, the fourth day of the week.
        let weekday = (days + 3).rem_euclid(7) + 1;
        let values = [seconds, year, month, day, of_day / 3600, of_day % 3600 / 60, weekday].map(Value::Int);
        sink.update(Update { change: Change::TimeCode, values: &values })
    }
}

/// Year, month and day of a day since 1970-01-01, by counting in cycles of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_have_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (15_611, (2012, 9, 28)),
            (24_855, (2038, 1, 19)),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
