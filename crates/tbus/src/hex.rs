//! Hex digits as people write them.

/// Text that is no hex, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HexError {
    /// Byte of the text, from 0.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) reason: String,
}

/// Reads hex digits: blanks, line breaks, colons and commas between bytes, `0x` before them, `#` comments to the end
/// of a line.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'#' => at += text[at..].iter().position(|byte| *byte == b'\n').unwrap_or(text.len() - at),
            b':' | b',' => at += 1,
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => at += token(&text[at..], at, &mut bytes)?,
        }
    }
    Ok(bytes)
}

/// Reads one run of digits and gives its length.
fn token(text: &[u8], at: usize, bytes: &mut Vec<u8>) -> Result<usize, HexError> {
    let prefix = if text.starts_with(b"0x") || text.starts_with(b"0X") { 2 } else { 0 };
    let digits = text[prefix..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end = prefix + digits;
    if let Some(byte) = text.get(end).filter(|byte| !byte.is_ascii_whitespace() && !b":,#".contains(byte)) {
        return Err(HexError { at: at + end, reason: format!("'{}' is no hex digit", byte.escape_ascii()) });
    }
    if digits == 0 || !digits.is_multiple_of(2) {
        return Err(HexError { at, reason: format!("{digits} hex digits, but a byte has two") });
    }
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    bytes.extend(text[prefix..end].chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])));
    Ok(end)
}

/// Lower-case digits without blanks.
pub(crate) fn print(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_people_write() {
        for text in [
            "00ff10",
            "00 ff 10",
            "0x00 0xFF 0x10",
            "00:ff:10",
            "# a frame\n00ff # two\n 10\n",
            "0x00ff10",
            "00,ff,\t10",
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(vec![0x00, 0xFF, 0x10]), "{text}");
        }
        assert_eq!(parse(b" # nothing"), Ok(vec![]));
        assert_eq!(print(&[0x00, 0xFF, 0x10]), "00ff10");
    }

    #[test]
    fn names_the_place() {
        let error = |text: &[u8]| parse(text).map_err(|error| (error.at, error.reason)).unwrap_err();
        assert_eq!(error(b"00 fg"), (4, "'g' is no hex digit".to_owned()));
        assert_eq!(error(b"00 f"), (3, "1 hex digits, but a byte has two".to_owned()));
        assert_eq!(error(b"0x"), (0, "0 hex digits, but a byte has two".to_owned()));
        assert_eq!(error(b"zz"), (0, "'z' is no hex digit".to_owned()));
    }
}
