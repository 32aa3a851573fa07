//! `tbus decode`: bytes to log text or JSON.

use std::path::Path;

use anyhow::{Context, anyhow};
use clap::Args;
use tlib_proto::text::{TextStyle, print_attributes};
use tlib_proto::wire::{Split, split_frame};
use tlib_proto::{AttributeId, KvRef, Limits, Message, MessageId, MessageRef, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::hex;
use crate::input::Input;
use crate::output::Out;
use crate::render::{Format, Renderer};

/// What `tbus decode` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus decode 00 00 00 0d 00 8a 00 01 01 00 02 00 04 00 00 01 af\n  \
    tbus decode capture.bin --format json\n  tbus kv pack pairs.jsonl --hex | tbus decode --list")]
pub(crate) struct DecodeArgs {
    /// A file, - for standard input, or hex digits. A file holds frames as they are, or hex text with # comments
    #[arg(value_name = "FILE|-|HEX")]
    input: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Log)]
    format: Format,
    /// The bytes are one packed key-value list, not frames
    #[arg(long)]
    list: bool,
}

/// Prints every frame of the input.
pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let (name, bytes) = read(&args.input)?;
    let mut out = Out::new();
    let result =
        if args.list { list(&bytes, args.format, &mut out) } else { frames(&bytes, args.format, &mut out) };
    // What was good before the mistake is shown.
    out.flush()?;
    result.map_err(|failure| failure.context(name))?;
    Ok(Exit::Done)
}

/// The bytes, and what to call them.
fn read(arguments: &[String]) -> Result<(String, Vec<u8>), Failure> {
    let first = match arguments {
        [] => None,
        [one] if one == "-" || Path::new(one).exists() => Some(one.as_str()),
        [one] => {
            let bytes = hex::parse(one.as_bytes()).map_err(|error| {
                Failure::bad(anyhow!(
                    "{one}: no such file, and no hex either: {} at byte {}",
                    error.reason,
                    error.at
                ))
            })?;
            return Ok(("arguments".to_owned(), bytes));
        }
        many => {
            let text = many.join(" ");
            let bytes = hex::parse(text.as_bytes()).map_err(|error| {
                Failure::bad(anyhow!(
                    "arguments: {} at byte {}; give hex digits or one file",
                    error.reason,
                    error.at
                ))
            })?;
            return Ok(("arguments".to_owned(), bytes));
        }
    };
    let input = Input::open(first)?;
    let name = input.name().to_owned();
    let bytes = input.read_all()?;
    // Frames and lists begin with numbers whose high bytes are 0; text has no such byte.
    if bytes.contains(&0) {
        return Ok((name, bytes));
    }
    let parsed = hex::parse(&bytes).map_err(|error| {
        let line = bytes[..error.at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::bad(anyhow!("{name}: line {line}: {} (byte {} of the text)", error.reason, error.at))
    })?;
    Ok((name, parsed))
}

fn frames(bytes: &[u8], format: Format, out: &mut Out) -> Result<(), Failure> {
    let limits = Limits::default();
    let mut renderer = Renderer::new(format);
    let mut rest = bytes;
    let mut number = 1;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let place = || format!("frame {number}, which begins at byte {at}");
        let frame = match split_frame(rest, &limits).with_context(place).map_err(Failure::bad)? {
            Split::Frame(frame, after) => {
                rest = after;
                frame
            }
            Split::More(missing) => {
                return Err(Failure::bad(anyhow!(
                    "{} is cut: at least {missing} more bytes needed",
                    place()
                )));
            }
        };
        let message = MessageRef::parse(frame, &limits)
            .with_context(|| format!("{} (offsets count from there)", place()))
            .map_err(Failure::bad)?;
        out.text(renderer.message(message))?;
        number += 1;
    }
    if bytes.is_empty() {
        return Err(Failure::bad(anyhow!("no bytes; give a file, hex digits, or - for standard input")));
    }
    Ok(())
}

fn list(bytes: &[u8], format: Format, out: &mut Out) -> Result<(), Failure> {
    let list = KvRef::parse(bytes, &Limits::default()).context("packed list").map_err(Failure::bad)?;
    match format {
        Format::Json => out.line(json::from_list(list)),
        Format::Log => out.text(&list_text(list)?),
    }
}

/// The list as its attribute would print it, without the attribute's name.
fn list_text(list: KvRef<'_>) -> Result<String, Failure> {
    let message = Message::build(MessageId::EVENT_USER_EVENT, |m| m.list(AttributeId::USER_DATA, list));
    let message = message.map_err(Failure::bad)?;
    let mut text = String::new();
    print_attributes(&mut text, message.view(), &TextStyle::default());
    Ok(text.strip_prefix("\tAttributeUserData\t").map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlib_proto::KvList;

    #[test]
    fn a_list_prints_as_in_the_log() {
        let list = KvList::build(|list| list.int("RTR", 115)).unwrap();
        assert_eq!(list_text(list.view()).unwrap(), "[14] 00 01 01 00..\n\t\t'RTR'\t115\n");
    }

    #[test]
    fn arguments_are_hex_or_one_file() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(read(&words("00 01 0x02")).unwrap().1, [0, 1, 2]);
        let error = |words: &[String]| match read(words).unwrap_err() {
            Failure::Failed { exit, error } => (exit, format!("{error:#}")),
            Failure::Closed => panic!("closed"),
        };
        let (exit, text) = error(&words("nothing.bin"));
        assert_eq!(exit, Exit::Refused);
        assert_eq!(text, "nothing.bin: no such file, and no hex either: 'n' is no hex digit at byte 0");
        assert_eq!(
            error(&words("00 0g")).1,
            "arguments: 'g' is no hex digit at byte 4; give hex digits or one file"
        );
    }
}
