//! The callback service as users run it: HTTP in, user events out, a log on standard output.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Running, run};

/// Sends a form; an empty one is no body. Status and JSON of the answer.
fn http(address: &str, method: &str, path: &str, form: &str) -> (u16, serde_json::Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

const ROOT: &str = "/genesys/1/service/callback";

/// Asks until a callback is in this state.
#[track_caller]
fn until(address: &str, id: &str, state: &str) {
    let start = Instant::now();
    loop {
        let (_, found) = http(address, "GET", &format!("{ROOT}?_id={id}"), "");
        if found[0]["_callback_state"] == state {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{found}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn started(address: &str, service: &str, form: &str) -> String {
    let (status, answer) = http(address, "POST", &format!("{ROOT}/{service}"), form);
    assert_eq!(status, 200, "{answer}");
    answer["_id"].as_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn a_request_becomes_two_user_events() {
    let server = Running::server();
    let watch = Running::start(&[
        "watch",
        "--dn",
        "REPORTING",
        "--count",
        "2",
        "--timeout",
        "20s",
        "--format",
        "json",
        "--server",
        &server.address,
    ]);
    let line =
        ["callback", "serve", "--listen", "127.0.0.1:0", "--t-server", &server.address, "--speed", "100"];
    let service = Running::start(&line);
    let id = started(&service.address, "default", "_customer_number=8005550100&_cb_dim_channel=IVR");
    until(&service.address, &id, "COMPLETED");
    let events = watch.end().with_code(0).stdout;
    let events: Vec<&str> = events.lines().collect();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events.iter().all(|event| event.contains(&id) && event.contains("EventUserEvent")), "{events:?}");
    assert!(events[1].contains("COMPLETED.AGENT") && !events[0].contains("COMPLETED.AGENT"), "{events:?}");
    let ready_file = service.ready_file.clone();
    let address = service.address.clone();
    service.signal("-TERM");
    let ended = service.end().with_code(0);
    assert!(!ready_file.exists());
    assert_eq!(ended.stderr, "");
    let (head, log) = ended.stdout.split_once(&format!("Ready: http://{address}, ")).unwrap();
    assert!(head.lines().count() <= 11, "a dozen lines: {head}");
    assert!(
        head.contains(&format!("  curl -d _customer_number=8005550100 http://{address}{ROOT}/default\n")),
        "{head}"
    );
    assert!(head.contains("Services: default (user events to REPORTING)\n"), "{head}");
    let states: Vec<_> = log
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(&format!(" {id} default 8005550100 ")).map(|(_, what)| what))
        .filter(|what| !what.starts_with("user event of "))
        .collect();
    let expected =
        ["QUEUED", "QUEUED -> ROUTING", "ROUTING -> PROCESSING", "PROCESSING -> COMPLETED AGENT_CONNECTED"];
    assert_eq!(states, expected, "{log}");
}

#[cfg(unix)]
#[test]
fn the_recorder_stores_both_events() {
    let server = Running::server();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("idb.sqlite");
    let recorder =
        Running::start(&["record", "--db", database.to_str().unwrap(), "--server", &server.address]);
    let line =
        ["callback", "serve", "--listen", "127.0.0.1:0", "--t-server", &server.address, "--speed", "100"];
    let service = Running::start(&line);
    let id = started(&service.address, "default", "_customer_number=8005550102&_cb_dim_channel=MOBILE");
    until(&service.address, &id, "COMPLETED");
    // Its last user event is acknowledged when the service has ended, and was sent to the recorder before.
    service.signal("-TERM");
    service.end().with_code(0);
    recorder.signal("-TERM");
    recorder.end().with_code(0);
    let database = rusqlite::Connection::open(&database).unwrap();
    let values = |key: &str| {
        let text = "select VALUE from G_CUSTOM_DATA_S where KEYNAME = ?1 order by GSYS_EXT_VCH1";
        let mut statement = database.prepare(text).unwrap();
        let rows = statement.query_map([key], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(values("_CB_SERVICE_ID"), [id.as_str(); 2]);
    assert_eq!(values("_CB_FINAL_RECORD"), ["0", "1"]);
    assert_eq!(values("_CB_DIM_CHANNEL"), ["MOBILE"; 2]);
    assert_eq!(values("_CB_DISPOSITION"), ["QUEUED.AGENT", "COMPLETED.ABANDONED_IN_QUEUE"]);
}

#[cfg(unix)]
#[test]
fn options_of_a_file_and_what_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gms.ini");
    let text = "[service.voice]\n_type = ors\n_rep_userevent_enable = true\n_rep_userevent_dn = 7001\n\
        _rep_userevent_switch = Sip_Switch\n_urs_queued_ttl = 1\n[service.silent]\n_type = ors\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let server = Running::server();
    let watch = Running::start(&["watch", "--dn", "7001", "--count", "1", "--server", &server.address]);
    let switch = format!("Sip_Switch={}", server.address);
    let line = ["callback", "serve", "--listen", "127.0.0.1:0", "--t-server", &switch, "--options", path];
    let service = Running::start(&line);
    let id = started(&service.address, "silent", "_customer_number=1");
    let (status, _) = http(&service.address, "DELETE", &format!("{ROOT}/silent/{id}"), "");
    assert_eq!(status, 200);
    let id = started(&service.address, "voice", "_customer_number=1");
    assert!(watch.end().with_code(0).stdout.contains(&id));
    service.signal("-INT");
    let ended = service.end().with_code(0);
    assert_eq!(ended.stderr, "1 callback was not completed; a restart begins without any\n");
    let expected = format!("Passed over of {path}, without effect here: _type, _urs_queued_ttl\n");
    assert!(ended.stdout.contains(&expected), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("Services: silent (no user events), voice (user events to 7001)\n"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains(&format!("watch --dn 7001 --server {}", server.address)),
        "{}",
        ended.stdout
    );
}

#[cfg(unix)]
#[test]
fn seed_and_scenario_decide_how_callbacks_go() {
    let server = Running::server();
    let reasons = |numbers: &[&str], more: &[&str]| {
        let line = [
            "callback",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--speed",
            "2000",
            "--t-server",
            &server.address,
        ];
        let service = Running::start(&[&line[..], more].concat());
        let start =
            |number: &&str| started(&service.address, "default", &format!("_customer_number={number}"));
        let ids: Vec<_> = numbers.iter().map(start).collect();
        ids.iter().for_each(|id| until(&service.address, id, "COMPLETED"));
        service.signal("-TERM");
        let log = service.end().with_code(0).stdout;
        let reason = |id: &String| {
            let line =
                log.lines().find(|line| line.contains(id.as_str()) && line.contains("COMPLETED")).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        ids.iter().map(reason).collect::<Vec<_>>()
    };
    let numbers: Vec<_> = (1..=16).map(|number| format!("800123{number:04}")).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    assert!(reasons(&numbers, &[]).iter().all(|reason| reason == "AGENT_CONNECTED"));
    let shared_out = reasons(&numbers, &["--seed", "7"]);
    assert!(shared_out.iter().any(|reason| reason != "AGENT_CONNECTED"), "{shared_out:?}");
    assert_eq!(reasons(&numbers, &["--seed", "7"]), shared_out);
    assert_eq!(
        reasons(&["8005550102", "8005550104"], &[]),
        ["FAIL_INTERACTION_DELETED", "FAIL_CALL_TO_CUSTOMER"]
    );
    let scripted = tbus_apps::scenario::named("f-abandoned").unwrap().read().unwrap();
    let number = scripted.callbacks[0].customer_number().replace('+', "%2B");
    let found = reasons(&[&number, &number], &["--scenario", "f-abandoned"]);
    assert_eq!(found, ["FAIL_INTERACTION_DELETED", "AGENT_CONNECTED"], "each of its callbacks once");
}

#[test]
fn mistakes_of_the_first_minutes() {
    let server = Running::server();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let line = ["callback", "serve", "--t-server", &server.address, "--listen"];
    let ended = run(&[&line[..], &[&taken]].concat()).with_code(3);
    assert!(ended.stderr.starts_with(&format!("tbus: cannot listen on {taken}: ")), "{ended:?}");
    assert!(ended.stderr.contains("another program listens there"), "{ended:?}");
    assert_eq!(ended.stdout, "");

    let free = ["callback", "serve", "--listen", "127.0.0.1:0"];
    let ended = run(&[&free[..], &["--t-server", "127.0.0.1:1"]].concat()).with_code(3);
    assert!(
        ended.stderr.contains("cannot connect to 127.0.0.1:1") && ended.stderr.contains("--t-server names"),
        "{ended:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gms.ini");
    let path = path.to_str().unwrap();
    let with_options = [&free[..], &["--t-server", &server.address, "--options", path]].concat();
    let ended = run(&with_options).with_code(2);
    assert_eq!(ended.stderr, format!("tbus: {path}: no such file\n"));
    std::fs::write(path, "[service.x]\n_max_dial_attempt = 3\n").unwrap();
    let ended = run(&with_options).with_code(2);
    let expected = format!(
        "tbus: {path}: line 2: section [service.x] has no option _max_dial_attempt; did you mean _max_dial_attempts?\n"
    );
    assert_eq!(ended.stderr, expected);
    std::fs::write(
        path,
        "[service.x]\n_rep_userevent_enable=true\n_rep_userevent_dn=D\n_rep_userevent_switch=A\n",
    )
    .unwrap();
    let other = format!("B={}", server.address);
    let ended = run(&[&free[..], &["--t-server", &other, "--options", path]].concat()).with_code(2);
    assert!(
        ended.stderr.contains("service x has _rep_userevent_switch A, and no T-Server serves it"),
        "{ended:?}"
    );

    let ended = run(&[&free[..], &["--scenario", "abandon"]].concat()).with_code(2);
    assert!(ended.stderr.contains("--scenario: there is no scenario abandon; "), "{ended:?}");
    for wrong in
        [&["--t-server", "7007"][..], &["--t-server", "=a:1"], &["--speed", "0"], &["--listen", "8080"]]
    {
        run(&[&free[..], wrong].concat()).with_code(2);
    }
}
