//! Free text: what is found in it is replaced, and all values that are replaced as a whole end here, too.

use std::net::Ipv4Addr;

use super::find::{Span, What, find_addresses, find_numbers, mac_text};
use super::rules::Treatment;
use super::{Anonymizer, Class};

impl Anonymizer {
    /// A text of which nothing is known.
    pub(super) fn free_text(&mut self, text: &mut [u8], place: &str) {
        self.spans(text, place, &[]);
    }

    /// The same, but some ranges stay as they are.
    pub(super) fn free_text_but(&mut self, text: &mut [u8], place: &str, kept: &[(usize, usize)]) {
        let kept: Vec<Span> =
            kept.iter().map(|(start, end)| Span { start: *start, end: *end, what: What::Kept }).collect();
        self.spans(text, place, &kept);
    }

    /// What is an address is replaced, and what stands beside it, too. Gives whether there was one.
    pub(super) fn addresses(&mut self, text: &mut [u8], place: &str, beside: Class) -> bool {
        let spans = find_addresses(text);
        if spans.is_empty() {
            return false;
        }
        let mut at = 0;
        for Span { start, end, what } in spans {
            if start < at {
                continue;
            }
            self.beside(text.get_mut(at..start).unwrap_or_default(), place, beside);
            self.span(text.get_mut(start..end).unwrap_or_default(), place, what);
            at = end;
        }
        self.beside(text.get_mut(at..).unwrap_or_default(), place, beside);
        true
    }

    fn beside(&mut self, text: &mut [u8], place: &str, class: Class) {
        if class == Class::Name { self.names(text, place) } else { self.free_text(text, place) }
    }

    /// A name, word by word, so that its parts are the same fakes wherever they stand.
    pub(super) fn names(&mut self, text: &mut [u8], place: &str) {
        if std::str::from_utf8(text).is_err() {
            // Another charset: where its words end is not known.
            return self.change(Class::Name, text, place, |cipher, text| cipher.name(text));
        }
        if self.mode == super::Mode::Learn {
            // In free text `agent_anna` is one word.
            let joined = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_';
            for word in text.split(joined).filter(|word| word.contains(&b'_')) {
                self.known.learn(Class::Name, word);
            }
        }
        for word in text.split_mut(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()) {
            if !word.is_empty() && word.iter().all(u8::is_ascii_digit) {
                self.change(Class::Number, word, place, |cipher, word| cipher.number(word));
            } else if !word.is_empty() {
                self.change(Class::Name, word, place, |cipher, word| cipher.name(word));
            }
        }
    }

    fn spans(&mut self, text: &mut [u8], place: &str, kept: &[Span]) {
        let mut spans = kept.to_vec();
        if memchr::memchr(b'"', text).is_some() {
            spans.extend(self.find_json(text));
        }
        spans.extend(find_addresses(text));
        let known = self.known.find(text).into_iter();
        let known = known.map(|(start, end, class)| Span { start, end, what: What::Class(class) });
        let (short, names): (Vec<_>, Vec<_>) =
            known.partition(|known| known.what == What::Class(Class::Number));
        spans.extend(names);
        let mut taken = without_overlap(spans);
        // Numbers stand between what was found so far: one that ran into it would be lost.
        let mut at = 0;
        let mut numbers = Vec::new();
        for (start, end) in taken.iter().map(|span| (span.start, span.end)).chain([(text.len(), text.len())])
        {
            let gap = find_numbers(text.get(at..start).unwrap_or_default()).into_iter();
            numbers.extend(gap.map(|span| Span { start: span.start + at, end: span.end + at, ..span }));
            at = end;
        }
        // A short number that is part of a longer one is not meant: the longer one is replaced.
        let within_number = |short: &Span| {
            let next = numbers.partition_point(|number| number.start <= short.start);
            let number = next.checked_sub(1).and_then(|at| numbers.get(at));
            number.is_some_and(|number| short.end <= number.end)
        };
        let short: Vec<Span> = short.into_iter().filter(|short| !within_number(short)).collect();
        taken.extend(numbers);
        taken.extend(short);
        for Span { start, end, what } in without_overlap(taken) {
            self.span(text.get_mut(start..end).unwrap_or_default(), place, what);
        }
    }

