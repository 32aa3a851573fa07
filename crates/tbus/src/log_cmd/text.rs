//! `tbus log text`: the lines of JSON that `tbus log json` writes, as log text.

use std::fmt::Write;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::Value;
use tlib_proto::text::{TextStyle, print_attributes};
use tlib_proto::{Message, json};

use crate::exit::{Exit, Outcome};
use crate::input::Input;
use crate::output::Out;

/// What `tbus log text` is told.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tbus log json server.log | tbus log text -\n\n\
    Blocks come out as they were, with the lines 04541 and 04542 around them. Other lines of the log are not in the JSON.")]
pub(super) struct TextArgs {
    /// Lines of JSON as `tbus log json` writes them; - for standard input
    #[arg(value_name = "FILE|-")]
    input: String,
}

/// Writes the text.
pub(super) fn run(args: &TextArgs) -> Outcome {
    let mut input = Input::open(Some(&args.input))?;
    let mut out = Out::new();
    let mut text = String::new();
    while let Some(line) = input.next_line()? {
        if line.trim_ascii().is_empty() {
            continue;
        }
        text.clear();
        if let Err(error) = put(&mut text, line) {
            out.flush()?;
            return Err(input.at_line(error));
        }
        out.text(&text)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn put(out: &mut String, line: &[u8]) -> anyhow::Result<()> {
    let value: Value = serde_json::from_slice(line).context("no JSON")?;
    let message = value.get("message").filter(|message| message.is_object());
    let message =
        message.ok_or_else(|| anyhow!("expected an object with `message`, as `tbus log json` writes it"))?;
    let message: Message = json::to_message(message)?;
    let name = message.id();
    let time = match value.get("time") {
        None => String::new(),
        Some(time) => format!("{} ", word(time).context("time")?),
    };
    // Writing to a String cannot fail.
    if let Some(from) = value.get("client") {
        let client = client(from).context("client")?;
        let _ = writeln!(out, "{time}Trc 04541 {name} received from {client}\nmessage {name}");
    } else if let Some(event) = value.get("event") {
        let part = |key: &str| word(event.get(key).unwrap_or(&Value::Null)).context(format!("event.{key}"));
        let function = event.get("function").unwrap_or(&Value::Null);
        let function = text(function).context("event.function")?;
        let _ = writeln!(out, "@{time}[{}] {} {function}: message {name}", part("mark")?, part("version")?);
    } else if let Some(server) = value.get("server") {
        put_server(out, &time, server, &message).context("server")?;
    } else {
        let _ = writeln!(out, "message {name}");
    }
    let offset = value.get("utcOffset").map_or(Ok(0), |offset| {
        let offset = offset.as_i64().and_then(|offset| i32::try_from(offset).ok());
        offset.ok_or_else(|| anyhow!("utcOffset: expected seconds"))
    })?;
    print_attributes(out, message.view(), &TextStyle { utc_offset: offset });
    let receivers = value.get("receivers").and_then(Value::as_array);
    for (n, receiver) in receivers.into_iter().flatten().enumerate() {
        let place = || format!("receivers[{n}]");
        let at = word(receiver.get("time").unwrap_or(&Value::Null)).with_context(place)?;
        let _ = writeln!(out, "{at} Trc 04542 {name} sent to {}", client(receiver).with_context(place)?);
    }
    Ok(())
}

fn put_server(out: &mut String, time: &str, server: &Value, message: &Message) -> anyhow::Result<()> {
    let (handle, name) = (number(server)?, text(server.get("name").unwrap_or(&Value::Null)).context("name")?);
    let message = message.id();
    let Some(address) = server.get("address") else {
        let _ = writeln!(out, "{time}request to {handle}({name}) message {message}");
        return Ok(());
    };
    let _ = write!(out, "{time}received from {handle}({name}){}", text(address).context("address")?);
    let socket = server.get("socket").map_or(Ok(""), text).context("socket")?;
    if !socket.is_empty() {
        let _ = write!(out, "(fd={socket})");
    }
    let _ = write!(out, " message {message}");
    if let Some(reference) = server.get("reference").filter(|reference| !reference.is_null()) {
        let _ = write!(out, "(refid={})", text(reference).context("reference")?);
    }
    out.push('\n');
    Ok(())
}

/// `[516] (00000003 OrchestrationServer 192.168.27.50:40727)`
fn client(value: &Value) -> anyhow::Result<String> {
    let part = |key: &str| text(value.get(key).unwrap_or(&Value::Null)).context(key.to_owned());
    Ok(format!("[{}] ({} {} {})", number(value)?, part("id")?, part("application")?, part("address")?))
}

fn number(value: &Value) -> anyhow::Result<u64> {
    value.get("handle").and_then(Value::as_u64).ok_or_else(|| anyhow!("handle: expected a number"))
}

/// A string that stays in its line.
fn text(value: &Value) -> anyhow::Result<&str> {
    match value.as_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text),
        Some(_) => bail!("has a control character"),
        None => bail!("expected a string"),
    }
}

/// A string without blanks.
fn word(value: &Value) -> anyhow::Result<&str> {
    match text(value)? {
        word if !word.contains(' ') => Ok(word),
        word => bail!("{word:?} has a blank"),
    }
}
