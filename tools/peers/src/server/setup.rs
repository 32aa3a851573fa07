//! Which servers there are, where their programs lie, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A server, with the name that tables, JSON lines and options have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// tbus, everything as it is by default, the log at standard to a file.
    Tbus,
    /// tbus that polls before it sleeps.
    TbusBusyPoll,
    /// The copy server.
    Raw,
    /// The copy server that polls before it sleeps.
    RawSpin,
    /// nats-server, as packaged.
    Nats,
    /// The nats-server that `NATS_SERVER` names.
    NatsNew,
    /// redis-server, as packaged.
    Redis,
    /// mosquitto, as packaged.
    Mqtt,
}

impl Label {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 8] = [
        Self::Tbus,
        Self::TbusBusyPoll,
        Self::Raw,
        Self::RawSpin,
        Self::Nats,
        Self::NatsNew,
        Self::Redis,
        Self::Mqtt,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tbus => "tbus",
            Self::TbusBusyPoll => "tbus-busy-poll",
            Self::Raw => "raw",
            Self::RawSpin => "raw-spin",
            Self::Nats => "nats",
            Self::NatsNew => "nats-new",
            Self::Redis => "redis",
            Self::Mqtt => "mosquitto",
        }
    }

    /// The server of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.name() == name)
    }

    /// Whether this is somebody else's event bus.
    pub const fn is_peer(self) -> bool {
        matches!(self, Self::Nats | Self::NatsNew | Self::Redis | Self::Mqtt)
    }

    /// Whether this is tbus, whose faults fail the run.
    pub const fn is_tbus(self) -> bool {
        matches!(self, Self::Tbus | Self::TbusBusyPoll)
    }

    /// Whether it polls before it sleeps: under saturation nobody sleeps.
    pub const fn polls(self) -> bool {
        matches!(self, Self::TbusBusyPoll | Self::RawSpin)
    }
}

/// How it is known that a server takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It writes its address to `{folder}/ready`.
    File,
    /// It listens on `{port}`.
    Port,
}

/// How a server is started. `{folder}` and `{port}` stand for its own folder and a free port, in arguments and files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// For errors.
    pub name: String,
    /// What is run.
    pub program: PathBuf,
    /// With what.
    pub arguments: Vec<String>,
    /// Files that it finds in its folder: name and text.
    pub files: Vec<(String, String)>,
    /// How it says that it is ready.
    pub ready: Ready,
}

/// For how long raw-spin polls, in microseconds.
const SPIN: &str = "2000";

/// No file, no log, no delay, and no message dropped: what a fan-out needs.
const MOSQUITTO: &str = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n\
    log_type none\nmax_queued_messages 1000000\nmax_inflight_messages 0\n";

/// Where the programs lie.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// `tbus`, the release build.
    pub tbus: PathBuf,
    /// `raw-server`, of this package.
    pub raw: PathBuf,
    /// The packaged nats-server.
    pub nats: Option<PathBuf>,
    /// What `NATS_SERVER` names.
    pub nats_new: Option<PathBuf>,
    /// The packaged redis-server.
    pub redis: Option<PathBuf>,
    /// The packaged mosquitto.
    pub mosquitto: Option<PathBuf>,
}

impl Programs {
    /// Finds them: tbus and raw-server beside this program, unless `tbus` says otherwise; the others on the path and where
    /// Debian has them.
    ///
    /// # Errors
    /// When tbus or raw-server is not there, or `NATS_SERVER` names no file.
    pub fn find(tbus: Option<&Path>) -> Result<Self> {
        let own = std::env::current_exe().context("where this program lies")?;
        let beside = |name: &str| own.with_file_name(name);
        let tbus = tbus.map_or_else(|| beside("tbus"), Path::to_owned);
        let raw = beside("raw-server");
        for (path, package) in [(&tbus, "tbus"), (&raw, "tbus-peers")] {
            if !path.is_file() {
                bail!("{}: no such file; build it: cargo build --release -p {package}", path.display());
            }
        }
        let nats_new = std::env::var_os("NATS_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = nats_new.as_ref().filter(|path| !path.is_file()) {
            bail!("NATS_SERVER: {}: no such file; give the path of a nats-server", path.display());
        }
        let tbus = tbus.canonicalize().with_context(|| tbus.display().to_string())?;
        Ok(Self {
            tbus,
            raw,
            nats: find("nats-server"),
            nats_new,
            redis: find("redis-server"),
            mosquitto: find("mosquitto"),
        })
    }

