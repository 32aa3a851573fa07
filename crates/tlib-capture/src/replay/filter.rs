//! Which messages are replayed.

use std::str::FromStr;

use tlib_proto::ValueRef;

use super::{Planned, When};

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

/// What is to be replayed. Each empty part lets everything through; of a part with several values one must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names of messages.
    pub messages: Vec<String>,
    /// Values of any attribute that names a DN or a queue.
    pub dns: Vec<String>,
    /// Clients. Messages whose client is not known do not match.
    pub applications: Vec<String>,
    /// From this time on.
    pub from: Option<Moment>,
    /// Up to this time; a time of day before that of `from` is one of the next day.
    pub to: Option<Moment>,
}

impl Filter {
    /// Whether the message is to be replayed.
    pub fn lets_through(&self, planned: &Planned) -> bool {
        let names_dn = |dn: &String| {
            planned.message.view().attributes().any(|attribute| {
                attribute.id.name().is_some_and(|name| name.ends_with("DN") || name.ends_with("Queue"))
                    && matches!(attribute.value, ValueRef::Str(value) if value == dn.as_bytes())
            })
        };
        let name = planned.message.id().name();
        (self.messages.is_empty() || self.messages.iter().any(|wanted| name == Some(wanted.as_str())))
            && (self.dns.is_empty() || self.dns.iter().any(names_dn))
            && self.lets_application_through(planned.application.as_deref())
            && self.in_time(planned.at)
    }

    /// Whether something of this client is to be replayed.
    pub fn lets_application_through(&self, application: Option<&str>) -> bool {
        self.applications.is_empty()
            || self.applications.iter().any(|wanted| application == Some(wanted.as_str()))
    }

    fn in_time(&self, at: Option<When>) -> bool {
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
