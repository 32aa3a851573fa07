//! Values within JSON: what an escape stands for is replaced, and the fake goes back as an escape of the same length.

use std::ops::Range;

use super::Anonymizer;
use super::rules::Treatment;

/// One character of a value: what it stands for, and where it is.
struct Character {
    stands_for: char,
    place: Range<usize>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    /// Four hex digits at the end of the place.
    Hex,
    /// Stays: `\n`, `\"`, a backslash, half of a pair.
    Fixed,
}

impl Anonymizer {
    /// A value within JSON, in place. `nested` is whether the JSON is itself a string of JSON: there a backslash is two.
    pub(super) fn json_value(&mut self, treatment: Treatment, nested: bool, text: &mut [u8], place: &str) {
        let characters = match std::str::from_utf8(text) {
            Ok(valid) if !matches!(treatment, Treatment::Hide(_)) => characters(valid, nested),
            // What is hidden needs no equal length in characters, and in another charset nothing can be said of them.
            _ => return self.json_parts(treatment, text, place),
        };
        let mut value: Vec<u8> =
            characters.iter().map(|character| character.stands_for).collect::<String>().into();
        self.treat(treatment, &mut value, place);
        let fake = String::from_utf8_lossy(&value);
        if fake.chars().count() != characters.len() {
            return self.json_parts(treatment, text, place);
        }
        for (fake, Character { stands_for, place, form }) in fake.chars().zip(characters) {
            let Some(to) = text.get_mut(place).filter(|_| fake != stands_for) else { continue };
            match form {
                Form::Plain if fake.len_utf8() == to.len() => {
                    fake.encode_utf8(to);
                }
                Form::Hex => put_hex(to, fake),
                Form::Plain | Form::Fixed => {}
            }
        }
    }

    /// The parts between escapes, each by itself.
    fn json_parts(&mut self, treatment: Treatment, text: &mut [u8], place: &str) {
        let mut rest = text;
        loop {
            let end = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            let (part, after) = rest.split_at_mut(end);
            if !part.is_empty() {
                self.treat(treatment, part, place);
            }
            let signs = after.iter().take_while(|byte| **byte == b'\\').count();
            let code = hex_code(after.get(signs..).unwrap_or_default());
            if code.is_some() && matches!(treatment, Treatment::Hide(_)) && self.mode == super::Mode::Change {
                after.get_mut(..signs + 5).unwrap_or_default().fill(b'*');
            }
            // Two signs and a letter: the sign is escaped, and the letter is one.
            let letter = usize::from(signs == 1);
            let skip = (signs + if code.is_some() { 5 } else { letter }).min(after.len());
            rest = after.split_at_mut(skip).1;
            if rest.is_empty() {
                return;
            }
        }
    }
}

fn characters(text: &str, nested: bool) -> Vec<Character> {
    let one = if nested { 2 } else { 1 };
    let mut characters = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let signs = rest.bytes().take_while(|byte| *byte == b'\\').count();
        let after = rest.get(signs..).unwrap_or_default();
        let mut push = |stands_for, length, form| {
            characters.push(Character { stands_for, place: at..at + length, form });
            at += length;
        };
        if signs == 0 {
            let c = after.chars().next().unwrap_or_default();
            push(c, c.len_utf8().max(1), Form::Plain);
        } else if signs % (2 * one) == 0 {
            push('\\', signs, Form::Fixed);
        } else if let Some(code) = hex_code(after.as_bytes()) {
            match char::from_u32(code) {
                Some(c) => push(c, signs + 5, Form::Hex),
                None => push(char::REPLACEMENT_CHARACTER, signs + 5, Form::Fixed),
            }
        } else {
            // What is behind the signs: a quote, a slash, or the letter of a line feed or tab.
            let c = after.chars().next();
            let length = signs + c.map_or(0, char::len_utf8);
            push(c.filter(|c| !c.is_alphanumeric()).unwrap_or(' '), length, Form::Fixed);
        }
    }
    characters
}

/// `u` and four hex digits.
fn hex_code(text: &[u8]) -> Option<u32> {
    let digits =
        text.strip_prefix(b"u")?.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn put_hex(to: &mut [u8], fake: char) {
    let start = to.len().saturating_sub(4);
    let digits = to.get_mut(start..).unwrap_or_default();
    let capital = digits.iter().any(u8::is_ascii_uppercase);
    let code = u32::from(fake);
    let new = if capital { format!("{code:04X}") } else { format!("{code:04x}") };
    if new.len() == digits.len() {
        digits.copy_from_slice(new.as_bytes());
    }
}
