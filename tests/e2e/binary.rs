//! The binary as users run it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The binary, built if it is not there or stale.
pub(crate) fn tbus() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let binary = BINARY.get_or_init(|| {
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
        let output = build.current_dir(root()).stderr(Stdio::inherit()).output().expect("cargo runs");
        assert!(output.status.success(), "tbus does not build");
        let messages = String::from_utf8(output.stdout).expect("JSON");
        let executable = messages.lines().rev().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let path = message["executable"].as_str()?;
            (message["target"]["name"] == "tbus").then(|| PathBuf::from(path))
        });
        executable.expect("cargo names the executable")
    });
    let mut command = Command::new(binary);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    tbus().args(arguments).output().expect("tbus runs")
}

/// What a command wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// A running `tbus`, ended when it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) folder: tempfile::TempDir,
}

impl Running {
    /// Starts a command with a ready file and waits for it; gives what is in the file, too.
    pub(crate) fn start(arguments: &[&str]) -> (Self, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let ready = folder.path().join("ready");
        let mut command = tbus();
        command.args(arguments).arg("--ready-file").arg(&ready);
        command.stdout(std::fs::File::create(folder.path().join("stdout")).expect("a file"));
        command.stderr(std::fs::File::create(folder.path().join("stderr")).expect("a file"));
        let mut running = Self { child: command.spawn().expect("tbus runs"), folder };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = std::fs::read_to_string(&ready) {
                return (running, text.trim().to_owned());
            }
            if let Some(status) = running.child.try_wait().expect("a child") {
                panic!("{arguments:?} ended with {status}: {}", running.output("stderr"));
            }
            assert!(Instant::now() < deadline, "{arguments:?} is not ready");
            std::thread::yield_now();
        }
    }

    /// A server on a free port.
    pub(crate) fn serve(arguments: &[&str]) -> (Self, String) {
        let all: Vec<&str> = ["serve", "--listen", "127.0.0.1:0"].iter().chain(arguments).copied().collect();
        let (running, address) = Self::start(&all);
        assert!(address.parse::<SocketAddr>().is_ok_and(|address| address.port() != 0), "{address:?}");
        (running, address)
    }

    /// What it has written so far to `stdout` or `stderr`.
    pub(crate) fn output(&self, stream: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(stream)).expect("UTF-8")
    }

    /// Waits for its end; its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "still running: {}", self.output("stderr"));
            std::thread::yield_now();
        }
    }

    /// Asks it to end, as a terminal or a service manager does.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not on every machine.
        let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(status.expect("a shell runs").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
