//! What a scenario has measured: figures by name, compared between its variants repetition by repetition.

use anyhow::{Result, bail};

use crate::measure::Faults;
use crate::results::Spread;

/// Something that is measured, by its name in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name in JSON lines, which ends in the unit where there is one.
    pub name: &'static str,
    /// What stands over its column.
    pub title: &'static str,
}

impl Figure {
    /// A figure of this name, under this title.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title }
    }
}

/// Delivered messages a second, all subscribers together.
pub(super) const DELIVERED: Figure = Figure::new("deliv_s", "deliveries/s");
/// Median of the time from the write to the subscriber, µs.
pub(super) const P50: Figure = Figure::new("p50_us", "p50 µs");
/// 99th percentile of the same.
pub(super) const P99: Figure = Figure::new("p99_us", "p99 µs");
/// 99th percentile of the time until the publisher has its acknowledgement, µs.
pub(super) const ACK_P99: Figure = Figure::new("ack_p99_us", "ACK p99 µs");
/// CPU time of the server for each delivered message, µs.
pub(super) const CPU: Figure = Figure::new("cpu_us_per_delivery", "CPU µs/delivery");

/// What one repetition of one variant has given.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    figures: Vec<(Figure, f64)>,
    /// Messages of the load that were not as they should be.
    pub counts: Faults,
    /// What must not have happened, in words; empty when all is well.
    pub faults: Vec<String>,
}

impl Measured {
    /// Adds a figure.
    pub fn set(&mut self, figure: Figure, value: f64) {
        self.figures.push((figure, value));
    }

    /// A figure, if it was measured.
    pub fn get(&self, figure: Figure) -> Option<f64> {
        self.figures.iter().find(|(known, _)| *known == figure).map(|(_, value)| *value)
    }

    /// What was measured, in the order in which it was added.
    pub fn figures(&self) -> impl Iterator<Item = Figure> {
        self.figures.iter().map(|(figure, _)| *figure)
    }

    /// Adds a fault unless `holds`.
    pub fn must(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

/// Which way a figure must not leave its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Bound {
    /// Whether a value is within it.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    /// The bound as a number.
    pub const fn value(self) -> f64 {
        match self {
            Self::AtLeast(value) | Self::AtMost(value) => value,
        }
    }
}

/// A goal: a figure of one variant, by itself or divided by that of another one in the same repetition.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Which figure.
    pub figure: Figure,
    /// Of which variant.
    pub variant: &'static str,
    /// Divided by the same figure of this one.
    pub against: Option<&'static str>,
    /// What its median must be.
    pub bound: Bound,
}

/// Everything that the repetitions of a scenario have given, by variant.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Each variant with its repetitions, in order; all have as many.
    rows: Vec<(&'static str, Vec<Measured>)>,
}

impl Results {
    /// Adds the next repetition of a variant.
    pub fn add(&mut self, variant: &'static str, measured: Measured) {
        match self.rows.iter_mut().find(|(known, _)| *known == variant) {
            Some((_, runs)) => runs.push(measured),
            None => self.rows.push((variant, vec![measured])),
        }
    }

    /// The variants with their repetitions.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &[Measured])> {
        self.rows.iter().map(|(variant, runs)| (*variant, runs.as_slice()))
    }

    fn runs(&self, variant: &str) -> &[Measured] {
        self.rows.iter().find(|(known, _)| *known == variant).map_or(&[], |(_, runs)| runs.as_slice())
    }

    /// A figure of a variant over all repetitions.
    pub fn spread(&self, variant: &str, figure: Figure) -> Option<Spread> {
        Spread::of(self.runs(variant).iter().filter_map(|run| run.get(figure)))
    }

    /// A figure of one variant divided by that of another one, repetition by repetition.
    pub fn ratio(&self, variant: &str, against: &str, figure: Figure) -> Option<Spread> {
        let pairs = self.runs(variant).iter().zip(self.runs(against));
        Spread::of(pairs.filter_map(|(run, base)| Some(run.get(figure)? / base.get(figure)?)))
    }

    /// What a goal is judged by.
    ///
    /// # Errors
    /// When it was not measured: the goal names something that the scenario does not have.
    pub fn judge(&self, goal: &Goal) -> Result<Spread> {
        let spread = match goal.against {
            Some(against) => self.ratio(goal.variant, against, goal.figure),
            None => self.spread(goal.variant, goal.figure),
        };
        match spread {
            Some(spread) => Ok(spread),
            None => bail!("{} of {} was not measured", goal.figure.name, goal.variant),
        }
    }

    /// What was wrong with messages, over all repetitions of a variant.
    pub fn counts(&self, variant: &str) -> Faults {
        self.runs(variant).iter().fold(Faults::default(), |sum, run| sum.and(run.counts))
    }

    /// All faults, with variant and repetition.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, usize, &str)> {
        self.rows().flat_map(|(variant, runs)| {
            let numbered = (1..).zip(runs);
            numbered
                .flat_map(move |(n, run)| run.faults.iter().map(move |fault| (variant, n, fault.as_str())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(value: f64) -> Measured {
        let mut measured = Measured::default();
        measured.set(P99, value);
        measured
    }

    #[test]
    fn ratios_are_paired_by_repetition() {
        let mut results = Results::default();
        for (with, without) in [(2.0, 1.0), (30.0, 10.0), (400.0, 100.0)] {
            results.add("with", measured(with));
            results.add("without", measured(without));
        }
        assert_eq!(results.ratio("with", "without", P99).unwrap().median, 3.0);
        assert_eq!(results.spread("with", P99).unwrap().median, 30.0);
        let goal = Goal { figure: P99, variant: "with", against: Some("without"), bound: Bound::AtMost(3.0) };
        assert!(goal.bound.holds(results.judge(&goal).unwrap().median));
        let goal = Goal { figure: CPU, ..goal };
        assert_eq!(
            results.judge(&goal).unwrap_err().to_string(),
            "cpu_us_per_delivery of with was not measured"
        );
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let mut results = Results::default();
        let mut run = measured(1.0);
        run.must(true, || "never".to_owned());
        results.add("a", run.clone());
        run.must(false, || "two lost".to_owned());
        results.add("a", run);
        assert_eq!(results.faults().collect::<Vec<_>>(), [("a", 2, "two lost")]);
    }
}
