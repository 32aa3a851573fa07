//! `tbus replay` of a generated log: three applications that take turns, five DNs, nested and empty lists, a midnight, a boundary of
//! segments, both kinds of time stamps, CRLF, damaged lines and a cut tail.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Running, run};

const APPLICATIONS: [&str; 3] = ["OrchestrationServer", "Icon_Voice", "Universal_Routing_Server"];
const DNS: [&str; 5] = ["REPORTING", "7001", "7002", "Callback_VQ", "+14155550123"];

/// Milliseconds from one request to the next.
const STEP: u64 = 30;

/// Number of the last request before the cut.
const REQUESTS: u64 = 40;

/// Requests whose block has a damaged line.
const DAMAGED: [u64; 2] = [7, 31];

/// When a request was made, in milliseconds from the first one; midnight is in the middle.
fn time(number: u64) -> u64 {
    number * STEP
}

/// The requests that can be replayed.
fn whole() -> impl Iterator<Item = u64> {
    (0..REQUESTS).filter(|number| !DAMAGED.contains(number))
}

/// The log. Gives the lines at which damaged blocks begin, too.
fn generated() -> (String, Vec<u64>) {
    let (mut log, mut damaged, mut lines) = (String::new(), Vec::new(), 0_u64);
    let begin = 86_400_000 - REQUESTS * STEP / 2;
    for number in 0..REQUESTS {
        let end = if number < REQUESTS * 3 / 4 { "\n" } else { "\r\n" };
        let mut text = String::new();
        if number == 0 || number == REQUESTS * 3 / 4 {
            let day = if number == 0 { 27 } else { 28 };
            let clock = clock(begin + time(number));
            let _ = write!(
                text,
                "Application name: SIP_Server\nLocal time:       2012-09-{day}T{clock}\nFile:             (1) server.log\n\n"
            );
        }
        let moment = begin + time(number);
        let stamp = match number % 4 {
            0 => format!("2012-09-{}T{}", 27 + moment / 86_400_000, clock(moment)),
            _ => clock(moment),
        };
        let application = APPLICATIONS[(number * 7 % 3) as usize];
        let dn = DNS[(number * 3 % 5) as usize];
        if DAMAGED.contains(&number) {
            damaged.push(lines + text.lines().count() as u64 + 1);
        }
        let quote = if DAMAGED.contains(&number) { "#%" } else { "'" };
        // ReferenceIDs belong to an application: others use the same ones.
        let _ = write!(
            text,
            "{stamp} Trc 04541 RequestDistributeUserEvent received from [{handle}] ({handle:08x} {application} 10.0.0.1:40727)\n\
             message RequestDistributeUserEvent\n\tAttributeCommunicationDN\t'{dn}\n\
             \tAttributeUserData\t[99] 00 04 00 00..\n\t\t'number'\t{number}\n\t\t'empty'(list) \n\
             \t\t'outer'(list) 'a'\t'it's'\n\t\t\t'inner'(list) 'b'\t-1\n\t\t'last'\t''\n\
             \tAttributeReferenceID\t{reference}\n\
             {stamp} Int 04543 Interaction message \"RequestDistributeUserEvent\" received from {handle} (\"{application}\")\n",
            dn = format_args!("{dn}{quote}"),
            handle = 500 + number * 7 % 3,
            reference = number / 3 + 1,
        );
        lines += text.lines().count() as u64;
        log += &text.replace('\n', end);
    }
    // The tail is cut within a block.
    log += "23:59:59.000 Trc 04541 RequestDistributeUserEvent received from [500] (00000500 Icon_Voice 10.0.0.1:40727)\r\n\
        message RequestDistributeUserEvent\r\n\tAttributeCommunicationDN\t'REPO";
    damaged.push(lines + 1);
    (log, damaged)
}

fn clock(millis: u64) -> String {
    let seconds = millis / 1000 % 86_400;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, millis % 1000)
}

/// A folder with the generated log and a world of its DNs.
struct Case {
    folder: tempfile::TempDir,
    log: String,
    world: String,
    damaged: Vec<u64>,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (text, damaged) = generated();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let log = put("captured.log", &text);
        let world = put("world.toml", "[switch]\ncreate-unknown-dns = true\n");
        Self { folder, log, world, damaged }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Replays a log against a new server, and gives what `tbus replay` has printed and the server's log.
    fn replay(&self, log: &str, speed: &str, to: &str) -> (String, String, String) {
        let file = self.path(to);
        let server =
            Running::start(&["serve", "--world", &self.world, "--listen", "127.0.0.1:0", "--log", &file]);
        let ended = run(&["replay", log, "--to", &server.address, "--speed", speed]).with_code(0);
        server.signal("-TERM");
        server.end().with_code(0);
        (ended.stdout, ended.stderr, fs::read_to_string(Path::new(&file)).unwrap())
    }
}

/// What a server's log says of messages, without what belongs to the moment: times, sequence numbers, handles, client ids, ports.
fn masked(log: &str) -> Vec<String> {
    let line = |line: &str| -> Option<String> {
        if line.starts_with("\tAttributeEventSequenceNumber") || line.starts_with("\tAttributeTimein") {
            return line.split('\t').nth(1).map(str::to_owned);
        }
        if line.starts_with('@') {
            return line.split_once(' ').map(|(_, rest)| rest.to_owned());
        }
        let Some((_, rest)) = line.split_once(" Trc 0454").or_else(|| line.split_once(" Int 0454")) else {
            let of_a_message = ["\t", "message ", "-- "].iter().any(|begin| line.starts_with(begin));
            return of_a_message.then(|| line.to_owned());
        };
        // `[516] (00000003 Name 127.0.0.1:40727)` or `516 ("Name")`.
        let moment = |word: &&str| {
            word.starts_with('[')
                || word.contains(':')
                || word.starts_with("(0")
                || word.parse::<u32>().is_ok()
        };
        let (what, rest) = rest.split_at(1);
        Some(format!("{what}{}", rest.split(' ').filter(|word| !moment(word)).collect::<Vec<_>>().join(" ")))
    };
    log.lines().filter_map(line).collect()
}

