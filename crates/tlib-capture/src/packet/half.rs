//! One direction of a TCP connection: segments in whatever order, bytes in theirs.
//!
//! A position is a sequence number that does not wrap: 64 bits of which the low 32 are what the segment says. Where bytes
//! come twice, those that were seen first count, as with any receiver.

use std::collections::BTreeMap;
use std::time::Duration;

use tlib_proto::{Limits, Timestamp};

use super::Mark;
use super::frames::{Found, Frames};

/// In a stream of which the beginning is not in the capture, so many segments are looked at before the first byte is
/// taken to be the lowest (chosen): the first segments may have been captured out of order.
const SETTLE_SEGMENTS: usize = 8;

/// Or so much time passes (chosen).
const SETTLE_TIME: Duration = Duration::from_millis(200);

/// Bytes that the receiver has acknowledged, but the capture has not shown so long after the ones behind them, are lost
/// (chosen): captures deliver out of order, but not by so much.
const ACKNOWLEDGED_PATIENCE: Duration = Duration::from_secs(1);

/// The same without an acknowledgement (chosen): the sender may still send them again, or the capture has one direction.
const PATIENCE: Duration = Duration::from_secs(60);

/// A SYN that comes after the first bytes of a stream were handed on is the stream's own if it lies at most so many bytes
/// before them (chosen).
const LATE_SYN: u32 = 1 << 20;

/// What a waiting segment costs beside its bytes.
const SEGMENT_COST: usize = 96;

/// Where positions of a new stream lie, so that none below it is negative.
const ORIGIN: u64 = 1 << 33;

struct Waiting {
    bytes: Vec<u8>,
    mark: Mark,
}

/// One direction.
pub(super) struct Half {
    frames: Frames,
    /// The position that is to come next; none while the beginning is not known.
    next: Option<u64>,
    /// Some position of this stream, from which others are reckoned.
    reference: Option<u64>,
    /// The sequence number of the SYN.
    syn: Option<u32>,
    /// The position of the first byte that was handed on.
    start: Option<u64>,
    /// Where the stream ends.
    fin: Option<u64>,
    /// What the receiver has acknowledged.
    acknowledged: Option<u64>,
    waiting: BTreeMap<u64, Waiting>,
    waiting_cost: usize,
    /// When the stream came to wait for something that is missing.
    since: Timestamp,
    done: bool,
}

/// What reading one segment needs.
pub(super) struct Context<'a> {
    pub(super) mark: Mark,
    pub(super) limits: &'a Limits,
    pub(super) out: &'a mut Vec<Found>,
}

impl Half {
    pub(super) fn new() -> Self {
        Self {
            frames: Frames::new(false),
            next: None,
            reference: None,
            syn: None,
            start: None,
            fin: None,
            acknowledged: None,
            waiting: BTreeMap::new(),
            waiting_cost: 0,
            since: Timestamp::default(),
            done: false,
        }
    }

    /// Bytes of memory that it holds.
    pub(super) fn held(&self) -> usize {
        self.frames.held().saturating_add(self.waiting_cost)
    }

    /// Whether its end has come.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether a SYN with this number is its own: the known one again, or one that comes late.
    pub(super) fn may_begin_with(&self, syn: u32) -> bool {
        match (self.syn, self.start) {
            (Some(known), _) => known == syn,
            (None, None) => true,
            (None, Some(start)) => {
                let start = u32::try_from(start & 0xffff_ffff).unwrap_or_default();
                (1..=LATE_SYN).contains(&start.wrapping_sub(syn))
            }
        }
    }

    /// The position of a sequence number: the one that is nearest to what is known.
    fn position(&mut self, sequence: u32) -> u64 {
        let reference = *self.reference.get_or_insert_with(|| ORIGIN | u64::from(sequence));
        let low = u32::try_from(reference & 0xffff_ffff).unwrap_or_default();
        reference.saturating_add_signed(sequence.wrapping_sub(low).cast_signed().into())
    }

    /// The stream's first byte comes right after this sequence number.
    pub(super) fn begin(&mut self, syn: u32, context: &mut Context<'_>) {
        if self.syn.replace(syn).is_some() || self.next.is_some() {
            return;
        }
        let start = self.position(syn.wrapping_add(1));
        self.frames = Frames::new(true);
        self.next = Some(start);
        self.start = Some(start);
        self.drain(context);
    }

    /// The receiver says that it has everything before this sequence number.
    pub(super) fn acknowledge(&mut self, sequence: u32, context: &mut Context<'_>) {
        if self.done || self.reference.is_none() {
            return;
        }
        let position = self.position(sequence);
        // Nobody acknowledges what is not sent: a number far ahead is damage.
        if self.acknowledged.is_none_or(|known| known < position) {
            self.acknowledged = Some(position);
        }
        self.lose_what_is_lost(context);
    }

    /// A segment with bytes, or with the end.
    pub(super) fn segment(&mut self, sequence: u32, payload: &[u8], fin: bool, context: &mut Context<'_>) {
        if self.done {
            return;
        }
        let start = self.position(sequence);
        let end = start.saturating_add(u64::try_from(payload.len()).unwrap_or_default());
        if fin {
            self.fin.get_or_insert(end);
        }
        match self.next {
            Some(next) if start <= next => {
                if end > next {
                    self.take(payload, start, context.mark, context);
                }
            }
            _ => self.keep(start, payload, context.mark),
        }
        if self.next.is_none() && self.waiting.len() >= SETTLE_SEGMENTS {
            self.settle();
        }
        self.drain(context);
        self.lose_what_is_lost(context);
    }

