//! Days put together, so that a chart has no more columns than can be read.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::report::Figures;

/// Most columns of a chart (chosen).
const MOST: i64 = 62;

/// The width of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Day,
    Week,
    Month,
    Year,
}

impl Step {
    /// The finest one by which these days have no more than [`MOST`] columns.
    fn of(first: Date, last: Date) -> Self {
        let days = i64::from((last - first).get_days()) + 1;
        match days {
            days if days <= MOST => Self::Day,
            days if days <= MOST * 7 => Self::Week,
            days if days <= MOST * 30 => Self::Month,
            _ => Self::Year,
        }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// What the axis says.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Day => "Day",
            Self::Week => "Week, by its Monday",
            Self::Month => "Month",
            Self::Year => "Year",
        }
    }

    /// The first day of the column that a day belongs to; weeks begin on Monday.
    fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(back.days()).unwrap_or(day)
            }
            Self::Month => day.first_of_month(),
            Self::Year => day.first_of_year(),
        }
    }

    fn next(self, start: Date) -> Option<Date> {
        let next = match self {
            Self::Day => start.checked_add(1.day()),
            Self::Week => start.checked_add(1.week()),
            Self::Month => start.checked_add(1.month()),
            Self::Year => start.checked_add(1.year()),
        };
        next.ok()
    }

    /// How a column is labelled.
    pub(super) fn label(self, start: Date) -> String {
        match self {
            Self::Day | Self::Week => start.to_string(),
            Self::Month => start.strftime("%Y-%m").to_string(),
            Self::Year => start.year().to_string(),
        }
    }
}

/// Columns from the first day to the last, those without callbacks, too.
pub(super) fn series(days: &BTreeMap<Date, Figures>) -> (Step, Vec<(Date, Figures)>) {
    let (Some(first), Some(last)) = (days.keys().next(), days.keys().next_back()) else {
        return (Step::Day, Vec::new());
    };
    let step = Step::of(*first, *last);
    let mut columns: BTreeMap<Date, Figures> = BTreeMap::new();
    let mut start = Some(step.start(*first));
    while let Some(day) = start.filter(|day| day <= last) {
        columns.insert(day, Figures::default());
        start = step.next(day);
    }
    for (day, figures) in days {
        columns.entry(step.start(*day)).or_default().add(figures);
    }
    (step, columns.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days(days: &[Date]) -> BTreeMap<Date, Figures> {
        let one = Figures { offered: 1, ..Figures::default() };
        days.iter().map(|day| (*day, one)).collect()
    }

    #[test]
    fn columns_are_few_and_without_gaps() {
        let (step, columns) = series(&days(&[date(2014, 2, 27), date(2014, 3, 2)]));
        let shown: Vec<(String, i64)> =
            columns.iter().map(|(day, figures)| (step.label(*day), figures.offered)).collect();
        let expected = [("2014-02-27", 1), ("2014-02-28", 0), ("2014-03-01", 0), ("2014-03-02", 1)];
        assert_eq!(shown, expected.map(|(day, offered)| (day.to_owned(), offered)));
        for (last, step, count, label) in [
            (date(2014, 3, 3), Step::Day, 62, "2014-01-01"),
            (date(2014, 3, 4), Step::Week, 10, "2013-12-30"),
            (date(2015, 12, 31), Step::Month, 24, "2014-01"),
            (date(2038, 1, 19), Step::Year, 25, "2014"),
        ] {
            let (found, columns) = series(&days(&[date(2014, 1, 1), last]));
            assert_eq!((found, columns.len()), (step, count), "{last}");
            assert_eq!(found.label(columns[0].0), label);
            assert_eq!(columns.iter().map(|(_, figures)| figures.offered).sum::<i64>(), 2);
        }
        assert!(series(&days(&[])).1.is_empty());
        assert!(series(&days(&[Date::MIN, Date::MAX])).1.len() > 19_000);
    }
}
