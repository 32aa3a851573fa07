//! How the user has called this program, so that printed commands can be pasted.

use std::path::Path;

/// `tbus`, or `cargo run --release --` from a clone where it is on no path.
pub(crate) fn command() -> String {
    let argv0 = std::env::args_os().next().unwrap_or_default();
    let cargo = std::env::var_os("CARGO_MANIFEST_DIR").is_some();
    command_of(Path::new(&argv0), cargo).to_owned()
}

fn command_of(argv0: &Path, cargo: bool) -> &'static str {
    let has = |name: &str| argv0.components().any(|part| part.as_os_str() == name);
    match (cargo || has("target"), has("debug")) {
        (true, true) => "cargo run --",
        (true, false) => "cargo run --release --",
        (false, _) => "tbus",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted() {
        for (argv0, cargo, command) in [
            ("tbus", false, "tbus"),
            ("/usr/local/bin/tbus", false, "tbus"),
            ("target/release/tbus", false, "cargo run --release --"),
            ("target/debug/tbus", true, "cargo run --"),
            ("/elsewhere/release/tbus", true, "cargo run --release --"),
        ] {
            assert_eq!(command_of(Path::new(argv0), cargo), command, "{argv0}");
        }
    }
}
