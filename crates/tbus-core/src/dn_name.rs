//! The number of a DN.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::effects::Shown;

/// Bytes of a name that is kept in place; with these a [`DnName`] has 24 bytes.
const SHORT: usize = 22;

/// The number of a DN. Cloning it copies no bytes outside of it: those of a long name are shared.
#[derive(Clone)]
pub struct DnName(Repr);

#[derive(Clone)]
enum Repr {
    /// How many of the bytes are the name; the others are 0.
    Short(u8, [u8; SHORT]),
    Long(Arc<[u8]>),
}

impl DnName {
    /// The bytes as clients write them, UTF-8 unless their charset is another one.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Repr::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for DnName {
    fn from(name: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..name.len()), u8::try_from(name.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(name);
                Self(Repr::Short(length, bytes))
            }
            _ => Self(Repr::Long(name.into())),
        }
    }
}

impl From<&str> for DnName {
    fn from(name: &str) -> Self {
        name.as_bytes().into()
    }
}

impl Borrow<[u8]> for DnName {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for DnName {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for DnName {}

impl Hash for DnName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl PartialOrd for DnName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DnName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

/// Only the first bytes, so that a text with a name in it stays short; control characters are escaped.
impl fmt::Display for DnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for DnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DnName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_names() {
        assert_eq!(size_of::<DnName>(), 24);
        let digits = b"0123456789012345678901234567890";
        for length in 0..=digits.len() {
            let name = DnName::from(&digits[..length]);
            assert_eq!(name.as_bytes(), &digits[..length]);
            assert_eq!(matches!(name.0, Repr::Short(..)), length <= SHORT);
            assert_eq!((name.clone(), name.cmp(&name.clone())), (name.clone(), std::cmp::Ordering::Equal));
            if let Some(shorter) = length.checked_sub(1) {
                assert!(DnName::from(&digits[..shorter]) < name, "{length}");
            }
        }
        assert!(DnName::from("2") > DnName::from("1234567890123456789012345678"));
        assert_ne!(DnName::from("7"), DnName::from("7\0"));
        let long = DnName::from(&[b'x'; 65_536][..]);
        assert_eq!(long.as_bytes().len(), 65_536);
    }
}
