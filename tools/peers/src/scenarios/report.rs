//! What came out, for people and for programs.

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::{Map, Value, json};

use super::Scenario;
use super::figures::{Bound, Figure, Goal, Results};
use crate::results::Spread;

/// A line below the head, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('\u{2500}').junction('\u{2500}'));

/// Whether every goal of a scenario is met and nothing went wrong.
///
/// # Errors
/// When a goal's figure was not measured.
pub fn is_met(scenario: &Scenario, results: &Results) -> Result<bool> {
    for goal in scenario.goals {
        if !goal.bound.holds(results.judge(goal)?.median) {
            return Ok(false);
        }
    }
    Ok(results.faults().next().is_none())
}

/// A table of the figures, a line per goal, and what went wrong.
///
/// # Errors
/// When a goal's figure was not measured.
pub fn table(scenario: &Scenario, results: &Results) -> Result<String> {
    let figures = figures(results);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    let heads = ["reps"].into_iter().chain(figures.iter().map(|figure| figure.title));
    table.set_header(std::iter::once(Cell::new("variant")).chain(heads.map(|head| right(head.to_owned()))));
    for (variant, runs) in results.rows() {
        let values =
            figures.iter().map(|figure| results.spread(variant, *figure).map_or_else(String::new, spread));
        let numbers = std::iter::once(runs.len().to_string()).chain(values).map(right);
        table.add_row(std::iter::once(Cell::new(variant)).chain(numbers));
    }
    let mut text = format!("{}: {}\n{table}\n", scenario.name, scenario.about);
    for goal in scenario.goals {
        let judged = results.judge(goal)?;
        let met = if goal.bound.holds(judged.median) { "met" } else { "NOT MET" };
        let unit = if goal.against.is_some() { " x" } else { "" };
        text +=
            &format!("  {met}: {}: {}{unit}, goal {}\n", subject(goal), spread(judged), bound(goal.bound));
    }
    for (variant, repetition, fault) in results.faults() {
        text += &format!("  FAULT: {variant}, repetition {repetition}: {fault}\n");
    }
    Ok(text)
}

/// An object for each variant, then one for each goal, one a line.
///
/// # Errors
/// When a goal's figure was not measured.
pub fn json(scenario: &Scenario, results: &Results) -> Result<String> {
    let figures = figures(results);
    let mut text = String::new();
    for (variant, runs) in results.rows() {
        let mut object = Map::new();
        object.insert("server".to_owned(), "tbus".into());
        object.insert("shape".to_owned(), scenario.name.into());
        object.insert("variant".to_owned(), variant.into());
        for figure in &figures {
            if let Some(spread) = results.spread(variant, *figure) {
                object.insert(figure.name.to_owned(), number(spread.median));
            }
        }
        object.insert("reps".to_owned(), runs.len().into());
        let faults = results.counts(variant);
        object.insert("lost".to_owned(), faults.lost.into());
        object.insert("doubled".to_owned(), faults.doubled.into());
        object.insert("disordered".to_owned(), faults.disordered.into());
        let faults: Vec<_> =
            results.faults().filter(|(of, ..)| *of == variant).map(|(.., text)| text).collect();
        object.insert("faults".to_owned(), faults.into());
        text += &Value::Object(object).to_string();
        text.push('\n');
    }
    for goal in scenario.goals {
        let judged = results.judge(goal)?;
        let sense = if matches!(goal.bound, Bound::AtLeast(_)) { "at least" } else { "at most" };
        let line = json!({
            "server": "tbus",
            "shape": scenario.name,
            "variant": goal.variant,
            "goal": goal.figure.name,
            "against": goal.against,
            "value": number(judged.median),
            "min": number(judged.min),
            "max": number(judged.max),
            "reps": judged.count,
            "sense": sense,
            "bound": goal.bound.value(),
            "met": goal.bound.holds(judged.median),
        });
        text += &line.to_string();
        text.push('\n');
    }
    Ok(text)
}

