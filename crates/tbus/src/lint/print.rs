//! Findings, as they come, and their sum.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use tbus_workbench::lint::{At, Checked, Code, Finding, Severity};

use crate::exit::Failure;
use crate::output::Out;

/// Prints findings. That they cannot be printed is told at the end.
pub(super) struct Printer {
    out: Out,
    failure: Option<Failure>,
    json: bool,
    top: u64,
    counts: BTreeMap<Code, u64>,
}

impl Printer {
    pub(super) fn new(json: bool, top: u64) -> Self {
        Self { out: Out::new(), failure: None, json, top, counts: BTreeMap::new() }
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count = count.saturating_add(1);
        if self.failure.is_some() || (!self.json && *count > self.top) {
            return;
        }
        let printed = if self.json { self.out.line(object(finding)) } else { self.out.text(&line(finding)) };
        self.failure = printed.err();
    }

    /// Prints the table; gives how many findings of each severity there were.
    pub(super) fn end(mut self, checked: Checked) -> Result<BTreeMap<Severity, u64>, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.json && checked.events > 0 {
            self.out.text(&table(&self.counts, checked, self.top))?;
        }
        self.out.flush()?;
        let mut counts = BTreeMap::new();
        for (code, count) in self.counts {
            *counts.entry(code.severity()).or_insert(0_u64) += count;
        }
        Ok(counts)
    }
}

/// `server.log:12: error CB101: .. (service ..)`
fn line(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(place) = &finding.place {
        let _ = write!(text, "{place}: ");
    }
    // Writing to a String cannot fail.
    let _ = write!(text, "{} {}: {}", finding.code.severity().name(), finding.code.id(), finding.text);
    if let Some(service) = &finding.service {
        let clean: String = service.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let _ = write!(text, " (service {clean})");
    }
    text.push('\n');
    text
}

fn object(finding: &Finding) -> Value {
    let mut object = json!({
        "code": finding.code.id(),
        "severity": finding.code.severity().name(),
        "title": finding.code.title(),
        "file": finding.place.as_ref().map(|place| &*place.file),
    });
    if let (Some(place), Some(fields)) = (&finding.place, object.as_object_mut()) {
        match place.at {
            At::Line(line) => fields.insert("line".to_owned(), line.into()),
            At::Packet(packet) => fields.insert("packet".to_owned(), packet.into()),
            At::Row(row) => fields.insert("row".to_owned(), row.into()),
        };
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert("service".to_owned(), json!(finding.service));
        fields.insert("text".to_owned(), json!(finding.text));
    }
    object
}

fn table(counts: &BTreeMap<Code, u64>, checked: Checked, top: u64) -> String {
    let mut text = String::new();
    if !counts.is_empty() {
        text.push('\n');
        let _ = writeln!(text, "{:<6} {:<8} {:>8}  finding", "code", "severity", "count");
    }
    for (code, count) in counts {
        let _ = write!(text, "{:<6} {:<8} {count:>8}  {}", code.id(), code.severity().name(), code.title());
        let hidden = count.saturating_sub(top);
        if hidden > 0 {
            let _ = write!(text, " ({hidden} not shown, see --top)");
        }
        text.push('\n');
    }
    if counts.is_empty() {
        text.push_str("no findings: ");
    } else {
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} callback user events of {} services, {} times attached data of theirs",
        checked.events, checked.services, checked.attached
    );
    text
}
