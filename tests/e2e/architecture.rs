//! The import table of ARCHITECTURE.md is what `cargo metadata` says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;

use serde_json::Value;

use crate::binary::root;

/// Crates that stand outside the table.
const OUTSIDE: [&str; 4] = ["tlib-testkit", "tbus-tests", "tbus-peers", "xtask"];
/// Crates without I/O, and what must not be below them.
const WITHOUT_TOKIO: [&str; 3] = ["tlib-proto", "tbus-core", "tlib-capture"];
const RUNTIMES: [&str; 3] = ["tokio", "mio", "socket2"];

fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// For this machine's platform: what other ones need was not downloaded for the build.
fn metadata() -> Value {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", host]);
    serde_json::from_str(&metadata).expect("cargo writes JSON")
}

/// Names of a package's normal dependencies.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().expect("a list").iter();
    let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
    normal.map(|dependency| dependency["name"].as_str().expect("a name").to_owned()).collect()
}

fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let rows = text.lines().skip_while(|line| !line.starts_with("| crate | ours |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let ours = cells[2].split(", ").filter(|name| *name != "-").map(str::to_owned).collect();
            (cells[1].to_owned(), ours)
        })
        .collect()
}

#[test]
fn every_edge_is_in_the_table() {
    let metadata = metadata();
    let members = metadata["workspace_members"].as_array().expect("a list");
    let packages = metadata["packages"].as_array().expect("a list");
    let ours: Vec<&Value> = packages.iter().filter(|package| members.contains(&package["id"])).collect();
    let names: BTreeSet<String> =
        ours.iter().map(|p| p["name"].as_str().expect("a name").to_owned()).collect();
    let table = table();
    for package in ours {
        let name = package["name"].as_str().expect("a name");
        let edges: BTreeSet<String> = dependencies(package).intersection(&names).cloned().collect();
        assert!(!edges.contains("tlib-testkit"), "{name}: tlib-testkit is for dev-dependencies");
        if OUTSIDE.contains(&name) {
            continue;
        }
        let allowed =
            table.get(name).unwrap_or_else(|| panic!("{name} is not in the table of ARCHITECTURE.md"));
        let surplus: Vec<_> = edges.difference(allowed).collect();
        assert!(surplus.is_empty(), "{name} depends on {surplus:?}, which ARCHITECTURE.md does not allow");
    }
    for name in table.keys() {
        assert!(names.contains(name), "ARCHITECTURE.md lists {name}, which does not exist");
    }
}

#[test]
fn nothing_below_the_sans_io_crates_does_io() {
    let metadata = metadata();
    let packages: HashMap<&str, &Value> = metadata["packages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|package| (package["name"].as_str().expect("a name"), package))
        .collect();
    for start in WITHOUT_TOKIO {
        let (mut todo, mut seen) = (vec![start.to_owned()], BTreeSet::new());
        while let Some(name) = todo.pop() {
            if let Some(package) = packages.get(name.as_str())
                && seen.insert(name)
            {
                let all = package["dependencies"].as_array().expect("a list").iter();
                // Optional ones count only if something asks for them; none of these crates asks for a runtime.
                let needed = all.filter(|d| d["kind"].is_null() && d["optional"] == Value::Bool(false));
                todo.extend(needed.map(|d| d["name"].as_str().expect("a name").to_owned()));
            }
        }
        let bad: Vec<_> = RUNTIMES.iter().filter(|runtime| seen.contains(**runtime)).collect();
        assert!(bad.is_empty(), "{start} has {bad:?} below it");
    }
}

/// clippy reads only the nearest file: a crate's own one must repeat the workspace's bans.
#[test]
fn crates_with_their_own_clippy_file_repeat_the_bans() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("the file is there");
    let bans: Vec<String> = read("clippy.toml")
        .lines()
        .filter(|line| line.contains("path = \"std::"))
        .map(|line| line.trim().to_owned())
        .collect();
    assert!(!bans.is_empty());
    for name in ["tlib-proto", "tbus-core"] {
        let own = read(&format!("crates/{name}/clippy.toml"));
        for ban in &bans {
            assert!(own.contains(ban.as_str()), "crates/{name}/clippy.toml lacks {ban}");
        }
    }
}