    /// Takes what of these bytes is new. The first byte is not behind what comes next.
    fn take(&mut self, bytes: &[u8], start: u64, mark: Mark, context: &mut Context<'_>) {
        let next = self.next.unwrap_or(start);
        let old = usize::try_from(next.saturating_sub(start)).unwrap_or(usize::MAX);
        let Some(new) = bytes.get(old..).filter(|new| !new.is_empty()) else { return };
        let next = next.saturating_add(u64::try_from(new.len()).unwrap_or_default());
        self.next = Some(next);
        self.reference = Some(next);
        self.frames.feed(new, mark, context.limits, context.out);
    }

    /// Keeps what of these bytes is not kept already.
    fn keep(&mut self, start: u64, bytes: &[u8], mark: Mark) {
        if self.waiting.is_empty() {
            self.since = mark.at;
        }
        let end = start.saturating_add(u64::try_from(bytes.len()).unwrap_or_default());
        let mut at = start;
        while at < end {
            let before = self.waiting.range(..=at).next_back();
            let covered = before.map(|(place, kept)| place.saturating_add(length(&kept.bytes)));
            if let Some(covered) = covered.filter(|covered| *covered > at) {
                at = covered;
                continue;
            }
            let stop = self.waiting.range(at..).next().map_or(end, |(place, _)| end.min(*place));
            let range = |position: u64| usize::try_from(position.saturating_sub(start)).unwrap_or(usize::MAX);
            let Some(piece) = bytes.get(range(at)..range(stop)) else { return };
            self.waiting_cost = self.waiting_cost.saturating_add(piece.len()).saturating_add(SEGMENT_COST);
            self.waiting.insert(at, Waiting { bytes: piece.to_vec(), mark });
            at = stop;
        }
    }

    /// Hands on what has waited for the bytes that have come. It is complete only now, whenever it was captured.
    fn drain(&mut self, context: &mut Context<'_>) {
        while let Some(next) = self.next
            && let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= next
        {
            let (start, kept) = entry.remove_entry();
            self.forget(&kept);
            let at = kept.mark.at.max(context.mark.at);
            self.take(&kept.bytes, start, Mark { at, ..kept.mark }, context);
            self.since = at;
        }
        if self.fin.is_some() && self.fin <= self.next && !self.done {
            self.done = true;
            self.frames.finish(context.limits, context.out);
        }
    }

    fn forget(&mut self, kept: &Waiting) {
        let cost = kept.bytes.len().saturating_add(SEGMENT_COST);
        self.waiting_cost = self.waiting_cost.saturating_sub(cost);
    }

    /// The lowest byte that is there is the first one.
    fn settle(&mut self) {
        let first = self.waiting.first_key_value().map(|(place, _)| *place);
        if let Some(first) = first.or(self.fin) {
            self.next = Some(first);
            self.start = Some(first);
            self.reference = Some(first);
        }
    }

    /// Goes on behind what will not come any more, by what the clock and the receiver say.
    pub(super) fn lose_what_is_lost(&mut self, context: &mut Context<'_>) {
        let waited = |since: Timestamp| elapsed(since, context.mark.at);
        if self.next.is_none() && !self.waiting.is_empty() && waited(self.since) >= SETTLE_TIME {
            self.settle();
            self.drain(context);
        }
        while let (Some(next), Some((first, _))) = (self.next, self.waiting.first_key_value()) {
            let seen = self.acknowledged.is_some_and(|position| position > next && position >= *first);
            let patience = if seen { ACKNOWLEDGED_PATIENCE } else { PATIENCE };
            if elapsed(self.since, context.mark.at) < patience {
                return;
            }
            self.jump(context);
        }
    }

    /// Takes the first bytes that wait, whatever is missing before them.
    fn jump(&mut self, context: &mut Context<'_>) {
        let Some(next) = self.next else {
            self.settle();
            return;
        };
        let Some((start, kept)) = self.waiting.pop_first() else { return };
        self.forget(&kept);
        self.frames.gap(start.saturating_sub(next), kept.mark, context.limits, context.out);
        self.next = Some(start);
        self.take(&kept.bytes, start, kept.mark, context);
        // What follows at once has not waited for anything that was captured later: it keeps its own time.
        let mark = std::mem::replace(&mut context.mark, kept.mark);
        self.drain(context);
        context.mark = mark;
        if let Some((_, after)) = self.waiting.first_key_value() {
            self.since = after.mark.at;
        }
    }

    /// Handles everything that waits, and lets go of the memory. What comes later is looked for anew.
    pub(super) fn give_up(&mut self, context: &mut Context<'_>) {
        while !self.waiting.is_empty() {
            self.jump(context);
            if self.next.is_none() {
                break;
            }
        }
        if !self.done {
            self.frames.give_up(context.limits, context.out);
        }
    }

    /// There is nothing more.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        while !self.waiting.is_empty() && !self.done {
            self.jump(context);
            if self.next.is_none() {
                break;
            }
        }
        if !self.done {
            self.done = true;
            self.frames.finish(context.limits, context.out);
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or_default()
}

/// How much later `to` is; nothing when the capture's clock has gone back.
pub(super) fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    let of = |time: Timestamp| Duration::new(time.seconds, time.micros.saturating_mul(1000));
    of(to).saturating_sub(of(from))
}
