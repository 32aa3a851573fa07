//! A message as the user wants to see it.

use clap::ValueEnum;
use jiff::tz::TimeZone;
use tlib_proto::text::{TextStyle, print_message};
use tlib_proto::{MessageRef, json};

/// In which form messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // T-Server log text.
    Log,
    // One line of JSON per message.
    Json,
}

/// Prints messages in one form.
pub(crate) struct Renderer {
    format: Format,
    zone: TimeZone,
    text: String,
}

impl Renderer {
    /// A renderer that shows times of day in the system's zone.
    pub(crate) fn new(format: Format) -> Self {
        Self { format, zone: TimeZone::system(), text: String::new() }
    }

    /// The text of a message, line feeds included; log text ends with an empty line.
    pub(crate) fn message(&mut self, message: MessageRef<'_>) -> &str {
        self.text.clear();
        match self.format {
            Format::Log => {
                let style = TextStyle { utc_offset: self.offset(message) };
                print_message(&mut self.text, message, &style);
            }
            Format::Json => self.text.push_str(&json::from_message(message).to_string()),
        }
        self.text.push('\n');
        &self.text
    }

    /// Seconds that local time was ahead of UTC when the message was made.
    fn offset(&self, message: MessageRef<'_>) -> i32 {
        let seconds = message.time().ok().flatten().and_then(|time| i64::try_from(time.seconds).ok());
        let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        time.map_or(0, |time| self.zone.to_offset(time).seconds())
    }
}
