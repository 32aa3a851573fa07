//! The text of a record: no files, no clock of its own, nothing but its arguments and a cache of the last second.

use jiff::tz::TimeZone;
use tlib_proto::text::{TextStyle, print_attributes};
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

use super::clock::LocalClock;
use super::{ClientForm, ClientLabel, Level, Record, ServerLabel, Verbosity, ids};

/// Formats records as T-Server does.
#[derive(Debug)]
pub struct Formatter {
    clock: LocalClock,
    /// ` [0] 8.1.000.62 `, what stands between the time and the function of an event.
    event_mark: String,
}

impl Formatter {
    /// A formatter that prints this application version in `@` lines and the local time of this zone everywhere.
    pub fn new(version: &str, zone: TimeZone) -> Self {
        let mut event_mark = String::from(" [0] ");
        put_clean(&mut event_mark, version);
        event_mark.push(' ');
        Self { clock: LocalClock::new(zone), event_mark }
    }

    /// Appends the lines of a record that this verbosity allows, each ended by a line feed.
    pub fn format(&mut self, record: &Record, verbosity: Verbosity, out: &mut String) {
        if !verbosity.allows(record.level()) {
            return;
        }
        match record {
            Record::Received { at, request, from } => {
                if verbosity.allows(Level::Trace) {
                    self.received(out, *at, request, from);
                }
                self.head(out, *at, Level::Interaction, ids::INTERACTION);
                out.push_str(" Interaction message \"");
                put_name(out, request.id());
                out.push_str("\" received from ");
                put_number(out, from.handle(), 1);
                out.push_str(" (\"");
                out.push_str(from.application());
                out.push_str("\")\n");
            }
            Record::Note { text } => {
                let start = out.len();
                put_clean(out, text.trim_start());
                if out.len() > start {
                    out.push('\n');
                }
            }
            Record::Event { at, function, message } => {
                out.push('@');
                out.push_str(self.clock.clock(at.seconds));
                out.push('.');
                put_number(out, at.micros / 100, 4);
                out.push_str(&self.event_mark);
                out.push_str(function);
                out.push_str(": message ");
                put_name(out, message.id());
                out.push('\n');
                self.attributes(out, *at, message);
            }
            Record::Sent { at, message, to } => self.sent(out, *at, *message, to),
            Record::Client { at, form, server, message } => match form {
                ClientForm::RequestTo => {
                    self.stamp(out, *at);
                    out.push_str(" request to ");
                    out.push_str(server.printed());
                    out.push_str(" message ");
                    put_name(out, message.id());
                    out.push('\n');
                    self.attributes(out, *at, message);
                }
                ClientForm::ReceivedFrom => self.received_from(out, *at, server, message),
                ClientForm::Told => self.told(out, *at, server, message, verbosity),
            },
            Record::Line { at, level, id, text } => self.line(out, *at, *level, *id, text),
        }
    }

    /// Appends a standard line: time, level, number and text.
    pub(super) fn line(&mut self, out: &mut String, at: Timestamp, level: Level, id: u32, text: &str) {
        self.head(out, at, level, id);
        out.push(' ');
        put_clean(out, text);
        if out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }

    /// Local time, for what is no record: headers and file names.
    pub(super) const fn clock(&self) -> &LocalClock {
        &self.clock
    }

    fn received(&mut self, out: &mut String, at: Timestamp, request: &Message, from: &ClientLabel) {
        self.head(out, at, Level::Trace, ids::RECEIVED);
        out.push(' ');
        put_name(out, request.id());
        out.push_str(" received from ");
        out.push_str(from.printed());
        out.push_str("\nmessage ");
        put_name(out, request.id());
        out.push('\n');
        self.attributes(out, at, request);
    }

