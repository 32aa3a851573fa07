//! `tbus log grep`: whole blocks, with the lines that belong to them.

use std::borrow::Cow;

use clap::Args;
use tlib_capture::read::{Block, Field, Kind, Origin, Record};
use tlib_capture::replay::{Moment, Period, When};
use tlib_proto::AttributeId;
use tlib_proto::text::parse_message;

use super::files;
use super::unit::{Role, Units};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Out;

/// What `tbus log grep` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus log grep --message EventUserEvent --dn REPORTING server.log\n  \
    tbus log grep --key gms_UserId --value 1001 server.log\n  \
    tbus log grep -c --app Icon_Voice --from-time 23:50 --to-time 00:10 server.log\n\n\
    An option that is given several times matches any of its values; different options must match together. --key and --value \
    match in one pair; --value alone matches attributes, too.\n\
    Exit codes: 0 something matches, 1 nothing does, 2 wrong usage or a file that cannot be read.")]
pub(super) struct GrepArgs {
    /// Logs; - for standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<String>,
    /// Name of the message
    #[arg(long, value_name = "NAME")]
    message: Vec<String>,
    /// A DN or queue in any attribute that names one
    #[arg(long, value_name = "DN")]
    dn: Vec<String>,
    /// ConnID, in any attribute that is one; hex digits
    #[arg(long, value_name = "HEX")]
    conn_id: Vec<String>,
    /// Reference id
    #[arg(long, value_name = "NUMBER")]
    reference_id: Vec<u32>,
    /// Key of a pair, in any list
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Value of a pair or an attribute, without quotes
    #[arg(long, value_name = "VALUE")]
    value: Vec<String>,
    /// Application that has sent the message or received it; in the log of a client, the server
    #[arg(long, value_name = "NAME")]
    app: Vec<String>,
    /// From this time on: HH:MM, HH:MM:SS.mmm, or YYYY-MM-DDTHH:MM:SS; local time as in the log
    #[arg(long, value_name = "TIME")]
    from_time: Option<Moment>,
    /// Up to this time; before --from-time, it is one of the next day
    #[arg(long, value_name = "TIME")]
    to_time: Option<Moment>,
    /// Print how many blocks match, and nothing else
    #[arg(short = 'c', long)]
    count: bool,
}

/// Bytes of a unit that are held before it is decided about without what is to come.
const HELD: usize = 16 << 20;

/// A block and what belongs to it.
#[derive(Default)]
struct Unit {
    text: Vec<u8>,
    /// Whether everything but the application matches.
    matches: bool,
    application: bool,
}

/// Prints what matches.
pub(super) fn run(args: &GrepArgs) -> Outcome {
    let mut units = Units::default();
    let mut unit: Option<Unit> = None;
    let mut out = Out::new();
    let mut found = 0_u64;
    let mut flush = |unit: &mut Option<Unit>, out: &mut Out| -> Result<(), Failure> {
        if let Some(unit) = unit.take().filter(|unit| unit.matches && unit.application) {
            found += 1;
            if !args.count {
                out.bytes(&unit.text)?;
            }
        }
        Ok(())
    };
    files::each(&args.files, |record| {
        match units.role(record) {
            Role::Apart => return flush(&mut unit, &mut out),
            Role::Begins => {
                flush(&mut unit, &mut out)?;
                unit = Some(Unit {
                    text: Vec::new(),
                    matches: args.matches(record),
                    application: args.app.is_empty(),
                });
            }
            Role::Belongs => {}
        }
        let Some(open) = &mut unit else { return Ok(()) };
        open.application = open.application || args.names_application(record);
        if open.matches && open.text.len() < HELD {
            open.text.extend_from_slice(record.text);
        }
        Ok(())
    })?;
    flush(&mut unit, &mut out)?;
    if args.count {
        out.line(found)?;
    }
    out.flush()?;
    Ok(if found > 0 { Exit::Done } else { Exit::Unmet })
}

impl GrepArgs {
    /// Whether the record that begins a unit matches everything but the application.
    fn matches(&self, record: &Record<'_>) -> bool {
        let period = Period { from: self.from_time, to: self.to_time };
        let in_time = period.holds(record.time.map(When::from));
        let name = match &record.kind {
            Kind::Block(block) => block.name,
            Kind::Received(receipt) | Kind::Sent(receipt) => receipt.message,
            Kind::Interaction(line) => line.message,
            _ => return false,
        };
        if !in_time || !any(&self.message, |wanted| wanted.as_bytes() == name) {
            return false;
        }
        match &record.kind {
            Kind::Block(block) => self.matches_block(block),
            Kind::Interaction(line) => {
                let dn = line.dn().unwrap_or_default();
                any(&self.dn, |wanted| wanted.as_bytes() == dn) && self.only_heads()
            }
            _ => self.dn.is_empty() && self.only_heads(),
        }
    }

