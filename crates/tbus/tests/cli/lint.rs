//! `tbus lint callback` over logs of sessions, captures, JSON lines and databases.

use std::fs;

use tbus_apps::session::{Action, Callback, DialResult, Ending, Plan, Script, plan};
use tlib_capture::{Formatter, Record, TimeZone, Verbosity};
use tlib_proto::{AttributeId, Message, MessageId, Timestamp};

use crate::support::{Ended, Running, evidence, run};

/// 2014-09-19T10:00:00Z, as the worked example.
const START: i64 = 1_411_120_800;

/// The T-Server's log of these plans, each with a call of its own.
fn log(plans: &[Plan]) -> String {
    let (mut text, mut sequence) = (String::new(), 0);
    let mut formatter = Formatter::new("8.1.000.62", TimeZone::UTC);
    for (call, plan) in (1_u64..).zip(plans) {
        for step in &plan.steps {
            sequence += 1;
            let seconds = u32::try_from(step.at).unwrap();
            let (id, list) = match &step.action {
                Some(Action::UserEvent(list)) => (MessageId::EVENT_USER_EVENT, list),
                Some(Action::Attach(list)) => (MessageId::EVENT_ATTACHED_DATA_CHANGED, list),
                None => continue,
            };
            let message = Message::build(id, |m| {
                m.long(AttributeId::EVENT_SEQUENCE_NUMBER, sequence)
                    .unsigned(AttributeId::TIMEIN_SECS, seconds);
                if id == MessageId::EVENT_ATTACHED_DATA_CHANGED {
                    m.long(AttributeId::CONN_ID, call);
                }
                m.list(AttributeId::USER_DATA, list.view()).str(AttributeId::THIS_DN, "REPORTING")
            });
            let at = Timestamp::new(seconds.into(), 0);
            let record = Record::Event { at, function: "distribute_event", message: message.unwrap() };
            formatter.format(&record, Verbosity::All, &mut text);
        }
    }
    text
}

fn callback(n: u32) -> Callback {
    let mut callback = Callback::new(
        format!("445-{n}"),
        "65UA6ISSJH76R340BNDQ2DG0DG000036",
        "5115",
        START + i64::from(n) * 60,
    );
    callback.originating_interaction = Some("call".to_owned());
    callback
}

fn planned(n: u32, script: &Script) -> Plan {
    plan(&callback(n), script).unwrap()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn name(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.0.path().join(name), text).unwrap();
        self.name(name)
    }
}

/// The codes of the findings, once each.
fn codes(ended: &Ended) -> Vec<String> {
    let mut codes: Vec<_> = ended
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].as_str().unwrap().to_owned()
        })
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

fn lint(file: &str, more: &[&str]) -> Ended {
    run(&[&["lint", "callback", file, "--format", "json"], more].concat())
}

#[test]
fn sessions_as_they_should_be_have_no_findings() {
    let place = Place::new();
    let mut plans: Vec<_> = [
        Script::default(),
        Script::dialling([DialResult::Busy, DialResult::NoAnswer, DialResult::AnsweringMachine]),
        Script::ending(Ending::Abandoned),
        Script { transfers_failed: 2, ..Script::default() },
    ]
    .iter()
    .zip(1..)
    .map(|(script, n)| planned(n, script))
    .collect();
    let mut cancelled = planned(10, &Script { offline_wait: 600, ..Script::default() });
    cancelled.cancel(START + 660).unwrap();
    let mut later = planned(11, &Script { offline_wait: 600, ..Script::default() });
    later.reschedule(START + 700, START + 9000).unwrap();
    plans.extend([cancelled, later]);
    let file = place.write("server.log", log(&plans));
    let ended = run(&["lint", "callback", &file, "--strict", "--call-data", "always"]).with_code(0);
    assert!(ended.stdout.contains("callback user events of 6 services, "), "{}", ended.stdout);
    assert!(!ended.stdout.contains("error"), "{}", ended.stdout);
}

