//! Interleaved measuring: in every round each case runs for a moment, so that whatever disturbs the machine disturbs all
//! of them. Two cases are compared by the median of the ratios of their rounds.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One operation of one codec, and what was measured of it.
pub(crate) struct Case {
    pub(crate) codec: &'static str,
    pub(crate) operation: &'static str,
    /// Bytes of the encoded event.
    pub(crate) bytes: usize,
    run: Box<dyn FnMut(u32)>,
    iterations: u32,
    /// Nanoseconds for one time, a number a round.
    rounds: Vec<f64>,
}

impl Case {
    /// A case that runs `operation`; what that gives is kept from the optimiser.
    pub(crate) fn new<T>(
        codec: &'static str,
        operation: &'static str,
        bytes: usize,
        mut run: impl FnMut() -> T + 'static,
    ) -> Self {
        let run = move |times| {
            for _ in 0..times {
                black_box(run());
            }
        };
        Self { codec, operation, bytes, run: Box::new(run), iterations: 1, rounds: Vec::new() }
    }

    #[expect(clippy::disallowed_methods, reason = "a bench is what has to measure time")]
    fn time(&mut self) -> Duration {
        let start = Instant::now();
        (self.run)(self.iterations);
        start.elapsed()
    }

    /// Nanoseconds for one time: the median of the rounds.
    pub(crate) fn nanoseconds(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// How many times as long as `other` it takes: the median of the rounds' ratios.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        median(self.rounds.iter().zip(&other.rounds).map(|(own, other)| own / other).collect())
    }
}

/// How long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// What one case takes of one round.
    pub(crate) moment: Duration,
}

/// Measures all cases, round by round.
pub(crate) fn measure(cases: &mut [Case], effort: Effort) {
    for case in &mut *cases {
        while case.time() < effort.moment && case.iterations < 1 << 24 {
            case.iterations *= 2;
        }
    }
    for _ in 0..effort.rounds {
        for case in &mut *cases {
            let nanoseconds = case.time().as_secs_f64() * 1e9 / f64::from(case.iterations);
            case.rounds.push(nanoseconds);
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
