//! T-Server that is away, that comes back, that refuses.

use std::time::Duration;

use tbus_apps::callback::{Retry, Server, StartError, TServer};
use tlib_proto::MessageId;

use crate::support::{NOW, START, TestClock, ask, config, t_server};

const FEW: Retry =
    Retry { tries: 3, answer_time: Duration::from_millis(50), first_wait: Duration::from_millis(1) };

#[test]
fn a_service_without_its_t_server_does_not_start() {
    let clock = TestClock::new();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (config, _) = config(gone, &clock);
    let error = Server::start(config).err().unwrap();
    assert!(matches!(error, StartError::Client(_)), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot connect to {gone}: ")), "{error}");
}

#[test]
fn an_event_that_nobody_takes_ends_the_callback_with_a_line() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let address = switch.address();
    let (mut config, lines) = config(address, &clock);
    config.retry = FEW;
    let server = Server::start(config).unwrap();
    let started = ask(&server, "POST", START, "_customer_number=8005550100");
    let id = started.json["_id"].as_str().unwrap().to_owned();
    assert_eq!(server.advance_to(NOW).unwrap().sent, 1);
    drop(switch);
    clock.set(NOW + 18);
    let advanced = server.advance_to(NOW + 18).unwrap();
    assert_eq!((advanced.sent, advanced.failed), (0, 1));
    let found = ask(&server, "GET", &format!("/genesys/1/service/callback?_id={id}"), "");
    assert_eq!(found.json[0]["_callback_reason"], "FAIL_ERROR");
    drop(server);
    let lines = lines.lock().unwrap();
    let line = lines.iter().find(|line| line.contains("NOT sent")).unwrap();
    assert!(line.starts_with(&format!(
        "{id} default 8005550100 user event NOT sent to REPORTING: T-Server {address}: "
    )));
    assert!(line.ends_with("; tried 3 times; 0 later messages are given up"), "{line}");
    assert!(lines.iter().any(|line| line.contains(&format!("{address} is away: "))), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with("COMPLETED -> COMPLETED FAIL_ERROR")), "{lines:?}");
}

#[test]
fn an_event_waits_for_a_t_server_that_comes_back() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let address = switch.address();
    let (mut config, lines) = config(address, &clock);
    // As long as the other server takes to be there, and no longer.
    config.retry = Retry { tries: 1000, answer_time: Duration::from_secs(20), ..FEW };
    let server = Server::start(config).unwrap();
    ask(&server, "POST", START, "_customer_number=8005550100");
    server.advance_to(NOW).unwrap();
    drop(switch);
    clock.set(NOW + 18);
    let switch = std::thread::scope(|scope| {
        let advanced = scope.spawn(|| server.advance_to(NOW + 18));
        let mut again = tbus_server::ServerConfig::new(tbus_core::World::default());
        again.listen = address.to_string();
        let switch = tbus_server::TestServer::start_with(again);
        assert_eq!(advanced.join().unwrap().unwrap().sent, 1);
        switch
    });
    switch.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 1);
    drop(server);
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.ends_with("COMPLETED AGENT_CONNECTED")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("NOT sent")), "{lines:?}");
}

#[test]
fn what_a_t_server_refuses_is_not_sent_again() {
    let clock = TestClock::new();
    let switch = t_server(&clock);
    let (mut config, lines) = config(switch.address(), &clock);
    let text = "[service.default]\n_rep_userevent_enable = true\n_rep_userevent_dn = NOWHERE\n";
    config.machine.options = tbus_apps::callback::Options::read("x", text.as_bytes()).unwrap().0;
    let server = Server::start(config).unwrap();
    ask(&server, "POST", START, "_customer_number=8005550100");
    assert_eq!(server.advance_to(NOW + 100).unwrap().failed, 1);
    switch.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "NOWHERE", 1);
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("EventError 59")), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("QUEUED -> COMPLETED FAIL_ERROR"), "{lines:?}");
}

#[test]
fn each_switch_has_its_t_server() {
    let clock = TestClock::new();
    let (one, two) = (t_server(&clock), t_server(&clock));
    let server = |switch: &str, address: std::net::SocketAddr| TServer {
        switch: switch.to_owned(),
        address: address.to_string(),
    };
    let text = |switch: &str| {
        format!(
            "[service.default]\n_rep_userevent_enable = true\n_rep_userevent_dn = REPORTING\n_rep_userevent_switch = {switch}\n"
        )
    };
    let start = |switch: &str| {
        let (mut config, _) = config(one.address(), &clock);
        config.t_servers = vec![server("One", one.address()), server("Two", two.address())];
        config.machine.options = tbus_apps::callback::Options::read("x", text(switch).as_bytes()).unwrap().0;
        Server::start(config)
    };
    let service = start("Two").unwrap();
    ask(&service, "POST", START, "_customer_number=8005550100");
    assert_eq!(service.advance_to(NOW + 18).unwrap().sent, 2);
    two.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 2);
    one.expect(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, "REPORTING", 0);
    let error = start("Three").err().unwrap().to_string();
    assert!(
        error.starts_with("service default has _rep_userevent_switch Three, and no T-Server serves it"),
        "{error}"
    );
}