#[test]
fn sessions_that_go_wrong_have_theirs() {
    let place = Place::new();
    let broken = |script: Script| {
        place.write("server.log", log(&[planned(1, &Script::default()), planned(2, &script)]))
    };
    let pairs = |key: &str, value: &str| Script {
        pairs: [(key.to_owned(), value.to_owned())].into(),
        ..Script::default()
    };
    for key in
        ["_CB_T_SERVICE_START", "_CB_D_CALLBACK_OFFER", "_CB_N_CALLBACK_OFFERED", "_CB_T_CALLBACK_OFFERED"]
    {
        let ended =
            lint(&broken(Script { leave_out: vec![key.to_owned()], ..Script::default() }), &[]).with_code(1);
        assert_eq!(codes(&ended), ["CB101"], "{}", ended.stdout);
        // The first and the final event.
        assert_eq!(ended.stdout.matches(key).count(), 2, "{}", ended.stdout);
        assert!(
            ended.stdout.contains("\"service\":\"445-2\"") && !ended.stdout.contains("445-1"),
            "{}",
            ended.stdout
        );
    }
    let ended = lint(&broken(pairs("_CB_DIM_CHANNEL", "PHONE")), &[]).with_code(1);
    assert_eq!(codes(&ended), ["CB109"], "{}", ended.stdout);
    let ended = lint(&broken(pairs("_CB_T_SERVICE_START", "1411120920000")), &[]).with_code(1);
    assert_eq!(codes(&ended), ["CB104", "CB402"], "{}", ended.stdout);

    // Warnings end with 1 only if asked to.
    let resent = broken(Script { resend_after: Some(4), ..Script::default() });
    assert_eq!(codes(&lint(&resent, &[]).with_code(0)), ["CB304"]);
    lint(&resent, &["--strict"]).with_code(1);

    let mut dead = planned(3, &Script::default());
    let last = dead.steps.iter().rposition(|step| matches!(step.action, Some(Action::UserEvent(_)))).unwrap();
    dead.steps.truncate(last);
    assert_eq!(codes(&lint(&place.write("server.log", log(&[dead])), &["--strict"]).with_code(1)), ["CB301"]);

    // What is not attached.
    let mut bare = planned(4, &Script::default());
    bare.steps.retain(|step| !matches!(step.action, Some(Action::Attach(_))));
    let file = place.write("server.log", log(&[bare]));
    assert_eq!(codes(&lint(&file, &[]).with_code(0)), ["CB403"]);
    assert_eq!(codes(&lint(&file, &["--call-data", "always"]).with_code(1)), ["CB401"]);
    assert_eq!(codes(&lint(&file, &["--call-data", "never"]).with_code(0)), [""; 0]);
}

#[test]
fn people_get_lines_and_a_table() {
    let place = Place::new();
    let script = Script {
        pairs: [("_CB_DIM_CHANEL", "IVR"), ("_CB_DIM_TYPE", "IMMEDIAT")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Script::default()
    };
    let file = place.write("server.log", log(&[planned(1, &script)]));
    let ended = run(&["lint", "callback", &file, "--top", "1"]).with_code(1);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with(&file)).count(), 2, "{}", ended.stdout);
    for text in [
        ": error CB109: _CB_DIM_TYPE is 'IMMEDIAT'; did you mean IMMEDIATE? (service 445-1)\n",
        ": warning CB116: '_CB_DIM_CHANEL' is no known key; did you mean _CB_DIM_CHANNEL? (service 445-1)\n",
        "code   severity    count  finding\n\
         CB109  error           2  a value that is not among the legal ones (1 not shown, see --top)\n\
         CB116  warning         2  an unknown key that resembles a known one (1 not shown, see --top)\n\n\
         2 callback user events of 1 services, ",
    ] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
}

#[test]
fn json_lines_and_captures_are_read_too() {
    let place = Place::new();
    let script = Script { resend_after: Some(4), ..Script::default() };
    let file = place.write("server.log", log(&[planned(1, &script)]));
    let lines = run(&["log", "json", &file]).with_code(0).stdout;
    assert_eq!(codes(&lint(&place.write("x.jsonl", lines), &[]).with_code(0)), ["CB304"]);

    let shipped = evidence("../captures/callback.pcapng");
    let ended = run(&["lint", "callback", &shipped]);
    assert!(matches!(ended.code, Some(0 | 1)) && !ended.stderr.contains("could not be read"), "{ended:?}");
}

