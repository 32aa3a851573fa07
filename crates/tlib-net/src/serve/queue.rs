//! What waits for a client whose socket would block.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Shorter pieces are copied: a few hundred bytes must not keep a batch of many kilobytes alive.
const COPY_BELOW: usize = 4096;

/// So is a piece that is less than this part of its batch. What a queue keeps alive is then at most so many times what
/// it counts.
const SHARE_PART: usize = 4;

/// Most pieces that one write takes.
pub(super) const MOST_SLICES: usize = 64;

/// A queue counted in bytes. Long pieces are shared with the other clients that wait for them, short ones copied.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pieces: VecDeque<Bytes>,
    tail: BytesMut,
    bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Appends a piece of a shared buffer that is `whole` bytes long.
    pub(super) fn push(&mut self, piece: Bytes, whole: usize) {
        self.bytes += piece.len();
        if piece.len() < COPY_BELOW || piece.len() < whole / SHARE_PART {
            self.tail.extend_from_slice(&piece);
            if self.tail.len() >= COPY_BELOW {
                self.seal();
            }
        } else {
            self.seal();
            self.pieces.push_back(piece);
        }
    }

    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
    }

    /// The next pieces for a vectored write; how many of `slices` are filled.
    pub(super) fn slices<'q>(&'q mut self, slices: &mut [IoSlice<'q>]) -> usize {
        self.seal();
        let mut filled = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            filled += 1;
        }
        filled
    }

    /// Adds the first `count` bytes of the pieces to `out`, shared.
    pub(super) fn head(&self, mut count: usize, out: &mut Vec<Bytes>) {
        for piece in &self.pieces {
            if count == 0 {
                return;
            }
            let part = piece.slice(..count.min(piece.len()));
            count -= part.len();
            out.push(part);
        }
    }

    /// Takes off what was written.
    pub(super) fn written(&mut self, mut count: usize) {
        self.bytes -= count;
        while count > 0 {
            let Some(first) = self.pieces.front_mut() else { return };
            if first.len() > count {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.pieces.pop_front();
        }
        if self.bytes == 0 {
            // An idle client keeps no buffer.
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue, step: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while !queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); MOST_SLICES];
            let filled = queue.slices(&mut slices);
            let bytes = slices[..filled].iter().flat_map(|slice| slice.iter().copied());
            let before = out.len();
            out.extend(bytes.take(step));
            let taken = out.len() - before;
            queue.written(taken);
        }
        out
    }

    #[test]
    fn everything_comes_out_in_order_whatever_the_steps() {
        for step in [1, 7, 4095, 4096, 100_000] {
            let mut queue = Queue::default();
            let mut expected = Vec::new();
            for n in 0..40_usize {
                let piece: Vec<u8> = (0..n * 300).map(|i| (i + n) as u8).collect();
                expected.extend_from_slice(&piece);
                let whole = if n % 3 == 0 { 10 * piece.len() } else { piece.len() };
                queue.push(piece.into(), whole);
            }
            assert_eq!(queue.len(), expected.len());
            assert_eq!(drain(&mut queue, step), expected);
        }
    }
}
