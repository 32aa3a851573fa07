//! Rows as text and as JSON.

use std::fmt::{Display, Write};

use serde_json::{Map, Value, json};
use tlib_proto::spec::{Direction, EnumRow, PrintForm, Provenance};
use tlib_proto::{MessageId, spec};

use super::entry::Entry;
use super::find::words;

/// Width of the names of fields in a block.
const FIELD: usize = 13;

/// A row as a block of named fields.
pub(super) fn text(entry: &Entry) -> String {
    let mut block = Block(String::new());
    let number = entry.number().map_or(String::new(), |number| format!(" {number}"));
    // Writing to a String cannot fail.
    let _ = match entry {
        Entry::Value(row, _) => writeln!(block.0, "value{number}  {}.{}", row.name, entry.name()),
        Entry::Choice(row) => writeln!(block.0, "profile  {} {}", row.area, row.key),
        _ => writeln!(block.0, "{}{number}  {}", entry.kind(), entry.name()),
    };
    match entry {
        Entry::Message(row) => {
            block.field(
                "direction",
                match row.direction {
                    Direction::Request => "request, client to server",
                    Direction::Event => "event, server to client",
                },
            );
            block.names("answers", row.answers);
            block.provenance("", row.answers_provenance);
            block.names("answer to", &requests_answered_by(row.id));
            block.field("since", row.since.unwrap_or_default());
        }
        Entry::Attribute(row) => {
            block.field("type", row.ty.as_str());
            block.provenance("", row.type_provenance);
            block.field("log prints", print_form(row.print));
            block
                .field("values", row.enumeration.map(|name| format!("tbus spec {name}")).unwrap_or_default());
            block.field("also called", row.aliases.join(", "));
            block.provenance("", row.aliases_provenance);
        }
        Entry::Enum(row) => {
            block.field("used by", users_of(row).join(", "));
            for value in row.values {
                let number = value.value;
                let _ = writeln!(block.0, "  {number:>8}  {:<28}{}", value.name, codes(value.provenance));
            }
        }
        Entry::Value(row, _) => block.field("enumeration", row.name),
        Entry::Error(row) => {
            block.field("means", row.text);
            block.field("family", row.family);
        }
        Entry::Choice(row) => block.field("value", row.value),
    }
    block.provenance("provenance", entry.provenance());
    block.field("note", entry.note());
    block.0
}

/// How the log prints a value, in words.
const fn print_form(form: PrintForm) -> &'static str {
    match form {
        PrintForm::Quoted => "text in quotes",
        PrintForm::Decimal => "a decimal number",
        PrintForm::Hex16 => "16 hex digits",
        PrintForm::Time => "seconds since 1970 (time of day)",
        PrintForm::MessageName => "the name of a message",
        PrintForm::List => "length, first bytes, and a line for each pair",
        PrintForm::Mask => "a bit mask, in words that are not published",
        PrintForm::Unknown => "unknown",
    }
}

/// Fields below a head.
struct Block(String);

impl Block {
    /// A field, unless it is empty.
    fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        if !value.is_empty() {
            let _ = writeln!(self.0, "  {name:<FIELD$}{value}");
        }
    }

    fn names(&mut self, name: &str, messages: &[MessageId]) {
        let names: Vec<_> = messages.iter().map(MessageId::to_string).collect();
        self.field(name, names.join(", "));
    }

    /// How something is known, a source a line.
    fn provenance(&mut self, name: &str, provenance: &[Provenance]) {
        for (n, source) in provenance.iter().enumerate() {
            let text = format!("{:<9} {}", source.as_str(), words(*source));
            self.field(if n == 0 { name } else { "" }, text);
        }
    }
}

