//! How decisions look: a block for each event, or lines of JSON; and the sums.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};
use tbus_recorder::interpret::{Counters, Cut, Outcome};

use super::explain::{Event, Line, Shown};
use crate::exit::{Failure, counted};
use crate::output::Out;

/// Most characters of a key and of a value in the table.
const KEY_WIDTH: usize = 32;
const VALUE_WIDTH: usize = 40;

/// Bytes as text, as the recorder reads them: UTF-8, else ISO-8859-1.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// A text in one line of at most so many characters.
fn short(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most + 1).flat_map(char::escape_debug).collect();
    if shown.chars().count() > most {
        shown = shown.chars().take(most.saturating_sub(3)).collect();
        shown.push_str("...");
    }
    shown
}

impl Shown {
    fn short(&self) -> String {
        match self {
            Self::Text(text) => format!("'{}'", short(text, VALUE_WIDTH - 2)),
            Self::Int(number) => number.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Binary(bytes) => format!("({})", counted(bytes.len(), "byte")),
            Self::List(pairs) => format!("(list, {})", counted(*pairs, "pair")),
            Self::Deleted => "(deleted)".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Int(number) => json!(number),
            // JSON numbers lose bits above 2^53.
            Self::Long(number) => json!(number.to_string()),
            Self::Binary(bytes) => {
                let mut hex = String::with_capacity(bytes.len() * 2);
                for byte in bytes {
                    // Writing to a String cannot fail.
                    let _ = write!(hex, "{byte:02x}");
                }
                json!({ "binary": hex })
            }
            Self::List(pairs) => json!({ "list": pairs }),
            Self::Deleted => Value::Null,
        }
    }
}

/// Where a pair goes, in words.
fn fate(outcome: Outcome) -> String {
    match outcome {
        Outcome::Dropped(reason) => format!("dropped: {reason}"),
        Outcome::Stored { table, cut, key_cut } => {
            let mut text = table.to_owned();
            for (what, cut) in [("value", cut), ("key", key_cut)] {
                if let Some(Cut { from, to }) = cut {
                    let _ = write!(text, ", {what} cut from {from} to {to} characters");
                }
            }
            text
        }
    }
}

/// The block of an event; nothing when none of its pairs is a matter of the rules.
pub(super) fn table(event: &Event<'_>, lines: &[Line], out: &mut Out) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    let dn =
        event.dn.map_or_else(|| "without ThisDN".to_owned(), |dn| format!("on {}", short(&text(dn), 60)));
    out.line(format!("line {}: {} {dn}", event.line, event.message))?;
    let cells: Vec<_> =
        lines.iter().map(|line| (short(&text(&line.key), KEY_WIDTH), line.value.short())).collect();
    let width = |of: fn(&(String, String)) -> &String| {
        cells.iter().map(|cell| of(cell).chars().count()).max().unwrap_or_default()
    };
    let (keys, values) = (width(|cell| &cell.0), width(|cell| &cell.1));
    for (line, (key, value)) in lines.iter().zip(&cells) {
        let fate = fate(line.fate);
        out.line(format!("  {:10}  {key:keys$}  {value:values$}  {fate}", line.source))?;
    }
    out.line("")
}

/// One line for each decision.
pub(super) fn json(event: &Event<'_>, lines: &[Line], out: &mut Out) -> Result<(), Failure> {
    for line in lines {
        let mut object = Map::new();
        object.insert("line".to_owned(), json!(event.line));
        object.insert("message".to_owned(), json!(event.message.to_string()));
        object.insert("dn".to_owned(), json!(event.dn.map(text)));
        object.insert("source".to_owned(), json!(line.source));
        object.insert("key".to_owned(), json!(text(&line.key)));
        object.insert("value".to_owned(), line.value.json());
        match line.fate {
            Outcome::Dropped(reason) => {
                object.insert("dropped".to_owned(), json!(reason.text()));
            }
            Outcome::Stored { table, cut, key_cut } => {
                object.insert("table".to_owned(), json!(table));
                for (name, cut) in [("cut", cut), ("key_cut", key_cut)] {
                    if let Some(Cut { from, to }) = cut {
                        object.insert(name.to_owned(), json!({ "from": from, "to": to }));
                    }
                }
            }
        }
        out.line(Value::Object(object))?;
    }
    Ok(())
}

/// What became of everything.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) events: usize,
    pub(super) requests: usize,
    counters: Counters,
    stored: BTreeMap<&'static str, usize>,
    dropped: BTreeMap<&'static str, usize>,
}

impl Summary {
    /// Adds an event.
    pub(super) fn add(&mut self, counters: &Counters, lines: &[Line]) {
        self.events += 1;
        self.counters.add(counters);
        for line in lines {
            let count = match line.fate {
                Outcome::Stored { table, .. } => self.stored.entry(table).or_default(),
                Outcome::Dropped(reason) => self.dropped.entry(reason.text()).or_default(),
            };
            *count += 1;
        }
    }

    /// The sums in words.
    pub(super) fn table(&self, out: &mut Out) -> Result<(), Failure> {
        let Self { counters, .. } = self;
        out.line(format!("{}, what became of their pairs:", counted(self.events, "event")))?;
        for (table, count) in &self.stored {
            out.line(format!("{count:8}  {table}"))?;
        }
        for (reason, count) in &self.dropped {
            out.line(format!("{count:8}  dropped: {reason}"))?;
        }
        for (count, what) in [
            (counters.cut, "of them with a value that was cut"),
            (counters.keys_cut, "of them with a key that was cut"),
        ] {
            if count > 0 {
                out.line(format!("{count:8}  {what}"))?;
            }
        }
        if counters.without_dn > 0 {
            out.line(format!("{:8}  user events without ThisDN", counters.without_dn))?;
        }
        Ok(())
    }

    /// The sums as one line of JSON.
    pub(super) fn json(&self, out: &mut Out) -> Result<(), Failure> {
        out.line(json!({
            "summary": {
                "events": self.events,
                "requests": self.requests,
                "stored": self.stored,
                "dropped": self.dropped,
                "cut": self.counters.cut,
                "key_cut": self.counters.keys_cut,
                "without_this_dn": self.counters.without_dn,
            }
        }))
    }
}
