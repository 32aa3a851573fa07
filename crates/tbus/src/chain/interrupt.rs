//! Ctrl-C and SIGTERM while the chain runs: everything ends at once, and what is temporary is removed.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::client;
use crate::exit::{Exit, Failure, note, say};
use crate::stop::Stop;

/// How often a folder is removed that others still write to, and the time between.
const TRIES: (u32, Duration) = (20, Duration::from_millis(10));

/// From now on a signal removes the temporary folder, says what is left in the other one, and ends the process: what is
/// under way (a transform, say) cannot be interrupted in any other way. Databases bear it.
pub(super) fn listen(temporary: Option<PathBuf>, kept: Option<PathBuf>) -> Result<(), Failure> {
    let runtime = client::runtime()?;
    // Before anything is written.
    let mut stop = runtime.block_on(async { Stop::listen() })?;
    let wait = move || {
        runtime.block_on(stop.wait());
        if let Some(folder) = temporary {
            remove(&folder);
        }
        if std::io::stderr().is_terminal() {
            // The bar stays where it is.
            note("");
        }
        say(&match kept {
            Some(dir) => format!("interrupted; {} holds what was done until then", dir.display()),
            None => "interrupted".to_owned(),
        });
        std::process::exit(Exit::Unmet as i32)
    };
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    thread.map(drop).map_err(Failure::system)
}

fn remove(folder: &Path) {
    let (tries, pause) = TRIES;
    for _ in 0..tries {
        // The databases may make a file while it is emptied.
        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(pause);
    }
    say(&format!("{} could not be removed", folder.display()));
}
