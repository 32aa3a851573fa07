//! Texts of a frame as `str`, for those who want UTF-8.

/// Gives the texts of one frame as `&str`, and checks them in long runs instead of one by one.
///
/// A frame's texts are bytes in the connection's charset, and most readers pass them on as they are. For those who need
/// UTF-8, the check of a short text costs more than finding it. So a run of the frame is checked from the text that is asked
/// for to the first byte that is not UTF-8, mostly one of a number, and the texts in the run are cut out of it.
///
/// ```
/// # use tlib_proto::wire::Texts;
/// # use tlib_proto::{KvList, ValueRef};
/// let list = KvList::build(|list| list.str("Language", "es").int("Tries", 200).str("Name", b"\xff"))?;
/// let mut texts = Texts::of(list.packed());
/// let keys: Vec<_> = list.view().pairs().map(|pair| texts.get(pair.key)).collect();
/// assert_eq!(keys, [Some("Language"), Some("Tries"), Some("Name")]);
/// assert_eq!(list.view().find("Name").and_then(ValueRef::as_text).and_then(|text| texts.get(text)), None);
/// # Ok::<(), tlib_proto::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Texts<'a> {
    frame: &'a [u8],
    run: &'a str,
}

impl<'a> Texts<'a> {
    /// Of a frame, a packed list, or anything else that the texts lie in.
    pub const fn of(frame: &'a [u8]) -> Self {
        Self { frame, run: "" }
    }

    /// The text, if it is UTF-8. Quick when texts are asked for in their order; a text from elsewhere is checked by itself.
    #[inline]
    pub fn get(&mut self, text: &'a [u8]) -> Option<&'a str> {
        let at = text.as_ptr().addr().wrapping_sub(self.run.as_ptr().addr());
        match self.run.get(at..at.wrapping_add(text.len())) {
            Some(text) => Some(text),
            None => self.check(text),
        }
    }

    fn check(&mut self, text: &'a [u8]) -> Option<&'a str> {
        let at = text.as_ptr().addr().wrapping_sub(self.frame.as_ptr().addr());
        let run = self.frame.get(at..).filter(|run| run.len() >= text.len());
        let Some(run) = run else { return std::str::from_utf8(text).ok() };
        let good = std::str::from_utf8(run).or_else(|error| {
            let good = run.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(good)
        });
        self.run = good.unwrap_or_default();
        // A run that ends within the text ends at bytes of the text that are not UTF-8.
        self.run.get(..text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    #[test]
    fn every_part_is_what_a_check_by_itself_says() {
        let frame = "ab\u{e9}\u{20ac}\0z\u{1f600}".as_bytes();
        let mut damaged = frame.to_vec();
        damaged.extend_from_slice(b"\xf0\x9f\x98 \x9a\xff more \xc3");
        for frame in [frame, &damaged] {
            let mut texts = Texts::of(frame);
            for start in 0..=frame.len() {
                for end in start..=frame.len() {
                    let text = &frame[start..end];
                    let alone = std::str::from_utf8(text).ok();
                    assert_eq!(texts.get(text), alone, "{start}..{end} after others");
                    assert_eq!(Texts::of(frame).get(text), alone, "{start}..{end} first");
                }
            }
        }
    }

    #[test]
    fn a_text_from_elsewhere_is_checked_by_itself() {
        let (frame, other) = (b"here".to_vec(), b"there".to_vec());
        let mut texts = Texts::of(&frame);
        assert_eq!(texts.get(&frame), Some("here"));
        assert_eq!(texts.get(&other), Some("there"));
        assert_eq!(texts.get(b"\xff"), None);
        assert_eq!(texts.get(b""), Some(""));
    }
}
