//! The DNs of a load. All their names have one width, so that all frames have one length.

use crate::error::LoadError;

/// Most DNs of a load (chosen).
const MOST: usize = 100_000;
/// Longest name in bytes, as in a world.
const LONGEST: usize = 255;

/// Names of one width, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// One behind the other.
    bytes: Vec<u8>,
    width: usize,
}

impl Names {
    /// These names.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for no name, more than 100,000, an empty one or one of over 255 bytes, and for names of
    /// different lengths.
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<Self, LoadError> {
        let mut bytes = Vec::new();
        let mut width = 0;
        let mut count = 0;
        for name in names {
            let name = name.as_ref();
            if name.is_empty() || name.len() > LONGEST {
                return Err(LoadError::Plan(format!("a DN has 1 to {LONGEST} bytes, not {}", name.len())));
            }
            if count > 0 && name.len() != width {
                return Err(LoadError::Plan(format!(
                    "DN {name:?} has {} bytes, the one before it {width}: all DNs of a load must be of one length",
                    name.len()
                )));
            }
            width = name.len();
            count += 1;
            if count > MOST {
                return Err(LoadError::Plan(format!("more than {MOST} DNs")));
            }
            bytes.extend_from_slice(name.as_bytes());
        }
        if count == 0 {
            return Err(LoadError::Plan("a load needs a DN".to_owned()));
        }
        Ok(Self { bytes, width })
    }

    /// The DN of the published example, which the default world has.
    pub fn reporting() -> Self {
        Self { bytes: b"REPORTING".to_vec(), width: 9 }
    }

    /// `load0001`, `load0002` and so on; six digits when four are not enough.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for none, and for more than 100,000.
    pub fn numbered(count: usize) -> Result<Self, LoadError> {
        let digits = if count > 9999 { 6 } else { 4 };
        // One more than is allowed is enough to be refused.
        Self::new((1..=count.min(MOST + 1)).map(|number| format!("load{number:0digits$}")))
    }

    /// How many there are; at least one.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.width.max(1)
    }

    /// Never: a load without a DN cannot be made.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of each name.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The name with this index, or nothing.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(self.width)?;
        self.bytes.get(start..start.checked_add(self.width)?)
    }

    /// The first name.
    pub fn first(&self) -> &[u8] {
        self.get(0).unwrap_or_default()
    }

    /// The names as text, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.bytes.chunks_exact(self.width.max(1)).map(|name| str::from_utf8(name).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_width() {
        let names = Names::numbered(3).unwrap();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["load0001", "load0002", "load0003"]);
        assert_eq!((names.len(), names.width(), names.get(2)), (3, 8, Some(b"load0003".as_slice())));
        assert_eq!(names.get(3), None);
        assert_eq!(Names::numbered(10_000).unwrap().get(9_999), Some(b"load010000".as_slice()));
        let error = |names: &[&str]| Names::new(names).unwrap_err().to_string();
        assert_eq!(
            error(&["7001", "REPORTING"]),
            "DN \"REPORTING\" has 9 bytes, the one before it 4: all DNs of a load must be of one length"
        );
        assert_eq!(error(&[]), "a load needs a DN");
        assert_eq!(error(&[""]), "a DN has 1 to 255 bytes, not 0");
        assert_eq!(Names::numbered(100_001).unwrap_err().to_string(), "more than 100000 DNs");
    }
}
