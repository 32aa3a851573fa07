//! Processes with a bound on everything.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest time that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A file of the published evidence.
pub(crate) fn evidence(name: &str) -> String {
    format!("{}/../../tests/evidence/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The binary with these arguments, cut off from this terminal.
pub(crate) fn tbus<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tbus"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("TBUS_LOG").env_remove("CARGO_MANIFEST_DIR");
    command
}

/// How a process has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Checks the exit code and gives standard output.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Runs the binary to its end.
#[track_caller]
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_with(arguments, b"")
}

/// Runs the binary to its end with this on its standard input.
#[track_caller]
pub(crate) fn run_with(arguments: &[&str], stdin: &[u8]) -> Ended {
    let mut child = tbus(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // A process that does not read its input to the end is free to do so.
    let writer = std::thread::spawn(move || drop(input.write_all(&stdin)));
    let ended = end(child);
    writer.join().unwrap();
    ended
}

/// Waits for the end of a process.
#[track_caller]
pub(crate) fn end(mut child: Child) -> Ended {
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the process does not end: {}{}", stdout.join().unwrap(), stderr.join().unwrap());
        }
        std::thread::park_timeout(Duration::from_millis(1));
    };
    Ended { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

fn reader(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).unwrap();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for a ready file and gives what it says.
#[track_caller]
pub(crate) fn ready(path: &Path, child: &mut Child) -> String {
    let start = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text.trim_end().to_owned();
        }
        assert!(child.try_wait().unwrap().is_none(), "ended before it was ready");
        assert!(start.elapsed() < PATIENCE, "not ready");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A process that has written its ready file; killed when dropped.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) address: String,
    pub(crate) ready_file: PathBuf,
    _directory: TempDir,
}

impl Running {
    /// Starts the binary with these arguments and `--ready-file`.
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_command(tbus(arguments))
    }

    /// Starts a command that ends in the arguments of the binary.
    #[track_caller]
    pub(crate) fn start_command(mut command: Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ready_file = directory.path().join("ready");
        let mut child = command.arg("--ready-file").arg(&ready_file).spawn().unwrap();
        let address = ready(&ready_file, &mut child);
        Self { child: Some(child), address, ready_file, _directory: directory }
    }

    /// A server of the default world on a free port.
    #[track_caller]
    pub(crate) fn server() -> Self {
        Self::start(&["serve", "--listen", "127.0.0.1:0", "--log-level", "none"])
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        end(self.child.take().unwrap())
    }

    /// Asks it to end.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
