//! Help says what there is, and nothing else.

use crate::support::{end, run, tbus};

/// The words at the start of the lines of a section.
fn section(help: &str, head: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != head).skip(1);
    let lines = lines.take_while(|line| line.starts_with(' '));
    lines
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect()
}

#[test]
fn every_command_and_every_example_exists() {
    let help = run(&["--help"]).with_code(0).stdout;
    assert!(help.lines().count() <= 50, "one page: {help}");
    let commands = section(&help, "Commands:");
    assert_eq!(
        commands,
        [
            "demo",
            "chain",
            "serve",
            "capture",
            "proxy",
            "watch",
            "send",
            "record",
            "app",
            "callback",
            "decode",
            "encode",
            "kv",
            "idb",
            "etl",
            "infomart",
            "report",
            "icon",
            "log",
            "replay",
            "anonymize",
            "world",
            "lint",
            "load",
            "spec",
            "help"
        ]
    );
    let mut pages: Vec<_> = vec![(vec![], help)];
    for command in commands.iter().filter(|command| *command != "help") {
        let page = match command.as_str() {
            "kv" => vec!["kv", "pack"],
            "idb" => vec!["idb", "schema"],
            "infomart" => vec!["infomart", "schema"],
            "report" => vec!["report", "callback-summary"],
            "icon" => vec!["icon", "explain"],
            "world" => vec!["world", "infer"],
            "lint" => vec!["lint", "callback"],
            "app" => vec!["app", "stat-server"],
            "callback" => vec!["callback", "serve"],
            command => vec![command],
        };
        let help = run(&[&page[..], &["--help"]].concat()).with_code(0).stdout;
        assert!(help.contains("Example"), "{help}");
        assert_eq!(run(&[&["help"], &page[..]].concat()).with_code(0).stdout, help);
        pages.push((page, help));
    }
    for (_, help) in &pages {
        let examples = help.lines().filter_map(|line| line.strip_prefix("  tbus "));
        for example in examples {
            let command = example.split_whitespace().next().unwrap();
            assert!(command.starts_with('-') || commands.iter().any(|known| known == command), "{example}");
            let page = pages.iter().find(|(page, _)| page.first() == Some(&command)).map(|(_, help)| help);
            let words = example.split(['|', '>']).next().unwrap().split_whitespace();
            for option in words.filter(|word| word.starts_with("--")) {
                let is_listed = |line: &str| line.trim_start().split([' ', ',']).any(|word| word == option);
                let listed = page.is_some_and(|help| help.lines().any(is_listed));
                assert!(listed, "{option} in {example}");
            }
        }
    }
}

#[test]
fn wrong_usage_is_2_and_goes_to_stderr() {
    for line in [
        &["nonsense"][..],
        &["watch"],
        &["watch", "--dn", "X", "--timeout", "5"],
        &["send", "--no-such"],
        &[],
        &["spec"],
    ] {
        let ended = run(line).with_code(2);
        assert_eq!(ended.stdout, "", "{line:?}");
        assert!(ended.stderr.contains("Usage: tbus") || ended.stderr.contains("try '--help'"), "{ended:?}");
        assert!(!ended.stderr.contains('\x1b'), "no colour codes: {ended:?}");
    }
    for (line, text) in [
        (&["watch", "--dn", "X", "--count", "0"][..], "--count must be 1 or more"),
        (&["watch", "--dn", ""], "--dn is empty"),
        (&["send", "--dn", ""], "--dn is empty"),
    ] {
        let ended = run(line).with_code(2);
        assert!(ended.stderr.contains(text), "{ended:?}");
    }
    assert!(run(&["--version"]).with_code(0).stdout.starts_with("tbus "));
}

#[test]
fn tracing_is_told_by_a_variable() {
    let with = |value: &str| end(tbus(["spec", "59"]).env("TBUS_LOG", value).spawn().unwrap());
    with("debug").with_code(0);
    let ended = with("tlib_net=loud").with_code(2);
    assert!(ended.stderr.starts_with("tbus: TBUS_LOG=tlib_net=loud: "), "{ended:?}");
}
