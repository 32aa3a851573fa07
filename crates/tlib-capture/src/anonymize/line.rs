//! Lines of a log: what each part of them is. Lengths stay, so that byte counts and columns of the log stay true.

use std::ops::Range;

use super::find::NUMBER_FROM;
use super::message::{below, binary, of_list};
use super::rules::Treatment;
use super::shape::{
    after_stamp, hex_byte, is_list_head, is_message, is_word, kind_length, line_head, origin_host, put_hex,
    technical, unescaped, without_blanks,
};
use super::{Anonymizer, Class, Mode};
use crate::read::{header_name, pair_key};

/// Where in a block a line stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// The attribute that pairs belong to.
    attribute: String,
    /// What a list above says of all that is in it.
    above: Option<Above>,
}

#[derive(Clone, Copy, Debug)]
struct Above {
    treatment: Treatment,
    /// How deep the list is.
    depth: usize,
    /// Whether a pair of it was seen that is deeper.
    indented: bool,
}

impl Anonymizer {
    /// One line without its end, in place.
    pub(super) fn line(&mut self, line: &mut [u8], block: &mut Block) {
        let indent = line.iter().take_while(|byte| b"\t ".contains(byte)).count();
        if indent > 0 && indent < line.len() {
            let body = line.get_mut(indent..).unwrap_or_default();
            return self.inner_line(body, indent, block);
        }
        *block = Block::default();
        if let Some(at) = header_name(line) {
            let (name, value) = line.split_at_mut(at);
            let name = String::from_utf8_lossy(name).trim_end_matches(':').to_owned();
            return self.header_line(&name, value);
        }
        if let Some(note) = line.strip_prefix(b"-- Absent ThisDN, ") {
            let end = note.len().saturating_sub(b" was used".len());
            let start = line.len() - note.len();
            let dn = line.get_mut(start..start + end).unwrap_or_default();
            return self.attribute("ThisDN", dn);
        }
        self.outer_line(line);
    }

    /// Lines of blocks: attributes and pairs.
    fn inner_line(&mut self, body: &mut [u8], indent: usize, block: &mut Block) {
        if body.starts_with(b"Attribute") {
            let name = body.iter().position(|byte| b"\t ".contains(byte)).unwrap_or(body.len());
            let (name, value) = body.split_at_mut(name);
            block.attribute = String::from_utf8_lossy(name).into_owned();
            block.above = None;
            let treatment = self.rules.attribute(&block.attribute);
            let place = block.attribute.strip_prefix("Attribute").unwrap_or(&block.attribute).to_owned();
            let value = without_blanks(value);
            if is_list_head(value) {
                // A list's head. What was said of the attribute is said of all its pairs.
                block.above =
                    of_list(treatment).map(|treatment| Above { treatment, depth: 0, indented: true });
                return;
            }
            return self.printed(value, treatment, &place, false);
        }
        if body.starts_with(b"'") || body.starts_with(b"\"") {
            return self.pair_line(body, indent, block);
        }
        let place = block.attribute.strip_prefix("Attribute").unwrap_or("line").to_owned();
        self.free_text(body, &place);
    }

    /// A pair, and behind `(list)` the first pair of the inner list.
    fn pair_line(&mut self, mut body: &mut [u8], mut indent: usize, block: &mut Block) {
        let mut above = None;
        while let Some(inner) = self.outer_pair(body, indent, block) {
            // What was said of the first list holds for the lines that follow, too.
            above = above.or(Some(block.above));
            (body, indent) = (inner, indent + 1);
        }
        if let Some(above) = above {
            block.above = above;
        }
    }

