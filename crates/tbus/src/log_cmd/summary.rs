//! The summary of a log.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use tlib_capture::read::{Kind, Origin, Record, Time};

use super::Format;
use super::count::{Names, Rate, plot};
use super::files::{self, printable};
use super::unit::{Role, Units};
use crate::exit::{Exit, Outcome};
use crate::output::Out;

/// Complaints that are shown; all are counted.
const COMPLAINTS: usize = 20;

/// Columns of the plot.
const COLUMNS: usize = 60;

/// Messages of an application.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    /// What it has sent.
    sent: u64,
    /// What it has received.
    received: u64,
}

#[derive(Debug)]
struct Summary {
    lines: u64,
    bytes: u64,
    messages: Names<u64>,
    dns: Names<u64>,
    applications: Names<Traffic>,
    rate: Rate,
    span: Option<(Time, Time)>,
    complaints: Vec<(String, u64, String)>,
    complaint_count: u64,
    unknown: u64,
    first_unknown: Option<(String, u64)>,
    units: Units,
}

/// Reads the files and prints what is in them.
pub(super) fn run(names: &[String], format: Format, top: usize) -> Outcome {
    let mut summary = Summary {
        lines: 0,
        bytes: 0,
        messages: Names::default(),
        dns: Names::default(),
        applications: Names::default(),
        rate: Rate::new(),
        span: None,
        complaints: Vec::new(),
        complaint_count: 0,
        unknown: 0,
        first_unknown: None,
        units: Units::default(),
    };
    files::each(names, |record| {
        summary.add(record);
        Ok(())
    })?;
    let mut out = Out::new();
    match format {
        Format::Table => out.text(&summary.table(top))?,
        Format::Json => out.line(summary.json())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

impl Summary {
    fn add(&mut self, record: &Record<'_>) {
        self.lines += record.lines;
        self.bytes += record.text.len() as u64;
        for complaint in record.complaints {
            self.complain(record.at.file, complaint.line, &complaint.reason);
        }
        if let Some(time) = record.time {
            let first = self.span.map_or(time, |(first, _)| first);
            let last =
                self.span.map_or(time, |(_, last)| if last.elapsed() > time.elapsed() { last } else { time });
            // The date may have become known behind the first record.
            self.span = Some((
                if first.utc.is_none() && first.day == time.day { time.at(first.micros) } else { first },
                last,
            ));
        }
        let role = self.units.role(record);
        match &record.kind {
            Kind::Block(block) => {
                if block.id().is_none() {
                    let reason = format!("{:?} is not the name of a message", printable(block.name));
                    self.complain(record.at.file, record.at.line, &reason);
                }
                self.message(block.name, record.time);
                let dn = block.text_of(b"ThisDN").or_else(|| block.text_of(b"CommunicationDN"));
                if let Some(dn) = dn {
                    *self.dns.of(dn) += 1;
                }
                match block.origin {
                    Origin::Received(client) => self.applications.of(client.application).sent += 1,
                    Origin::RequestTo { server, .. } => self.applications.of(server).received += 1,
                    Origin::ReceivedFrom { server, .. } => self.applications.of(server).sent += 1,
                    _ => {}
                }
            }
            Kind::Received(receipt) => {
                self.message(receipt.message, record.time);
                self.applications.of(receipt.client.application).sent += 1;
            }
            // Without its block before it, the line stands for the message.
            Kind::Interaction(line) if role == Role::Begins => {
                self.message(line.message, record.time);
                self.applications.of(line.application()).sent += 1;
                if let Some(dn) = line.dn() {
                    *self.dns.of(dn) += 1;
                }
            }
            Kind::Sent(receipt) => {
                if role == Role::Begins {
                    self.message(receipt.message, record.time);
                }
                self.applications.of(receipt.client.application).received += 1;
            }
            Kind::Unknown(_) => {
                self.unknown += 1;
                self.first_unknown.get_or_insert_with(|| (record.at.file.to_owned(), record.at.line));
            }
            _ => {}
        }
    }

    fn message(&mut self, name: &[u8], time: Option<Time>) {
        *self.messages.of(name) += 1;
        if let Some(time) = time {
            self.rate.add(time.elapsed());
        }
    }

    fn complain(&mut self, file: &str, line: u64, reason: &str) {
        self.complaint_count += 1;
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push((file.to_owned(), line, reason.to_owned()));
        }
    }

    fn table(&self, top: usize) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} lines, {} bytes", self.lines, self.bytes);
        if let Some((first, last)) = self.span {
            let seconds = last.elapsed().saturating_sub(first.elapsed()) as f64 / 1e6;
            let _ = writeln!(text, "{} to {}, {seconds:.3} s", shown(first), shown(last));
        }
        let messages = self.messages.sorted(|count| *count);
        let total: u64 = messages.iter().map(|(_, count)| *count).sum::<u64>() + self.messages.others;
        let _ = writeln!(text, "\n{total} messages");
        rows(&mut text, &messages, top, |count| format!("{count:>10}"));
        let dns = self.dns.sorted(|count| *count);
        if !dns.is_empty() {
            text.push_str("\nDNs\n");
            rows(&mut text, &dns, top, |count| format!("{count:>10}"));
        }
        let applications = self.applications.sorted(|traffic| traffic.sent + traffic.received);
        if !applications.is_empty() {
            let _ = writeln!(text, "\n{:<42} {:>10} {:>10}", "applications", "sent", "received");
            rows(&mut text, &applications, top, |traffic| {
                format!("{:>10} {:>10}", traffic.sent, traffic.received)
            });
        }
        let (counts, width) = self.rate.pieces(COLUMNS);
        if let Some(most) = counts.iter().max() {
            let _ = writeln!(text, "\nrate, {width} s each, at most {:.1} messages/s", *most as f64 / width);
            let _ = writeln!(text, "  {}", plot(&counts));
        }
        if let Some((file, line)) = &self.first_unknown {
            let _ =
                writeln!(text, "\n{} lines of other forms, the first is {file}: line {line}", self.unknown);
        }
        text.push('\n');
        match self.complaint_count {
            0 => text.push_str("no complaints\n"),
            count => {
                let _ = writeln!(text, "{count} complaints");
            }
        }
        for (file, line, reason) in &self.complaints {
            let _ = writeln!(text, "  {file}: line {line}: {reason}");
        }
        more(&mut text, self.complaint_count.saturating_sub(self.complaints.len() as u64));
        text
    }

    fn json(&self) -> Value {
        let counted = |names: &Names<u64>| -> Map<String, Value> {
            let all = names.sorted(|count| *count).into_iter();
            all.map(|(name, count)| (printable(name), count.into())).collect()
        };
        let applications: Map<String, Value> = self
            .applications
            .sorted(|traffic| traffic.sent + traffic.received)
            .into_iter()
            .map(|(name, traffic)| {
                (printable(name), json!({ "sent": traffic.sent, "received": traffic.received }))
            })
            .collect();
        let (counts, seconds) = self.rate.pieces(COLUMNS);
        let complaints: Vec<Value> = self
            .complaints
            .iter()
            .map(|(file, line, reason)| json!({ "file": file, "line": line, "reason": reason }))
            .collect();
        json!({
            "lines": self.lines,
            "bytes": self.bytes,
            "from": self.span.map(|(first, _)| shown(first)),
            "to": self.span.map(|(_, last)| shown(last)),
            "messages": counted(&self.messages),
            "dns": counted(&self.dns),
            "applications": applications,
            "rate": { "seconds": seconds, "messages": counts },
            "otherLines": self.unknown,
            "complaints": self.complaint_count,
            "firstComplaints": complaints,
        })
    }
}

/// Local time, with the date if it is known.
pub(super) fn shown(time: Time) -> String {
    let local = time.local_seconds().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let date = local.map(|local| jiff::tz::Offset::UTC.to_datetime(local).date());
    let (seconds, millis) = (time.micros / 1_000_000, time.micros / 1000 % 1000);
    let clock = format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match date {
        Some(date) => format!("{date} {clock}"),
        None => clock,
    }
}

fn rows<T>(text: &mut String, all: &[(&[u8], T)], top: usize, columns: impl Fn(&T) -> String) {
    for (name, value) in all.iter().take(top) {
        let _ = writeln!(text, "  {:<40} {}", printable(name), columns(value));
    }
    more(text, all.len().saturating_sub(top) as u64);
}

fn more(text: &mut String, count: u64) {
    if count > 0 {
        let _ = writeln!(text, "  and {count} more");
    }
}