/// A table of rows of one kind, in columns.
pub(super) fn table(entries: &[Entry]) -> String {
    let rows = entries.iter().map(|entry| {
        let about = match entry {
            Entry::Message(row) => row.answers.iter().map(MessageId::to_string).collect::<Vec<_>>().join(","),
            Entry::Attribute(row) => format!("{} {}", row.ty.as_str(), row.enumeration.unwrap_or_default()),
            Entry::Enum(row) => format!("{} values", row.values.len()),
            Entry::Value(row, _) => row.name.to_owned(),
            Entry::Error(row) => row.text.to_owned(),
            Entry::Choice(row) => row.value.to_owned(),
        };
        let number = entry.number().map(|number| number.to_string()).unwrap_or_default();
        [number, entry.name().to_owned(), codes(entry.provenance()), about]
    });
    columns(&rows.collect::<Vec<_>>())
}

/// Aligns columns; the last one is as long as it is, and no line ends in blanks.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The codes of a provenance, as `protocol-spec` writes them.
pub(super) fn codes(provenance: &[Provenance]) -> String {
    provenance.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(",")
}

fn requests_answered_by(event: MessageId) -> Vec<MessageId> {
    let requests = spec::messages().iter().filter(|row| row.answers.contains(&event));
    requests.map(|row| row.id).collect()
}

fn users_of(row: &EnumRow) -> Vec<&'static str> {
    let users = spec::attributes().iter().filter(|attribute| attribute.enumeration == Some(row.name));
    users.map(|attribute| attribute.name).collect()
}

/// A row as one JSON object; what does not apply is left out.
pub(super) fn json(entry: &Entry) -> Value {
    let sources =
        |provenance: &[Provenance]| provenance.iter().map(|source| source.as_str()).collect::<Vec<_>>();
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(array) => array.is_empty(),
            _ => false,
        };
        if !empty {
            object.insert(key.to_owned(), value);
        }
    };
    put("kind", entry.kind().into());
    put("number", entry.number().into());
    put("name", entry.name().into());
    match entry {
        Entry::Message(row) => {
            put("direction", row.direction.as_str().into());
            put("answers", row.answers.iter().map(|answer| json!(answer.to_string())).collect());
            put("answers_provenance", sources(row.answers_provenance).into());
            put("since", row.since.into());
        }
        Entry::Attribute(row) => {
            put("type", row.ty.as_str().into());
            put("type_provenance", sources(row.type_provenance).into());
            put("print", row.print.as_str().into());
            put("enum", row.enumeration.into());
            put("aliases", row.aliases.into());
            put("aliases_provenance", sources(row.aliases_provenance).into());
        }
        Entry::Enum(row) => {
            let value = |value: &spec::EnumValue| json!({ "name": value.name, "value": value.value, "provenance": sources(value.provenance) });
            put("values", row.values.iter().map(value).collect());
        }
        Entry::Value(row, _) => put("enum", row.name.into()),
        Entry::Error(row) => {
            put("text", row.text.into());
            put("family", row.family.into());
        }
        Entry::Choice(row) => {
            put("area", row.area.into());
            put("value", row.value.into());
        }
    }
    put("provenance", sources(entry.provenance()).into());
    put("note", entry.note().into());
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::find::find;

    #[test]
    fn a_message_tells_how_it_is_known() {
        let entry = find("EventACK")[0];
        let text = text(&entry);
        assert!(
            text.starts_with("message 138  EventACK\n  direction    event, server to client\n"),
            "{text}"
        );
        assert!(text.contains("  answer to    RequestSetInputMask, "), "{text}");
        assert!(
            text.contains("  provenance   header    a public SDK enumeration or header states it\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    }

    #[test]
    fn an_attribute_tells_how_the_log_prints_it() {
        assert!(text(&find("UserEvent")[0]).contains("  log prints   the name of a message\n"));
        assert!(text(&find("EventSequenceNumber")[0]).contains("  log prints   16 hex digits\n"));
    }

    #[test]
    fn every_row_prints() {
        for entry in Entry::all() {
            assert!(text(&entry).lines().count() >= 2, "{entry:?}");
            assert_eq!(json(&entry)["name"], entry.name());
        }
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["1", "long name", "x"], ["22", "n", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "1   long name  x\n22  n\n");
    }
}
