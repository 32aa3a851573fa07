//! `tbus log json`: every message of a log as a line of JSON.

use anyhow::anyhow;
use clap::Args;
use serde_json::{Map, Value};
use tlib_capture::read::{Block, Client, Complaint, Kind, Origin, Receipt, Record};
use tlib_proto::json;

use super::files::{self, printable};
use super::unit::{Role, Units};
use crate::exit::{Exit, Failure, Outcome, say};
use crate::output::Out;

/// What `tbus log json` is told.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tbus log json server.log > server.jsonl\n\n\
    A line has the message (protocol-spec/json.md), its time as printed and as UTC, the direction as seen from who has written the \
    log, the client, and what else its heading says. `tbus log text` makes log text of it again.\n\
    What cannot be read is named on stderr and left out; the exit code is 2 then.")]
pub(super) struct JsonArgs {
    /// Logs; - for standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<String>,
}

/// Receivers that are kept with one event.
const RECEIVERS: usize = 100_000;

/// Complaints that are shown one by one.
const SHOWN: u64 = 100;

/// An event waits for its lines 04542.
#[derive(Default)]
struct Waiting {
    object: Option<Map<String, Value>>,
    receivers: Vec<Value>,
}

impl Waiting {
    fn flush(&mut self, out: &mut Out) -> Result<(), Failure> {
        let Some(mut object) = self.object.take() else { return Ok(()) };
        if !self.receivers.is_empty() {
            object.insert("receivers".into(), std::mem::take(&mut self.receivers).into());
        }
        out.line(Value::Object(object))
    }
}

/// Writes the lines.
pub(super) fn run(args: &JsonArgs) -> Outcome {
    let mut out = Out::new();
    let mut waiting = Waiting::default();
    let mut units = Units::default();
    let mut left_out = 0_u64;
    let mut complain = |file: &str, complaint: &Complaint| {
        left_out += 1;
        if left_out <= SHOWN {
            say(&format!("{file}: line {}: left out: {}", complaint.line, complaint.reason));
        }
    };
    files::each(&args.files, |record| {
        for complaint in record.complaints {
            complain(record.at.file, complaint);
        }
        if units.role(record) == Role::Belongs {
            if let Kind::Sent(receipt) = &record.kind
                && waiting.object.is_some()
                && waiting.receivers.len() < RECEIVERS
            {
                waiting.receivers.push(receiver(record, receipt));
            }
            return Ok(());
        }
        waiting.flush(&mut out)?;
        let Kind::Block(block) = &record.kind else { return Ok(()) };
        match block.to_message() {
            Ok((message, complaints)) => {
                for complaint in &complaints {
                    complain(record.at.file, complaint);
                }
                waiting.object = Some(object(record, block, json::from_message(message.view())));
            }
            Err(error) => {
                let reason = error.to_string();
                // The codec names the line, too.
                let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, reason)| reason).to_owned();
                let complaint =
                    Complaint { line: record.at.line, byte: record.at.byte, reason: reason.into() };
                complain(record.at.file, &complaint);
            }
        }
        Ok(())
    })?;
    waiting.flush(&mut out)?;
    out.flush()?;
    if left_out > 0 {
        let more = if left_out > SHOWN { format!(" (the first {SHOWN} are named)") } else { String::new() };
        return Err(Failure::bad(anyhow!("left out {left_out} times, see above{more}; the rest is written")));
    }
    Ok(Exit::Done)
}

fn object(record: &Record<'_>, block: &Block<'_>, message: Value) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        object.insert(key.into(), value);
    };
    put("line", record.at.line.into());
    if let Some(stamp) = stamp(record.text) {
        put("time", stamp.into());
    }
    if let Some(utc) = record.time.and_then(|time| time.utc) {
        let micros = i64::try_from(utc.seconds)
            .ok()
            .and_then(|s| s.checked_mul(1_000_000)?.checked_add(utc.micros.into()));
        if let Some(at) = micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()) {
            put("utc", at.to_string().into());
        }
    }
    if let Some(offset) = block.utc_offset().filter(|offset| *offset != 0) {
        put("utcOffset", offset.into());
    }
    let direction = block.origin.is_received().map(|received| if received { "received" } else { "sent" });
    put("direction", direction.into());
    let of = |pairs: &[(&str, Value)]| -> Value {
        Value::Object(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    };
    match block.origin {
        Origin::Received(from) => put("client", client(from)),
        Origin::Event { mark, version, function } => put(
            "event",
            of(&[
                ("mark", printable(mark).into()),
                ("version", printable(version).into()),
                ("function", printable(function).into()),
            ]),
        ),
        Origin::RequestTo { handle, server } => {
            put("server", of(&[("handle", handle.into()), ("name", printable(server).into())]));
        }
        Origin::ReceivedFrom { handle, server, address, socket, reference } => put(
            "server",
            of(&[
                ("handle", handle.into()),
                ("name", printable(server).into()),
                ("address", printable(address).into()),
                ("socket", printable(socket).into()),
                ("reference", reference.map(printable).into()),
            ]),
        ),
        _ => {}
    }
    put("message", message);
    object
}

fn client(client: Client<'_>) -> Value {
    serde_json::json!({
        "handle": client.handle,
        "id": printable(client.id),
        "application": printable(client.application),
        "address": printable(client.address),
    })
}

fn receiver(record: &Record<'_>, receipt: &Receipt<'_>) -> Value {
    let mut value = client(receipt.client);
    if let (Value::Object(object), Some(stamp)) = (&mut value, stamp(record.text)) {
        object.insert("time".into(), stamp.into());
    }
    value
}

/// The time stamp at the start of a record, as printed.
fn stamp(text: &[u8]) -> Option<String> {
    let text = text.strip_prefix(b"@").unwrap_or(text);
    let end = text.iter().position(u8::is_ascii_whitespace)?;
    let stamp = text.get(..end).filter(|stamp| stamp.first().is_some_and(u8::is_ascii_digit))?;
    Some(printable(stamp))
}
