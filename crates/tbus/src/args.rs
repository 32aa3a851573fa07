//! Values of options that several commands take.

use std::time::Duration;

use clap::Args;

/// Where T-Server listens unless somebody says otherwise.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:7007";

/// Options of every command that is a client.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The T-Server to connect to
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS, value_parser = address)]
    pub(crate) server: String,
}

/// Reads `host:port`.
pub(crate) fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err(format!("expected HOST:PORT, such as {DEFAULT_ADDRESS}")),
    }
}

/// Reads `500ms`, `5s` or `1m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: Option<u64> = number.parse().ok();
    let millis = match (number, unit) {
        (Some(number), "ms") => Some(number),
        (Some(number), "s") => number.checked_mul(1000),
        (Some(number), "m") => number.checked_mul(60_000),
        _ => None,
    };
    // A deadline this far away can be added to any clock.
    let longest = Duration::from_secs(100 * 365 * 86_400);
    let duration = millis.map(Duration::from_millis).filter(|duration| *duration <= longest);
    duration.ok_or_else(|| "expected a number and a unit, such as 500ms, 5s or 1m".to_owned())
}

/// The value of an option that names a DN.
pub(crate) fn dn(option: &str, text: &str) -> Result<String, String> {
    if text.is_empty() { Err(format!("{option} is empty")) } else { Ok(text.to_owned()) }
}

/// Reads a number of events.
pub(crate) fn event_count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("--count must be 1 or more".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err("expected a whole number".to_owned()),
    }
}

/// A duration as people write it.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration.is_zero() { "0s".to_owned() } else { format!("{duration:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_no_nanoseconds() {
        assert_eq!([Duration::ZERO, Duration::from_millis(500)].map(seconds), ["0s", "500ms"]);
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        for text in
            ["", "5", "s", "-1s", "1.5s", "1 s", "1h", "99999999999999999999s", "18446744073709551615m"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        for text in ["127.0.0.1:7007", "localhost:0", "[::1]:7007"] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        for text in ["", "7007", ":7007", "localhost", "localhost:", "localhost:port", "localhost:70000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
