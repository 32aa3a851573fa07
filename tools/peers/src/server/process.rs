//! A server's process: started fresh, ready when it takes connections, and gone on every way out.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

use super::setup::{Ready, Setup, find};

/// How long a server may take until it takes connections, or to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(2);
/// How often another port is tried when somebody else has taken the one that was free.
const TRIES: usize = 3;
/// Lines of a server's own output that an error quotes.
const QUOTED: usize = 5;

/// The processes that are running, and their folders: for the signals' thread.
static RUNNING: Mutex<Vec<(u32, PathBuf)>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<(u32, PathBuf)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C, SIGTERM and SIGHUP end the servers, remove their folders, and then this process.
///
/// # Errors
/// When the system refuses the handlers.
pub fn end_with_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signals")?;
    let watch = move || {
        if let Some(signal) = signals.forever().next() {
            let running = running();
            for (pid, folder) in running.iter() {
                kill(*pid, Signal::KILL);
                let _ = fs::remove_dir_all(folder);
            }
            // The lock is kept: nothing new is started any more.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            std::process::exit(128 + signal);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watch).context("signals")?;
    Ok(())
}

fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// A server under test. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Running {
    /// Starts a server in a folder of its own and waits until it takes connections.
    ///
    /// # Errors
    /// When it cannot be started, ends by itself, or takes no connection within 20 seconds; with the last lines that it wrote.
    pub fn start(setup: &Setup) -> Result<Self> {
        let mut tries = TRIES;
        loop {
            let failed = match Self::try_start(setup) {
                Ok(running) => return Ok(running),
                Err(error) => error,
            };
            tries -= 1;
            // Only a port that was chosen here can have been taken meanwhile.
            if tries == 0 || setup.ready != Ready::Port {
                return Err(failed);
            }
        }
    }

    fn try_start(setup: &Setup) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("bench-peers-").tempdir().context("a temporary folder")?;
        let port = match setup.ready {
            Ready::Port => free_port()?,
            Ready::File => 0,
        };
        let place = |text: &str| {
            text.replace("{port}", &port.to_string())
                .replace("{folder}", &folder.path().display().to_string())
        };
        for (name, text) in &setup.files {
            fs::write(folder.path().join(name), place(text))
                .with_context(|| format!("{}: {name}", setup.name))?;
        }
        let output = File::create(folder.path().join("output")).context("a file for the output")?;
        let mut command = within_this_life(&setup.program);
        command.args(setup.arguments.iter().map(|argument| place(argument)));
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(output.try_clone().context("a file for the output")?).stderr(output);
        let child = {
            let mut running = running();
            let child =
                command.spawn().with_context(|| format!("{}: {}", setup.name, setup.program.display()))?;
            running.push((child.id(), folder.path().to_owned()));
            child
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Self { name: setup.name.clone(), child, address, folder };
        server.wait_ready(setup.ready)?;
        Ok(server)
    }

    fn wait_ready(&mut self, ready: Ready) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().context("the child")? {
                bail!("{} has ended by itself ({status}){}", self.name, self.last_words());
            }
            match ready {
                Ready::File => {
                    if let Ok(text) = fs::read_to_string(self.folder.path().join("ready")) {
                        let text = text.trim();
                        self.address =
                            text.parse().with_context(|| format!("{}: address {text:?}", self.name))?;
                        return Ok(());
                    }
                }
                Ready::Port => {
                    if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok() {
                        return Ok(());
                    }
                }
            }
            if Instant::now() > deadline {
                bail!(
                    "{} took no connection within {} s{}",
                    self.name,
                    PATIENCE.as_secs(),
                    self.last_words()
                );
            }
            thread::sleep(LOOK);
        }
    }

    /// Where it takes connections.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its folder: `{folder}` of the setup, removed with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks it to end (SIGTERM) and waits until it has; its folder stays until `self` is dropped.
    ///
    /// # Errors
    /// When it has not ended within 20 seconds.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        kill(self.child.id(), Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().context("the child")? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{} has not ended within {} s of SIGTERM", self.name, PATIENCE.as_secs());
            }
            thread::sleep(LOOK);
        }
    }

    /// The end of what it has written, for an error.
    fn last_words(&self) -> String {
        let text = fs::read(self.folder.path().join("output")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(QUOTED)..).unwrap_or_default();
        if last.is_empty() { String::new() } else { format!("; it wrote:\n  {}", last.join("\n  ")) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = running();
        let _ = self.child.kill();
        let _ = self.child.wait();
        running.retain(|(pid, _)| *pid != self.child.id());
    }
}

/// A port of 127.0.0.1 that nobody has at this moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port")?;
    Ok(listener.local_addr().context("a free port")?.port())
}

/// A command that the system kills when this process ends in any way, where `setpriv` is there to ask for it.
fn within_this_life(program: &Path) -> Command {
    match find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, ready: Ready) -> Setup {
        Setup {
            name: "shell".to_owned(),
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            files: vec![("given".to_owned(), "port {port}".to_owned())],
            ready,
        }
    }

    #[test]
    fn a_server_lives_as_long_as_its_guard() {
        let script = "echo 127.0.0.1:4711 > ready.tmp; mv ready.tmp ready; exec sleep 60";
        let server = Running::start(&shell(script, Ready::File)).unwrap();
        assert_eq!(server.address(), "127.0.0.1:4711".parse().unwrap());
        let folder = server.folder().to_owned();
        assert_eq!(fs::read_to_string(folder.join("given")).unwrap(), "port 0");
        let process = PathBuf::from(format!("/proc/{}", server.pid()));
        assert!(process.exists());
        assert!(running().iter().any(|(pid, _)| *pid == server.pid()));
        let pid = server.pid();
        drop(server);
        assert!(!process.exists() && !folder.exists());
        assert!(!running().iter().any(|(other, _)| *other == pid));
    }

    #[test]
    fn one_that_ends_at_once_says_why() {
        let error = Running::start(&shell("echo no room >&2; exit 7", Ready::File)).unwrap_err().to_string();
        assert!(error.contains("exit status: 7") && error.contains("no room"), "{error}");
        // With a port of our choosing it is tried again.
        let error = Running::start(&shell("echo taken; exit 1", Ready::Port)).unwrap_err().to_string();
        assert!(error.contains("taken"), "{error}");
        let missing = Setup { program: PathBuf::from("/no/such/server"), ..shell("", Ready::File) };
        let error = format!("{:#}", Running::start(&missing).unwrap_err());
        assert!(error.contains("/no/such/server"), "{error}");
    }

    #[test]
    fn one_that_is_asked_to_ends() {
        let script = "trap 'exit 3' TERM; echo 127.0.0.1:1 > r; mv r ready; while :; do sleep 0.01; done";
        let mut server = Running::start(&shell(script, Ready::File)).unwrap();
        assert_eq!(server.stop().unwrap().code(), Some(3));
    }
}
