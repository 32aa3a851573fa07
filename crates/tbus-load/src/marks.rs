//! What a publisher writes into the payload of each message, and a subscriber reads there.
//!
//! | bytes | what |
//! |--|--|
//! | 0..4 | publisher |
//! | 4..8 | DN, as index |
//! | 8..16 | running number, from 0 |
//! | 16..24 | time of the write, ns since the load began |
//! | 24..32 | time that the schedule asked for |
//! | 32..40 | running number again, inverted |
//!
//! All little-endian (chosen), one behind the other, so that they are one gap in what is compared.

/// Bytes of the marks.
pub const MARKS_LEN: usize = 40;

/// The marks of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) publisher: u32,
    pub(crate) dn: u32,
    pub(crate) number: u64,
    pub(crate) written: u64,
    pub(crate) scheduled: u64,
}

impl Marks {
    #[inline]
    pub(crate) fn bytes(&self) -> [u8; MARKS_LEN] {
        let mut bytes = [0; MARKS_LEN];
        let (words, _) = bytes.as_chunks_mut::<8>();
        if let [head, number, written, scheduled, inverted] = words {
            let [a, b, c, d] = self.publisher.to_le_bytes();
            let [e, f, g, h] = self.dn.to_le_bytes();
            *head = [a, b, c, d, e, f, g, h];
            *number = self.number.to_le_bytes();
            *written = self.written.to_le_bytes();
            *scheduled = self.scheduled.to_le_bytes();
            *inverted = (!self.number).to_le_bytes();
        }
        bytes
    }

    /// The marks in these bytes; nothing when the two copies of the number differ.
    #[inline]
    pub(crate) fn read(bytes: &[u8; MARKS_LEN]) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<8>();
        let [head, number, written, scheduled, inverted] = words else { return None };
        let [a, b, c, d, e, f, g, h] = *head;
        let number = u64::from_le_bytes(*number);
        (number == !u64::from_le_bytes(*inverted)).then_some(Self {
            publisher: u32::from_le_bytes([a, b, c, d]),
            dn: u32::from_le_bytes([e, f, g, h]),
            number,
            written: u64::from_le_bytes(*written),
            scheduled: u64::from_le_bytes(*scheduled),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_back_and_damage_is_seen() {
        let marks = Marks { publisher: 3, dn: 7, number: 1 << 40, written: 5, scheduled: 4 };
        let mut bytes = marks.bytes();
        assert_eq!(Marks::read(&bytes), Some(marks));
        bytes[8] ^= 1;
        assert_eq!(Marks::read(&bytes), None);
    }
}
