//! What tbus is to reach, as data, and whether it has. docs/speed.md explains each goal.

use std::fmt::{self, Write};

use crate::line::{RAW, to_peer};
use crate::measure::Figure;
use crate::results::{Results, Spread};
use crate::server::Label;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The same figure of another server in the same shape.
    Server(&'static str),
    /// The same figure of the peer that is best in it, in the same shape.
    BestPeer,
    /// The server's own figure in another shape.
    Itself(&'static str),
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A ratio, paired by repetition.
    Ratio(Figure, Against),
    /// KiB that each subscriber adds to the idle memory, compared with a shape that has fewer.
    IdlePerSubscriber {
        /// Subscribers of the shape.
        many: u32,
        /// The shape with few.
        few: (&'static str, u32),
    },
}

/// One thing that must hold in one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// The goal that it belongs to, as docs/speed.md names it.
    pub goal: &'static str,
    /// In which shape.
    pub shape: &'static str,
    /// Of which server.
    pub server: &'static str,
    /// What.
    pub what: What,
    /// How much.
    pub bound: Bound,
}

/// How a check has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The runs that it needs were not made.
    NotMeasured,
    /// It holds, with this figure.
    Met(Spread),
    /// It does not.
    NotMet(Spread),
}

const TBUS: &str = Label::Tbus.name();
const POLLS: &str = Label::TbusBusyPoll.name();
const REDIS: &str = Label::Redis.name();

const fn check(
    goal: &'static str,
    shape: &'static str,
    figure: Figure,
    against: Against,
    bound: Bound,
) -> Check {
    Check { goal, shape, server: TBUS, what: What::Ratio(figure, against), bound }
}

const fn raw(goal: &'static str, shape: &'static str, figure: Figure, bound: Bound) -> Check {
    check(goal, shape, figure, Against::Server(RAW), bound)
}

const fn peer(goal: &'static str, shape: &'static str, figure: Figure, bound: Bound) -> Check {
    check(goal, shape, figure, Against::BestPeer, bound)
}

const fn redis(goal: &'static str, shape: &'static str, figure: Figure, bound: Bound) -> Check {
    check(goal, shape, figure, Against::Server(REDIS), bound)
}

/// tbus with its busy poll against the copy server that sleeps.
const fn polling(goal: &'static str, shape: &'static str, figure: Figure, bound: Bound) -> Check {
    Check { goal, shape, server: POLLS, what: What::Ratio(figure, Against::Server(RAW)), bound }
}

use Bound::{AtLeast, AtMost};
use Figure::{AckP50, Cpu, Deliveries, IdleMemory, P50, P99, PeakMemory};

/// The goals of tbus beside its peers, F1 to F11; F12 is [`faults_of_tbus`].
pub const GOALS: &[Check] = &[
    raw("F1", "sat-1x3", Deliveries, AtLeast(0.90)),
    peer("F1", "sat-1x3", Deliveries, AtLeast(2.0)),
    raw("F1", "sat-1x30", Deliveries, AtLeast(0.95)),
    peer("F1", "sat-1x30", Deliveries, AtLeast(2.0)),
    raw("F2", "sat-1x300", Deliveries, AtLeast(0.95)),
    peer("F2", "sat-1x300", Deliveries, AtLeast(2.0)),
    raw("F2", "sat-1x1000", Deliveries, AtLeast(0.95)),
    peer("F2", "sat-1x1000", Deliveries, AtLeast(2.0)),
    raw("F3", "sat-4x3", Deliveries, AtLeast(0.95)),
    raw("F3", "sat-1x1", Deliveries, AtLeast(0.80)),
    raw("F4", "sat-1x3", Cpu, AtMost(2.0)),
    peer("F4", "sat-1x3", Cpu, AtMost(0.5)),
    raw("F5", "paced-10000x3", Cpu, AtMost(1.15)),
    redis("F5", "paced-10000x3", Cpu, AtMost(1.0)),
    raw("F5", "paced-1000x30", Cpu, AtMost(1.15)),
    redis("F5", "paced-1000x30", Cpu, AtMost(1.0)),
    raw("F6", "paced-1000x3", P50, AtMost(1.10)),
    raw("F6", "paced-1000x3", P99, AtMost(1.30)),
    peer("F6", "paced-1000x3", P50, AtMost(1.0)),
    peer("F6", "paced-1000x3", P99, AtMost(1.0)),
    raw("F6", "paced-10000x3", P50, AtMost(1.10)),
    raw("F6", "paced-10000x3", P99, AtMost(1.30)),
    peer("F6", "paced-10000x3", P50, AtMost(1.0)),
    peer("F6", "paced-10000x3", P99, AtMost(1.0)),
    polling("F7", "paced-1000x3", P50, AtMost(0.65)),
    polling("F7", "paced-1000x3", P99, AtMost(0.85)),
    polling("F7", "paced-10000x3", P50, AtMost(0.65)),
    polling("F7", "paced-10000x3", P99, AtMost(0.85)),
    raw("F8", "paced-1000x3", AckP50, AtMost(0.85)),
    peer("F8", "paced-1000x3", AckP50, AtMost(1.0)),
    raw("F8", "paced-10000x3", AckP50, AtMost(0.85)),
    peer("F8", "paced-10000x3", AckP50, AtMost(1.0)),
    raw("F9", "paced-100x300", AckP50, AtMost(0.05)),
    redis("F9", "paced-100x300", AckP50, AtMost(1.0)),
    check("F9", "paced-100x300", AckP50, Against::Itself("paced-1000x3"), AtMost(5.0)),
    raw("F9", "paced-100x1000", AckP50, AtMost(0.05)),
    redis("F9", "paced-100x1000", AckP50, AtMost(1.0)),
    check("F9", "paced-100x1000", AckP50, Against::Itself("paced-1000x3"), AtMost(5.0)),
    raw("F10", "sync-1x1", Deliveries, AtLeast(0.95)),
    raw("F10", "sync-1x3", Deliveries, AtLeast(0.95)),
    raw("F10", "sync-1x30", Deliveries, AtLeast(0.95)),
    polling("F10", "sync-1x1", Deliveries, AtLeast(2.2)),
    polling("F10", "sync-1x3", Deliveries, AtLeast(1.8)),
    polling("F10", "sync-1x30", Deliveries, AtLeast(1.2)),
    Check {
        goal: "F11",
        shape: "sat-1x1000",
        server: TBUS,
        what: What::IdlePerSubscriber { many: 1000, few: ("sat-1x3", 3) },
        bound: AtMost(12.0),
    },
    redis("F11", "sat-1x1000", IdleMemory, AtMost(0.75)),
    redis("F11", "sat-1x1000", PeakMemory, AtMost(0.5)),
];

