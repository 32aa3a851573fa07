//! A PostgreSQL server of one's own: in a temporary folder, on a free port of the loopback address.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::Socket;

use crate::port;

/// Role without password, owner of everything.
const OWNER: &str = "tbus";
/// How often a start is tried when another program takes the port first.
const ATTEMPTS: usize = 5;

/// Waits until its input ends, which the end of the process that holds the other end brings, whatever ends that; then
/// stops the server and removes everything. Programs that are still making the server may need a moment to give up.
const GUARD: &str = r#"
bin=$1 folder=$2
cd /
cat >/dev/null
[ ! -e "$folder/data/postmaster.pid" ] || "$bin/pg_ctl" -D "$folder/data" -m immediate -w -t 60 -s stop
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$folder"/* && rmdir "$folder" && exit
    sleep 0.2
done
"#;

/// A running PostgreSQL server. It ends, and its folder goes, when this is dropped or the process ends in any way.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Keeps the port while the server is stopped.
    reserved: Option<Socket>,
    user: Option<(u32, u32)>,
    /// The shell that cleans up.
    guard: Child,
    runs: bool,
}

/// How the server of a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostgresOptions {
    /// Whether commits reach the disk. Off is faster, and only a power loss tells the difference.
    pub fsync: bool,
}

impl Postgres {
    /// The role that must say its [`PASSWORD`](Self::PASSWORD); others are let in without.
    pub const SECURED: &'static str = "secured";
    /// The password of the role [`SECURED`](Self::SECURED).
    pub const PASSWORD: &'static str = "correct horse";

    /// Makes a server and starts it; takes about a second.
    ///
    /// # Panics
    /// When PostgreSQL's programs are not installed or the server does not start.
    pub fn start() -> Self {
        Self::start_with(PostgresOptions::default())
    }