/// The requests of a server's log: time of day in milliseconds and number.
fn requests(log: &str) -> Vec<(u64, u64)> {
    let (mut all, mut at) = (Vec::new(), None);
    for line in log.lines() {
        if let Some((stamp, _)) = line.split_once(" Trc 04541 RequestDistributeUserEvent") {
            let mut parts = stamp.split([':', '.']).map(|part| part.parse::<u64>().unwrap());
            let mut next = || parts.next().unwrap();
            at = Some(((next() * 60 + next()) * 60 + next()) * 1000 + next());
        } else if let (Some(time), Some(number)) = (at, line.strip_prefix("\t\t'number'\t")) {
            all.push((time, number.parse().unwrap()));
            at = None;
        }
    }
    all
}

fn numbers(log: &str) -> Vec<u64> {
    requests(log).into_iter().map(|(_, number)| number).collect()
}

#[test]
fn what_is_whole_is_replayed_in_order_and_gives_the_same_log_again() {
    let case = Case::new();
    let (stdout, stderr, first) = case.replay(&case.log, "max", "first.log");
    let count = whole().count();
    assert!(stdout.contains(&format!("sent {count} over 3 connections, {count} answered\n")), "{stdout}");
    let named: Vec<&str> = stderr.lines().collect();
    assert_eq!(named.len(), case.damaged.len(), "{stderr}");
    for (line, said) in case.damaged.iter().zip(&named) {
        assert!(said.contains(&format!("captured.log: line {line}: left out: ")), "{said}");
    }
    assert_eq!(numbers(&first), whole().collect::<Vec<_>>());
    for part in ["it's", "'inner'(list) 'b'\t-1\n", "'empty'(list) \n", "\t\t'last'\t''\n"] {
        assert_eq!(first.matches(part).count(), count, "{part:?}\n{first}");
    }

    let (stdout, stderr, second) = case.replay(&case.path("first.log"), "max", "second.log");
    assert_eq!(stderr, "");
    assert!(stdout.contains(&format!("sent {count} over 3 connections, {count} answered\n")), "{stdout}");
    assert_eq!(masked(&second), masked(&first));
}

#[test]
fn its_events_go_to_whoever_is_registered() {
    let case = Case::new();
    let (_, _, first) = case.replay(&case.log, "max", "first.log");
    // The first replay has had nobody who listens, so a second one has somebody in its log.
    assert!(!first.contains("message EventUserEvent"), "nobody was there");
    let file = case.path("heard.log");
    let server =
        Running::start(&["serve", "--world", &case.world, "--listen", "127.0.0.1:0", "--log", &file]);
    let count = whole().count().to_string();
    let mut watch = vec!["watch", "--count", &count, "--format", "json"];
    DNS.iter().for_each(|dn| watch.extend(["--dn", dn]));
    let watching = |address: &str| Running::start(&[&watch[..], &["--server", address]].concat());
    let listener = watching(&server.address);
    run(&["replay", &case.log, "--to", &server.address, "--speed", "max"]).with_code(0);
    let captured = listener.end().with_code(0).stdout;
    server.signal("-TERM");
    server.end().with_code(0);

    let again = case.path("again.log");
    let server = Running::start(
        &[
            &["replay", "--as", "server", "--listen", "127.0.0.1:0", "--times", "keep", "--sequence", "keep"]
                [..],
            &["--speed", "max", "--after", "5", "--log", &again, &file],
        ]
        .concat(),
    );
    let listener = watching(&server.address);
    let heard = listener.end().with_code(0).stdout;
    assert_eq!(heard, captured);
    let ended = server.end().with_code(0);
    assert!(ended.stdout.contains(&format!("sent {count}, received {count} times\n")), "{}", ended.stdout);

    // Its log has the same events as the log that it was made from.
    let events = |file: &str| -> Vec<Value> {
        let lines = run(&["log", "json", file]).with_code(0).stdout;
        let messages =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone());
        messages.filter(|message| message["message"] == "EventUserEvent").collect()
    };
    assert_eq!(events(&again).len(), whole().count());
    assert_eq!(events(&again), events(&file));
}

#[test]
fn each_request_is_sent_within_50_ms_of_its_time() {
    let case = Case::new();
    let mut late = Vec::new();
    // A machine that is busy with other things may need another attempt.
    for attempt in 0..5 {
        let (_, _, log) = case.replay(&case.log, "1", &format!("timed{attempt}.log"));
        let sent = requests(&log);
        assert_eq!(numbers(&log), whole().collect::<Vec<_>>(), "the order of the capture");
        let (begin, first) = sent[0];
        let off = sent.iter().map(|(at, number)| {
            // The test may run around midnight, too.
            let since = (at + 86_400_000 - begin) % 86_400_000;
            since.abs_diff(time(*number) - time(first))
        });
        match off.max() {
            Some(off) if off <= 50 => return,
            off => late.push(off),
        }
    }
    panic!("off by so many milliseconds at most, each time: {late:?}");
}