    /// The program of a server, if it is there.
    pub fn of(&self, label: Label) -> Option<&Path> {
        match label {
            Label::Tbus | Label::TbusBusyPoll => Some(&self.tbus),
            Label::Raw | Label::RawSpin => Some(&self.raw),
            Label::Nats => self.nats.as_deref(),
            Label::NatsNew => self.nats_new.as_deref(),
            Label::Redis => self.redis.as_deref(),
            Label::Mqtt => self.mosquitto.as_deref(),
        }
    }

    /// How a server is started.
    ///
    /// # Errors
    /// When its program is not there.
    pub fn setup(&self, label: Label) -> Result<Setup> {
        let program = self.of(label).with_context(|| match label {
            Label::NatsNew => "nats-new: NATS_SERVER names no nats-server".to_owned(),
            _ => format!("{}: not installed; tools/bench-peers installs it, or says how", label.name()),
        })?;
        let arguments: &[&str] = match label {
            Label::Tbus => return Ok(self.tbus(label.name(), &[])),
            Label::TbusBusyPoll => return Ok(self.tbus(label.name(), &["--busy-poll"])),
            Label::Raw => &["--ready-file", "{folder}/ready"],
            Label::RawSpin => &["--ready-file", "{folder}/ready", "--spin", SPIN],
            Label::Nats | Label::NatsNew => &["-a", "127.0.0.1", "-p", "{port}"],
            Label::Redis => &[
                "--port",
                "{port}",
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                "{folder}",
            ],
            Label::Mqtt => &["-c", "{folder}/mosquitto.conf"],
        };
        let files = match label {
            Label::Mqtt => vec![("mosquitto.conf".to_owned(), MOSQUITTO.to_owned())],
            _ => Vec::new(),
        };
        let ready = if label.is_peer() { Ready::Port } else { Ready::File };
        Ok(Setup {
            name: label.name().to_owned(),
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            files,
            ready,
        })
    }

    /// `tbus serve` with the log at standard to `{folder}/tbus.log`, and more options. What they say about the log counts.
    pub fn tbus(&self, name: &str, more: &[&str]) -> Setup {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--ready-file", "{folder}/ready"];
        if !more.contains(&"--log") {
            arguments.extend(["--log", "{folder}/tbus.log"]);
        }
        if !more.contains(&"--log-level") {
            arguments.extend(["--log-level", "standard"]);
        }
        arguments.extend(more);
        Setup {
            name: name.to_owned(),
            program: self.tbus.clone(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            files: Vec::new(),
            ready: Ready::File,
        }
    }

    /// Whether this tbus knows an option of `tbus serve`.
    pub fn tbus_knows(&self, option: &str) -> bool {
        let help = Command::new(&self.tbus).args(["serve", "--help"]).output();
        help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains(option))
    }

    /// The first line that a server's program says about its version; the copy server is part of this tool and has none.
    pub fn version(&self, label: Label) -> Option<String> {
        if matches!(label, Label::Raw | Label::RawSpin) {
            return None;
        }
        let option = if label == Label::Mqtt { "-h" } else { "--version" };
        let output = Command::new(self.of(label)?).arg(option).output().ok()?;
        let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        let text = String::from_utf8_lossy(&text);
        Some(text.lines().next()?.trim().to_owned())
    }
}

/// A program on the path, or where Debian has those of servers.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let servers = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut folders = std::env::split_paths(&path).chain(servers);
    folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_servers() {
        for label in Label::ALL {
            assert_eq!(Label::named(label.name()), Some(label));
        }
        assert_eq!(Label::named("kafka"), None);
    }

    #[test]
    fn who_is_a_peer() {
        let peers: Vec<_> = Label::ALL.into_iter().filter(|label| label.is_peer()).map(Label::name).collect();
        assert_eq!(peers, ["nats", "nats-new", "redis", "mosquitto"]);
        assert!(Label::ALL.iter().all(|label| !(label.is_peer() && label.is_tbus())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let programs = Programs::default();
        let error = programs.setup(Label::Redis).unwrap_err().to_string();
        assert!(error.starts_with("redis: not installed"), "{error}");
        let error = programs.setup(Label::NatsNew).unwrap_err().to_string();
        assert!(error.contains("NATS_SERVER"), "{error}");
    }

    #[test]
    fn tbus_logs_at_standard_to_a_file_unless_told_otherwise() {
        let programs = Programs { tbus: PathBuf::from("/bin/tbus"), ..Programs::default() };
        let arguments = programs.setup(Label::TbusBusyPoll).unwrap().arguments.join(" ");
        assert!(
            arguments.ends_with("--log {folder}/tbus.log --log-level standard --busy-poll"),
            "{arguments}"
        );
        let arguments = programs.tbus("x", &["--log-level", "trace"]).arguments.join(" ");
        assert!(arguments.ends_with("--log {folder}/tbus.log --log-level trace"), "{arguments}");
    }
}
