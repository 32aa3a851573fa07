use tlib_proto::text::{TextStyle, print_message};
use tlib_proto::{AttributeId, Message, MessageId};

use super::*;
use crate::read::LogReader;

const PUBLISHED: &str = include_str!("../../../../tests/evidence/tserver_reporting.log");
const GUD: &str = include_str!("../../../../tests/evidence/icon_gud.log");

fn plan(log: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut plan = LogPlan::new();
    let mut reader = LogReader::new("test", log.as_bytes());
    while let Some(record) = reader.next().unwrap() {
        plan.push(&record, &mut |step| steps.push(step));
    }
    plan.finish(&mut |step| steps.push(step));
    steps
}

/// A line for each step: place, application, message, marks.
fn brief(log: &str) -> Vec<String> {
    let steps = plan(log).into_iter().map(|step| match step {
        Step::Message(planned) => {
            let application = planned.application.as_deref().unwrap_or("?");
            let rebuilt = if planned.rebuilt { " rebuilt" } else { "" };
            let answer = if planned.answer { " answer" } else { "" };
            format!("{}: {application} {}{rebuilt}{answer}", planned.place, planned.message.id())
        }
        Step::Skipped { place, why, .. } => format!("{place}: skipped, {why:?}"),
        Step::Heard(heard) => {
            format!("{} hears {}", heard.application, String::from_utf8_lossy(&heard.dn))
        }
    });
    steps.collect()
}

fn print(message: &Message) -> String {
    let mut text = String::new();
    print_message(&mut text, message.view(), &TextStyle::default());
    text
}

#[test]
fn the_published_log_gives_the_request_that_it_does_not_show() {
    let expected = [
        "line 3: ? EventACK answer",
        "OrchestrationServer hears REPORTING",
        "line 1: OrchestrationServer RequestDistributeUserEvent rebuilt",
        "line 12: ? EventUserEvent",
        "Icon_Voice hears REPORTING",
        "Stat_Server hears REPORTING",
        "Universal_Routing_Server hears REPORTING",
    ];
    let all = brief(PUBLISHED);
    // Nobody need be registered to be answered.
    let expected: Vec<_> = expected.into_iter().filter(|line| !line.starts_with("Orchestration")).collect();
    assert_eq!(all, expected);

    let steps = plan(PUBLISHED);
    let Step::Message(request) = &steps[1] else { panic!("{steps:?}") };
    let data = tlib_testkit::published::user_data();
    let view = request.message.view();
    assert_eq!(view.text(AttributeId::COMMUNICATION_DN), Ok(Some(&b"REPORTING"[..])));
    assert_eq!(view.text(AttributeId::THIS_DN), Ok(None));
    assert_eq!(view.unsigned(AttributeId::REFERENCE_ID), Ok(Some(431)));
    assert_eq!(view.text(AttributeId::ANI), Ok(Some(&b"777"[..])));
    assert_eq!(
        view.list(AttributeId::USER_DATA).unwrap().unwrap().packed_pairs(),
        data.view().packed_pairs()
    );
    let names: Vec<_> = view.attributes().map(|attribute| attribute.id.to_string()).collect();
    assert_eq!(names, ["CommunicationDN", "UserData", "ANI", "DNIS", "ReferenceID"]);
    assert_eq!(request.at.map(|at| at.clock), Some(2_060_757_000));
}

#[test]
fn without_the_note_the_request_had_this_dn() {
    let log = PUBLISHED.replace("-- Absent ThisDN, REPORTING was used\n", "");
    let steps = plan(&log);
    let Step::Message(request) = &steps[1] else { panic!("{steps:?}") };
    assert!(request.rebuilt);
    assert_eq!(request.this_dn(), Some(&b"REPORTING"[..]));
}

#[test]
fn only_its_own_event_rebuilds_a_request() {
    let other = PUBLISHED.replacen("ReferenceID\t431", "ReferenceID\t430", 1);
    assert_eq!(brief(&other).iter().filter(|line| line.contains("rebuilt")).count(), 0);
    assert_eq!(brief(&other).last().map(String::as_str), Some("line 1: skipped, NamedOnly"));
    // Two requests, of which the first has reached nobody.
    let first = PUBLISHED.lines().next().unwrap();
    let two = format!(
        "{first}\n-- no distribution of EventUserEvent: nobody is registered on REPORTING\n{PUBLISHED}"
    );
    let lines = brief(&two);
    assert_eq!(lines[0], "line 1: skipped, NamedOnly");
    assert_eq!(lines[2], "line 3: OrchestrationServer RequestDistributeUserEvent rebuilt");
    let refused = PUBLISHED.replacen("message EventACK", "message EventError", 1);
    assert_eq!(brief(&refused)[0], "line 1: skipped, NamedOnly");
}

