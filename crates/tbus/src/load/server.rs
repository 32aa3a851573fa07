//! The server that a load starts for itself.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tbus_load::Plan;
use tempfile::TempDir;

use super::signal::Signal;
use crate::exit::{Exit, Failure};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process that is ended when this is dropped.
pub(super) struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; it keeps nothing that a signal could spoil.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `tbus serve` as a child process; ended when this is dropped.
pub(super) struct Own {
    address: SocketAddr,
    pid: u32,
    signal: Signal,
    /// World and ready file.
    _folder: TempDir,
}

impl Own {
    /// Starts this same program as a server, with a world that has the DNs of the load.
    pub(super) fn start(plan: &Plan, busy_poll: Option<u64>, signal: &Signal) -> Result<Self, Failure> {
        Self::launch(plan, busy_poll, signal)
            .context("the server for the load")
            .map_err(|error| Failure::Failed { exit: Exit::System, error })
    }

    fn launch(plan: &Plan, busy_poll: Option<u64>, signal: &Signal) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (world, ready) = (folder.path().join("world.toml"), folder.path().join("ready"));
        fs::write(&world, world_of(plan))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "standard"]);
        command.arg("--world").arg(&world).arg("--ready-file").arg(&ready);
        command.args(busy_poll.map(|micros| format!("--busy-poll={micros}")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        // Ctrl-C at the terminal is for the load: its server is there until everything has arrived.
        command.process_group(0);
        let child = command.spawn()?;
        let pid = child.id();
        *signal.child() = Some(Child(child));
        // Dropped, it ends the process, whatever happens from here on.
        let mut own = Self { address: plan.server, pid, signal: signal.clone(), _folder: folder };
        own.address = own.ready(&ready)?;
        Ok(own)
    }

    fn ready(&self, path: &Path) -> anyhow::Result<SocketAddr> {
        let start = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(path) {
                return text.trim_end().parse().with_context(|| format!("it listens on {text:?}"));
            }
            if let Some(child) = self.signal.child().as_mut()
                && let Some(status) = child.0.try_wait()?
            {
                return Err(anyhow!("it has ended at once: {status}"));
            }
            if start.elapsed() > PATIENCE {
                return Err(anyhow!("it was not ready after {} seconds", PATIENCE.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.signal.child().take());
    }
}

/// A world with the DNs of the load, and room for its connections.
fn world_of(plan: &Plan) -> String {
    let connections = plan.publishers + plan.subscribers + 16;
    let mut text = format!("[t-server.options]\nmax-clients = {connections}\n");
    for dn in plan.dns.iter() {
        // A name may hold quotes; TOML's basic strings take them with a backslash.
        let dn = dn.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(text, "\n[[dn]]\nnumber = \"{dn}\"\ntype = \"Trunk Group\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tbus_core::World;
    use tbus_load::Names;

    #[test]
    fn the_world_has_the_dns() {
        for names in
            [Names::reporting(), Names::numbered(300).unwrap(), Names::new(["a\"b", "c\\d"]).unwrap()]
        {
            let plan =
                Plan { dns: names.clone(), subscribers: 20_000, ..Plan::new(([127, 0, 0, 1], 0).into()) };
            let world = World::from_toml(&world_of(&plan)).unwrap();
            let dns: Vec<_> = world.dns.iter().map(|dn| dn.number.as_str()).collect();
            assert_eq!(dns, names.iter().collect::<Vec<_>>());
            assert!(world.t_server.options.max_clients > 20_000);
        }
    }
}
