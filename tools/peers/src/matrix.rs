//! The order of the runs: repetitions outermost, and within a shape the servers in turn, begun by another one each time, so
//! that noise hits all alike.

use std::time::{Duration, Instant};

use crate::measure::Measurement;
use crate::results::Results;

/// What a run costs besides its load: starting the server, connecting, ending (measured; only for the time left).
const AROUND: Duration = Duration::from_millis(250);
/// The loads of a run in a hurry are not made shorter than this part.
const SHORTEST: f64 = 0.4;

/// A shape and the servers that it is run against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the shape is called.
    pub shape: String,
    /// How long its load takes.
    pub nominal: Duration,
    /// What the servers are called.
    pub servers: Vec<String>,
}

/// One run to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run<'r> {
    /// Index of the row.
    pub row: usize,
    /// Which shape.
    pub shape: &'r str,
    /// Against which server.
    pub server: &'r str,
    /// From 0.
    pub repetition: usize,
    /// How much of its time it may take, 0 to 1: below 1 when there is less time than was thought.
    pub part: f64,
}

/// What is told while the runs go on.
pub trait Watch {
    /// A run begins; all runs that are left take about so long.
    fn begins(&mut self, run: Run<'_>, repetitions: usize, left: Duration);
    /// A run has failed.
    fn failed(&mut self, run: Run<'_>, error: &str);
    /// There is no time left; so many repetitions are complete.
    fn stopped(&mut self, complete: usize);
}

/// The servers of a row in the order of a repetition.
pub fn order(servers: &[String], repetition: usize) -> impl Iterator<Item = &str> {
    let turn = repetition.checked_rem(servers.len()).unwrap_or_default();
    let (last, first) = servers.split_at(turn);
    first.iter().chain(last).map(String::as_str)
}

/// Makes all runs. With a budget, loads are shortened when time runs out, and no repetition begins after its end.
pub fn run(
    rows: &[Row],
    repetitions: usize,
    budget: Option<Duration>,
    measure: &mut dyn FnMut(Run<'_>) -> anyhow::Result<Measurement>,
    watch: &mut dyn Watch,
) -> Results {
    let mut results = Results::default();
    let count = |row: &Row| u32::try_from(row.servers.len()).unwrap_or(u32::MAX);
    let nominal: Duration = rows.iter().map(|row| row.nominal * count(row)).sum();
    let runs: u32 = rows.iter().map(count).sum();
    let mut around = AROUND * runs;
    let started = Instant::now();
    for repetition in 0..repetitions {
        let begun = Instant::now();
        let to_come = u32::try_from(repetitions - repetition).unwrap_or(u32::MAX);
        let part = match budget {
            Some(budget) if repetition > 0 && started.elapsed() >= budget => {
                watch.stopped(repetition);
                break;
            }
            Some(budget) => share(budget.saturating_sub(started.elapsed()) / to_come, nominal, around),
            None => 1.0,
        };
        let whole = nominal.mul_f64(part) + around;
        let mut gone = Duration::ZERO;
        for (index, row) in rows.iter().enumerate() {
            for server in order(&row.servers, repetition) {
                let run = Run { row: index, shape: &row.shape, server, repetition, part };
                watch.begins(run, repetitions, (whole * to_come).saturating_sub(gone));
                let outcome = measure(run).map_err(|error| format!("{error:#}"));
                if let Err(error) = &outcome {
                    watch.failed(run, error);
                }
                results.add(&row.shape, server, repetition, outcome);
                gone += row.nominal.mul_f64(part) + around / runs;
            }
        }
        // What the servers really took beside the load is known from now on.
        around = begun.elapsed().saturating_sub(nominal.mul_f64(part));
    }
    results
}

/// How much of the nominal time a repetition may take that has so much time, of which some is needed around the loads.
fn share(time: Duration, nominal: Duration, around: Duration) -> f64 {
    if nominal.is_zero() {
        return 1.0;
    }
    (time.saturating_sub(around).as_secs_f64() / nominal.as_secs_f64()).clamp(SHORTEST, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told {
        begun: Vec<String>,
        failed: Vec<String>,
        stopped: Option<usize>,
        left: Vec<Duration>,
    }

    impl Watch for Told {
        fn begins(&mut self, run: Run<'_>, _: usize, left: Duration) {
            self.begun.push(format!("{} {} {}", run.repetition, run.shape, run.server));
            self.left.push(left);
        }
        fn failed(&mut self, run: Run<'_>, error: &str) {
            self.failed.push(format!("{} {error}", run.server));
        }
        fn stopped(&mut self, complete: usize) {
            self.stopped = Some(complete);
        }
    }

    fn row(shape: &str, servers: &[&str]) -> Row {
        let servers = servers.iter().map(ToString::to_string).collect();
        Row { shape: shape.to_owned(), nominal: Duration::from_secs(1), servers }
    }

    #[test]
    fn repetitions_are_outermost_and_the_first_server_changes() {
        let rows = [row("a", &["x", "y", "z"]), row("b", &["y"])];
        let mut told = Told::default();
        let mut measure = |run: Run<'_>| {
            assert_eq!(run.part, 1.0);
            anyhow::ensure!(run.server != "z", "cannot");
            Ok(Measurement { deliv_s: 1.0, ..Measurement::default() })
        };
        let results = run(&rows, 2, None, &mut measure, &mut told);
        assert_eq!(told.begun, ["0 a x", "0 a y", "0 a z", "0 b y", "1 a y", "1 a z", "1 a x", "1 b y"]);
        assert_eq!(told.failed, ["z cannot", "z cannot"]);
        assert_eq!(told.stopped, None);
        assert!(told.left.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!((results.repetitions("a", "x"), results.repetitions("a", "z")), (2, 0));
        assert_eq!(results.failures.len(), 2);
    }

    #[test]
    fn no_repetition_begins_after_the_time_is_up() {
        let mut told = Told::default();
        let mut parts = Vec::new();
        let mut measure = |run: Run<'_>| {
            parts.push(run.part);
            Ok(Measurement::default())
        };
        let results = run(&[row("a", &["x"])], 3, Some(Duration::ZERO), &mut measure, &mut told);
        assert_eq!((told.stopped, results.repetitions("a", "x")), (Some(1), 1));
        assert_eq!(parts, [SHORTEST]);
    }

    #[test]
    fn loads_are_shortened_to_what_fits() {
        let second = Duration::from_secs(1);
        assert_eq!(share(second * 10, second * 5, second), 1.0);
        assert_eq!(share(second * 5, second * 5, second), 0.8);
        assert_eq!(share(second, second * 5, second * 2), SHORTEST);
        assert_eq!(share(second, Duration::ZERO, second), 1.0);
    }
}