    /// Whether nothing is asked for that only attributes tell.
    fn only_heads(&self) -> bool {
        self.conn_id.is_empty()
            && self.reference_id.is_empty()
            && self.key.is_empty()
            && self.value.is_empty()
    }

    fn matches_block(&self, block: &Block<'_>) -> bool {
        let of_kind = |ends: &[&[u8]], is_it: &dyn Fn(&[u8]) -> bool| {
            block.attributes().any(|attribute| {
                ends.iter().any(|end| attribute.name.ends_with(end)) && is_it(&plain(attribute.value))
            })
        };
        any(&self.dn, |dn| of_kind(&[b"DN", b"Queue"], &|value| value == dn.as_bytes()))
            && any(&self.conn_id, |id| of_kind(&[b"ConnID"], &|value| same_hex(value, id.as_bytes())))
            && any(&self.reference_id, |id| {
                block.attribute(b"ReferenceID").is_some_and(|value| value == id.to_string().as_bytes())
            })
            && self.matches_pairs(block)
    }

    fn matches_pairs(&self, block: &Block<'_>) -> bool {
        if self.key.is_empty() && self.value.is_empty() {
            return true;
        }
        let is_value = |value: &[u8]| {
            self.value.is_empty() || {
                let value = plain(value);
                self.value.iter().any(|wanted| wanted.as_bytes() == &*value)
            }
        };
        block.fields().any(|field| match field {
            Field::Pair(pair) => {
                let key = if pair.escaped { plain_key(pair.key) } else { Cow::Borrowed(pair.key) };
                any(&self.key, |wanted| wanted.as_bytes() == &*key) && is_value(pair.value)
            }
            Field::Attribute(attribute) => self.key.is_empty() && is_value(attribute.value),
            Field::Other(_) => false,
        })
    }

    fn names_application(&self, record: &Record<'_>) -> bool {
        let name = match &record.kind {
            Kind::Block(block) => match block.origin {
                Origin::Received(client) => client.application,
                Origin::RequestTo { server, .. } | Origin::ReceivedFrom { server, .. } => server,
                _ => return false,
            },
            Kind::Received(receipt) | Kind::Sent(receipt) => receipt.client.application,
            Kind::Interaction(line) => line.application(),
            _ => return false,
        };
        self.app.iter().any(|wanted| wanted.as_bytes() == name)
    }
}

/// Whether nothing is wanted, or one of the wanted.
fn any<T>(wanted: &[T], is_it: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is_it)
}

/// The value without its quotes and escapes; other values as printed.
fn plain(value: &[u8]) -> Cow<'_, [u8]> {
    if let Some(text) = value.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")) {
        return Cow::Borrowed(text);
    }
    let escaped = value.strip_prefix(b"{unicode} ").unwrap_or(value);
    if !escaped.starts_with(b"\"") {
        return Cow::Borrowed(value);
    }
    // The text codec knows the escapes.
    let block = [&b"message EventACK\n\tAttributeThisDN\t"[..], escaped].concat();
    let message = parse_message(&block).ok().map(|(message, _)| message);
    let text = message.and_then(|message| Some(message.view().text(AttributeId::THIS_DN).ok()??.to_vec()));
    text.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// The same for a key, whose quotes are gone already.
fn plain_key(key: &[u8]) -> Cow<'_, [u8]> {
    let quoted = [&b"\""[..], key, b"\""].concat();
    Cow::Owned(plain(&quoted).into_owned())
}

/// Whether two numbers in hex digits are the same, whatever their case and leading zeros.
fn same_hex(a: &[u8], b: &[u8]) -> bool {
    fn strip(digits: &[u8]) -> &[u8] {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.get(zeros..).unwrap_or_default()
    }
    strip(a).eq_ignore_ascii_case(strip(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_without_quotes() {
        assert_eq!(&*plain(b"'a'b'"), b"a'b");
        assert_eq!(&*plain(b"\"it's\\n\""), b"it's\n");
        assert_eq!(&*plain(b"431"), b"431");
        assert_eq!(&*plain_key(b"a\\tb"), b"a\tb");
        assert!(same_hex(b"0000000000000ef8", b"EF8") && !same_hex(b"1", b"2"));
    }
}
