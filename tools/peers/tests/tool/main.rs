//! The tool as a whole, with the servers that need no installation.

mod compare;
mod scenarios;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The `tbus` of this build, built if it is not there or stale.
pub(crate) fn tbus() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build)
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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
    let output = build.current_dir(root).stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "tbus does not build");
    let messages = String::from_utf8(output.stdout).expect("JSON");
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let path = message["executable"].as_str()?;
        (message["target"]["name"] == "tbus").then(|| PathBuf::from(path))
    });
    executable.expect("cargo names the executable")
}

/// The tool, cut off from this terminal.
pub(crate) fn peers() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tbus-peers"));
    command.stdin(Stdio::null());
    command
}
