//! Names of databases.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// A database's SQL dialect, of the databases that can be opened here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
}

/// The name of a database: `PATH` or `sqlite:PATH` for SQLite, `postgres://user:password@host:port/database` (or
/// `postgresql://..`) for PostgreSQL.
///
/// It is shown without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(crate) Target);

/// Where a URL points.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgresql(Box<Server>),
}

/// The parts of a PostgreSQL URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// A name, an address, or the folder of the server's Unix socket (begins with `/`).
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: Option<String>,
    pub(crate) application_name: Option<String>,
    pub(crate) connect_timeout: Option<Duration>,
}

/// Why a text does not name a database. It names the part that is wrong and never shows what could be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database URL: {0}")]
pub struct UrlError(String);

impl DatabaseUrl {
    /// The dialect that the database speaks.
    pub fn dialect(&self) -> Dialect {
        match self.0 {
            Target::Sqlite(_) => Dialect::Sqlite,
            Target::Postgresql(_) => Dialect::Postgresql,
        }
    }

    /// The URL of a SQLite file; `:memory:` is a database in memory.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Target::Sqlite(path.into()))
    }

    /// The file of a SQLite database, `None` for PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Target::Sqlite(path) => Some(path),
            Target::Postgresql(_) => None,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "{}", path.display()),
            Target::Postgresql(server) => {
                f.write_str("postgres://")?;
                if let Some(user) = &server.user {
                    f.write_str(user)?;
                    f.write_str(if server.password.is_some() { ":***@" } else { "@" })?;
                }
                match server.host.as_str() {
                    socket if socket.starts_with('/') => f.write_str("")?,
                    v6 if v6.contains(':') => write!(f, "[{v6}]")?,
                    host => f.write_str(host)?,
                }
                write!(f, ":{}", server.port)?;
                if let Some(database) = &server.database {
                    write!(f, "/{database}")?;
                }
                if server.host.starts_with('/') {
                    write!(f, "?host={}", server.host)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            return Ok(Self(Target::Postgresql(Box::new(server(rest)?))));
        }
        let path = match text.split_once(':') {
            Some(("sqlite", path)) if path.starts_with("//") && !path.starts_with("///") => {
                return Err(wrong(
                    "a SQLite database is `sqlite:PATH` or `PATH`, without `//` before the path",
                ));
            }
            Some(("sqlite", path)) => path,
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(wrong(format!(
                    "nothing is known of `{scheme}://`; write PATH, sqlite:PATH or postgres://user:password@host/database"
                )));
            }
            Some(("postgres" | "postgresql", _)) => {
                return Err(wrong("a PostgreSQL database is `postgres://user:password@host:port/database`"));
            }
            _ => text,
        };
        if path.is_empty() {
            return Err(wrong("the path of the SQLite database is empty"));
        }
        if path.contains('\0') {
            return Err(wrong("the path of the SQLite database has a NUL in it"));
        }
        Ok(Self::sqlite(path))
    }
}

fn wrong(text: impl Into<String>) -> UrlError {
    UrlError(text.into())
}

/// Reads what follows `postgres://`.
///
/// A password with an unescaped `/`, `?` or `@` moves pieces of it into the parts that follow, so no part's text is
/// shown in an error.
fn server(rest: &str) -> Result<Server, UrlError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    if login.is_some_and(|login| login.contains('@')) || database.contains('@') || query.contains('@') {
        return Err(wrong(
            "there is an `@` too many; in a user or password write / ? @ : # % as %2F %3F %40 %3A %23 %25",
        ));
    }
    let (user, password) = match login {
        None => (None, None),
        Some(login) => match login.split_once(':') {
            None => (Some(login), None),
            Some((user, password)) => (Some(user), Some(password)),
        },
    };
    let (host, port) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => (
            address,
            Some(port.strip_prefix(':').ok_or_else(|| wrong("after `[address]` comes `:port` or nothing"))?),
        ),
        None if place.starts_with('[') => return Err(wrong("the host's `[` has no `]`")),
        None => match place.split_once(':') {
            None => (place, None),
            Some((host, port)) => (host, Some(port)),
        },
    };
    let port = match port {
        None => 5432,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err(wrong("the port is not a number from 1 to 65535")),
            Ok(port) => port,
        },
    };
    let mut server = Server {
        user: user.map(|text| decoded(text, "user")).transpose()?.filter(|user| !user.is_empty()),
        password: password.map(|text| decoded(text, "password")).transpose()?,
        host: Some(decoded(host, "host")?)
            .filter(|host| !host.is_empty())
            .unwrap_or_else(|| "localhost".to_owned()),
        port,
        database: Some(decoded(database, "database")?).filter(|name| !name.is_empty()),
        application_name: None,
        connect_timeout: None,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        parameter(&mut server, pair)?;
    }
    Ok(server)
}

