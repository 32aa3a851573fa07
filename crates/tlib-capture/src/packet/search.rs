//! Looking for the next frame in bytes of which nobody knows where they begin.
//!
//! A frame is taken for one when its length is within the limit, its message id is a published one or one of the
//! profile's own, its attributes fill it exactly, everything inside is right, and what follows it looks like the head of a
//! frame, too (chosen).

use tlib_proto::wire::profile;
use tlib_proto::{Limits, MessageId, MessageRef};

/// Steps that every beginning of a frame may be followed for.
const STEPS_EACH: u16 = 64;

/// Steps beyond these that may be taken for every byte that comes. Made-up bytes can offer a beginning of a frame at every
/// place, each of which is found wrong only at its end: they get no more work than this, and what would need more is no
/// frame.
const STEPS_PER_BYTE: u64 = 32;

/// Length of the head of a frame.
const HEAD: usize = profile::HEAD_BYTES;

/// How far the frame that may begin at a place has been looked at.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Where the next attribute's head begins, counted from the frame.
    offset: usize,
    attributes: u32,
    free: u16,
}

/// A search that is continued when there are more bytes.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Bytes at the start of the buffer that begin no frame.
    at: usize,
    candidate: Option<Candidate>,
    steps: u64,
}

/// How a search has ended for now.
pub(super) enum Outcome {
    /// A frame begins behind so many bytes.
    Found(usize),
    /// So many bytes begin no frame; more are needed for the rest.
    Skip(usize),
}

enum Verdict {
    Frame,
    Wrong,
    More,
}

impl Search {
    /// So many bytes have come.
    pub(super) fn grant(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.steps = self.steps.saturating_add(bytes.saturating_mul(STEPS_PER_BYTE));
    }

    /// Searches `buffer`, which begins where the last search has left it. With `last` there will be no more bytes.
    pub(super) fn run(&mut self, buffer: &[u8], limits: &Limits, last: bool) -> Outcome {
        while let Some(bytes) = buffer.get(self.at..).filter(|bytes| bytes.len() >= HEAD) {
            match self.judge(bytes, limits) {
                Verdict::Frame => {
                    self.candidate = None;
                    return Outcome::Found(std::mem::take(&mut self.at));
                }
                Verdict::More if !last => break,
                Verdict::More | Verdict::Wrong => {
                    self.candidate = None;
                    self.at = self.at.saturating_add(1);
                }
            }
        }
        if last {
            self.at = buffer.len();
        }
        Outcome::Skip(std::mem::take(&mut self.at))
    }

    fn judge(&mut self, bytes: &[u8], limits: &Limits) -> Verdict {
        let Some(length) = plausible(bytes, limits) else { return Verdict::Wrong };
        let attributes =
            bytes.get(6..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u16::from_be_bytes);
        let mut candidate = self.candidate.unwrap_or_else(|| Candidate {
            offset: HEAD,
            attributes: attributes.into(),
            free: STEPS_EACH,
        });
        while candidate.attributes > 0 {
            match candidate.free.checked_sub(1) {
                Some(free) => candidate.free = free,
                None => {
                    let Some(steps) = self.steps.checked_sub(1) else { return Verdict::Wrong };
                    self.steps = steps;
                }
            }
            let Some(head) = bytes.get(candidate.offset..).and_then(|rest| rest.first_chunk::<5>()) else {
                self.candidate = Some(candidate);
                return if candidate.offset.saturating_add(5) > length {
                    Verdict::Wrong
                } else {
                    Verdict::More
                };
            };
            let [kind, _, _, high, low] = *head;
            let value = usize::from(u16::from_be_bytes([high, low]));
            let fixed = match kind {
                profile::KIND_INT => value == 4,
                profile::KIND_LONG => value == 8,
                _ => true,
            };
            candidate.offset = candidate.offset.saturating_add(5).saturating_add(value);
            candidate.attributes = candidate.attributes.saturating_sub(1);
            if !fixed || candidate.offset > length {
                return Verdict::Wrong;
            }
        }
        if candidate.offset != length {
            return Verdict::Wrong;
        }
        let Some((frame, rest)) = bytes.split_at_checked(length) else {
            self.candidate = Some(candidate);
            return Verdict::More;
        };
        // What follows is only asked for when it is there: the last frame before a pause is not held back.
        let follows = rest.is_empty() || plausible(rest, limits).is_some();
        if follows && MessageRef::parse(frame, limits).is_ok() { Verdict::Frame } else { Verdict::Wrong }
    }
}

/// The whole length of the frame that these bytes may begin. Of a head that is cut off, what is there must fit.
fn plausible(bytes: &[u8], limits: &Limits) -> Option<usize> {
    let mut head = [0; HEAD];
    let there = bytes.len().min(HEAD);
    head.get_mut(..there)?.copy_from_slice(bytes.get(..there)?);
    let [a, b, c, d, e, f, g, h] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    if length > limits.frame {
        return None;
    }
    if there < HEAD {
        return Some(0);
    }
    let id = MessageId(u16::from_be_bytes([e, f]));
    let known = id.row().is_some() || matches!(id.0, profile::CONTROL_PING | profile::CONTROL_PONG);
    let least = usize::from(u16::from_be_bytes([g, h])).saturating_mul(5).saturating_add(4);
    (known && length >= least).then(|| length.saturating_add(4))
}
