//! tbus against itself: the same load with and without something beside it, or with more of everything.
//!
//! A [`Scenario`] has variants. Each repetition runs all of them, one straight after the other on a fresh server, and
//! every goal is judged by the median over the repetitions, of a figure or of the ratio of two variants in the same
//! repetition.

mod bystander;
mod churn;
mod client;
mod crowd;
mod dns;
mod figures;
mod load;
mod recorder;
mod report;
mod trace_log;

use std::time::Duration;

use anyhow::{Result, bail};
use tbus_load::{CpuTimes, Process};

pub use figures::{Bound, Figure, Goal, Measured, Results};
pub use report::{is_met, json, table};

use crate::server::{Programs, Running};

/// What runs, and how it is judged.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line and in JSON lines.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What is compared; the order of the first repetition.
    pub variants: &'static [&'static str],
    /// What must come out.
    pub goals: &'static [Goal],
    /// One repetition of one variant.
    run: fn(&Context<'_>, &str) -> Result<Measured>,
}

/// All of them, in the order in which they run.
pub const ALL: &[Scenario] = &[
    recorder::PAIRS_12,
    recorder::PAIRS_60,
    recorder::SATURATED,
    trace_log::PACED,
    trace_log::SATURATED,
    bystander::SLOW,
    bystander::STOPPED,
    bystander::RESET,
    bystander::SLOW_30,
    bystander::STOPPED_30,
    bystander::RESET_30,
    crowd::SCENARIO,
    dns::SCENARIO,
    churn::SCENARIO,
];

/// What every scenario is told.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where tbus lies.
    pub programs: &'a Programs,
    /// A short form, which shows that everything runs; its figures mean little.
    pub brief: bool,
}

impl Context<'_> {
    /// A number, or a smaller one in the short form.
    const fn scaled(&self, number: usize, brief: usize) -> usize {
        if self.brief { brief } else { number }
    }

    /// A time, or a shorter one in the short form.
    fn time(&self, seconds: f64) -> Duration {
        if self.brief { Duration::from_millis(60) } else { Duration::from_secs_f64(seconds) }
    }

    /// CPU time that a server has used so far.
    fn cpu(&self, server: &Running) -> CpuTimes {
        Process::new(server.pid()).cpu().unwrap_or_default()
    }
}

/// The scenarios of these names, in their own order. `all` means all of them, and the first part of a name those that
/// begin with it.
///
/// # Errors
/// For a name that none has, with those that there are.
pub fn named(names: &[String]) -> Result<Vec<Scenario>> {
    let is = |scenario: &Scenario, name: &str| {
        let rest = scenario.name.strip_prefix(name);
        name == "all" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    for name in names {
        if !ALL.iter().any(|scenario| is(scenario, name)) {
            let known: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
            bail!("no scenario {name:?}; there are: {}, all", known.join(", "));
        }
    }
    let chosen = ALL.iter().filter(|scenario| names.iter().any(|name| is(scenario, name)));
    Ok(chosen.copied().collect())
}

/// Runs a scenario. The variants take turns in being the first, so that none has an advantage; `tell` hears of each run
/// before it begins.
///
/// # Errors
/// When a run cannot be carried out at all. What goes wrong within one is a fault in the results.
pub fn run(
    scenario: &Scenario,
    context: &Context<'_>,
    repetitions: usize,
    tell: &mut dyn FnMut(&str, usize),
) -> Result<Results> {
    let mut results = Results::default();
    for repetition in 0..repetitions {
        let count = scenario.variants.len();
        for turn in 0..count {
            let Some(variant) = scenario.variants.get((turn + repetition) % count) else { continue };
            tell(variant, repetition);
            let measured = (scenario.run)(context, variant);
            results.add(
                variant,
                measured.map_err(|error| error.context(format!("{}, {variant}", scenario.name)))?,
            );
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_goals_name_variants() {
        for (n, scenario) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(n + 1).all(|other| other.name != scenario.name), "{}", scenario.name);
            for goal in scenario.goals {
                let known = |variant| scenario.variants.contains(&variant);
                assert!(known(goal.variant) && goal.against.is_none_or(known), "{}: {goal:?}", scenario.name);
            }
        }
    }

    #[test]
    fn scenarios_are_chosen_by_name_or_its_first_part() {
        let names = |names: &[&str]| -> Vec<_> {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            named(&names).unwrap().iter().map(|scenario| scenario.name).collect()
        };
        assert_eq!(names(&["all"]).len(), ALL.len());
        assert_eq!(names(&["churn", "slow"]), ["slow-10000x3", "slow-1000x30", "churn-5000"]);
        assert_eq!(names(&["dns-100000"]), ["dns-100000"]);
        let error = named(&["chur".to_owned()]).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("no scenario \"chur\"; there are: ") && error.contains("churn-5000"),
            "{error}"
        );
    }
}
