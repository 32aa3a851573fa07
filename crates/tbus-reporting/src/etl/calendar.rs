//! Rows of `DATE_TIME`: whole days, made when an event needs them.

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tbus_db::{DbError, Transaction, Value};

use super::rules::QUARTER_HOUR;
use crate::mart::{self, DateTime};

const FIND_DAY: &str = include_str!("../../sql/etl/find_day.sql");
const DAY: i32 = 86_400;
/// Days that are kept in memory; when there are more, all are forgotten and asked for again (chosen).
const KEPT: usize = 10_000;

/// The days that are known to be in `DATE_TIME`.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    days: HashSet<i32>,
}

impl Calendar {
    /// Has `DATE_TIME` hold the day of a moment, and the days on which its week, month, quarter and year begin.
    pub(crate) fn hold(&mut self, seconds: i32, tx: &mut Transaction<'_>) -> Result<(), DbError> {
        let day = seconds - seconds.rem_euclid(DAY);
        if self.days.contains(&day) {
            return Ok(());
        }
        let periods = Periods::of(day);
        self.hold_day(day, tx)?;
        for first in [periods.week, periods.month, periods.quarter, periods.year] {
            self.hold_day(first, tx)?;
        }
        Ok(())
    }

    fn hold_day(&mut self, day: i32, tx: &mut Transaction<'_>) -> Result<(), DbError> {
        if self.days.contains(&day) {
            return Ok(());
        }
        if tx.query(FIND_DAY, &[Value::Int(day.into())])?.is_empty() {
            // The last day that keys can name, in 2038, ends early.
            for key in (0..DAY / QUARTER_HOUR).filter_map(|at| day.checked_add(at * QUARTER_HOUR)) {
                write(key, tx)?;
            }
        }
        if self.days.len() >= KEPT {
            self.days.clear();
        }
        self.days.insert(day);
        Ok(())
    }
}

/// Where the periods of a day begin.
struct Periods {
    date: Date,
    week_date: Date,
    week: i32,
    month: i32,
    quarter: i32,
    year: i32,
}

impl Periods {
    fn of(day: i32) -> Self {
        let date = Timestamp::from_second(day.into()).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        // Weeks begin on Sunday.
        let sundays = date.weekday().to_sunday_zero_offset();
        let week_date = date.saturating_sub(i64::from(sundays).days());
        let month = date.first_of_month();
        let first_month = (date.month() - 1) / 3 * 3 + 1;
        let quarter = Date::new(date.year(), first_month, 1).unwrap_or(month);
        Self {
            date,
            week_date,
            week: start(week_date),
            month: start(month),
            quarter: start(quarter),
            year: start(date.first_of_year()),
        }
    }
}

/// When a day begins, UTC seconds.
fn start(date: Date) -> i32 {
    let begins = date.to_zoned(TimeZone::UTC).map_or(0, |begins| begins.timestamp().as_second());
    i32::try_from(begins).unwrap_or_default()
}

/// Writes the row of 15 minutes.
fn write(key: i32, tx: &mut Transaction<'_>) -> Result<(), DbError> {
    let day = key - key.rem_euclid(DAY);
    let Periods { date, week_date, week, month, quarter, year } = Periods::of(day);
    let (hour, minute) = (key.rem_euclid(DAY) / 3600, key.rem_euclid(3600) / 60);
    let ymd = date.strftime("%Y-%m-%d").to_string();
    // Sundays of the week's year up to it; the days before the first belong to the last week of the year before.
    let week_number = (week_date.day_of_year() - 1) / 7 + 1;
    let row = DateTime {
        date_time_key: key,
        date_time_hour_key: key - key.rem_euclid(3600),
        date_time_day_key: day,
        date_time_week_key: week,
        date_time_month_key: month,
        date_time_quarter_key: quarter,
        date_time_year_key: year,
        label_yyyy: &date.strftime("%Y").to_string(),
        label_yyyy_qq: &format!("{}-Q{}", date.strftime("%Y"), (date.month() - 1) / 3 + 1),
        label_yyyy_mm: &date.strftime("%Y-%m").to_string(),
        label_yyyy_we: &format!("{}-W{week_number:02}", week_date.strftime("%Y")),
        label_yyyy_mm_dd: &ymd,
        label_yyyy_mm_dd_hh24: &format!("{ymd} {hour:02}"),
        label_yyyy_mm_dd_hh24_mi: &format!("{ymd} {hour:02}:{minute:02}"),
    };
    tx.row(&mart::DATE_TIME, &row.values())
}

#[cfg(test)]
mod tests {
    use super::Periods;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        let keys = |day| {
            let Periods { week, month, quarter, year, .. } = Periods::of(day);
            [week, month, quarter, year]
        };
        // Saturday 2014-09-20, Sunday 2014-09-21, and the first day of all, a Thursday.
        assert_eq!(keys(1_411_171_200), [1_410_652_800, 1_409_529_600, 1_404_172_800, 1_388_534_400]);
        assert_eq!(keys(1_411_257_600), [1_411_257_600, 1_409_529_600, 1_404_172_800, 1_388_534_400]);
        assert_eq!(keys(0), [-345_600, 0, 0, 0]);
    }
}
