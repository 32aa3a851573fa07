//! `tools/bench-peers`, once everything is built.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use tbus_peers::args::{Args, Format};
use tbus_peers::goals::{self, GOALS};
use tbus_peers::line::{Line, lines};
use tbus_peers::matrix::{self, Row, Watch};
use tbus_peers::progress::{Told, say};
use tbus_peers::results::Results;
use tbus_peers::scenarios::{self, Context, Scenario};
use tbus_peers::server::{Label, Programs, end_with_signals};
use tbus_peers::shape::Shape;
use tbus_peers::{chart, load, machine, table};

/// What a run of a scenario is thought to take before one has ended.
const FIRST_GUESS: Duration = Duration::from_secs(6);
/// What `--quick` may take after the build.
const QUICK: Duration = Duration::from_secs(170);

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.scenarios.is_empty() {
        return scenarios(&args);
    }
    let (shapes, programs) =
        match args.shapes().and_then(|shapes| Ok((shapes, Programs::find(args.tbus.as_deref())?))) {
            Ok(found) => found,
            Err(error) => return failed(&error, 2),
        };
    let servers = match args.servers(&programs) {
        Ok((servers, left_out)) => {
            left_out.iter().for_each(|what| say(&format!("left out: {what}")));
            servers
        }
        Err(error) => return failed(&error, 2),
    };
    match run(&args, &programs, &shapes, &servers) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => failed(&error, 3),
    }
}

/// Compares tbus with itself.
fn scenarios(args: &Args) -> ExitCode {
    let chosen = scenarios::named(&args.scenarios);
    let found = chosen.and_then(|chosen| Ok((chosen, Programs::find(args.tbus.as_deref())?)));
    let (chosen, programs) = match found {
        Ok(found) => found,
        Err(error) => return failed(&error, 2),
    };
    match run_scenarios(args, &programs, &chosen) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => failed(&error, 3),
    }
}

/// Runs scenarios and says of each what it gave as soon as it has ended. Whether nothing went wrong in any.
fn run_scenarios(args: &Args, programs: &Programs, chosen: &[Scenario]) -> Result<bool> {
    end_with_signals()?;
    machine::raise_descriptors();
    if let Some(note) = machine::busy_note(machine::at_work()) {
        say(&note);
    }
    if args.format == Format::Table {
        print(&format!("{}\n\n", machine::describe()))?;
    }
    let context = Context { programs, brief: args.quick };
    let repetitions = usize::from(args.reps);
    let mut faultless = true;
    for scenario in chosen {
        let mut told = Told::new();
        let begun = Instant::now();
        let mut done = 0;
        let all = u32::try_from(repetitions * scenario.variants.len()).unwrap_or(u32::MAX);
        let results = scenarios::run(scenario, &context, repetitions, &mut |variant, repetition| {
            let each = begun.elapsed().checked_div(done).unwrap_or(FIRST_GUESS);
            let run = matrix::Run { row: 0, shape: scenario.name, server: variant, repetition, part: 1.0 };
            told.begins(run, repetitions, each * (all - done));
            done += 1;
        });
        told.end();
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                say(&format!("FAULT: {error:#}"));
                faultless = false;
                continue;
            }
        };
        faultless &= results.faults().next().is_none();
        print(&match args.format {
            Format::Table => scenarios::table(scenario, &results)? + "\n",
            Format::Json => scenarios::json(scenario, &results)?,
        })?;
    }
    Ok(faultless)
}

fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    say(&format!("{error:#}"));
    ExitCode::from(code)
}

/// Makes all runs and says what they gave. Whether those of tbus were without fault.
fn run(args: &Args, programs: &Programs, shapes: &[Shape], servers: &[Label]) -> Result<bool> {
    end_with_signals()?;
    machine::raise_descriptors();
    if let Some(note) = machine::busy_note(machine::at_work()) {
        say(&note);
    }
    let results = measure(args, programs, shapes, servers);
    let lines = lines(&results, shapes);
    let faults = goals::faults_of_tbus(&results);
    let goals = goals::list(GOALS, &results) + &goals::correctness(&results, faults.len());
    match args.format {
        Format::Json => {
            let objects: Vec<String> = lines.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
            print(&(objects.join("\n") + "\n"))?;
            let _ = writeln!(io::stderr(), "Goals (docs/speed.md):\n{goals}");
        }
        Format::Table => {
            let mut text = format!("{}\n", machine::describe());
            for label in servers {
                if let Some(version) = programs.version(*label) {
                    text.push_str(&format!("{}: {version}\n", label.name()));
                }
            }
            text.push_str(&format!("\n{}Goals (docs/speed.md):\n{goals}\n", table::tables(&lines, shapes)));
            print(&text)?;
        }
    }
    if let Some(path) = args.chart() {
        draw(&path, &lines, shapes)?;
    }
    for fault in &faults {
        say(&format!("FAULT: {fault}"));
    }
    Ok(faults.is_empty())
}

fn measure(args: &Args, programs: &Programs, shapes: &[Shape], servers: &[Label]) -> Results {
    let row = |shape: &Shape| {
        // Under saturation nobody sleeps, so there is nothing that polling could change.
        let of = servers.iter().filter(|label| !(label.polls() && shape.is_saturated()));
        let servers = of.map(|label| label.name().to_owned()).collect();
        Row { shape: shape.name.clone(), nominal: shape.nominal(), servers }
    };
    let rows: Vec<Row> = shapes.iter().map(row).collect();
    let mut told = Told::new();
    let mut one = |run: matrix::Run<'_>| {
        let label = Label::named(run.server).context("a server")?;
        let shape = shapes.get(run.row).context("a shape")?;
        load::run(programs, label, &shape.shortened(run.part))
    };
    let budget = args.quick.then_some(QUICK);
    let results = matrix::run(&rows, usize::from(args.reps), budget, &mut one, &mut told);
    told.end();
    results
}

/// Prints to standard output; that nobody reads it any more is no error.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

fn draw(path: &Path, lines: &[Line], shapes: &[Shape]) -> Result<()> {
    let Some(svg) = chart::svg(lines, shapes, &machine::describe()) else {
        say("no chart: without raw there is nothing to compare with");
        return Ok(());
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, svg).with_context(|| path.display().to_string())?;
    say(&format!("chart: {}", path.display()));
    Ok(())
}
