//! What no outside source states: the honest list of our own guesses and decisions.

use serde_json::{Value, json};
use tlib_proto::spec::{AttributeType, Provenance};

use super::entry::Entry;
use super::print::{codes, columns};

/// One thing that is not verified.
pub(super) struct Row {
    entry: Entry,
    /// Which part of the row.
    part: &'static str,
    /// What is assumed.
    value: String,
    provenance: &'static [Provenance],
}

impl Row {
    /// As one JSON object.
    pub(super) fn json(&self) -> Value {
        json!({
            "kind": self.entry.kind(),
            "number": self.entry.number(),
            "name": name(self.entry),
            "part": self.part,
            "value": self.value,
            "provenance": self.provenance.iter().map(|source| source.as_str()).collect::<Vec<_>>(),
            "note": self.entry.note(),
        })
    }
}

/// Every part of a row whose provenance is inferred or chosen, and every attribute whose type nobody has published.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for entry in Entry::all() {
        let mut push = |part, value: String, provenance: &'static [Provenance]| {
            if provenance.iter().any(|source| source.is_unverified()) {
                rows.push(Row { entry, part, value, provenance });
            }
        };
        let value = match entry {
            Entry::Choice(row) => row.value.to_owned(),
            _ => String::new(),
        };
        push("row", value, entry.provenance());
        match entry {
            Entry::Message(row) => {
                let answers: Vec<_> = row.answers.iter().map(ToString::to_string).collect();
                push("answers", answers.join(", "), row.answers_provenance);
            }
            Entry::Attribute(row) => {
                push("type", row.ty.as_str().to_owned(), row.type_provenance);
                push("aliases", row.aliases.join(", "), row.aliases_provenance);
                if row.ty == AttributeType::Unknown {
                    let value = "unknown, carried as it comes".to_owned();
                    rows.push(Row { entry, part: "type", value, provenance: &[] });
                }
            }
            _ => {}
        }
    }
    rows
}

/// The rows in aligned columns, with a head.
pub(super) fn text(rows: &[Row]) -> String {
    let head = ["kind", "number", "name", "part", "how", "value", "note"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let number = row.entry.number().map(|number| number.to_string()).unwrap_or_default();
        let how = if row.provenance.is_empty() { "unknown".to_owned() } else { codes(row.provenance) };
        let part = row.part.to_owned();
        [
            row.entry.kind().to_owned(),
            number,
            name(row.entry),
            part,
            how,
            row.value.clone(),
            row.entry.note().to_owned(),
        ]
    });
    columns(&std::iter::once(head).chain(cells).collect::<Vec<_>>())
}

fn name(entry: Entry) -> String {
    match entry {
        Entry::Value(row, value) => format!("{}.{}", row.name, value.name),
        Entry::Choice(row) => format!("{} {}", row.area, row.key),
        _ => entry.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::spec;

    #[test]
    fn our_own_decisions_are_all_there() {
        let rows = rows();
        let chosen =
            spec::choices().iter().filter(|row| row.provenance.iter().any(|source| source.is_unverified()));
        let listed = rows.iter().filter(|row| matches!(row.entry, Entry::Choice(_)));
        assert_eq!(listed.count(), chosen.count());
        let unknown = spec::attributes().iter().filter(|row| row.ty == AttributeType::Unknown).count();
        assert_eq!(rows.iter().filter(|row| row.provenance.is_empty()).count(), unknown);
        assert!(rows.iter().all(|row| row.json()["name"].is_string()));
    }
}
