//! Forms of lines and values of logs, and how long their parts are.

/// `@00:34:20.7570 [0] 8.1.000.62 send_to_client: message EventACK`, behind its time.
pub(super) fn line_head(rest: &[u8], mark: &[u8]) -> bool {
    let words: Vec<&[u8]> = rest.splitn(6, |byte| *byte == b' ').collect();
    matches!(words.as_slice(), [first, _, function, b"message", name]
        if first.starts_with(mark) && function.ends_with(b":") && is_word(&String::from_utf8_lossy(name)))
}

/// A message's name as the last word of a line, with or without its reference id.
pub(super) fn is_message(text: &[u8]) -> bool {
    let name = text.split(|byte| *byte == b'(').next().unwrap_or_default();
    let rest = text.get(name.len()..).unwrap_or_default();
    is_word(&String::from_utf8_lossy(name)) && (rest.is_empty() || rest.starts_with(b"(refid="))
}

/// `[347] 00 0c 00 00..`, or what the Platform SDK prints: `[bstr] = KVList: `.
pub(super) fn is_list_head(value: &[u8]) -> bool {
    let start = kind_length(value);
    if start > 0 {
        return value.get(start..).is_some_and(|value| value.starts_with(b"KVList:"));
    }
    let Some(inner) = value.strip_prefix(b"[") else { return false };
    let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bytes = inner.get(digits..).unwrap_or_default();
    bytes
        .strip_prefix(b"]")
        .is_some_and(|bytes| bytes.iter().all(|byte| byte.is_ascii_hexdigit() || b" .\t".contains(byte)))
}

/// Length of the kind that the Platform SDK prints before a value: `[str] = `.
pub(super) fn kind_length(value: &[u8]) -> usize {
    let Some(inner) = value.strip_prefix(b"[") else { return 0 };
    let letters = inner.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let sign = inner.get(letters..).unwrap_or_default();
    if letters > 0 && sign.starts_with(b"] = ") { letters + 5 } else { 0 }
}

pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// How long a time stamp at the beginning is, with the level and the number that follow it.
pub(super) fn after_stamp(line: &[u8]) -> usize {
    let start = usize::from(line.first() == Some(&b'@'));
    let stamp = line.get(start..).unwrap_or_default();
    let length = stamp.iter().take_while(|byte| byte.is_ascii_digit() || b":.-TZ+".contains(byte)).count();
    let has_clock = stamp.get(..length).unwrap_or_default().iter().filter(|byte| **byte == b':').count() >= 2;
    if !has_clock {
        return 0;
    }
    start + length + usize::from(stamp.get(length) == Some(&b' '))
}

/// The host of `received from 65200(SIP_Server)host:port(fd=4) message X`.
pub(super) fn origin_host(rest: &[u8]) -> Option<(usize, usize)> {
    let close = memchr::memchr(b')', rest)? + 1;
    let tail = rest.get(close..)?;
    let end = memchr::memmem::find(tail, b"(fd=").or_else(|| memchr::memchr(b' ', tail))?;
    let host = tail.get(..end)?;
    let port = memchr::memrchr(b':', host).unwrap_or(host.len());
    (port > 0).then_some((close, close + port))
}

/// What is no number of a person in a line: its own number, descriptors, client ids, reference ids.
pub(super) fn technical(rest: &[u8]) -> Vec<(usize, usize)> {
    let mut kept = Vec::new();
    if rest.get(4..9).is_some_and(|id| id.iter().all(u8::is_ascii_digit)) && rest.get(3) == Some(&b' ') {
        kept.push((0, 9));
    }
    for at in memchr::memchr_iter(b'[', rest) {
        let digits =
            rest.get(at + 1..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits < 7 && rest.get(at + 1 + digits) == Some(&b']') {
            kept.push((at, at + digits + 2));
        }
    }
    for at in memchr::memchr_iter(b'(', rest) {
        let inner = rest.get(at + 1..).unwrap_or_default();
        let hex = inner.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if hex == 8 && inner.get(8) == Some(&b' ') && inner.starts_with(b"0") {
            kept.push((at, at + 9));
        }
    }
    kept
}

pub(super) fn without_blanks(text: &mut [u8]) -> &mut [u8] {
    let blanks = text.iter().take_while(|byte| b"\t ".contains(byte)).count();
    text.get_mut(blanks..).unwrap_or_default()
}

pub(super) fn unescaped(key: &[u8]) -> Vec<u8> {
    key.iter().copied().filter(|byte| *byte != b'\\').collect()
}

pub(super) fn hex_byte(text: Option<&[u8]>) -> Option<u8> {
    let text = text.filter(|text| text.len() == 2 && text.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

pub(super) fn put_hex(to: &mut [u8], byte: u8) {
    for (to, from) in to.iter_mut().zip(format!("{byte:02x}").bytes()) {
        *to = from;
    }
}