#[test]
fn lines_of_a_client_name_events_that_nothing_shows() {
    let lines = brief(GUD);
    assert!(!lines.is_empty() && lines.iter().all(|line| line.ends_with("skipped, NamedOnly")), "{lines:?}");
}

#[test]
fn a_request_with_its_block_is_taken_once() {
    let log = "23:59:59.900 Trc 04541 RequestMakeCall received from [520] (00000004 Desktop 10.0.0.2:40000)\n\
        message RequestMakeCall\n\tAttributeThisDN\t'7001'\n\tAttributeOtherDN\t'7002'\n\
        23:59:59.900 Int 04543 Interaction message \"RequestMakeCall\" received from 520 (\"Desktop\")\n\
        @23:59:59.9000 [0] 8.1.000.62 distribute_response: message EventDialing\n\
        \tAttributeConnID\t0071020000000ef8\n\tAttributeThisDN\t'7001'\n\
        23:59:59.900 Trc 04542 EventDialing sent to [520] (00000004 Desktop 10.0.0.2:40000)\n\
        00:00:01.000 Trc 04541 RequestRegisterClient received from [521] (00000005 Other 10.0.0.3:40000)\n\
        message RequestRegisterClient\n\tAttributeApplicationName\t'Other'\n\
        00:00:01.000 Int 04543 Interaction message \"RequestRegisterClient\" received from 521 (\"Other\")\n\
        message RequestReleaseCall\n\tAttributeThisDN\t'7001'\n\
        00:00:02.000 Int 04543 Interaction message \"RequestReleaseCall\" received from 520 (\"Desktop\")\n\
        00:00:03.000 Int 04543 Interaction message \"RequestAnswerCall\" received from 520 (\"Desktop\")\n";
    let expected = [
        "line 1: Desktop RequestMakeCall",
        "line 6: ? EventDialing",
        "Desktop hears 7001",
        "line 10: skipped, Handshake",
        "line 14: Desktop RequestReleaseCall",
        "line 17: skipped, NamedOnly",
    ];
    assert_eq!(brief(log), expected);
    let times: Vec<_> = plan(log)
        .into_iter()
        .filter_map(|step| if let Step::Message(planned) = step { planned.at } else { None })
        .map(|at| at.elapsed)
        .collect();
    let midnight = 86_400_000_000;
    assert_eq!(times, [midnight - 100_000, midnight - 100_000, midnight + 1_000_000]);
}

#[test]
fn the_log_of_a_client_has_one_application() {
    let log = "Application name: URS\n\n\
        10:00:00.000 request to 65200(TServer) message RequestDistributeEvent\n\
        \tAttributeThisDN\t'VQ'\n\tAttributeUserEvent\tEventQueued\n\
        10:00:00.100 received from 65200(TServer)host:5001(fd=4) message EventQueued\n\tAttributeThisDN\t'VQ'\n\
        10:00:00.200 request to 65200(TServer) message RequestDistributeEvent\n\tAttributeThisDN\t'VQ\n";
    let expected =
        ["line 3: URS RequestDistributeEvent", "line 6: URS EventQueued", "line 8: skipped, Damaged"];
    assert_eq!(brief(log), expected);
}

#[test]
fn a_shipped_capture_gives_requests_of_named_clients() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/captures/callback.pcapng");
    let reader = crate::packet::CaptureReader::open(file.as_ref(), Default::default()).unwrap();
    let steps: Vec<_> = reader.filter_map(|item| packet_event(item.unwrap())).collect();
    let requests: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Message(planned) if planned.is_request() => Some(planned),
            _ => None,
        })
        .collect();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.application.is_some()));
    let handshakes =
        steps.iter().filter(|step| matches!(step, Step::Skipped { why: Skip::Handshake, .. })).count();
    assert!(handshakes > 0);
    assert!(requests.iter().any(|request| print(&request.message).contains("ThisDN")));
}

#[test]
fn filters_choose() {
    let all = |log| {
        plan(log)
            .into_iter()
            .filter_map(|step| if let Step::Message(planned) = step { Some(planned) } else { None })
    };
    let count = |filter: Filter| all(PUBLISHED).filter(|planned| filter.lets_through(planned)).count();
    let some = |text: &str| vec![text.to_owned()];
    assert_eq!(count(Filter::default()), 3);
    assert_eq!(count(Filter { messages: some("EventACK"), ..Filter::default() }), 1);
    assert_eq!(count(Filter { dns: some("REPORTING"), ..Filter::default() }), 3);
    assert_eq!(count(Filter { dns: some("reporting"), ..Filter::default() }), 0);
    // Its request and the answer; the event, by its lines 04542.
    assert_eq!(count(Filter { applications: some("OrchestrationServer"), ..Filter::default() }), 2);
    assert_eq!(count(Filter { applications: some("Stat_Server"), ..Filter::default() }), 1);
    assert_eq!(count(Filter { applications: some("Nobody"), ..Filter::default() }), 0);
    let between = |from: &str, to: &str| {
        let moment = |text: &str| Some(text.parse().unwrap());
        count(Filter { from: moment(from), to: moment(to), ..Filter::default() })
    };
    assert_eq!(between("00:34:20.757", "00:34:20.757"), 3);
    assert_eq!(between("00:34:20.758", "00:35"), 0);
    assert_eq!(between("23:00", "01:00"), 3, "over midnight");
    // The request's own line comes before anything that tells the date.
    assert_eq!(between("2012-09-28T00:34:20", "2012-09-28T00:34:21"), 2);
    assert!("25:00".parse::<Moment>().is_err() && "now".parse::<Moment>().is_err());
    assert_eq!(
        all(PUBLISHED).filter(|planned| planned.message.id() == MessageId::EVENT_USER_EVENT).count(),
        1
    );
}

