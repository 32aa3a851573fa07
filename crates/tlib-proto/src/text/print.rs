//! Printing attribute lines.

use std::fmt::Write;

use super::escape::{put_escaped, put_string};
use crate::spec::{AttributeType, PrintForm};
use crate::{AttributeId, KvRef, MessageId, MessageRef, ValueRef};

/// What the printing of a message needs to know beside the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextStyle {
    /// Seconds that local time is ahead of UTC; only the clock behind `AttributeTimeinSecs` shows it.
    pub utc_offset: i32,
}

/// Appends `message <Name>` and the attribute lines, each ended by a line feed.
pub fn print_message(out: &mut String, message: MessageRef<'_>, style: &TextStyle) {
    let _ = writeln!(out, "message {}", message.id());
    print_attributes(out, message, style);
}

/// Appends the attribute lines of a message, each ended by a line feed.
pub fn print_attributes(out: &mut String, message: MessageRef<'_>, style: &TextStyle) {
    for attribute in message.attributes() {
        out.push_str("\tAttribute");
        match attribute.id.name() {
            Some(name) => out.push_str(name),
            None => put_decimal(out, attribute.id.0.into()),
        }
        out.push('\t');
        print_value(out, attribute.id, attribute.value, style);
        out.push('\n');
    }
}

/// Appends `HH:MM:SS` of a time of day, given in seconds since midnight.
pub fn print_clock(out: &mut String, second_of_day: u32) {
    let (hours, rest) = (second_of_day / 3600 % 24, second_of_day % 3600);
    put_two(out, hours);
    out.push(':');
    put_two(out, rest / 60);
    out.push(':');
    put_two(out, rest % 60);
}

/// Appends the head of a list: packed length in bytes and its first four bytes, `[347] 00 0c 00 00..`.
pub fn print_list_head(out: &mut String, list: KvRef<'_>) {
    out.push('[');
    put_decimal(out, u64::try_from(list.packed_len()).unwrap_or_default());
    out.push(']');
    let [_, _, _, _, _, _, high, low] = u64::try_from(list.len()).unwrap_or_default().to_be_bytes();
    for byte in [high, low].iter().chain(list.packed_pairs()).take(4) {
        out.push(' ');
        put_hex(out, *byte);
    }
    out.push_str("..");
}

fn print_value(out: &mut String, id: AttributeId, value: ValueRef<'_>, style: &TextStyle) {
    let print = id.row().map_or(PrintForm::Unknown, |row| row.print);
    match value {
        ValueRef::Int(value) => match print {
            PrintForm::Time => {
                let seconds = value.cast_unsigned();
                put_decimal(out, seconds.into());
                out.push_str(" (");
                let local = i64::from(seconds).saturating_add(style.utc_offset.into()).rem_euclid(86_400);
                print_clock(out, u32::try_from(local).unwrap_or_default());
                out.push(')');
            }
            PrintForm::MessageName => match u16::try_from(value).ok().and_then(|id| MessageId(id).name()) {
                Some(name) => out.push_str(name),
                None => put_signed(out, value),
            },
            _ => match id.ty() {
                AttributeType::Unsigned => put_decimal(out, value.cast_unsigned().into()),
                AttributeType::Long => {
                    out.push_str("{int} ");
                    put_signed(out, value);
                }
                _ => put_signed(out, value),
            },
        },
        ValueRef::Long(value) => {
            if id.ty() != AttributeType::Long {
                out.push_str("{long} ");
            }
            put_hex16(out, value);
        }
        ValueRef::List(list) => {
            print_list_head(out, list);
            for pair in list.pairs() {
                out.push_str("\n\t\t");
                print_pair(out, pair.key, pair.value, 2);
            }
        }
        other => print_plain(out, other),
    }
}

/// Prints a pair after its indent; `depth` is the number of tabs before it.
fn print_pair(out: &mut String, key: &[u8], value: ValueRef<'_>, depth: usize) {
    put_string(out, key);
    match value {
        ValueRef::List(list) => {
            out.push_str("(list) ");
            let depth = depth.saturating_add(1);
            for (n, pair) in list.pairs().enumerate() {
                if n > 0 {
                    out.push('\n');
                    out.extend(std::iter::repeat_n('\t', depth));
                }
                print_pair(out, pair.key, pair.value, depth);
            }
        }
        ValueRef::Int(value) => {
            out.push('\t');
            put_signed(out, value);
        }
        ValueRef::Long(value) => {
            out.push_str("\t{long} ");
            put_hex16(out, value);
        }
        other => {
            out.push('\t');
            print_plain(out, other);
        }
    }
}

/// The kinds that print the same wherever they stand.
fn print_plain(out: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Str(bytes) => put_string(out, bytes),
        ValueRef::Unicode(bytes) => {
            out.push_str("{unicode} ");
            put_escaped(out, bytes);
        }
        ValueRef::Binary(bytes) => {
            out.push_str("{binary}");
            put_bytes(out, bytes);
        }
        ValueRef::Other(kind, bytes) => {
            out.push_str("{kind ");
            put_decimal(out, kind.into());
            out.push('}');
            put_bytes(out, bytes);
        }
        ValueRef::Int(value) => put_signed(out, value),
        ValueRef::Long(value) => put_hex16(out, value),
        ValueRef::List(list) => print_list_head(out, list),
    }
}

fn put_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(' ');
        put_hex(out, *byte);
    }
}

fn put_hex(out: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 0xF] {
        out.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
    }
}

fn put_hex16(out: &mut String, value: u64) {
    for byte in value.to_be_bytes() {
        put_hex(out, byte);
    }
}

fn put_two(out: &mut String, value: u32) {
    for digit in [value / 10 % 10, value % 10] {
        out.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

fn put_signed(out: &mut String, value: i32) {
    if value < 0 {
        out.push('-');
    }
    put_decimal(out, value.unsigned_abs().into());
}

/// Decimal digits without the machinery of `fmt`: the log prints several numbers per event.
fn put_decimal(out: &mut String, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut used = 0_usize;
    for place in digits.iter_mut().rev() {
        *place = u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        used = used.saturating_add(1);
        if value == 0 {
            break;
        }
    }
    for digit in digits.iter().skip(digits.len().saturating_sub(used)) {
        out.push(char::from_digit((*digit).into(), 10).unwrap_or('0'));
    }
}
