//! Line 25191: which events may be missing.

use tbus_recorder::Recorder;
use tlib_proto::{AttributeId, ErrorCode, MessageId};
use tlib_testkit::mock_server::To;

use crate::support::Bench;

/// The sequence numbers that line 25191 tells, and nothing else of it.
fn told(bench: &Bench) -> Vec<String> {
    let short = |line: String| {
        let line = line.strip_prefix("Std 25191 Events ").unwrap().to_owned();
        line.replace("with sequence numbers ", "")
            .replace("00000000000000", "")
            .split(" may")
            .next()
            .unwrap()
            .into()
    };
    bench.lines(&[25191]).into_iter().map(short).collect()
}

#[test]
fn nothing_is_missing_when_nothing_was_sent() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.server.close(To::Last);
    bench.expect("Registered on REPORTING of SIP_Server", 2);
    bench.stop(recorder);
    // A run that has ended in good order and the next one.
    let recorder = bench.start();
    bench.stop(recorder);
    assert_eq!(told(&bench), ["from sequence number 04 on"], "at the loss, nobody knows yet");
}

#[test]
fn the_gap_is_told_when_the_connection_is_there_again() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.server.stop();
    bench.expect("Std 25190 Disconnected from SIP_Server", 1);
    // 4 and 5 go to nobody; 6 is the greeting, 7 the answer.
    bench.server.set(|manners| manners.next_sequence = 6);
    bench.server.listen_again();
    bench.expect("Registered on REPORTING of SIP_Server", 2);
    bench.send(1, "b", "2");
    bench.stop(recorder);
    assert_eq!(told(&bench), ["from sequence number 04 on", "04 to 05"]);
    assert_eq!(bench.pairs(), ["1 a=1", "2 b=2"]);
    // EventUnregistered is 9; 10 to 14 come while there is no recorder.
    bench.server.set(|manners| manners.next_sequence = 15);
    let recorder = bench.start();
    bench.stop(recorder);
    assert_eq!(told(&bench).last().unwrap(), "0a to 0e");
}

#[test]
fn after_a_restart_of_the_server_nobody_knows_the_end() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.server.stop();
    bench.server.set(|manners| manners.next_sequence = 1);
    bench.server.listen_again();
    bench.expect("Registered on REPORTING of SIP_Server", 2);
    bench.stop(recorder);
    let expected =
        ["from sequence number 04 on", "from sequence number 04 on, until the server was started again,"];
    assert_eq!(told(&bench), expected);
}

#[test]
fn what_comes_between_greeting_and_registration_may_be_missing() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.dns = ["REPORTING", "Callback_VQ"].map(str::to_owned).to_vec();
    // Greeting 1, answers 2 and 3.
    let recorder = Recorder::start(config).unwrap();
    bench.expect("Trc 25190 Registered on REPORTING, Callback_VQ of SIP_Server", 1);
    bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 2);
    bench.server.set(|manners| manners.answer_registrations = false);
    bench.server.close(To::Last);
    // Greeting 4; two events that go to others, and the answers 5 and 8.
    bench.server.expect_sessions(2);
    let asked = bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 4);
    bench.server.set(|manners| manners.answer_registrations = true);
    for (request, after) in asked.iter().skip(2).zip([6, 9]) {
        let reference = request.view().reference_id().unwrap().unwrap();
        let answer = bench
            .server
            .event(MessageId::EVENT_REGISTERED, |m| m.unsigned(AttributeId::REFERENCE_ID, reference));
        bench.server.send(To::Last, &answer);
        bench.server.set(|manners| manners.next_sequence = if after == 6 { 8 } else { after });
    }
    bench.expect("Registered on REPORTING, Callback_VQ of SIP_Server", 2);
    bench.stop(recorder);
    assert_eq!(told(&bench), ["from sequence number 04 on", "04 to 07"]);
}

#[test]
fn a_server_that_is_back_and_refuses_is_told_once() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.send(0, "a", "1");
    bench.server.set(|manners| manners.refuse_clients = Some(ErrorCode::NOT_CONFIGURED));
    bench.server.close(To::Last);
    // Refused again and again.
    bench.server.expect_closed(To::One(0));
    bench.expect("refused the session: EventError 59", 1);
    bench.server.set(|manners| manners.refuse_clients = None);
    bench.expect("Registered on REPORTING of SIP_Server", 2);
    bench.stop(recorder);
    let lost = bench.lines(&[25190]);
    let lost: Vec<_> = lost.iter().filter(|line| line.starts_with("Std 25190 Disconnected from ")).collect();
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert_eq!(told(&bench)[0], "from sequence number 04 on");
    assert_eq!(bench.query("SELECT DSCONN_TYPE FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID"), ["1", "2"]);
}
