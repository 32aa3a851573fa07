//! Developers' commands: `cargo xtask codegen` writes what is generated from `protocol-spec`, `--check` only compares.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

const USAGE: &str = "usage: cargo xtask codegen [--check]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["codegen"] => codegen(false),
        ["codegen", "--check"] => codegen(true),
        [] | ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("unknown command `{}`\n{USAGE}", other.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}

fn codegen(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let source = root.join("protocol-spec");
    let spec = tlib_spec::Spec::load(&source).map_err(|error| error.to_string())?;
    let idb = tlib_spec::Idb::load(&source).map_err(|error| error.to_string())?;
    let mart = tlib_spec::Idb::load_info_mart(&source).map_err(|error| error.to_string())?;
    let callback = tlib_spec::Callback::load(&source).map_err(|error| error.to_string())?;
    callback.check_targets(&mart).map_err(|error| error.to_string())?;
    let mut files = tlib_spec::render::outputs(&spec);
    files.extend(tlib_spec::render::idb_outputs(&idb));
    files.extend(tlib_spec::render::idb_outputs(&mart));
    files.extend(tlib_spec::render::source_outputs(&idb));
    files.extend(tlib_spec::render::callback_outputs(&callback));
    let mut stale = 0_usize;
    for (path, text) in files {
        let file = root.join(path);
        let have = fs::read_to_string(&file).unwrap_or_default();
        let Some(difference) = tlib_spec::first_difference(&have, &text) else { continue };
        stale += 1;
        if check {
            eprintln!("{path}: {difference}");
        } else {
            fs::write(&file, text).map_err(|error| format!("cannot write {path}: {error}"))?;
            println!("wrote {path}");
        }
    }
    match stale {
        0 => println!("generated files are current"),
        _ if check => return Err(format!("{stale} generated files are stale: run `cargo xtask codegen`")),
        _ => {}
    }
    Ok(())
}