    /// Gives the rest of the line if a list begins in it.
    fn outer_pair<'a>(
        &mut self,
        body: &'a mut [u8],
        indent: usize,
        block: &mut Block,
    ) -> Option<&'a mut [u8]> {
        let Some((_, key, after)) = pair_key(body) else {
            self.free_text(body, "pair");
            return None;
        };
        let key = String::from_utf8_lossy(body.get(key).unwrap_or_default()).into_owned();
        let own = self.rules.key(unescaped(key.as_bytes()).as_slice());
        // A published log has lost the indent of inner pairs: without any, those at the list's own depth are taken to be in
        // it.
        if let Some(above) = &mut block.above {
            above.indented |= indent > above.depth;
            if indent < above.depth || indent == above.depth && above.indented {
                block.above = None;
            }
        }
        let treatment = block.above.map_or(own, |above| above.treatment);
        let rest = body.get_mut(after.min(body.len())..).unwrap_or_default();
        if rest.starts_with(b"(list)") || is_list_head(without_blanks(rest)) {
            if block.above.is_none()
                && let Some(treatment) = below(treatment)
            {
                block.above = Some(Above { treatment, depth: indent, indented: false });
            }
            let inner = rest.strip_prefix(b"(list)").map_or(0, <[u8]>::len);
            let inner = without_blanks(rest.get_mut(rest.len() - inner..).unwrap_or_default());
            return Some(inner).filter(|inner| !inner.is_empty());
        }
        self.printed(without_blanks(rest), treatment, &key, true);
        None
    }

    /// A value as logs print it.
    fn printed(&mut self, value: &mut [u8], treatment: Treatment, place: &str, pair: bool) {
        let start = kind_length(value);
        let value = value.get_mut(start..).unwrap_or_default();
        match value {
            [b'\'', inner @ .., b'\''] | [b'\'', inner @ ..] => self.treat(treatment, inner, place),
            [b'"', inner @ .., b'"'] | [b'"', inner @ ..] => self.escaped(inner, treatment, place),
            [b'{', ..] => {
                let Some(end) = memchr::memchr(b'}', value) else { return self.free_text(value, place) };
                let (kind, inner) = value.split_at_mut(end + 1);
                let inner = without_blanks(inner);
                match &*kind {
                    b"{binary}" if !pair => self.hex(inner, binary(treatment), place),
                    [b'{', b'k', b'i', b'n', b'd', ..] if !pair => self.hex(inner, binary(treatment), place),
                    b"{binary}" | [b'{', b'k', b'i', b'n', b'd', ..] => self.hex(inner, treatment, place),
                    b"{unicode}" => match inner {
                        [b'"', inner @ .., b'"'] | [b'"', inner @ ..] => {
                            self.escaped(inner, treatment, place)
                        }
                        inner => self.free_text(inner, place),
                    },
                    // Integers and longs of attributes.
                    _ => {}
                }
            }
            _ => self.bare(value, treatment, place, pair),
        }
    }

    /// Numbers and words: an attribute's are ids, times and states, unless it is said to be hidden.
    fn bare(&mut self, value: &mut [u8], treatment: Treatment, place: &str, pair: bool) {
        let text = String::from_utf8_lossy(value).into_owned();
        let end = text.find(' ').filter(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(" (")));
        let number = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        if !pair
            && place == "TimeinSecs"
            && let (Some(seen), Ok(seconds)) = (&mut self.seen, number.parse())
        {
            seen.time(seconds);
        }
        match number.parse::<i32>() {
            _ if treatment == Treatment::Keep => {}
            Ok(number_value) if pair || matches!(treatment, Treatment::Whole(_)) => {
                let fake = self.treat_int(treatment, number_value, place).to_string();
                if let Some(place) = value.get_mut(..number.len()).filter(|place| place.len() == fake.len()) {
                    place.copy_from_slice(fake.as_bytes());
                }
            }
            // Something that should be a string and is not printed as one.
            _ if !pair && matches!(treatment, Treatment::Whole(_) | Treatment::Hide(_)) => {
                self.treat(treatment, value, place);
            }
            _ if !pair && (number.parse::<i64>().is_ok() || is_word(number)) => {}
            _ => self.free_text(value, place),
        }
    }

    /// The inside of `"esc"`: what it stands for is replaced, and each character goes back to its place. What is printed as an
    /// escape stays one of the same length.
    fn escaped(&mut self, inner: &mut [u8], treatment: Treatment, place: &str) {
        let mut bytes = Vec::with_capacity(inner.len());
        let mut places: Vec<Range<usize>> = Vec::with_capacity(inner.len());
        let mut at = 0;
        while let Some(byte) = inner.get(at) {
            let (decoded, length) = match (byte, inner.get(at + 1)) {
                (b'\\', Some(b'x')) => (hex_byte(inner.get(at + 2..at + 4)).unwrap_or(b'x'), 4),
                (b'\\', Some(b'n')) => (b'\n', 2),
                (b'\\', Some(b'r')) => (b'\r', 2),
                (b'\\', Some(b't')) => (b'\t', 2),
                (b'\\', Some(other)) => (*other, 2),
                _ => (*byte, 1),
            };
            let end = (at + length).min(inner.len());
            bytes.push(decoded);
            places.push(at..end);
            at = end;
        }
        let original = bytes.clone();
        self.treat(treatment, &mut bytes, place);
        for ((was, is), place) in original.iter().zip(&bytes).zip(places) {
            let Some(to) = inner.get_mut(place).filter(|_| was != is) else { continue };
            match to {
                [one] => *one = *is,
                [b'\\', b'x', digits @ ..] => put_hex(digits, *is),
                // A quote or a line feed that is hidden; the escape says the same of a star.
                [_, other] => *other = *is,
                _ => {}
            }
        }
    }

    /// Bytes as hex digits.
    fn hex(&mut self, text: &mut [u8], treatment: Treatment, place: &str) {
        let mut bytes: Vec<u8> =
            text.split(|byte| *byte == b' ').filter_map(|part| hex_byte(Some(part))).collect();
        self.treat(treatment, &mut bytes, place);
        let parts = text.split_mut(|byte| *byte == b' ').filter(|part| hex_byte(Some(part)).is_some());
        for (part, byte) in parts.zip(bytes) {
            put_hex(part, byte);
        }
    }

    fn header_line(&mut self, name: &str, value: &mut [u8]) {
        let value = without_blanks(value);
        match name {
            "Host name" | "Host info" => {
                let end = value.iter().position(|byte| b" ,(".contains(byte)).unwrap_or(value.len());
                let (host, rest) = value.split_at_mut(end);
                self.whole(Class::Host, host, name);
                self.free_text(rest, name);
            }
            // Folders and files are named after people and machines.
            "File" => {
                let end = value.iter().rposition(|byte| *byte == b'.').unwrap_or(value.len());
                self.unlearnt(value.get_mut(..end).unwrap_or_default(), name);
            }
            "Command line" => self.command_line(value),
            "Application name" => self.free_text(value, name),
            // Times, zones, types.
            _ => {}
        }
    }

    /// `-host X` names a machine; a password or a licence file is nobody's business; of the rest what looks like it.
    fn command_line(&mut self, value: &mut [u8]) {
        let mut option = Vec::new();
        for word in value.split_mut(|byte| *byte == b' ') {
            let is_option = word.first() == Some(&b'-');
            match &*option {
                b"-host" | b"--host" | b"-backup_host" => self.whole(Class::Host, word, "Command line"),
                b"-l" | b"-password" | b"--password" => self.unlearnt(word, "Command line"),
                _ if word.iter().any(|byte| b"/\\".contains(byte)) => {
                    self.unlearnt(word, "Command line");
                }
                _ => self.free_text(word, "Command line"),
            }
            option = if is_option { word.to_vec() } else { Vec::new() };
        }
    }

    /// Parts of paths: common words, which are not looked for elsewhere.
    fn unlearnt(&mut self, text: &mut [u8], place: &str) {
        if self.mode != Mode::Learn {
            self.names(text, place);
        }
    }

    /// Lines that begin a block or stand between blocks.
    fn outer_line(&mut self, line: &mut [u8]) {
        let start = after_stamp(line);
        let rest = line.get_mut(start..).unwrap_or_default();
        let place = "line";
        if line_head(rest, b"[") || rest.strip_prefix(b"message ").is_some_and(is_message) {
            // `@time [0] version function: message X`: nothing of a person, and a version that looks like an address.
            return;
        }
        let origin = |rest: &[u8]| {
            let close = memchr::memchr(b'(', rest).filter(|at| *at > 0)?;
            rest.get(..close)?.iter().all(u8::is_ascii_digit).then_some(())
        };
        if let Some(to) = rest.strip_prefix(b"request to ")
            && origin(to).is_some()
            && memchr::memmem::find(to, b") message ")
                .is_some_and(|at| is_message(to.get(at + 10..).unwrap_or_default()))
        {
            return;
        }
        if rest.strip_prefix(b"received from ").is_some_and(|from| origin(from).is_some())
            && let Some((host, end)) = origin_host(rest)
        {
            let host = rest.get_mut(host..end).unwrap_or_default();
            return self.whole(Class::Host, host, place);
        }
        let id = rest.get(..10).map(<[u8]>::to_vec).unwrap_or_default();
        let id = id.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
        let number = rest.get(4..9).filter(|_| id.len() < 6).unwrap_or_default().to_vec();
        if matches!(&*number, b"04541" | b"04542") {
            // `.. (<8 hex> <application> <ip:port>)`: the last word is the address.
            let at = rest.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1);
            let (before, address) = rest.split_at_mut(at);
            if address.ends_with(b")") && address.contains(&b':') {
                self.before_peer(before);
                return self.address_in(address, place);
            }
            // A client's form: `.. received from 'SIP_Server@7001'`.
            if address.starts_with(b"'") && address.contains(&b'@') {
                self.before_peer(before);
                return self.dn_of_peer(address, b'\'');
            }
        }
        if number == b"04543"
            && rest.ends_with(b"\")")
            && let Some(open) = memchr::memmem::rfind(rest, b"(\"")
        {
            let (before, peer) = rest.split_at_mut(open);
            self.before_peer(before);
            return self.dn_of_peer(peer, b'"');
        }
        let kept = technical(rest);
        self.free_text_but(rest, place, &kept);
    }

    /// What stands before a line's peer is the line's own text; a damaged line may have anything there.
    fn before_peer(&mut self, before: &mut [u8]) {
        let kept = technical(before);
        let is_kept = |at: usize| kept.iter().any(|(start, end)| (*start..*end).contains(&at));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _()[]\"".contains(&byte);
        let mut digits = 0;
        let plain = before.iter().enumerate().all(|(at, byte)| {
            digits = if byte.is_ascii_digit() && !is_kept(at) { digits + 1 } else { 0 };
            is_plain(*byte) && digits < NUMBER_FROM
        });
        if !plain {
            self.free_text_but(before, "line", &kept);
        }
    }

    /// The DN of `"server@dn"`, up to the quote.
    fn dn_of_peer(&mut self, peer: &mut [u8], quote: u8) {
        let Some(at) = memchr::memrchr(b'@', peer) else { return };
        let dn = peer.get_mut(at + 1..).unwrap_or_default();
        let end = memchr::memchr(quote, dn).unwrap_or(dn.len());
        self.attribute("ThisDN", dn.get_mut(..end).unwrap_or_default());
    }

    fn address_in(&mut self, text: &mut [u8], place: &str) {
        if !self.addresses(text, place, Class::Hidden) {
            let end = text.iter().position(|byte| b":)".contains(byte)).unwrap_or(text.len());
            self.whole(Class::Host, text.get_mut(..end).unwrap_or_default(), place);
        }
    }
}
