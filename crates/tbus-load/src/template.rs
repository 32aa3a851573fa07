//! What a frame must look like: constant bytes, and the places that vary.

use std::ops::Range;

use crate::error::TemplateError;
use crate::marks::MARKS_LEN;

/// A frame with places that vary. All frames of one template have one length.
///
/// ```
/// use tbus_load::{MARKS_LEN, Template};
///
/// let payload = Template::new([0; 64]).marks(8)?;
/// let nats = payload.wrapped(b"MSG load0001 1 64\r\n", b"\r\n").name(4, 8)?;
/// assert_eq!(nats.len(), 85);
/// # Ok::<(), tbus_load::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(crate) bytes: Vec<u8>,
    /// Where the server writes what it likes.
    pub(crate) vary: Vec<Range<usize>>,
    pub(crate) marks: Option<usize>,
    /// Where the DN's name stands.
    pub(crate) names: Vec<Range<usize>>,
    pub(crate) counter: Option<Counter>,
    pub(crate) rises: Option<usize>,
}

/// A number that counts the messages of a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter {
    pub(crate) at: usize,
    pub(crate) wide: bool,
}

impl Counter {
    pub(crate) const fn width(self) -> usize {
        if self.wide { 4 } else { 2 }
    }

    /// The value for a running number: never 0, and never all ones, which mean something in some protocols.
    #[inline]
    pub(crate) fn value(self, number: u64) -> u32 {
        let most = if self.wide { u64::from(u32::MAX) } else { u64::from(u16::MAX) };
        u32::try_from(number % (most - 1) + 1).unwrap_or_default()
    }

    /// The number in a frame.
    #[inline]
    pub(crate) fn read(self, frame: &[u8]) -> Option<u32> {
        let bytes = frame.get(self.at..)?;
        if self.wide {
            bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
        } else {
            bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into())
        }
    }

    /// Writes the number into a frame.
    #[inline]
    pub(crate) fn write(self, frame: &mut [u8], value: u32) {
        let bytes = value.to_be_bytes();
        let source = if self.wide { bytes.as_slice() } else { bytes.split_at(2).1 };
        if let Some(place) = frame.get_mut(self.at..self.at.saturating_add(source.len())) {
            place.copy_from_slice(source);
        }
    }
}

