//! What a report is asked for: days, zone and names.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::error::ReportError;
use super::names::Names;

/// What a report is asked for. An empty list, like a day that is not given, means all.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The first day, in the zone.
    pub from: Option<Date>,
    /// The last day, in the zone.
    pub to: Option<Date>,
    /// Names of tenants.
    pub tenants: Vec<String>,
    /// Names of queues.
    pub queues: Vec<String>,
    /// Callback types.
    pub types: Vec<String>,
    /// Channels.
    pub channels: Vec<String>,
    /// The zone in which days begin and times are shown.
    pub zone: TimeZone,
}

impl Default for Filter {
    /// Everything, in UTC.
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            tenants: Vec::new(),
            queues: Vec::new(),
            types: Vec::new(),
            channels: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

/// One prompt of a report, and what it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its name, as the guide has it.
    pub name: &'static str,
    /// The values, or `ALL`.
    pub value: String,
}

impl Filter {
    /// The zone's IANA name.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The seconds since 1970 from which and before which callbacks are asked for.
    ///
    /// # Errors
    /// When the first day is after the last one.
    pub(super) fn seconds(&self) -> Result<(i64, i64), ReportError> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(ReportError::Dates { from, to });
        }
        let begin = self.from.map_or(i64::MIN, |day| self.start_of(day));
        let end = self.to.map_or(i64::MAX, |day| day.tomorrow().map_or(i64::MAX, |day| self.start_of(day)));
        Ok((begin, end))
    }

    /// The first second of a day: where midnight does not exist that is later, where it comes twice its first one.
    fn start_of(&self, day: Date) -> i64 {
        match day.to_zoned(self.zone.clone()).and_then(|day| day.start_of_day()) {
            Ok(start) => start.timestamp().as_second(),
            // Only days at the ends of the calendar have none.
            Err(_) if day.year() < 0 => i64::MIN,
            Err(_) => i64::MAX,
        }
    }

    /// The day of a time in seconds since 1970.
    pub(super) fn day(&self, column: &'static str, seconds: i64) -> Result<Date, ReportError> {
        let time =
            Timestamp::from_second(seconds).map_err(|_| ReportError::Time { column, value: seconds })?;
        Ok(self.zone.to_datetime(time).date())
    }

    /// Whether callbacks with these names are asked for.
    pub(super) fn takes(&self, names: &Names) -> bool {
        let one_of =
            |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|each| each == name);
        one_of(&self.tenants, &names.tenant)
            && one_of(&self.queues, &names.queue)
            && one_of(&self.types, &names.callback_type)
            && one_of(&self.channels, &names.channel)
    }

    /// The days as the header shows them: `1/1/2014 to 12/31/2014`; `ALL` when none was given (facts: 6.1; with only one
    /// of them: chosen).
    pub fn dates(&self) -> String {
        let shown = |day: Date| format!("{}/{}/{}", day.month(), day.day(), day.year());
        match (self.from, self.to) {
            (Some(from), Some(to)) => format!("{} to {}", shown(from), shown(to)),
            (Some(from), None) => format!("from {}", shown(from)),
            (None, Some(to)) => format!("to {}", shown(to)),
            (None, None) => "ALL".to_owned(),
        }
    }

    /// The prompts below the title; the last one, the zone, is ours (chosen).
    pub fn prompts(&self) -> Vec<Prompt> {
        let all = |names: &[String]| if names.is_empty() { "ALL".to_owned() } else { names.join(", ") };
        vec![
            Prompt { name: "Tenant", value: all(&self.tenants) },
            Prompt { name: "Queue", value: all(&self.queues) },
            Prompt { name: "Callback Type", value: all(&self.types) },
            Prompt { name: "Channel", value: all(&self.channels) },
            Prompt { name: "Time Zone", value: self.zone_name().to_owned() },
        ]
    }

    /// The same as JSON, `null` and empty lists for what was not given.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "from": self.from.map(|day| day.to_string()),
            "to": self.to.map(|day| day.to_string()),
            "tenant": self.tenants,
            "queue": self.queues,
            "callbackType": self.types,
            "channel": self.channels,
            "zone": self.zone_name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn filter(from: Option<Date>, to: Option<Date>, zone: &str) -> Filter {
        Filter { from, to, zone: TimeZone::get(zone).unwrap(), ..Filter::default() }
    }

    #[test]
    fn days_of_23_24_and_25_hours() {
        for (zone, day, begin, hours) in [
            ("UTC", date(2014, 9, 19), 1_411_084_800, 24),
            ("Europe/Berlin", date(2014, 9, 19), 1_411_077_600, 24),
            ("Europe/Berlin", date(2014, 3, 30), 1_396_134_000, 23),
            ("Europe/Berlin", date(2014, 10, 26), 1_414_274_400, 25),
            // Midnight does not exist: the clock goes from 23:59 to 01:00.
            ("America/Sao_Paulo", date(2014, 10, 19), 1_413_687_600, 23),
            // Midnight comes twice: the clock goes back from 01:00.
            ("America/Havana", date(2014, 11, 2), 1_414_900_800, 25),
            ("Asia/Kathmandu", date(2014, 9, 19), 1_411_064_100, 24),
        ] {
            let filter = filter(Some(day), Some(day), zone);
            assert_eq!(filter.seconds().unwrap(), (begin, begin + hours * 3600), "{zone} {day}");
            let days = [begin - 1, begin, begin + hours * 3600 - 1, begin + hours * 3600];
            let days = days.map(|seconds| filter.day("X", seconds).unwrap());
            assert_eq!(days, [day.yesterday().unwrap(), day, day, day.tomorrow().unwrap()], "{zone}");
        }
    }

    #[test]
    fn no_days_are_all_days() {
        assert_eq!(filter(None, None, "UTC").seconds().unwrap(), (i64::MIN, i64::MAX));
        let turned = filter(Some(date(2014, 2, 1)), Some(date(2014, 1, 31)), "UTC").seconds().unwrap_err();
        assert_eq!(turned.to_string(), "the first day, 2014-02-01, is after the last day, 2014-01-31");
        assert_eq!(filter(None, Some(Date::MAX), "UTC").seconds().unwrap().1, i64::MAX);
        let odd = filter(None, None, "UTC").day("START_DATE_TIME_KEY", i64::MAX).unwrap_err();
        assert!(odd.to_string().contains("START_DATE_TIME_KEY"), "{odd}");
    }

    #[test]
    fn the_header_has_the_guides_form() {
        let (first, last) = (Some(date(2014, 1, 1)), Some(date(2014, 12, 31)));
        let shown = [(first, last), (first, None), (None, last), (None, None)]
            .map(|(from, to)| filter(from, to, "UTC").dates());
        assert_eq!(shown, ["1/1/2014 to 12/31/2014", "from 1/1/2014", "to 12/31/2014", "ALL"]);
        let mut filter = filter(None, None, "Europe/Berlin");
        filter.queues = vec!["A".to_owned(), "B".to_owned()];
        let prompts: Vec<String> =
            filter.prompts().iter().map(|prompt| format!("{}: {}", prompt.name, prompt.value)).collect();
        let expected =
            ["Tenant: ALL", "Queue: A, B", "Callback Type: ALL", "Channel: ALL", "Time Zone: Europe/Berlin"];
        assert_eq!(prompts, expected);
    }
}
