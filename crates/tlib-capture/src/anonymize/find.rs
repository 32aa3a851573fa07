//! Where addresses and numbers stand in a text.

use std::net::Ipv4Addr;

use memchr::memmem;

use super::Class;
use super::rules::Treatment;

/// So many digits in free text are a number, shorter ones if they are known (chosen).
pub(super) const NUMBER_FROM: usize = 7;

/// Most digits that are one number when signs stand between them: those of a card number, ISO/IEC 7812.
const NUMBER_TO: usize = 19;

/// Letters and digits in a row that are an id, not a name with a number in it (chosen).
const ID_FROM: usize = 26;

/// Part of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Class(Class),
    Ipv4,
    Ipv6,
    Mac,
    /// A value of JSON, and whether that JSON is itself a string of JSON.
    Keyed(Treatment, bool),
    Kept,
}

/// Digits with the signs that people put between them, and no address.
pub(super) fn is_number(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
        && text.iter().all(|byte| byte.is_ascii_digit() || b"+-() ./#*".contains(byte))
        && !is_ipv4(text)
}

fn is_ipv4(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv4Addr>().is_ok())
}

/// Whether a word ends at both ends of a range; a number does not end at the point or colon of another.
pub(super) fn stands_alone(text: &[u8], start: usize, end: usize, number: bool) -> bool {
    let at = |place: Option<usize>| place.and_then(|place| text.get(place)).copied().unwrap_or(b' ');
    let before = (at(start.checked_sub(1)), at(start.checked_sub(2)));
    let after = (at(Some(end)), at(Some(end + 1)));
    [before, after].iter().all(|(next, second)| {
        let goes_on = number && b".:".contains(next) && second.is_ascii_digit();
        !is_word(*next) && !goes_on
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn count(text: &[u8], start: usize, which: impl Fn(u8) -> bool) -> usize {
    text.get(start..).unwrap_or_default().iter().take_while(|byte| which(**byte)).count()
}

fn count_back(text: &[u8], end: usize, which: impl Fn(u8) -> bool) -> usize {
    text.get(..end).unwrap_or_default().iter().rev().take_while(|byte| which(**byte)).count()
}

/// A host name or an IPv4 address.
fn host_span(text: &[u8], start: usize) -> Option<Span> {
    let length =
        count(text, start, |byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte) || !byte.is_ascii());
    let host = text.get(start..start + length)?;
    let host = host.trim_ascii_end();
    let trimmed = host.iter().rev().take_while(|byte| b".-_".contains(byte)).count();
    let end = start + host.len() - trimmed;
    let what = if is_ipv4(text.get(start..end)?) { What::Ipv4 } else { What::Class(Class::Host) };
    (start < end).then_some(Span { start, end, what })
}

pub(super) fn find_addresses(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for at in memchr::memchr_iter(b'@', text) {
        find_user(text, at, &mut spans);
    }
    for at in memmem::find_iter(text, b"://") {
        // User and password before the host were found at their `@`.
        let authority = count(text, at + 3, |byte| !b"/?# \t\"'<>,;".contains(&byte));
        if !text.get(at + 3..at + 3 + authority).unwrap_or_default().contains(&b'@') {
            spans.extend(host_span(text, at + 3));
        }
    }
    for at in memchr::memchr_iter(b':', text) {
        let scheme = count_back(text, at, |byte| byte.is_ascii_alphabetic());
        let scheme = text.get(at - scheme..at).unwrap_or_default();
        let number = count(text, at + 1, |byte| byte.is_ascii_digit() || b"+-().".contains(&byte));
        let number = Span { start: at + 1, end: at + 1 + number, what: What::Class(Class::Number) };
        let digits = text.get(number.start..number.end).unwrap_or_default();
        let is_sip = scheme.eq_ignore_ascii_case(b"sip") || scheme.eq_ignore_ascii_case(b"sips");
        let ends = !text.get(number.end).is_some_and(|byte| is_word(*byte) || *byte == b'@');
        if (is_sip || scheme.eq_ignore_ascii_case(b"tel")) && is_number(digits) && ends {
            spans.push(number);
        } else if is_sip {
            spans.extend(host_span(text, at + 1).filter(|span| text.get(span.end) != Some(&b'@')));
        }
    }
    find_ip(text, &mut spans);
    let mut ranked: Vec<(usize, Span)> = spans.into_iter().enumerate().collect();
    ranked.sort_by_key(|(rank, span)| (span.start, *rank));
    let mut end = 0;
    ranked.retain(|(_, span)| {
        let free = span.start >= end;
        end = if free { span.end } else { end };
        free
    });
    ranked.into_iter().map(|(_, span)| span).collect()
}

/// `user@host`: in a SIP or mail URI, or with a host of several labels. `7001@Switch` is a DN's name and none.
fn find_user(text: &[u8], at: usize, spans: &mut Vec<Span>) {
    const SCHEMES: [&[u8]; 5] = [b"sip:", b"sips:", b"mailto:", b"xmpp:", b"im:"];
    let length =
        count_back(text, at, |byte| !byte.is_ascii_whitespace() && !b"<>\"'(),[]{}|=/\\@".contains(&byte));
    let token = text.get(at - length..at).unwrap_or_default();
    // The last of them, after whatever stands before it.
    let scheme = SCHEMES
        .iter()
        .find(|scheme| token.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let mut start = at - length + scheme.map_or(0, |scheme| scheme.len());
    let host = match text.get(at + 1) {
        Some(b'[') => {
            // An IPv6 address in brackets is found as one.
            None
        }
        _ => host_span(text, at + 1),
    };
    let dotted = host.is_some_and(|host| text.get(host.start..host.end).unwrap_or_default().contains(&b'.'));
    let url = text.get(..start).is_some_and(|before| before.ends_with(b"://"));
    if scheme.is_none() && !dotted && !url && text.get(at + 1) != Some(&b'[') {
        return;
    }
    if scheme.is_none() && !url {
        // `key:user@host` in free text: the user is behind the colon or semicolon.
        let user = count_back(text, at, |byte| {
            byte.is_ascii_alphanumeric() || b"._%+~!$&*#-".contains(&byte) || !byte.is_ascii()
        });
        start = at - user;
    }
    // `user:password` and `user;phone-context=..` are parts of their own.
    let mut from = start;
    for end in start..=at {
        if end == at || text.get(end).is_some_and(|byte| b":;".contains(byte)) {
            let part = text.get(from..end).unwrap_or_default();
            let class = if is_number(part) { Class::Number } else { Class::Name };
            if from < end {
                spans.push(Span { start: from, end, what: What::Class(class) });
            }
            from = end + 1;
        }
    }
    spans.extend(host);
}

fn find_ip(text: &[u8], spans: &mut Vec<Span>) {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || b".:-".contains(&byte);
    let mut at = 0;
    while at < text.len() {
        let length = count(text, at, is_part);
        if length == 0 {
            at += 1 + count(text, at + 1, |byte| !is_part(byte));
            continue;
        }
        let end = at + length;
        // `mac:00:1b:..` and `addr:2001:..`: what ends the word before is no part of the address.
        let behind_word = at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|byte| is_word(*byte));
        let mut start = at;
        if behind_word {
            start += count(text, start, |byte| byte.is_ascii_hexdigit()).min(length);
        }
        while start < end
            && (text.get(start).is_some_and(|byte| b".-".contains(byte))
                || text.get(start) == Some(&b':') && text.get(start + 1) != Some(&b':'))
        {
            start += 1;
        }
        find_ip_in(text, start, end, spans);
        at = end;
    }
}

fn find_ip_in(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let run = text.get(start..end).unwrap_or_default();
    let alone = |from: usize, to: usize| {
        let before = from.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or(b' ');
        let after = text.get(to).copied().unwrap_or(b' ');
        !is_word(before) && !is_word(after)
    };
    if run.len() >= 17 && alone(start, start + 17) && mac_octets(run.get(..17).unwrap_or_default()).is_some()
    {
        spans.push(Span { start, end: start + 17, what: What::Mac });
        return;
    }
    let colons = run.iter().filter(|byte| **byte == b':').count();
    if colons >= 2 {
        let mut whole = end;
        let before = |whole: usize| whole.checked_sub(1).and_then(|at| text.get(at)).copied();
        while whole > start
            && (before(whole).is_some_and(|byte| b".-".contains(&byte))
                || before(whole) == Some(b':') && before(whole - 1) != Some(b':'))
        {
            whole -= 1;
        }
        let address = text.get(start..whole).unwrap_or_default();
        if alone(start, whole)
            && std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
        {
            spans.push(Span { start, end: whole, what: What::Ipv6 });
            return;
        }
    }
    let mut at = start;
    while at < end {
        let length = count(text, at, |byte| byte.is_ascii_digit() || byte == b'.').min(end - at);
        let mut last = at + length;
        while last > at && text.get(last - 1) == Some(&b'.') {
            last -= 1;
        }
        if length >= 7 && alone(at, last) && is_ipv4(text.get(at..last).unwrap_or_default()) {
            spans.push(Span { start: at, end: last, what: What::Ipv4 });
        }
        at += length.max(1);
    }
}

fn mac_octets(text: &[u8]) -> Option<[u8; 6]> {
    let sign = *text.get(2).filter(|sign| b":-".contains(sign))?;
    let mut octets = [0; 6];
    let mut parts = text.split(|byte| *byte == sign);
    for octet in &mut octets {
        let part = std::str::from_utf8(parts.next().filter(|part| part.len() == 2)?).ok()?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

pub(super) fn mac_text(cipher: &mut super::Cipher, text: &mut [u8]) {
    let Some(mut octets) = mac_octets(text) else { return };
    cipher.mac(&mut octets);
    let capital = text.iter().any(u8::is_ascii_uppercase);
    for (place, octet) in text.chunks_mut(3).zip(octets) {
        let new = if capital { format!("{octet:02X}") } else { format!("{octet:02x}") };
        for (to, from) in place.iter_mut().zip(new.bytes()) {
            *to = from;
        }
    }
}

pub(super) fn find_numbers(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let digits_at = |at: usize| count(text, at, |byte| byte.is_ascii_digit());
    let mut at = 0;
    while at < text.len() {
        if !text.get(at).is_some_and(u8::is_ascii_alphanumeric) {
            at += 1;
            continue;
        }
        let word = count(text, at, |byte| byte.is_ascii_alphanumeric());
        let digits = digits_at(at);
        if digits < word {
            if !is_id(text.get(at..at + word).unwrap_or_default()) {
                find_in_word(text, at, at + word, &mut spans);
            }
            at += word;
            continue;
        }
        let whole = text.get(at..at + word).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
        let is_date = word == 4
            && (whole.starts_with(b"19") || whole.starts_with(b"20"))
            && matches!(text.get(at + 4..at + 10), Some([b'-', a, b, b'-', c, d]) if [a, b, c, d].iter().all(|b| b.is_ascii_digit()))
            && !text.get(at + 10).is_some_and(u8::is_ascii_digit);
        if is_date || is_day_first(text.get(at..).unwrap_or_default()) {
            at += 10;
            continue;
        }
        // The part of a time behind its colon.
        let in_time = before == Some(b':')
            && at.checked_sub(2).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
        let mut end = at + word;
        let mut total = word;
        if word < NUMBER_FROM && !in_time {
            loop {
                let signs = count(text, end, |byte| b" -.()/".contains(&byte));
                // Behind an area code the rest may stand without a gap. With nothing but a blank between them what
                // comes first is an area code if it begins as one.
                let blank = text.get(end..end + signs).is_some_and(|signs| signs == b" ");
                let area = before == Some(b'+') || whole.starts_with(b"0");
                let most = if blank && !area { 6 } else { 9 };
                let group = digits_at(end + signs);
                let letter = text.get(end + signs + group).is_some_and(|byte| is_word(*byte));
                if !(1..=3).contains(&signs)
                    || !(2..=most).contains(&group)
                    || letter
                    || total + group > NUMBER_TO
                {
                    break;
                }
                total += group;
                end += signs + group;
            }
        }
        // An identifier that is printed with two zeros in front, such as a ConnID, is no number.
        let is_conn_id = word == 16 && whole.starts_with(b"00");
        if total >= NUMBER_FROM && !is_conn_id {
            spans.push(Span { start: at, end, what: What::Class(Class::Number) });
            at = end;
        } else {
            at += word;
        }
    }
    spans
}

/// `28.09.2012` and `09/28/2012`.
fn is_day_first(text: &[u8]) -> bool {
    let [a, b, sign, c, d, second, e, f, g, h, ..] = text else { return false };
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let to_31 = |tens: &u8, ones: &u8| matches!(tens, b'0'..=b'2') || *tens == b'3' && *ones <= b'1';
    b"./".contains(sign)
        && sign == second
        && [a, b, c, d, e, f, g, h].into_iter().all(is_digit)
        && to_31(a, b)
        && to_31(c, d)
        && matches!([*e, *f], [b'1', b'9'] | [b'2', b'0'])
        && !text.get(10).is_some_and(is_digit)
}

/// A number within letters, such as `tel4155550100`.
fn find_in_word(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let mut at = start;
    while at < end {
        let digits = count(text, at, |byte| byte.is_ascii_digit()).min(end - at);
        if digits >= NUMBER_FROM {
            spans.push(Span { start: at, end: at + digits, what: What::Class(Class::Number) });
        }
        at += digits.max(1);
    }
}

/// A long row of letters and digits, or 8, 16 or 32 hex digits with a letter among them.
fn is_id(word: &[u8]) -> bool {
    word.len() >= ID_FROM || matches!(word.len(), 8 | 16) && word.iter().all(u8::is_ascii_hexdigit)
}
