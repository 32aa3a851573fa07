//! Every scenario in its short form: it runs, measures what its goals name, and nothing goes wrong in it. Whether the
//! goals are met is for a quiet machine to say, but what must not happen at all must not happen here either.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tbus_peers::scenarios::{self, Context, Results, Scenario};
use tbus_peers::server::Programs;

/// The tbus of the same profile, built if it is not there or stale.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "tbus",
            "--message-format",
            "json-render-diagnostics",
        ]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let output = build.stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(output.status.success(), "tbus does not build");
        let messages = String::from_utf8(output.stdout).expect("JSON");
        let executable = messages.lines().rev().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let path = message["executable"].as_str()?;
            (message["target"]["name"] == "tbus").then(|| PathBuf::from(path))
        });
        Programs { tbus: executable.expect("cargo names the executable"), ..Programs::default() }
    })
}

fn run(scenario: &Scenario) -> Results {
    let context = Context { programs: programs(), brief: true };
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
    for scenario in named("churn") {
        let results = run(&scenario);
        assert!(
            scenarios::is_met(&scenario, &results).unwrap(),
            "{}",
            scenarios::table(&scenario, &results).unwrap()
        );
    }
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
