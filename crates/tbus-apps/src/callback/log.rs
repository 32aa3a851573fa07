//! The service's log: a line for each event (the style is chosen; nobody has published the vendor's).
//!
//! `2018-06-10T22:05:00.000Z 445-5338c861-6f94-48fc-a3a3-81ca343c3cc2 default 5550100 QUEUED -> ROUTING`

use super::machine::{News, What};
use super::server::Event;
use super::time;

/// The line of an event, without a line feed. `now` is for events that have no time of their own; seconds since 1970.
pub fn log_line(event: &Event, now: i64) -> String {
    match event {
        Event::News(news) => news_line(news),
        Event::Lost { address, reason } => {
            format!("{} T-Server {address} is away: {reason}", time::format(now))
        }
        Event::Connected { address } => format!("{} T-Server {address} is back", time::format(now)),
    }
}

fn news_line(news: &News) -> String {
    let what = match &news.what {
        What::State { from, to, reason } => {
            let from = from.map(|from| format!("{from} -> ")).unwrap_or_default();
            let reason = reason.as_ref().map(|reason| format!(" {}", printable(reason))).unwrap_or_default();
            format!("{from}{to}{reason}")
        }
        What::Rescheduled { desired } => format!("rescheduled to {}", time::format(*desired)),
        What::Sent { dn, pairs } => format!("user event of {pairs} pairs sent to {}", printable(dn)),
        What::Attached { call, pairs } => format!("{pairs} pairs attached to call {call:016x}"),
        What::Unsent { dn, error, given_up } => {
            let dn = printable(dn);
            format!("user event NOT sent to {dn}: {error}; {given_up} later messages are given up")
        }
        What::NotAttached { call, error } => format!("pairs NOT attached to call {call:016x}: {error}"),
    };
    let number = match news.customer_number.as_str() {
        "" => "-".to_owned(),
        number => printable(number),
    };
    format!("{} {} {} {number} {what}", time::format(news.at), news.id, news.service)
}

/// A text of a request: one line stays one line.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || letter == ' ' { '_' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_requests_hold() {
        let what = What::Sent { dn: "7001\n2030 forged".to_owned(), pairs: 3 };
        let (id, service) = ("445-1".to_owned(), "default".to_owned());
        let news = News { at: 0, id, service, customer_number: "5\u{1b}[2J\r\n".to_owned(), what };
        let line = log_line(&Event::News(news), 0);
        let expected =
            "1970-01-01T00:00:00.000Z 445-1 default 5_[2J__ user event of 3 pairs sent to 7001_2030_forged";
        assert_eq!(line, expected);
    }
}
