//! What all runs have given, and what follows from it: medians, and ratios paired by repetition.

use crate::measure::{Faults, Figure, Measurement};

/// A figure over all repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The one in the middle; the mean of both when there are two.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// How many there are.
    pub count: usize,
}

impl Spread {
    /// Of these values; nothing of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values.get((count - 1) / 2)?, values.get(count / 2)?);
        Some(Self { median: low.midpoint(*high), min, max, count })
    }
}

/// The runs of one server in one shape.
#[derive(Clone, Debug)]
struct Cell {
    shape: String,
    server: String,
    /// By repetition; none where it failed.
    runs: Vec<Option<Measurement>>,
}

/// The runs of all servers in all shapes.
#[derive(Clone, Debug, Default)]
pub struct Results {
    cells: Vec<Cell>,
    /// Runs that failed: shape, server, repetition from 0, and why.
    pub failures: Vec<(String, String, usize, String)>,
}

impl Results {
    /// Keeps what a run has given.
    pub fn add(&mut self, shape: &str, server: &str, repetition: usize, run: Result<Measurement, String>) {
        let known = self.cells.iter().position(|cell| cell.shape == shape && cell.server == server);
        let at = known.unwrap_or_else(|| {
            let cell = Cell { shape: shape.to_owned(), server: server.to_owned(), runs: Vec::new() };
            self.cells.push(cell);
            self.cells.len() - 1
        });
        let run = match run {
            Ok(run) => Some(run),
            Err(error) => {
                self.failures.push((shape.to_owned(), server.to_owned(), repetition, error));
                None
            }
        };
        if let Some(cell) = self.cells.get_mut(at) {
            let length = cell.runs.len().max(repetition + 1);
            cell.runs.resize(length, None);
            if let Some(place) = cell.runs.get_mut(repetition) {
                *place = run;
            }
        }
    }

    fn runs(&self, shape: &str, server: &str) -> &[Option<Measurement>] {
        let cell = self.cells.iter().find(|cell| cell.shape == shape && cell.server == server);
        cell.map_or(&[], |cell| &cell.runs)
    }

    /// The shapes and their servers that have at least one run, in the order in which they came.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &str)> {
        let cells = self.cells.iter().filter(|cell| cell.runs.iter().any(Option::is_some));
        cells.map(|cell| (cell.shape.as_str(), cell.server.as_str()))
    }

    /// Repetitions that have given figures.
    pub fn repetitions(&self, shape: &str, server: &str) -> usize {
        self.runs(shape, server).iter().flatten().count()
    }

    /// Any number of a run, over all repetitions.
    pub fn spread(
        &self,
        shape: &str,
        server: &str,
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Option<Spread> {
        Spread::of(self.runs(shape, server).iter().flatten().filter_map(value))
    }

    /// A figure over all repetitions.
    pub fn figure(&self, shape: &str, server: &str, figure: Figure) -> Option<Spread> {
        self.spread(shape, server, |run| figure.of(run))
    }

    /// A figure of one server in one shape divided by that of another: repetition by repetition, so that what disturbed
    /// both leaves the ratio alone.
    pub fn ratio(&self, of: (&str, &str), by: (&str, &str), figure: Figure) -> Option<Spread> {
        let pairs = self.runs(of.0, of.1).iter().zip(self.runs(by.0, by.1));
        let ratios = pairs.filter_map(|(of, by)| Some(figure.of(of.as_ref()?)? / figure.of(by.as_ref()?)?));
        Spread::of(ratios)
    }

    /// Of some servers the one with the best median of a figure.
    pub fn best<'s>(
        &self,
        shape: &str,
        servers: impl IntoIterator<Item = &'s str>,
        figure: Figure,
    ) -> Option<&'s str> {
        let with = servers
            .into_iter()
            .filter_map(|server| Some((server, self.figure(shape, server, figure)?.median)));
        let best = if figure.more_is_better() {
            with.max_by(|a, b| a.1.total_cmp(&b.1))
        } else {
            with.min_by(|a, b| a.1.total_cmp(&b.1))
        };
        best.map(|(server, _)| server)
    }

    /// What went wrong in all repetitions together.
    pub fn faults(&self, shape: &str, server: &str) -> Faults {
        let runs = self.runs(shape, server).iter().flatten();
        runs.fold(Faults::default(), |sum, run| sum.and(run.faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(deliv_s: f64, p50_us: f64) -> Result<Measurement, String> {
        Ok(Measurement { deliv_s, p50_us, ..Measurement::default() })
    }

    #[test]
    fn medians() {
        let of = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[f64::NAN]), None);
        assert_eq!(of(&[3.0]), Some(Spread { median: 3.0, min: 3.0, max: 3.0, count: 1 }));
        assert_eq!(of(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0, count: 3 }));
        assert_eq!(of(&[4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0, count: 4 }));
    }

    #[test]
    fn ratios_pair_repetitions() {
        let mut results = Results::default();
        // The machine is half as fast in the second repetition, and the third one of the server fails.
        for (repetition, (ours, raw)) in [(90.0, 100.0), (45.0, 50.0), (0.0, 100.0)].into_iter().enumerate() {
            let ours = if ours > 0.0 { run(ours, 1.0) } else { Err("gone".to_owned()) };
            results.add("sat", "tbus", repetition, ours);
            results.add("sat", "raw", repetition, run(raw, 2.0));
        }
        let ratio = results.ratio(("sat", "tbus"), ("sat", "raw"), Figure::Deliveries).unwrap();
        assert_eq!(ratio, Spread { median: 0.9, min: 0.9, max: 0.9, count: 2 });
        assert_eq!(results.repetitions("sat", "tbus"), 2);
        assert_eq!(results.failures, [("sat".to_owned(), "tbus".to_owned(), 2, "gone".to_owned())]);
        assert_eq!(results.ratio(("sat", "tbus"), ("sat", "redis"), Figure::Deliveries), None);
        assert_eq!(results.ratio(("sat", "tbus"), ("sat", "raw"), Figure::Cpu), None);
    }

    #[test]
    fn the_best_depends_on_the_figure() {
        let mut results = Results::default();
        results.add("s", "nats", 0, run(10.0, 70.0));
        results.add("s", "redis", 0, run(8.0, 50.0));
        let peers = ["nats", "redis", "mosquitto"];
        assert_eq!(results.best("s", peers, Figure::Deliveries), Some("nats"));
        assert_eq!(results.best("s", peers, Figure::P50), Some("redis"));
        assert_eq!(results.best("s", peers, Figure::Cpu), None);
        assert_eq!(results.cells().collect::<Vec<_>>(), [("s", "nats"), ("s", "redis")]);
    }

    #[test]
    fn faults_of_all_repetitions_count() {
        let mut results = Results::default();
        for repetition in 0..3 {
            let faults = Faults { lost: 1, ..Faults::default() };
            results.add("s", "tbus", repetition, Ok(Measurement { faults, ..Measurement::default() }));
        }
        assert_eq!(results.faults("s", "tbus").lost, 3);
        assert_eq!(results.faults("s", "raw"), Faults::default());
    }
}