impl Check {
    /// The figure that the results have for it.
    pub fn figure(&self, results: &Results) -> Option<Spread> {
        let own = (self.shape, self.server);
        match self.what {
            What::Ratio(figure, Against::Server(other)) => results.ratio(own, (self.shape, other), figure),
            What::Ratio(figure, Against::BestPeer) => to_peer(results, self.shape, self.server, figure),
            What::Ratio(figure, Against::Itself(shape)) => results.ratio(own, (shape, self.server), figure),
            What::IdlePerSubscriber { many, few: (shape, few) } => {
                let few_kib = results.figure(shape, self.server, IdleMemory)?;
                let many_kib = results.figure(self.shape, self.server, IdleMemory)?;
                let more = f64::from(many.checked_sub(few).filter(|more| *more > 0)?);
                let each = |kib: f64| (kib - few_kib.median) / more;
                Some(Spread {
                    median: each(many_kib.median),
                    min: each(many_kib.min),
                    max: each(many_kib.max),
                    ..many_kib
                })
            }
        }
    }
    /// Whether it holds.
    pub fn verdict(&self, results: &Results) -> Verdict {
        match (self.figure(results), self.bound) {
            (None, _) => Verdict::NotMeasured,
            (Some(figure), AtLeast(least)) if figure.median >= least => Verdict::Met(figure),
            (Some(figure), AtMost(most)) if figure.median <= most => Verdict::Met(figure),
            (Some(figure), _) => Verdict::NotMet(figure),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(figure, Against::Server(other)) => write!(f, "{} ÷ {other}", figure.words()),
            Self::Ratio(figure, Against::BestPeer) => write!(f, "{} ÷ best peer", figure.words()),
            Self::Ratio(figure, Against::Itself(shape)) => {
                write!(f, "{} ÷ its own in {shape}", figure.words())
            }
            Self::IdlePerSubscriber { .. } => f.write_str("memory, idle, KiB per subscriber"),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {least:.2}"),
            Self::AtMost(most) => write!(f, "<= {most:.2}"),
        }
    }
}

/// The check list. Goals whose runs were not made are counted at the end, not listed.
pub fn list(checks: &[Check], results: &Results) -> String {
    let mut text = String::new();
    let (mut met, mut not_met, mut missing) = (0, 0, 0);
    for check in checks {
        let (figure, word) = match check.verdict(results) {
            Verdict::NotMeasured => {
                missing += 1;
                continue;
            }
            Verdict::Met(figure) => {
                met += 1;
                (figure, "met")
            }
            Verdict::NotMet(figure) => {
                not_met += 1;
                (figure, "NOT MET")
            }
        };
        let range = format!("{:.2} ({:.2} to {:.2})", figure.median, figure.min, figure.max);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<4} {:<15} {:<15} {:<38} {:>8}  {range:<24} {word}",
            check.goal,
            check.shape,
            check.server,
            check.what.to_string(),
            check.bound.to_string(),
        );
    }
    let _ = write!(text, "{met} met, {not_met} not met, {missing} not measured in this run");
    text
}

/// F12 as a line of the check list: in how many shapes of tbus something went wrong; empty when there was none.
pub fn correctness(results: &Results, faulty: usize) -> String {
    let is_tbus = |server: &str| Label::named(server).is_some_and(Label::is_tbus);
    let measured = results.cells().filter(|(_, server)| is_tbus(server)).count();
    if measured == 0 && faulty == 0 {
        return String::new();
    }
    let word = if faulty == 0 { "met" } else { "NOT MET" };
    format!(
        "\nF12  all of tbus: nothing lost, doubled, out of order, damaged or unanswered: {word} ({faulty} with faults, {measured} measured)"
    )
}