    /// Makes a server with options and starts it.
    ///
    /// # Panics
    /// When PostgreSQL's programs are not installed or the server does not start.
    pub fn start_with(options: PostgresOptions) -> Self {
        let bin = programs();
        let folder = tempfile::Builder::new().prefix("tbus-postgres-").tempdir().expect("a temporary folder");
        let user = unprivileged(folder.path());
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).expect("root may give the folder away");
        }
        let guard = command("sh", folder.path(), user)
            .args(["-c", GUARD, "sh"])
            .args([&bin, folder.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal ends the tests, and then this cleans up.
            .process_group(0)
            .spawn()
            .expect("sh runs");
        let mut server =
            Self { bin, folder: folder.keep(), port: 0, reserved: None, user, guard, runs: false };
        let data = server.folder.join("data");
        let made = server
            .program("initdb")
            .args(["-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", said(&made));
        let access = format!(
            "host all {} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n",
            Self::SECURED
        );
        std::fs::write(data.join("pg_hba.conf"), access).expect("pg_hba.conf can be written");
        let durable = if options.fsync { "on" } else { "off" };
        for _ in 0..ATTEMPTS {
            let (reserved, address) = port::reserved();
            server.port = address.port();
            server.reserved = Some(reserved);
            let settings = format!(
                "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nfsync = {durable}\n\
                 full_page_writes = {durable}\nmax_wal_size = '4GB'\nmax_connections = 50\n",
                server.port
            );
            std::fs::write(data.join("postgresql.auto.conf"), settings).expect("the settings can be written");
            if server.begin() {
                let (role, password) = (Self::SECURED, Self::PASSWORD);
                server.psql("postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"));
                return server;
            }
        }
        panic!("the PostgreSQL server does not start:\n{}", server.log());
    }

    /// The one server that the tests of a binary share; each takes a [`new_database`](Self::new_database) of it.
    ///
    /// # Panics
    /// When PostgreSQL's programs are not installed or the server does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database, with a role that needs no password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// When the server does not make it.
    pub fn create_database(&self, name: &str) {
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
    }

    /// Makes an empty database with a name of its own and gives its URL.
    ///
    /// # Panics
    /// When the server does not make it.
    pub fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.create_database(&name);
        self.url(&name)
    }

    /// Runs SQL in a database and gives what it selects: a line for each row, `|` between columns.
    ///
    /// # Panics
    /// When the server refuses it.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let done = self
            .program("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", sql])
            .output()
            .expect("psql runs");
        assert!(done.status.success(), "{sql}: {}", said(&done));
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// Stops the server in good order and disconnects everybody; its data and port stay.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&mut self) {
        assert!(self.runs, "the server is stopped");
        assert!(self.pg_ctl(&["-m", "fast", "stop"]), "the server does not stop:\n{}", self.log());
        self.runs = false;
    }

    /// Ends the server's processes at once, as a crash does; its data and port stay.
    ///
    /// # Panics
    /// When the processes cannot be listed or ended.
    pub fn kill(&mut self) {
        let file = self.folder.join("data/postmaster.pid");
        let text = std::fs::read_to_string(&file).expect("the server runs");
        let server = text.lines().next().expect("postmaster.pid has the process's id").trim().to_owned();
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps runs");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let children = listed.lines().filter_map(|line| {
            let mut ids = line.split_whitespace();
            let (child, parent) = (ids.next()?, ids.next()?);
            (parent == server).then_some(child)
        });
        // Children may end by themselves meanwhile; the server itself does not.
        let _ = Command::new("kill").args(["-KILL", &server]).args(children).stderr(Stdio::null()).status();
        // Nobody may have collected the dead process yet, and a new server would take it for a living one.
        std::fs::remove_file(file).expect("the mark of the dead server can be removed");
        self.runs = false;
    }

    /// Starts a stopped or killed server again, on the same port with the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        assert!(!self.runs, "the server runs");
        assert!((0..ATTEMPTS).any(|_| self.begin()), "the server does not start again:\n{}", self.log());
    }

    /// Starts the server; false when it does not start.
    fn begin(&mut self) -> bool {
        self.runs = self.pg_ctl(&["-l", &self.folder.join("log").display().to_string(), "start"]);
        self.runs
    }

    fn pg_ctl(&self, order: &[&str]) -> bool {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.folder.join("data")).args(["-w", "-t", "60", "-s"]).args(order);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl runs").success()
    }

    fn program(&self, name: &str) -> Command {
        command(self.bin.join(name), &self.folder, self.user)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Nothing is left to do when it cannot be waited for.
        let _ = self.guard.wait();
    }
}

/// A command as the server's user, without settings of the environment that would lead elsewhere.
fn command(program: impl AsRef<OsStr>, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The folder of the server's programs: what `pg_config` says, else Debian's highest version, else the path.
fn programs() -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    told.into_iter()
        .chain(versions.into_iter().rev().map(|(_, folder)| folder))
        .chain(std::env::split_paths(&path))
        .find(|folder| {
            ["initdb", "postgres", "pg_ctl", "psql"].iter().all(|name| folder.join(name).is_file())
        })
        .expect("PostgreSQL's server programs are not installed: run tools/setup")
}

/// The user and group to run the server as when we are root, which PostgreSQL does not run as.
fn unprivileged(ours: &Path) -> Option<(u32, u32)> {
    if std::fs::metadata(ours).expect("the folder is there").uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let ids = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            (name == wanted).then_some(ids)
        })
    };
    Some(
        find("postgres")
            .or_else(|| find("nobody"))
            .expect("root runs PostgreSQL as the user postgres or nobody"),
    )
}

#[cfg(test)]
mod tests {
    use super::Postgres;

    #[test]
    fn data_survives_a_stop_and_a_kill_and_the_folder_goes_at_the_end() {
        let mut server = Postgres::start();
        let folder = server.folder.clone();
        server.create_database("kept");
        server.psql("kept", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)");
        let port = server.port();
        server.stop();
        server.start_again();
        server.psql("kept", "INSERT INTO t VALUES (2)");
        server.kill();
        server.start_again();
        assert_eq!(server.psql("kept", "SELECT n FROM t ORDER BY n"), "1\n2");
        assert_eq!(server.port(), port);
        drop(server);
        assert!(!folder.exists());
    }
}