    fn span(&mut self, text: &mut [u8], place: &str, what: What) {
        match what {
            What::Class(Class::Number) => {
                self.change(Class::Number, text, place, |cipher, text| cipher.number(text))
            }
            What::Class(Class::Host) => {
                self.change(Class::Host, text, place, |cipher, text| cipher.host(text))
            }
            What::Class(_) => self.names(text, place),
            What::Ipv4 => self.change(Class::Address, text, place, |cipher, text| {
                let address = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Ipv4Addr>().ok());
                let fake = address.map(|address| cipher.ipv4(address).to_string()).unwrap_or_default();
                if fake.len() == text.len() {
                    text.copy_from_slice(fake.as_bytes());
                }
            }),
            What::Ipv6 => self.change(Class::Address, text, place, |cipher, text| {
                cipher.ipv6_text(text);
            }),
            What::Mac => self.change(Class::Address, text, place, mac_text),
            What::Keyed(treatment, escaped) => self.json_value(treatment, escaped, text, place),
            What::Kept => {}
        }
    }

    /// The members of JSON objects in a text whose names say what they hold. It need not be whole or right.
    fn find_json(&self, text: &[u8]) -> Vec<Span> {
        let mut spans = Vec::new();
        for colon in memchr::memchr_iter(b':', text) {
            let before = text.get(..colon).unwrap_or_default().trim_ascii_end();
            let Some(before) = before.strip_suffix(b"\"") else { continue };
            // JSON in a string of JSON has its quotes escaped.
            let escaped = before.ends_with(b"\\");
            let before = before.strip_suffix(b"\\").unwrap_or(before);
            let far = before.len().saturating_sub(200);
            let near = before.get(far..).unwrap_or_default();
            let Some(open) = memchr::memrchr(b'"', near) else { continue };
            let treatment = self.rules.key(near.get(open + 1..).unwrap_or_default());
            let what = match treatment {
                Treatment::Search => continue,
                treatment => What::Keyed(treatment, escaped),
            };
            let after = text.get(colon + 1..).unwrap_or_default();
            let mut start = colon + 1 + (after.len() - after.trim_ascii_start().len());
            let quote: &[u8] = if escaped { b"\\\"" } else { b"\"" };
            let value = text.get(start..).unwrap_or_default();
            let end = if value.starts_with(quote) {
                start += quote.len();
                let value = text.get(start..).unwrap_or_default();
                start + string_end(value, escaped)
            } else {
                start + value.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count()
            };
            if start < end {
                spans.push(Span { start, end, what });
            }
        }
        spans
    }
}

fn string_end(value: &[u8], escaped: bool) -> usize {
    let mut at = 0;
    while let Some(found) = value.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        match (value.get(at), value.get(at + 1), escaped) {
            (Some(b'"'), ..) | (Some(b'\\'), Some(b'"'), true) => return at,
            _ => at += 2,
        }
    }
    value.len()
}

/// Those that stay, by their places. Of two that overlap the one stays that was found first.
fn without_overlap(spans: Vec<Span>) -> Vec<Span> {
    let mut ranked: Vec<(usize, Span)> = spans.into_iter().enumerate().collect();
    ranked.sort_by_key(|(rank, span)| (span.start, *rank));
    let mut taken: Vec<(usize, Span)> = Vec::with_capacity(ranked.len());
    for (rank, span) in ranked {
        let mut wins = true;
        while let Some((other_rank, other)) = taken.last() {
            if other.end <= span.start {
                break;
            }
            if *other_rank < rank {
                wins = false;
                break;
            }
            taken.pop();
        }
        if wins {
            taken.push((rank, span));
        }
    }
    taken.into_iter().map(|(_, span)| span).collect()
}
