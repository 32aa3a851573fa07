//! What happens when, drawn from a seed.

use std::time::Duration;

/// Numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `limit`; 0 when that is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or_default()
    }
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) seed: u64,
    pub(super) events: u64,
    pub(super) kills: u64,
    pub(super) stops: u64,
}

impl Size {
    /// The short form, or what the environment says.
    pub(super) fn from_environment(stops: u64) -> Self {
        let number = |name: &str, default| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
            Err(_) => default,
        };
        Self {
            seed: number("TBUS_FAULT_SEED", 20_150_907),
            events: number("TBUS_FAULT_EVENTS", 2_000).max(100),
            kills: number("TBUS_FAULT_KILLS", 5),
            stops: if stops == 0 { 0 } else { number("TBUS_FAULT_STOPS", stops) },
        }
    }
}

/// What is done to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The recorder is killed, and so is the next run if `again`: so long after its first words, in the middle of its
    /// start or soon after it.
    Kill { again: Option<Duration> },
    /// The database is stopped, or killed.
    Stop { crash: bool },
    /// It is started again.
    Start,
}

/// A fault at the moment when the event with the number `at` is sent. The events up to `until` are sent meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: u64,
    pub(super) until: u64,
    pub(super) fault: Fault,
}

/// All steps in their order. Every kill counts, those in the middle of a start, too.
pub(super) fn plan(size: Size) -> Vec<Step> {
    let mut random = Random::new(size.seed);
    let mut steps = Vec::new();
    let mut kills = 0;
    while kills < size.kills {
        let twice = kills + 2 <= size.kills && random.below(4) == 0;
        kills += if twice { 2 } else { 1 };
        let again = twice.then(|| Duration::from_micros(random.below(60_000)));
        let at = 1 + random.below(size.events);
        steps.push(Step { at, until: at + random.below(60), fault: Fault::Kill { again } });
    }
    // The stops of the database follow each other, each in a part of its own; kills fall in between as they like.
    for stop in 0..size.stops {
        let (first, part) = (size.events * stop / size.stops, size.events / size.stops);
        let at = first + 1 + random.below(part / 2);
        let crash = random.below(3) == 0;
        steps.push(Step { at, until: at + random.below(60), fault: Fault::Stop { crash } });
        let at = (at + 10 + random.below(part / 3)).min(first + part);
        steps.push(Step { at, until: at + random.below(60), fault: Fault::Start });
    }
    steps.sort_by_key(|step| step.at);
    steps
}
