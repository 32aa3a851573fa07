//! `tbus decode`: bytes to log text or JSON.

use std::path::Path;

use anyhow::{Context, anyhow};
use clap::Args;
use tlib_proto::text::{TextStyle, print_attributes};
use tlib_proto::wire::{Split, WireError, profile, split_frame};
use tlib_proto::{AttributeId, KvRef, Limits, Message, MessageId, MessageRef, json};

use crate::exit::{Exit, Failure, Outcome, counted, cut};
use crate::hex;
use crate::input::Input;
use crate::output::Out;
use crate::render::{Format, Renderer};

/// What `tbus decode` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus decode 00 00 00 0d 00 8a 00 01 01 00 02 00 04 00 00 01 af\n  \
    tbus decode capture.bin --format json\n  tbus kv pack pairs.jsonl --hex | tbus decode --list")]
pub(crate) struct DecodeArgs {
    /// Files, - for standard input, or hex digits. A file holds frames as they are, or hex text with # comments
    #[arg(value_name = "FILES|-|HEX")]
    input: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Log)]
    format: Format,
    /// The bytes are packed key-value lists, one after the other, not frames
    #[arg(long)]
    list: bool,
}

/// Prints every frame of the input.
pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let mut out = Out::new();
    let mut decode = |(name, bytes): (String, Vec<u8>)| {
        let result = if args.list {
            lists(&bytes, args.format, &mut out)
        } else {
            frames(&bytes, args.format, &mut out)
        };
        // What was good before the mistake is shown.
        out.flush()?;
        result.map_err(|failure| failure.context(name))
    };
    let is_file = |name: &String| name == "-" || Path::new(name).exists();
    match args.input.as_slice() {
        [] => decode(file(None)?)?,
        files if files.iter().all(is_file) => {
            for name in files {
                decode(file(Some(name))?)?;
            }
        }
        words => decode(("arguments".to_owned(), hex_of(words, is_file)?))?,
    }
    Ok(Exit::Done)
}

/// The bytes of words that are not all names of files.
fn hex_of(words: &[String], is_file: impl Fn(&String) -> bool) -> Result<Vec<u8>, Failure> {
    let error = match hex::parse(words.join(" ").as_bytes()) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    let hex::HexError { at, reason } = error;
    let missing = words.iter().find(|word| !is_file(word));
    Err(Failure::bad(match (words, missing) {
        ([word], _) => anyhow!("no such file, and no hex either: {reason} at byte {at} (in {})", cut(word)),
        (_, Some(name)) if words.iter().any(is_file) => anyhow!("no such file: {}", cut(name)),
        _ => anyhow!("no hex digits, and no files either: {reason} at byte {at} of the arguments"),
    }))
}

/// The bytes of a file, and what to call it.
fn file(argument: Option<&str>) -> Result<(String, Vec<u8>), Failure> {
    let input = Input::open(argument)?;
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
                let missing = counted(missing, "byte");
                return Err(Failure::bad(anyhow!("{} is cut: at least {missing} missing", place())));
            }
        };
        let message = MessageRef::parse(frame, &limits)
            .with_context(|| format!("{} (offsets count from there)", place()))
            .map_err(Failure::bad)?;
        if let Some(remark) = remark(message.id()).filter(|_| format == Format::Log) {
            out.line(remark)?;
        }
        out.text(renderer.message(message))?;
        number += 1;
    }
    some(bytes)
}

/// What a log would not say: keep-alive frames are in no log.
fn remark(id: MessageId) -> Option<&'static str> {
    match id.0 {
        profile::CONTROL_PING => Some("-- keep-alive ping"),
        profile::CONTROL_PONG => Some("-- keep-alive pong"),
        _ => None,
    }
}

fn some(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Err(Failure::bad(anyhow!("no bytes; give a file, hex digits, or - for standard input")));
    }
    Ok(())
}

/// Prints lists that follow each other.
fn lists(bytes: &[u8], format: Format, out: &mut Out) -> Result<(), Failure> {
    let mut rest = bytes;
    let mut number = 1;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let place = || match at {
            0 => "packed list".to_owned(),
            _ => format!("packed list {number}, which begins at byte {at} (offsets count from there)"),
        };
        let (list, after) = split_list(rest).with_context(place).map_err(Failure::bad)?;
        match format {
            Format::Json => out.line(json::from_list(list))?,
            Format::Log => out.text(&list_text(list)?)?,
        }
        rest = after;
        number += 1;
    }
    some(bytes)
}

/// The list at the start of the bytes, and what follows it.
fn split_list(bytes: &[u8]) -> Result<(KvRef<'_>, &[u8]), WireError> {
    let limits = Limits::default();
    let error = match KvRef::parse(bytes, &limits) {
        Ok(list) => return Ok((list, &[])),
        Err(error) => error,
    };
    // Bytes after the list are the next one; bytes inside a nested list that it does not count are damage.
    let WireError::Trailing { offset, .. } = error else { return Err(error) };
    let Some((list, rest)) = bytes.split_at_checked(offset) else { return Err(error) };
    KvRef::parse(list, &limits).map(|list| (list, rest)).map_err(|_| error)
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
    fn lists_follow_each_other() {
        let list = |key| KvList::build(|list| list.int(key, 115)).unwrap().packed().to_vec();
        let bytes = [list("RTR"), vec![0, 0], list("A")].concat();
        let (first, rest) = split_list(&bytes).unwrap();
        let (second, rest) = split_list(rest).unwrap();
        let (third, rest) = split_list(rest).unwrap();
        assert_eq!((first.packed_len(), second.len(), third.packed_len(), rest.len()), (14, 0, 12, 0));
        assert!(split_list(&[0]).is_err());
        // A nested list with a byte more than it counts, which ends together with the input.
        let damaged = [0, 1, 3, 0, 1, 0, 5, b'l', 0, 3, 0, 0, 7];
        assert!(matches!(split_list(&damaged), Err(WireError::Trailing { offset: 12, count: 1, .. })));
    }

    #[test]
    fn arguments_are_hex_or_files() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = |text: &str| hex_of(&words(text), |name| name == "file");
        assert_eq!(read("00 01 0x02").unwrap(), [0, 1, 2]);
        let error = |text: &str| match read(text).unwrap_err() {
            Failure::Failed { exit, error } => (exit, format!("{error:#}")),
            Failure::Closed => panic!("closed"),
        };
        let (exit, text) = error("nothing.bin");
        assert_eq!(exit, Exit::Refused);
        assert_eq!(text, "no such file, and no hex either: 'n' is no hex digit at byte 0 (in nothing.bin)");
        assert_eq!(
            error("00 0g").1,
            "no hex digits, and no files either: 'g' is no hex digit at byte 4 of the arguments"
        );
        assert_eq!(error("file nothing.bin").1, "no such file: nothing.bin");
    }
}
