//! Lines that come again and again are read once.

use super::line::{ReceiptAt, receipt};

/// Lines 04542 as they were read before: a DN has the same receivers for a long time, and what is behind the time stamp is
/// the same to the byte.
#[derive(Debug)]
pub(super) struct Repeats {
    lines: [Repeat; 64],
}

#[derive(Clone, Debug, Default)]
struct Repeat {
    /// What follows the time stamp.
    text: Vec<u8>,
    receipt: ReceiptAt,
}

/// Longest text that is remembered, in bytes.
const REPEAT_LIMIT: usize = 256;

impl Default for Repeats {
    fn default() -> Self {
        Self { lines: std::array::from_fn(|_| Repeat::default()) }
    }
}

impl Repeats {
    /// Reads a line 04542, of which `text` is what follows its time stamp.
    #[inline]
    pub(super) fn sent(&mut self, line: &[u8], text: &[u8]) -> Option<ReceiptAt> {
        let message = text.strip_prefix(b" Trc 04542 ")?;
        let (_, end) = text.split_last_chunk::<8>()?;
        let (begin, _) = message.split_at_checked(12)?;
        let (_, begin) = begin.split_last_chunk::<8>()?;
        let mixed = u64::from_le_bytes(*end).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ u64::from_le_bytes(*begin).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        let slot = self.lines.get_mut((mixed >> 58) as usize)?;
        let by = line.len() - text.len();
        if slot.text == text {
            return Some(slot.receipt.shifted(by));
        }
        let receipt = receipt(text, message, b" sent to [")?;
        if text.len() <= REPEAT_LIMIT {
            slot.text.clear();
            slot.text.extend_from_slice(text);
            slot.receipt = receipt;
        }
        Some(receipt.shifted(by))
    }
}
