//! A template made ready to be compared with: long constant runs as they are, short ones eight bytes at a time with a
//! mask. A frame of 512 bytes then costs two masked stretches and one comparison of the rest.

use std::ops::Range;

use crate::marks::{MARKS_LEN, Marks};
use crate::names::Names;
use crate::template::{Counter, Template};

/// Constant runs from this length on are compared in one piece (chosen).
const LONG: usize = 64;

/// What every frame of one kind is compared with.
#[derive(Debug)]
pub(crate) struct Check {
    bytes: Vec<u8>,
    /// 0xff where a byte is compared.
    mask: Vec<u8>,
    parts: Vec<Part>,
    pub(crate) marks: usize,
    /// Where the name of the DN stands. Empty with a single DN, whose name is constant.
    pub(crate) names: Vec<Range<usize>>,
    pub(crate) counter: Option<Counter>,
    pub(crate) rises: Option<usize>,
}

#[derive(Debug)]
enum Part {
    /// Bytes that are the same in every frame.
    Exact(Range<usize>),
    /// Eight bytes each: what is expected under the mask, and the mask.
    Masked(Range<usize>, Vec<(u64, u64)>),
}

impl Check {
    pub(crate) fn new(template: &Template, names: &Names) -> Self {
        let mut bytes = template.bytes.clone();
        let mut mask = vec![0xff; bytes.len()];
        for gap in template.gaps() {
            mask.get_mut(gap).unwrap_or_default().fill(0);
        }
        let mut varying = template.names.clone();
        if names.len() == 1 {
            for place in varying.drain(..) {
                if let Some(place) = bytes.get_mut(place.clone()).filter(|place| place.len() == names.width())
                {
                    place.copy_from_slice(names.first());
                }
                mask.get_mut(place).unwrap_or_default().fill(0xff);
            }
        }
        let parts = parts(&bytes, &mask);
        Self {
            bytes,
            mask,
            parts,
            marks: template.marks.unwrap_or_default(),
            names: varying,
            counter: template.counter,
            rises: template.rises,
        }
    }