/// The figures that any variant has, in the order in which they were measured.
fn figures(results: &Results) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (_, runs) in results.rows() {
        for figure in runs.iter().flat_map(super::Measured::figures) {
            if !figures.contains(&figure) {
                figures.push(figure);
            }
        }
    }
    figures
}

fn subject(goal: &Goal) -> String {
    match goal.against {
        Some(against) => format!("{}, {} against {against}", goal.figure.title, goal.variant),
        None => format!("{}, {}", goal.figure.title, goal.variant),
    }
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::AtLeast(least) => format!("at least {}", short(least)),
        Bound::AtMost(most) => format!("at most {}", short(most)),
    }
}

/// The median, with the least and the greatest where they differ.
fn spread(spread: Spread) -> String {
    let (median, min, max) = (short(spread.median), short(spread.min), short(spread.max));
    if min == max { median } else { format!("{median} ({min}–{max})") }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        10_000_000.0.. => format!("{:.1}M", value / 1e6),
        1_000_000.0.. => format!("{:.2}M", value / 1e6),
        10_000.0.. => format!("{:.1}k", value / 1e3),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ if value == value.trunc() => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

/// A number without digits that mean nothing.
fn number(value: f64) -> Value {
    let rounded = (value * 1000.0).round() / 1000.0;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        Value::from(rounded as i64)
    } else {
        Value::from(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::figures::{Measured, P99};

    const SCENARIO: Scenario = Scenario {
        name: "slow-10000x3",
        about: "beside a slow one",
        variants: &["without", "with"],
        goals: &[Goal { figure: P99, variant: "with", against: Some("without"), bound: Bound::AtMost(1.2) }],
        run: |_, _| Ok(Measured::default()),
    };

    fn results(with: f64) -> Results {
        let mut results = Results::default();
        for n in 1..=3 {
            for (variant, value) in [("without", 100.0), ("with", with)] {
                let mut measured = Measured::default();
                measured.set(P99, value * f64::from(n));
                results.add(variant, measured);
            }
        }
        results
    }

    #[test]
    fn goals_are_said_to_be_met_or_not() {
        assert!(is_met(&SCENARIO, &results(110.0)).unwrap());
        let text = table(&SCENARIO, &results(110.0)).unwrap();
        assert!(text.contains("met: p99 µs, with against without: 1.10 x, goal at most 1.20"), "{text}");
        assert!(text.contains("220 (110–330)"), "{text}");
        assert!(!is_met(&SCENARIO, &results(150.0)).unwrap());
        assert!(table(&SCENARIO, &results(150.0)).unwrap().contains("NOT MET"));
    }

    #[test]
    fn what_went_wrong_is_not_hidden_by_a_goal_that_is_met() {
        let mut results = results(100.0);
        let mut measured = Measured::default();
        measured.set(P99, 1.0);
        measured.must(false, || "3 lost".to_owned());
        results.add("with", measured);
        assert!(!is_met(&SCENARIO, &results).unwrap());
        assert!(table(&SCENARIO, &results).unwrap().contains("FAULT: with, repetition 4: 3 lost"));
        let lines = json(&SCENARIO, &results).unwrap();
        assert!(lines.contains("\"faults\":[\"3 lost\"]"), "{lines}");
    }

    #[test]
    fn every_line_is_an_object() {
        let text = json(&SCENARIO, &results(110.0)).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1]["shape"], "slow-10000x3");
        assert_eq!(lines[1]["p99_us"], 220);
        assert_eq!((&lines[2]["met"], &lines[2]["value"]), (&Value::Bool(true), &json!(1.1)));
    }

    #[test]
    fn numbers_are_short() {
        let said = [0.0, 1.5, 12.34, 123.4, 12_345.0, 1_234_567.0, 12_345_678.0].map(short);
        assert_eq!(said, ["0", "1.50", "12.3", "123", "12.3k", "1.23M", "12.3M"]);
    }
}
