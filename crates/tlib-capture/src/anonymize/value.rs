//! The fakes of whole values: numbers, names, addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::alphabet::{self, Letter};
use super::cipher::Cipher;

/// Names under which the permutations are kept apart.
const NUMBER: &str = "number";
const NAME: &str = "name";

impl Cipher {
    /// A phone number in place: digits change, everything else stays. Two spellings of one number stay two spellings of
    /// one number.
    pub(super) fn number(&mut self, text: &mut [u8]) {
        let mut digits: Vec<u16> =
            text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u16::from(byte - b'0')).collect();
        self.numerals(NUMBER, 10, &mut digits);
        let places = text.iter_mut().filter(|byte| byte.is_ascii_digit());
        for (place, digit) in places.zip(digits) {
            *place = b'0' + u8::try_from(digit).unwrap_or_default();
        }
    }

    /// A whole number that is printed with as many digits as before; one that fits into 32 bits goes on fitting, and one that
    /// does not does not.
    pub(super) fn int(&mut self, value: i64) -> i64 {
        let is_small = i32::try_from(value).is_ok();
        let mut text = value.unsigned_abs().to_string().into_bytes();
        // Walking on in the permutation's cycle until a value is allowed is a permutation of the allowed ones.
        loop {
            self.number(&mut text);
            let Some(fake) = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<i128>().ok())
            else {
                return value;
            };
            let leads = text.len() > 1 && text.first() == Some(&b'0');
            // A zero has no sign.
            let leads = leads || value < 0 && fake == 0;
            let fake = if value < 0 { -fake } else { fake };
            match i64::try_from(fake) {
                Ok(fake) if !leads && i32::try_from(fake).is_ok() == is_small => return fake,
                _ => {}
            }
        }
    }

    /// A name in place: letters become letters of the same alphabet and case, digits become digits.
    pub(super) fn name(&mut self, text: &mut [u8]) {
        match std::str::from_utf8(text) {
            Ok(valid) => {
                let fake = self.letters(valid);
                if fake.len() == text.len() {
                    text.copy_from_slice(fake.as_bytes());
                }
            }
            // Text of another charset: its upper half is an alphabet. Walking on until the bytes are no UTF-8 either keeps
            // the fakes of both kinds apart.
            Err(_) => loop {
                self.bytes(text);
                if std::str::from_utf8(text).is_err() {
                    break;
                }
            },
        }
    }

    fn letters(&mut self, text: &str) -> String {
        let mut numerals: [Vec<u16>; alphabet::COUNT] = Default::default();
        for letter in text.chars().filter_map(alphabet::letter) {
            if let Some(numerals) = numerals.get_mut(letter.alphabet) {
                numerals.push(letter.numeral);
            }
        }
        for (alphabet, numerals) in
            numerals.iter_mut().enumerate().filter(|(_, numerals)| !numerals.is_empty())
        {
            self.numerals(NAME, alphabet::size(alphabet), numerals);
        }
        let mut numerals = numerals.map(Vec::into_iter);
        let fake = |c: char| {
            let letter = alphabet::letter(c)?;
            let numeral = numerals.get_mut(letter.alphabet)?.next()?;
            alphabet::character(Letter { numeral, ..letter })
        };
        let mut fake = fake;
        text.chars().map(|c| fake(c).unwrap_or(c)).collect()
    }

    fn bytes(&mut self, text: &mut [u8]) {
        let mut upper: Vec<u16> =
            text.iter().filter(|byte| **byte >= 0x80).map(|byte| u16::from(byte - 0x80)).collect();
        self.numerals("bytes", 128, &mut upper);
        for (byte, numeral) in text.iter_mut().filter(|byte| **byte >= 0x80).zip(upper) {
            *byte = 0x80 + u8::try_from(numeral).unwrap_or_default();
        }
        let mut ascii: Vec<u8> = text.iter().copied().filter(u8::is_ascii).collect();
        let fake = self.letters(&String::from_utf8_lossy(&ascii)).into_bytes();
        if fake.len() == ascii.len() {
            ascii = fake;
        }
        for (byte, fake) in text.iter_mut().filter(|byte| byte.is_ascii()).zip(ascii) {
            *byte = fake;
        }
    }

    /// A host name in place, label by label; `localhost` stays.
    pub(super) fn host(&mut self, text: &mut [u8]) {
        if text.eq_ignore_ascii_case(b"localhost") {
            return;
        }
        for label in text.split_mut(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()) {
            if label.iter().all(u8::is_ascii_digit) { self.number(label) } else { self.name(label) }
        }
    }

    /// An address; each part of it keeps its number of digits. Loopback, multicast, broadcast and 0 stay.
    pub(super) fn ipv4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        let octets = address.octets();
        if matches!(octets[0], 0 | 127 | 224..) {
            return address;
        }
        let mut fake = octets;
        for (at, fake) in fake.iter_mut().enumerate() {
            let (before, octet) = (octets.get(..at).unwrap_or_default(), *fake);
            // What begins equally goes on beginning equally: subnets stay subnets.
            let mut domain = b"ipv4/".to_vec();
            domain.extend_from_slice(before);
            let (first, last) = match (at, octet) {
                (0, ..=9) => (1, 9),
                (0, 100..) => (100, 223),
                (_, ..=9) => (0, 9),
                (_, 10..=99) => (10, 99),
                (_, 100..) => (100, 255),
            };
            // 127 stays for loopback: it is walked past.
            loop {
                let count = u32::from(last - first) + 1;
                let place = self.small(&domain, count, u32::from(fake.saturating_sub(first)));
                *fake = u8::try_from(place).unwrap_or_default().saturating_add(first);
                if at > 0 || *fake != 127 {
                    break;
                }
            }
        }
        fake.into()
    }

    /// An address; each group of it keeps its number of digits. Loopback, local and multicast addresses and 0 stay.
    pub(super) fn ipv6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(address) = address.to_ipv4_mapped() {
            return self.ipv4(address).to_ipv6_mapped();
        }
        let mut groups = address.segments();
        if address.is_loopback() || groups[0] >= 0xfe80 {
            return address;
        }
        for (at, group) in groups.iter_mut().enumerate() {
            *group = self.group(*group, at == 0);
        }
        groups.into()
    }

    fn group(&mut self, group: u16, leads: bool) -> u16 {
        let (first, last) = match group {
            0 => return 0,
            1..=0xf => (1, 0xf),
            0x10..=0xff => (0x10, 0xff),
            0x100..=0xfff => (0x100, 0xfff),
            // What begins with fe80 or more stays, so it must not come out either.
            _ if leads => (0x1000, 0xfe7f),
            _ => (0x1000, 0xffff),
        };
        let domain: &[u8] = if leads { b"ipv6/first" } else { b"ipv6" };
        let place = self.small(domain, u32::from(last - first) + 1, u32::from(group - first));
        first + u16::try_from(place).unwrap_or_default()
    }

    /// An address with its port, which stays.
    pub(super) fn socket(&mut self, address: SocketAddr) -> SocketAddr {
        let ip = match address.ip() {
            IpAddr::V4(ip) => self.ipv4(ip).into(),
            IpAddr::V6(ip) => self.ipv6(ip).into(),
        };
        SocketAddr::new(ip, address.port())
    }

    /// An IPv6 address as text, in place: whatever its spelling, it keeps it. What cannot be one stays and gives false.
    pub(super) fn ipv6_text(&mut self, text: &mut [u8]) -> bool {
        let Some(address) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Ipv6Addr>().ok())
        else {
            return false;
        };
        let fake = self.ipv6(address);
        if fake == address {
            return true;
        }
        if let (Some(_), Some(dots)) = (address.to_ipv4_mapped(), text.iter().rposition(|byte| *byte == b':'))
        {
            let fake = fake.to_ipv4_mapped().map(|fake| fake.to_string()).unwrap_or_default();
            if let Some(place) = text.get_mut(dots + 1..).filter(|place| place.len() == fake.len()) {
                place.copy_from_slice(fake.as_bytes());
                return true;
            }
        }
        let groups = |text: &mut [u8], fake: &mut dyn Iterator<Item = u16>, back: bool| {
            let mut parts: Vec<&mut [u8]> =
                text.split_mut(|byte| *byte == b':').filter(|p| !p.is_empty()).collect();
            if back {
                parts.reverse();
            }
            for (part, group) in parts.into_iter().zip(fake) {
                let capital = part.iter().any(u8::is_ascii_uppercase);
                let width = part.len();
                let new = if capital { format!("{group:0width$X}") } else { format!("{group:0width$x}") };
                if new.len() == width {
                    part.copy_from_slice(new.as_bytes());
                }
            }
        };
        let segments = fake.segments();
        match text.windows(2).position(|two| two == b"::") {
            Some(gap) => {
                let (before, after) = text.split_at_mut(gap);
                groups(before, &mut segments.into_iter(), false);
                groups(after, &mut segments.into_iter().rev(), true);
            }
            None => groups(text, &mut segments.into_iter(), false),
        }
        true
    }

    /// A hardware address in place; group addresses and 0 stay, and so do the bits that tell them.
    pub(super) fn mac(&mut self, octets: &mut [u8; 6]) {
        let [first, ..] = *octets;
        if first & 1 == 1 || *octets == [0; 6] {
            return;
        }
        let mut nibbles: Vec<u16> = std::iter::once(u16::from(first >> 4))
            .chain(octets.iter().skip(1).flat_map(|octet| [u16::from(octet >> 4), u16::from(octet & 15)]))
            .collect();
        self.numerals("mac", 16, &mut nibbles);
        let nibble =
            |at: usize| nibbles.get(at).and_then(|nibble| u8::try_from(*nibble).ok()).unwrap_or_default();
        for (at, octet) in octets.iter_mut().enumerate() {
            *octet = match at {
                0 => nibble(0) << 4 | first & 15,
                at => nibble(2 * at - 1) << 4 | nibble(2 * at),
            };
        }
    }
}
