//! The README's examples, run in their order against one server.

use std::path::Path;
use std::process::Command;

use crate::binary::{Running, root, stdout, tbus};

/// A command of the README, and what it shows below it. `...` stands for any lines.
struct Example {
    command: String,
    shown: Vec<String>,
}

fn examples() -> Vec<Example> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match line.strip_prefix("$ ") {
                Some(command) => examples.push(Example { command: command.to_owned(), shown: Vec::new() }),
                None => examples.last_mut().expect("a command first").shown.push(line.to_owned()),
            },
            _ => {}
        }
    }
    examples
}

/// Whether the lines are those of the pattern, in which `...` stands for any number of lines.
fn matches(pattern: &[String], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.iter().all(|line| line.is_empty()),
        Some((first, rest)) if first == "..." => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines.first().is_some_and(|line| line == first) && matches(rest, &lines[1..]),
    }
}

/// What `sqlite3` prints for the statement between the quotes; that program need not be here.
fn sqlite(database: &Path, command: &str) -> Vec<String> {
    let statement = command.split('\'').nth(1).expect("a statement in quotes");
    let database = rusqlite::Connection::open(database).expect("a database");
    let mut statement = database.prepare(statement).expect("a query");
    let columns = statement.column_count();
    let rows =
        statement.query_map([], |row| (0..columns).map(|column| row.get::<_, String>(column)).collect());
    let rows: Result<Vec<Vec<String>>, _> = rows.expect("rows").collect();
    rows.expect("texts").iter().map(|row| row.join("|")).collect()
}

#[test]
fn the_examples_do_what_the_readme_shows() {
    let examples = examples();
    assert!(examples.len() >= 6, "only {} examples found", examples.len());
    let mut server: Option<(Running, String)> = None;
    let mut watching: Option<Running> = None;
    let mut recording: Option<Running> = None;
    let folder = tempfile::tempdir().expect("a folder");
    for example in &examples {
        let words: Vec<&str> = example.command.split_whitespace().collect();
        if words[0] == "sqlite3" {
            let mut recorder = recording.take().expect("record comes first");
            recorder.signal("TERM");
            assert_eq!(recorder.wait(), Some(0));
            assert_eq!(sqlite(&folder.path().join(words[1]), &example.command), example.shown);
            continue;
        }
        let arguments = words.strip_prefix(&["tbus"]).expect("examples run tbus");
        let address = server.as_ref().map(|(_, address)| address.clone());
        match arguments[0] {
            "serve" => server = Some(Running::serve(&arguments[1..])),
            "watch" => {
                let address = address.expect("serve comes first");
                let all: Vec<&str> = arguments.iter().copied().chain(["--server", &address]).collect();
                watching = Some(Running::start(&all).0);
            }
            "record" => {
                let address = address.expect("serve comes first");
                let database = folder.path().join(arguments[2]);
                let database = database.to_str().expect("UTF-8");
                assert_eq!(arguments[1], "--db");
                recording = Some(Running::start(&["record", "--db", database, "--server", &address]).0);
            }
            _ => {
                // By the shell, as people do, with the binary that was just built on the path.
                let server = match (arguments[0], &address) {
                    ("send", Some(address)) => format!(" --server {address}"),
                    _ => String::new(),
                };
                let binary = tbus().get_program().to_owned();
                let folder = Path::new(&binary).parent().expect("a binary is in a folder").to_owned();
                let rest = std::env::var_os("PATH").unwrap_or_default();
                let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&rest)));
                let output = Command::new("sh")
                    .arg("-c")
                    .arg(format!("{}{server}", example.command))
                    .env("PATH", path.expect("a path without colons"))
                    .current_dir(root())
                    .output()
                    .expect("a shell runs");
                let text = stdout(&output);
                let lines: Vec<&str> = text.lines().collect();
                let shown = matches(&example.shown, &lines);
                assert!(
                    shown,
                    "{}\nprints\n{text}\nand the README shows\n{:#?}",
                    example.command, example.shown
                );
            }
        }
    }
    let mut watching = watching.expect("the README watches");
    assert_eq!(watching.wait(), Some(0), "the event arrived");
    assert!(watching.output("stdout").contains("message EventUserEvent"));
}

/// The world that the README shows is one that can be served.
#[test]
fn the_world_of_the_readme_is_one() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let world = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a world");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.toml");
    std::fs::write(&path, world).expect("a file");
    let (mut server, address) = Running::serve(&["--world", path.to_str().expect("UTF-8")]);
    let mut command = tbus();
    command.args(["send", "--dn", "7001", "key=value", "--server", &address]);
    assert_eq!(command.status().expect("tbus runs").code(), Some(0));
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

/// What CI runs is what the README tells people to run.
#[test]
fn ci_runs_the_readmes_test_command() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let command = text.split("<!-- test command -->\n```\n").nth(1).and_then(|rest| rest.lines().next());
    assert_eq!(command, Some("tools/setup && cargo test --workspace --locked"));
}

/// Nothing in the repository points at a place outside of it.
#[test]
fn nothing_refers_to_a_place_outside() {
    let output = Command::new("git")
        .args(["grep", "-nI", "-e", "\\.\\./shared", "-e", "/work/"])
        .current_dir(root())
        .output();
    let Ok(output) = output else { return };
    let found = stdout(&output);
    let found: Vec<&str> = found.lines().filter(|line| !line.starts_with("tests/e2e/readme.rs:")).collect();
    assert!(found.is_empty(), "{found:#?}");
}