    /// Bytes of each frame.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes that are compared with, places that vary included.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a whole frame is as the template outside of what varies.
    #[inline]
    pub(crate) fn fits(&self, frame: &[u8]) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Exact(at) => match (frame.get(at.clone()), self.bytes.get(at.clone())) {
                (Some(found), Some(expected)) => found == expected,
                _ => false,
            },
            Part::Masked(at, words) => {
                let (found, _) = frame.get(at.clone()).unwrap_or_default().as_chunks::<8>();
                let differs = found.iter().zip(words).fold(0, |differs, (found, (expected, mask))| {
                    differs | ((u64::from_ne_bytes(*found) & mask) ^ expected)
                });
                differs == 0 && found.len() == words.len()
            }
        })
    }

    /// Whether the start of a frame is as the template's start.
    pub(crate) fn begins(&self, start: &[u8]) -> bool {
        self.difference(start).is_none()
    }

    /// The first byte that is not as it should be: where, and the two values.
    pub(crate) fn difference(&self, frame: &[u8]) -> Option<(usize, u8, u8)> {
        let expected = self.bytes.iter().zip(&self.mask).enumerate();
        expected.zip(frame).find_map(|((at, (expected, mask)), found)| {
            ((expected ^ found) & mask != 0).then_some((at, *expected, *found))
        })
    }

    /// The load's marks in a frame, if they are whole.
    #[inline]
    pub(crate) fn marks(&self, frame: &[u8]) -> Option<Marks> {
        Marks::read(frame.get(self.marks..)?.first_chunk::<MARKS_LEN>()?)
    }

    /// The number in a frame that must rise.
    #[inline]
    pub(crate) fn rising(&self, frame: &[u8]) -> Option<u64> {
        frame.get(self.rises?..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// Whether the DN's name stands wherever it should.
    #[inline]
    pub(crate) fn names(&self, frame: &[u8], name: Option<&[u8]>) -> bool {
        self.names.iter().all(|at| frame.get(at.clone()) == name)
    }
}

fn parts(bytes: &[u8], mask: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    // Where the masked stretch under way begins.
    let mut open = 0;
    let mut at = 0;
    while at < mask.len() {
        let rest = mask.get(at..).unwrap_or_default();
        let run = rest.iter().take_while(|mask| **mask == 0xff).count();
        if run >= LONG {
            parts.extend(masked(bytes, mask, open..at));
            parts.push(Part::Exact(at..at + run));
            open = at + run;
        }
        at += run.max(1);
    }
    parts.extend(masked(bytes, mask, open..bytes.len()));
    parts
}

/// A masked stretch, in words of eight bytes: it reaches over its end, or over its start at the end of the frame.
fn masked(bytes: &[u8], mask: &[u8], at: Range<usize>) -> Vec<Part> {
    let compared = mask.get(at.clone()).unwrap_or_default();
    let ends = (compared.iter().position(|mask| *mask != 0), compared.iter().rposition(|mask| *mask != 0));
    let (Some(first), Some(last)) = ends else { return Vec::new() };
    let (start, end) = (at.start + first, at.start + last + 1);
    let length = (end - start).next_multiple_of(8);
    let start = start.min(bytes.len().saturating_sub(length));
    let stretch = start..start + length;
    let Some((bytes, mask)) = bytes.get(stretch.clone()).zip(mask.get(stretch.clone())) else {
        // A frame of less than eight bytes.
        let compared = (at.start..at.end).filter(|at| mask.get(*at).is_some_and(|mask| *mask != 0));
        return compared.map(|at| Part::Exact(at..at + 1)).collect();
    };
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let words = bytes.as_chunks::<8>().0.iter().zip(mask.as_chunks::<8>().0);
    let words = words.map(|(bytes, mask)| (word(bytes) & word(mask), word(mask))).collect();
    vec![Part::Masked(stretch, words)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte that is compared is seen when it changes, and no other, whatever the frame's length and gaps.
    #[test]
    fn each_compared_byte_counts_and_no_other() {
        let names = Names::new(["AB"]).unwrap();
        for length in [4, 5, 7, 8, 9, 60, 63, 64, 65, 130, 200, 513] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            for gaps in
                [&[][..], &[(2, 4)], &[(0, 1), (3, 4)], &[(10, 50), (58, 60)], &[(70, 110), (120, 128)]]
            {
                let mut template = Template::new(bytes.clone());
                for (start, end) in gaps.iter().filter(|(_, end)| *end <= length) {
                    template = template.vary(*start..*end).unwrap();
                }
                let check = Check::new(&template, &names);
                assert!(check.fits(&bytes) && check.begins(&bytes), "{length} {gaps:?}");
                for at in 0..length {
                    let mut changed = bytes.clone();
                    changed[at] ^= 0x80;
                    let free = template.vary.iter().any(|gap| gap.contains(&at));
                    assert_eq!(check.fits(&changed), free, "byte {at} of {length}, {gaps:?}");
                    let difference = (!free).then_some((at, bytes[at], bytes[at] ^ 0x80));
                    assert_eq!(check.difference(&changed), difference);
                }
            }
        }
    }

    #[test]
    fn one_dn_is_constant_and_several_are_compared_by_name() {
        let template = Template::new(*b"MSG load0000 payload").name(4, 8).unwrap();
        let one = Check::new(&template, &Names::numbered(1).unwrap());
        assert!(one.fits(b"MSG load0001 payload") && !one.fits(b"MSG load0002 payload"));
        assert!(one.names.is_empty());
        let names = Names::numbered(2).unwrap();
        let two = Check::new(&template, &names);
        let frame = b"MSG load0002 payload";
        assert!(two.fits(frame) && two.names(frame, names.get(1)) && !two.names(frame, names.get(0)));
        assert!(!two.names(frame, names.get(2)));
    }
}
