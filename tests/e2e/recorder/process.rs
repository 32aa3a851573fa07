//! The recorder's process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use super::until;
use crate::binary::tbus;

/// One run of `tbus record`. What belongs to it is in the folder under its number.
pub(super) struct Recorder {
    child: Child,
    folder: PathBuf,
    run: usize,
}

/// The queue of all runs of a folder.
pub(super) fn queue(folder: &Path) -> PathBuf {
    folder.join("queue.pq")
}

impl Recorder {
    /// Starts a run; it is not ready yet.
    pub(super) fn spawn(
        folder: &Path,
        run: usize,
        server: SocketAddr,
        database: &str,
        more: &[&str],
    ) -> Self {
        let name = |what: &str| folder.join(format!("{what}-{run}"));
        let mut command = tbus();
        command.args(["record", "--log-segment", "false", "--server", &server.to_string(), "--db", database]);
        command.arg("--queue").arg(queue(folder));
        command.arg("--log").arg(name("log"));
        command.arg("--ready-file").arg(name("ready"));
        command.args(more);
        command.stdout(File::create(name("stdout")).expect("a file"));
        command.stderr(File::create(name("stderr")).expect("a file"));
        Self { child: command.spawn().expect("tbus runs"), folder: folder.to_owned(), run }
    }

    /// Starts a run and waits until it is registered.
    pub(super) fn start(
        folder: &Path,
        run: usize,
        server: SocketAddr,
        database: &str,
        more: &[&str],
    ) -> Self {
        let mut recorder = Self::spawn(folder, run, server, database, more);
        recorder.ready();
        recorder
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{what}-{}", self.run))
    }

    fn text(&self, what: &str) -> String {
        let bytes = fs::read(self.file(what)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its number.
    pub(super) fn run(&self) -> usize {
        self.run
    }

    /// What it has logged so far.
    pub(super) fn log(&self) -> String {
        self.text("log")
    }

    /// What it has written to standard error so far.
    pub(super) fn stderr(&self) -> String {
        self.text("stderr")
    }

    /// Waits until its DNs are registered.
    pub(super) fn ready(&mut self) {
        until("the ready file", || {
            let ready = self.file("ready").exists();
            if !ready && let Some(status) = self.child.try_wait().expect("a child") {
                panic!("run {} ended with {status}: {}", self.run, self.stderr());
            }
            ready.then_some(())
        });
    }

    /// Waits until it has said what it is going to do.
    pub(super) fn shown(&self) {
        until("the first screen", || (!self.text("stdout").is_empty()).then_some(()));
    }

    /// Waits until it has logged so many lines with all of these words.
    pub(super) fn logged(&self, words: &[&str], lines: usize) {
        until(&format!("{lines} lines with {words:?} of run {}", self.run), || {
            (matching(&self.log(), words) >= lines).then_some(())
        });
    }

    /// Ends it at once.
    pub(super) fn kill(mut self) -> String {
        self.child.kill().expect("it runs");
        let status = self.child.wait().expect("a child");
        assert_eq!(status.code(), None, "it has ended by itself: {}", self.stderr());
        self.log()
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        let status = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status();
        assert!(status.expect("a shell runs").success());
    }

    /// Waits for its end; its exit code, what it has written to standard error, and its log.
    pub(super) fn wait(mut self) -> (Option<i32>, String, String) {
        let status: ExitStatus = until("the recorder's end", || self.child.try_wait().expect("a child"));
        (status.code(), self.stderr(), self.log())
    }

    /// A stop in good order. Returns the log.
    pub(super) fn stop(self) -> String {
        self.terminate();
        let (code, said, log) = self.wait();
        assert_eq!(code, Some(0), "{said}");
        log
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many lines of a log have all of these words.
pub(super) fn matching(log: &str, words: &[&str]) -> usize {
    log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}
