//! Five-minute steps: which of them the database has been told of.

use tbus_db::{Value, civil};

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