/// F12: what went wrong in runs of tbus, if anything did: shape, server and what.
pub fn faults_of_tbus(results: &Results) -> Vec<String> {
    let is_tbus = |server: &str| Label::named(server).is_some_and(Label::is_tbus);
    let cells = results.cells().filter(|(_, server)| is_tbus(server));
    let wrong = cells.filter_map(|(shape, server)| {
        let faults = results.faults(shape, server);
        (faults.sum() > 0).then(|| format!("{shape} {server}: {faults}"))
    });
    let failed = results.failures.iter().filter(|(_, server, ..)| is_tbus(server));
    let failed = failed.map(|(shape, server, repetition, error)| {
        format!("{shape} {server}, repetition {}: {error}", repetition + 1)
    });
    wrong.chain(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Faults, Measurement};
    use crate::shape;

    #[test]
    fn every_goal_names_a_shape_and_a_server_that_exist() {
        let shapes: Vec<String> = shape::all().into_iter().map(|shape| shape.name).collect();
        let shape = |name: &str| shapes.iter().any(|shape| shape == name);
        for check in GOALS {
            assert!(shape(check.shape), "{check:?}");
            assert!(Label::named(check.server).is_some(), "{check:?}");
            match check.what {
                What::Ratio(_, Against::Server(server)) => {
                    assert!(Label::named(server).is_some(), "{check:?}")
                }
                What::Ratio(_, Against::Itself(other)) => assert!(shape(other), "{check:?}"),
                What::Ratio(_, Against::BestPeer) => {}
                What::IdlePerSubscriber { few, .. } => assert!(shape(few.0), "{check:?}"),
            }
        }
        let goals: std::collections::BTreeSet<&str> = GOALS.iter().map(|check| check.goal).collect();
        assert_eq!(goals.len(), 11);
    }

    fn run(deliv_s: f64, cpu: f64, rss: u64) -> Result<Measurement, String> {
        Ok(Measurement {
            deliv_s,
            cpu_us_per_delivery: Some(cpu),
            rss_idle_kb: Some(rss),
            ..Measurement::default()
        })
    }

    #[test]
    fn goals_are_held_against_the_paired_figures() {
        let mut results = Results::default();
        results.add("sat-1x3", "tbus", 0, run(92.0, 3.0, 5000));
        results.add("sat-1x3", "raw", 0, run(100.0, 1.0, 2000));
        results.add("sat-1x3", "nats", 0, run(40.0, 7.0, 11_000));
        results.add("sat-1x3", "redis", 0, run(47.0, 5.0, 12_000));
        results.add("sat-1x1000", "tbus", 0, run(92.0, 3.0, 5000 + 997 * 10));
        let verdicts: Vec<(&str, Bound, Verdict)> = GOALS
            .iter()
            .map(|check| (check.goal, check.bound, check.verdict(&results)))
            .filter(|(.., verdict)| *verdict != Verdict::NotMeasured)
            .collect();
        let words: Vec<String> = verdicts
            .iter()
            .map(|(goal, bound, verdict)| match verdict {
                Verdict::Met(figure) => format!("{goal} {bound} {:.3} met", figure.median),
                Verdict::NotMet(figure) => format!("{goal} {bound} {:.3} not met", figure.median),
                Verdict::NotMeasured => String::new(),
            })
            .collect();
        assert_eq!(
            words,
            [
                "F1 >= 0.90 0.920 met",
                "F1 >= 2.00 1.957 not met",
                "F4 <= 2.00 3.000 not met",
                "F4 <= 0.50 0.600 not met",
                "F11 <= 12.00 10.000 met",
            ]
        );
        let list = list(GOALS, &results);
        assert!(list.contains("F1   sat-1x3         tbus            deliveries/s ÷ raw"), "{list}");
        assert!(list.ends_with("2 met, 3 not met, 42 not measured in this run"), "{list}");
    }

    #[test]
    fn only_faults_of_tbus_count() {
        let mut results = Results::default();
        let faulty =
            Measurement { faults: Faults { lost: 2, ..Faults::default() }, ..Measurement::default() };
        results.add("sat-1x3", "redis", 0, Ok(faulty.clone()));
        results.add("sat-1x3", "nats", 0, Err("gone".to_owned()));
        results.add("sat-1x3", "tbus-busy-poll", 0, run(1.0, 1.0, 1));
        assert!(faults_of_tbus(&results).is_empty());
        assert!(correctness(&results, 0).ends_with("met (0 with faults, 1 measured)"));
        assert!(correctness(&results, 2).contains(": NOT MET (2 with faults"));
        assert_eq!(correctness(&Results::default(), 0), "");
        results.add("sat-1x30", "tbus", 0, Ok(faulty));
        results.add("sat-1x1", "tbus", 4, Err("no room".to_owned()));
        assert_eq!(
            faults_of_tbus(&results),
            ["sat-1x30 tbus: 2 lost", "sat-1x1 tbus, repetition 5: no room"]
        );
    }
}