    fn sent(
        &mut self,
        out: &mut String,
        at: Timestamp,
        message: MessageId,
        to: &[std::sync::Arc<ClientLabel>],
    ) {
        let Some((first, others)) = to.split_first() else { return };
        // All lines begin alike: the beginning is made once and copied.
        let start = out.len();
        self.head(out, at, Level::Trace, ids::SENT);
        out.push(' ');
        put_name(out, message);
        out.push_str(" sent to ");
        let common = start..out.len();
        out.push_str(first.printed());
        out.push('\n');
        for label in others {
            out.extend_from_within(common.clone());
            out.push_str(label.printed());
            out.push('\n');
        }
    }

    fn received_from(&mut self, out: &mut String, at: Timestamp, server: &ServerLabel, message: &Message) {
        self.stamp(out, at);
        out.push_str(" received from ");
        out.push_str(server.printed_peer());
        out.push_str(" message ");
        put_name(out, message.id());
        if let Ok(Some(reference)) = message.view().reference_id() {
            out.push_str("(refid=");
            put_number(out, reference, 1);
            out.push(')');
        }
        out.push('\n');
        self.attributes(out, at, message);
    }

    fn told(
        &mut self,
        out: &mut String,
        at: Timestamp,
        server: &ServerLabel,
        message: &Message,
        verbosity: Verbosity,
    ) {
        let dn = message.view().text(AttributeId::THIS_DN).ok().flatten().unwrap_or_default();
        let put_peer = |out: &mut String| {
            out.push_str(server.name());
            if !dn.is_empty() {
                out.push('@');
                put_clean(out, &String::from_utf8_lossy(dn));
            }
        };
        if verbosity.allows(Level::Trace) {
            self.head(out, at, Level::Trace, ids::RECEIVED);
            out.push_str(" Message ");
            put_name(out, message.id());
            out.push_str(" received from '");
            put_peer(out);
            out.push_str("'\nmessage ");
            put_name(out, message.id());
            out.push('\n');
            self.attributes(out, at, message);
        }
        self.head(out, at, Level::Interaction, ids::INTERACTION);
        out.push_str(" Interaction message \"");
        put_name(out, message.id());
        out.push_str("\" received from ");
        put_number(out, ServerLabel::HANDLE, 1);
        out.push_str(" (\"");
        put_peer(out);
        out.push_str("\")\n");
    }

    fn attributes(&mut self, out: &mut String, at: Timestamp, message: &Message) {
        // The clock behind TimeinSecs is that of the message, which a client may have set to any time.
        let seconds = message.view().time().ok().flatten().map_or(at.seconds, |time| time.seconds);
        let style = TextStyle { utc_offset: self.clock.offset_at(seconds) };
        print_attributes(out, message.view(), &style);
    }

    /// Appends `HH:MM:SS.mmm`.
    fn stamp(&mut self, out: &mut String, at: Timestamp) {
        out.push_str(self.clock.clock(at.seconds));
        out.push('.');
        put_number(out, at.millis(), 3);
    }

    /// Appends `HH:MM:SS.mmm Lvl NNNNN`.
    fn head(&mut self, out: &mut String, at: Timestamp, level: Level, id: u32) {
        self.stamp(out, at);
        out.push(' ');
        out.push_str(level.code());
        out.push(' ');
        put_number(out, id, 5);
    }
}

fn put_name(out: &mut String, id: MessageId) {
    match id.name() {
        Some(name) => out.push_str(name),
        None => {
            out.push_str("Message");
            put_number(out, id.0.into(), 1);
        }
    }
}

/// Appends a number with leading zeros up to `width`; `fmt` is several times slower.
fn put_number(out: &mut String, value: u32, width: u32) {
    let mut digits = width.max(1);
    while digits < 10 && value >= 10_u32.pow(digits) {
        digits += 1;
    }
    for place in (0..digits).rev() {
        out.push(char::from_digit(value / 10_u32.pow(place) % 10, 10).unwrap_or('0'));
    }
}

/// Appends a text that stays in its line: control characters as blanks, none at the end.
pub(super) fn put_clean(out: &mut String, text: &str) {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c.is_control());
    if text.contains(char::is_control) {
        out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
    } else {
        out.push_str(text);
    }
}
