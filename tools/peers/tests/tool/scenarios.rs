//! Every scenario in its short form: it runs, measures what its goals name, and nothing goes wrong in it. Whether the
//! goals are met is for a quiet machine to say, but what must not happen at all must not happen here either.

use serde_json::Value;
use tbus_peers::scenarios::{self, Context, Results, Scenario};
use tbus_peers::server::Programs;

use crate::{peers, tbus};

fn run(scenario: &Scenario) -> Results {
    let programs = Programs { tbus: tbus().to_owned(), ..Programs::default() };
    let context = Context { programs: &programs, brief: true };
    let results =
        scenarios::run(scenario, &context, 1, &mut |_, _| {}).unwrap_or_else(|error| panic!("{error:#}"));
    let faults: Vec<_> = results.faults().collect();
    assert!(faults.is_empty(), "{}: {faults:#?}", scenario.name);
    for goal in scenario.goals {
        for variant in [Some(goal.variant), goal.against].into_iter().flatten() {
            let measured = results.spread(variant, goal.figure);
            assert!(measured.is_some(), "{}: {} of {variant}", scenario.name, goal.figure.name);
        }
    }
    results
}

fn named(name: &str) -> Vec<Scenario> {
    scenarios::named(&[name.to_owned()]).expect("there are such scenarios")
}

fn all_of(name: &str) {
    for scenario in named(name) {
        run(&scenario);
    }
}

#[test]
fn clients_that_come_and_go_leave_nothing() {
    let mut command = peers();
    command
        .args(["--scenarios", "churn", "--quick", "--reps", "1", "--format", "json", "--tbus"])
        .arg(tbus());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (churn, goals) = lines.split_first().unwrap();
    assert_eq!((&churn["shape"], &churn["server"]), (&Value::from("churn-5000"), &Value::from("tbus")));
    assert!(churn["cycles_s"].as_f64().is_some_and(|cycles| cycles > 0.0), "{churn}");
    let names: Vec<_> = goals.iter().map(|goal| goal["goal"].as_str().unwrap()).collect();
    assert_eq!(names, ["growth_kib", "descriptors_left", "threads_left", "registrations_left"]);
    for goal in goals {
        assert_eq!(goal["met"], true, "{goal}");
    }
}

#[test]
fn a_scenario_that_there_is_not_is_named_with_those_that_there_are() {
    let output = peers().args(["--scenarios", "churn,chorn"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("no scenario \"chorn\"; there are: recorder-1000x3, "), "{told}");
}

#[test]
fn idle_clients() {
    all_of("idle");
}

#[test]
fn many_dns() {
    all_of("dns");
}

#[test]
fn the_log_has_every_line() {
    all_of("log-trace");
}

#[test]
fn bad_subscribers() {
    for name in ["slow", "stopped", "reset"] {
        all_of(name);
    }
}

#[test]
fn a_recorder_stores_everything() {
    all_of("recorder");
}