/// Records a callback whose final event lacks a mandatory pair and has an illegal value.
#[cfg(unix)]
fn recorded(place: &Place, db: &str) {
    let server = Running::server();
    let (log, queue) = (place.name("icon.log"), place.name("queue.pq"));
    let line = ["record", "--server", &server.address, "--db", db, "--log", &log, "--queue", &queue];
    let recorder = Running::start(&line);
    let send = |pairs: &[&str]| {
        let base = [
            "send",
            "--server",
            &server.address,
            "_CB_SERVICE_ID=445-1",
            "_CB_T_SERVICE_START:=1411120800",
            "_CB_T_CALLBACK_OFFERED:=1411120788",
            "_CB_N_CALLBACK_OFFERED:=1",
            "_CB_T_CALLBACK_ACCEPTED:=1411120800",
        ];
        run(&[&base, pairs].concat()).with_code(0);
    };
    send(&["_CB_D_CALLBACK_OFFER:=12", "_CB_FINAL_RECORD:=0"]);
    send(&["_CB_DIM_CHANNEL=PHONE", "_CB_FINAL_RECORD=1"]);
    recorder.signal("-TERM");
    recorder.end().with_code(0);
}

#[cfg(unix)]
#[test]
fn a_database_is_checked_by_its_rows() {
    let place = Place::new();
    let db = place.name("idb.sqlite");
    recorded(&place, &db);
    let before = fs::read(&db).unwrap();
    let lint = || run(&["lint", "callback", "--idb", &db, "--format", "json"]).with_code(1);
    let ended = lint();
    assert_eq!(codes(&ended), ["CB101", "CB109", "CB403"], "{}", ended.stdout);
    // Rows 1 to 7 are the first event: the final one, which begins at row 8, has no _CB_D_CALLBACK_OFFER.
    let missing = ended.stdout.lines().find(|line| line.contains("CB101")).unwrap();
    assert!(missing.contains("\"row\":8,\"service\":\"445-1\""), "{missing}");
    assert_eq!(fs::read(&db).unwrap(), before, "nothing is written");

    // One pair of three is on the call, another has another value.
    let history = "INSERT INTO G_USERDATA_HISTORY (CALLID, KEYNAME, VALUE, ADDED, ADDED_TS) VALUES \
        ('C1', '_CB_SERVICE_ID', '445-1', '2014-09-19 10:00:00.000', 1411120800), \
        ('C1', '_CB_T_SERVICE_START', '1411120801', '2014-09-19 10:00:00.000', 1411120800)";
    rusqlite::Connection::open(&db).unwrap().execute(history, []).unwrap();
    let ended = lint();
    assert_eq!(codes(&ended), ["CB101", "CB109", "CB401", "CB402"], "{}", ended.stdout);
    assert!(ended.stdout.contains("not attached to the call: _CB_T_CALLBACK_ACCEPTED\""), "{}", ended.stdout);
}

#[cfg(unix)]
#[test]
fn a_postgresql_database_is_checked_as_well() {
    let place = Place::new();
    let db = tlib_testkit::Postgres::shared().new_database();
    recorded(&place, &db);
    let ended = run(&["lint", "callback", "--idb", &db, "--format", "json"]).with_code(1);
    assert_eq!(codes(&ended), ["CB101", "CB109", "CB403"], "{}", ended.stdout);
    assert!(ended.stdout.contains("\"row\":8,"), "{}", ended.stdout);
}

#[test]
fn bad_input_is_named() {
    let place = Place::new();
    let ended = run(&["lint", "callback", &evidence("tserver_reporting.log")]).with_code(1);
    assert!(
        ended.stderr.contains("no callback user event in what was read; the user events in it have no key"),
        "{}",
        ended.stderr
    );
    let ended = run(&["lint", "callback", "no-such.log"]).with_code(2);
    assert!(ended.stderr.contains("no-such.log: no such file"), "{}", ended.stderr);
    let file = place.write("x.jsonl", "{\"message\":\"EventACK\"}\n\n{\"message\" 3}\n");
    let ended = run(&["lint", "callback", &file]).with_code(2);
    assert!(ended.stderr.contains("x.jsonl: line 3: no JSON: "), "{}", ended.stderr);
    let ended = run(&["lint", "callback", "--idb", &place.name("no-such.sqlite")]).with_code(2);
    assert!(ended.stderr.contains("no-such.sqlite"), "{}", ended.stderr);
    let text = place.write(
        "text.sqlite",
        "this is no database, and longer than a hundred bytes, so that it is read as one, too".repeat(9),
    );
    let ended = run(&["lint", "callback", "--idb", &text]).with_code(2);
    assert!(ended.stderr.contains("text.sqlite"), "{}", ended.stderr);
    run(&["lint", "callback"]).with_code(2);
    run(&["lint", "callback", "x", "--idb", "y"]).with_code(2);
}