fn parameter(server: &mut Server, pair: &str) -> Result<(), UrlError> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = decoded(value, "parameters")?;
    match name {
        "application_name" => server.application_name = Some(value),
        "connect_timeout" => match value.parse() {
            Ok(seconds @ 1..=3600) => server.connect_timeout = Some(Duration::from_secs(seconds)),
            _ => {
                return Err(wrong("the parameter connect_timeout is not a number of seconds from 1 to 3600"));
            }
        },
        "host" if value.starts_with('/') => server.host = value,
        "host" => return Err(wrong("the parameter host is the folder of a Unix socket and begins with `/`")),
        "sslmode" if matches!(value.as_str(), "disable" | "allow" | "prefer") => {}
        "sslmode" => {
            return Err(wrong("the parameter sslmode asks for TLS, which is not there; use sslmode=disable"));
        }
        _ => {
            return Err(wrong(
                "a parameter after `?` is not known; known are application_name, connect_timeout, host, sslmode",
            ));
        }
    }
    Ok(())
}

/// Takes `%XX` apart.
fn decoded(text: &str, part: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let value = match after {
            [high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(
            value.ok_or_else(|| wrong(format!("in the {part}, `%` is not followed by two hex digits")))?,
        );
        rest = after.get(2..).unwrap_or_default();
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(_) => Err(wrong(format!("the {part} has a NUL in it"))),
        Err(_) => Err(wrong(format!("the {part} is not UTF-8"))),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, Dialect, Target};

    fn url(text: &str) -> DatabaseUrl {
        text.parse().expect("a database URL")
    }

    #[test]
    fn paths_are_sqlite() {
        for (text, path) in [
            ("idb.db", "idb.db"),
            ("sqlite:idb.db", "idb.db"),
            ("sqlite:/var/lib/idb.db", "/var/lib/idb.db"),
            ("sqlite:///var/lib/idb.db", "///var/lib/idb.db"),
            (":memory:", ":memory:"),
            ("sqlite::memory:", ":memory:"),
            ("./postgres/idb", "./postgres/idb"),
            ("C:\\idb.db", "C:\\idb.db"),
        ] {
            assert_eq!(url(text).dialect(), Dialect::Sqlite);
            assert_eq!(url(text).sqlite_path().and_then(std::path::Path::to_str), Some(path), "{text}");
        }
    }

    #[test]
    fn the_parts_of_a_server() {
        let url =
            url("postgresql://us%65r:p%40ss%2Fword@[::1]:6000/my%20db?application_name=x&connect_timeout=3");
        let Target::Postgresql(server) = &url.0 else { panic!("PostgreSQL") };
        assert_eq!(server.user.as_deref(), Some("user"));
        assert_eq!(server.password.as_deref(), Some("p@ss/word"));
        assert_eq!((server.host.as_str(), server.port), ("::1", 6000));
        assert_eq!(server.database.as_deref(), Some("my db"));
        assert_eq!(server.application_name.as_deref(), Some("x"));
        assert_eq!(server.connect_timeout.map(|time| time.as_secs()), Some(3));
        assert_eq!(url.to_string(), "postgres://user:***@[::1]:6000/my db");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://user:***@[::1]:6000/my db)");
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        assert_eq!(url("postgres://").to_string(), "postgres://localhost:5432");
        assert_eq!(url("postgres://host/db").to_string(), "postgres://host:5432/db");
        assert_eq!(url("postgres://u@/db?host=/run/pg").to_string(), "postgres://u@:5432/db?host=/run/pg");
        assert_eq!(url("postgres://h/db?sslmode=prefer").to_string(), "postgres://h:5432/db");
    }

    #[test]
    fn errors_name_the_part_and_never_show_a_password() {
        for (text, part) in [
            ("", "path"),
            ("sqlite:", "path"),
            ("sqlite:a\0b", "path"),
            ("sqlite://idb.db", "sqlite:PATH"),
            ("mysql://u:hush@h/db", "mysql://"),
            ("postgres:hush", "postgres://"),
            ("postgres://u:hush@h:0/db", "port"),
            ("postgres://u:hush@h:65536/db", "port"),
            ("postgres://u:hush@h:/db", "port"),
            ("postgres://u:hush@[::1/db", "`]`"),
            ("postgres://u:hush@[::1]6000/db", "`:port`"),
            ("postgres://u:hu/sh@h/db", "%2F"),
            ("postgres://u:hu?sh@h/db", "%3F"),
            ("postgres://u:hu@sh@h/db", "%40"),
            ("postgres://u:hush%zz@h/db", "password"),
            ("postgres://u:hush%4@h/db", "password"),
            ("postgres://u:hush%ff@h/db", "password"),
            ("postgres://u:hush%00@h/db", "password"),
            ("postgres://%ff:hush@h/db", "user"),
            ("postgres://u:hush@h/%ff", "database"),
            ("postgres://u:hush@h/db?hush=1", "parameter"),
            ("postgres://u:hush@h/db?sslmode=require", "sslmode"),
            ("postgres://u:hush@h/db?connect_timeout=0", "connect_timeout"),
            ("postgres://u:hush@h/db?host=other", "host"),
        ] {
            let error = text.parse::<DatabaseUrl>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hu") && !error.contains("sh@"), "{text}: {error}");
        }
    }
}
