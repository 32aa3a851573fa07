//! A small blocking HTTP client, and servers to talk to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use tbus_apps::callback::{Clock, Event, Server, ServerConfig, log_line};
use tbus_server::{ServerConfig as TServerConfig, TestServer};
use tlib_proto::Timestamp;

/// 2030-01-01T10:00:00Z.
pub(crate) const NOW: i64 = 1_893_492_000;

/// Longest time that anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const START: &str = "/genesys/1/service/callback/default";

/// A clock that a test sets, for both servers.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn set(&self, time: i64) {
        self.0.store(time, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A T-Server with that clock.
pub(crate) fn t_server(clock: &TestClock) -> TestServer {
    let mut config = TServerConfig::new(tbus_core::World::default());
    let clock = clock.clone();
    config.clock = Box::new(move || Timestamp::new(clock.now().unsigned_abs(), 0));
    TestServer::start_with(config)
}

/// The lines that a server has told.
pub(crate) type Lines = Arc<Mutex<Vec<String>>>;

/// A callback service on that clock, which reports to that T-Server; and its log, without the times.
pub(crate) fn config(t_server: SocketAddr, clock: &TestClock) -> (ServerConfig, Lines) {
    let mut config = ServerConfig::new(t_server.to_string());
    let shown = clock.clone();
    config.clock = Clock::Injected(Arc::new(move || shown.now()));
    let lines = Lines::default();
    let log = lines.clone();
    config.tell = Some(Box::new(move |event: &Event, now| {
        let line = log_line(event, now);
        log.lock().unwrap().push(line.split_once(' ').unwrap().1.to_owned());
    }));
    (config, lines)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Json,
}

/// Sends a form; an empty one is no body.
pub(crate) fn ask(server: &Server, method: &str, path: &str, form: &str) -> Answer {
    let mut stream = connect(server.address());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    answer(&mut BufReader::new(stream)).unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads one answer; `None` when the connection is closed before there is one.
pub(crate) fn answer(stream: &mut BufReader<TcpStream>) -> Option<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Some(Answer { status, json: serde_json::from_slice(&body).unwrap_or(Json::Null) })
}