/// Requests of three applications on five DNs around midnight, in two segments, with CRLF in the second; each hundredth block has a
/// damaged line. Gives the log, and the lines at which damaged blocks begin.
fn generated(requests: u64) -> (String, Vec<String>) {
    let (mut log, mut damaged) = (String::new(), Vec::new());
    for n in 0..requests {
        let end = if n < requests / 2 { "\n" } else { "\r\n" };
        if n == requests / 2 {
            log += "Application name: SIP_Server\r\nFile: (2) server.log\r\n\r\n";
        }
        // A quarter of a second each, midnight in the middle.
        let millis = (86_400_000 + n * 250 - requests * 125) % 86_400_000;
        let time = format!(
            "{:02}:{:02}:{:02}.{:03}",
            millis / 3_600_000,
            millis / 60_000 % 60,
            millis / 1000 % 60,
            millis % 1000
        );
        let (application, dn) = (["A", "B", "C"][n as usize % 3], n % 5);
        let quote = if n % 100 == 99 { "" } else { "'" };
        if quote.is_empty() {
            damaged.push(format!("line {}: skipped, Damaged", log.lines().count() + 1));
        }
        let lines = [
            format!(
                "{time} Trc 04541 RequestDistributeUserEvent received from [5] (00000003 {application} 10.0.0.1:1)"
            ),
            "message RequestDistributeUserEvent".to_owned(),
            format!("\tAttributeReferenceID\t{n}"),
            format!("\tAttributeCommunicationDN\t'70{dn}{quote}"),
            "\tAttributeUserData\t[20] 00 01 03 00..".to_owned(),
            "\t\t'l'(list) 'a'\t''".to_owned(),
            format!(
                "{time} Int 04543 Interaction message \"RequestDistributeUserEvent\" received from 5 (\"{application}\")"
            ),
        ];
        for line in lines {
            log += &line;
            log += end;
        }
    }
    (log, damaged)
}

#[test]
fn a_generated_log_is_planned_whole_and_in_time() {
    let (log, damaged) = generated(1000);
    let named: Vec<_> = brief(&log).into_iter().filter(|line| line.contains("skipped")).collect();
    assert_eq!(named, damaged);
    let mut pace = Pace::new(Speed::Times(1.0));
    let mut expected = (0..1000).filter(|n| n % 100 != 99);
    for step in plan(&log) {
        let Step::Message(planned) = step else { continue };
        let n = expected.next().unwrap();
        assert_eq!(planned.message.view().unsigned(AttributeId::REFERENCE_ID), Ok(Some(n)));
        assert_eq!(planned.application.as_deref(), Some(["A", "B", "C"][n as usize % 3]));
        assert_eq!(pace.due(planned.at).as_millis(), u128::from(n) * 250);
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn attributes_without_a_published_id_are_left_out_and_counted() {
    let log = PUBLISHED.replace("\tAttributeANI", "\tAttributeFromTomorrow\t'x'\n\tAttributeANI");
    assert_eq!(brief(&log).len(), brief(PUBLISHED).len());
    let steps = plan(&log);
    let Some(Step::Message(event)) = steps.iter().find(
        |step| matches!(step, Step::Message(planned) if planned.message.id() == MessageId::EVENT_USER_EVENT),
    ) else {
        panic!("{steps:?}")
    };
    assert_eq!(event.unpublished, 1);
    assert!(print(&event.message).contains("AttributeANI\t'777'"));
    // What else cannot be read leaves the whole message out.
    let cut = log.replace("\t'777'", "\t'777");
    assert!(brief(&cut).iter().any(|line| line.ends_with("skipped, Damaged")), "{:?}", brief(&cut));
}

#[test]
fn a_log_may_end_anywhere() {
    for end in 0..PUBLISHED.len() {
        let lines = brief(&PUBLISHED[..end]);
        let requests = lines.iter().filter(|line| line.starts_with("line 1: ")).count();
        assert!(requests <= 1, "the request is told of once: {lines:?}");
    }
}