impl Template {
    /// A frame that is always the same.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { bytes, vary: Vec::new(), marks: None, names: Vec::new(), counter: None, rises: None }
    }

    /// These bytes are not compared: the server fills them in.
    ///
    /// # Errors
    /// [`TemplateError`] when they are outside, or something else is there.
    pub fn vary(mut self, at: Range<usize>) -> Result<Self, TemplateError> {
        self.vary.push(self.place("variable bytes", at)?);
        Ok(self)
    }

    /// The [`MARKS_LEN`] bytes from here on are the marks of the load.
    ///
    /// # Errors
    /// [`TemplateError`] when they are outside, something else is there, or there are marks already.
    pub fn marks(mut self, at: usize) -> Result<Self, TemplateError> {
        let place = self.place("marks", at..at.saturating_add(MARKS_LEN))?;
        if self.marks.is_some() {
            return Err(self.wrong("marks", place, "there are marks already"));
        }
        self.marks = Some(at);
        Ok(self)
    }

    /// The name of the DN stands here, so many bytes. There may be several such places.
    ///
    /// # Errors
    /// [`TemplateError`] when it is outside, or something else is there.
    pub fn name(mut self, at: usize, width: usize) -> Result<Self, TemplateError> {
        self.names.push(self.place("DN", at..at.saturating_add(width))?);
        Ok(self)
    }

    /// A big-endian number of 2 or 4 bytes that counts the messages of a publisher from 1 on: ReferenceID, MQTT's packet
    /// identifier. It is written into requests; in answers it must count up by one.
    ///
    /// # Errors
    /// [`TemplateError`] when it is outside, something else is there, or it is of another width.
    pub fn counter(mut self, at: usize, width: usize) -> Result<Self, TemplateError> {
        let place = self.place("counter", at..at.saturating_add(width))?;
        if ![2, 4].contains(&width) {
            return Err(self.wrong("counter", place, "a counter has 2 or 4 bytes"));
        }
        if self.counter.is_some() {
            return Err(self.wrong("counter", place, "there is a counter already"));
        }
        self.counter = Some(Counter { at, wide: width == 4 });
        Ok(self)
    }

    /// A big-endian number of 8 bytes that rises from message to message of a connection: EventSequenceNumber.
    ///
    /// # Errors
    /// [`TemplateError`] when it is outside, or something else is there.
    pub fn rises(mut self, at: usize) -> Result<Self, TemplateError> {
        let place = self.place("rising number", at..at.saturating_add(8))?;
        if self.rises.is_some() {
            return Err(self.wrong("rising number", place, "there is one already"));
        }
        self.rises = Some(at);
        Ok(self)
    }

    /// The same with bytes before and behind it; everything moves along.
    pub fn wrapped(&self, prefix: &[u8], suffix: &[u8]) -> Self {
        let by = prefix.len();
        let moved = |range: &Range<usize>| range.start + by..range.end + by;
        Self {
            bytes: [prefix, &self.bytes, suffix].concat(),
            vary: self.vary.iter().map(moved).collect(),
            marks: self.marks.map(|at| at + by),
            names: self.names.iter().map(moved).collect(),
            counter: self.counter.map(|counter| Counter { at: counter.at + by, ..counter }),
            rises: self.rises.map(|at| at + by),
        }
    }

    /// The bytes, as they were given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of each frame.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a frame has no bytes, which no load can use.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything that is not compared as it stands.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let marks = self.marks.map(|at| at..at + MARKS_LEN);
        let counter = self.counter.map(|counter| counter.at..counter.at + counter.width());
        let rises = self.rises.map(|at| at..at + 8);
        self.vary.iter().chain(&self.names).cloned().chain(marks).chain(counter).chain(rises)
    }

    fn place(&self, what: &'static str, at: Range<usize>) -> Result<Range<usize>, TemplateError> {
        if at.is_empty() || at.end > self.bytes.len() {
            return Err(self.wrong(what, at, "outside"));
        }
        if self.gaps().any(|gap| gap.start < at.end && at.start < gap.end) {
            return Err(self.wrong(what, at, "something else is there already"));
        }
        Ok(at)
    }

    fn wrong(&self, what: &'static str, at: Range<usize>, wrong: &'static str) -> TemplateError {
        TemplateError { what, at, length: self.bytes.len(), wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_checked() {
        let template = Template::new(vec![0; 60]).marks(4).unwrap();
        assert_eq!(
            template.clone().vary(40..50).unwrap_err().to_string(),
            "variable bytes at bytes 40 to 50 of a template of 60 bytes: something else is there already"
        );
        assert!(template.clone().rises(53).is_err() && template.clone().rises(52).is_ok());
        assert!(template.clone().counter(44, 3).is_err() && template.clone().marks(0).is_err());
        assert!(template.vary(usize::MAX - 1..usize::MAX).is_err());
    }

    #[test]
    fn wrapping_moves_everything() {
        let template =
            Template::new(vec![0; 80]).marks(4).unwrap().name(44, 8).unwrap().counter(52, 4).unwrap();
        let wrapped = template.rises(60).unwrap().vary(70..71).unwrap().wrapped(b"abc", b"\r\n");
        assert_eq!((wrapped.len(), wrapped.marks, wrapped.rises), (85, Some(7), Some(63)));
        assert_eq!(wrapped.names.first(), Some(&(47..55)));
        assert_eq!(wrapped.vary.first(), Some(&(73..74)));
        assert_eq!(wrapped.counter.map(|counter| counter.at), Some(55));
    }

    #[test]
    fn counters_avoid_zero_and_all_ones() {
        let narrow = Counter { at: 1, wide: false };
        assert_eq!([0, 1, 65_533, 65_534].map(|number| narrow.value(number)), [1, 2, 65_534, 1]);
        let wide = Counter { at: 0, wide: true };
        assert_eq!([0, 4_294_967_293, 4_294_967_294].map(|n| wide.value(n)), [1, 4_294_967_294, 1]);
        let mut frame = [9; 5];
        narrow.write(&mut frame, 258);
        assert_eq!((frame, narrow.read(&frame)), ([9, 1, 2, 9, 9], Some(258)));
    }
}
