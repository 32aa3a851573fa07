//! A positive and a negative case of every code.

use super::*;
use crate::etl;

/// When the final event of the worked example is sent.
const NOW: i64 = 1_411_120_818;

/// Pairs by key; `~` before a key leaves it out, so that one may be put in its place.
type Pairs = Vec<(&'static str, Value<'static>)>;

const SERVICE: &str = "445-5338c861-6f94-48fc-a3a3-81ca343c3cc2";

use Value::{Number as N, Text as T};

/// The first event of the worked example (facts `infomart` 8, A).
fn first() -> Pairs {
    vec![
        ("_CB_SERVICE_ID", T(SERVICE)),
        ("_CB_T_SERVICE_START", N(NOW - 18)),
        ("_CB_T_CALLBACK_OFFERED", N(NOW - 30)),
        ("_CB_T_CALLBACK_ACCEPTED", N(NOW - 18)),
        ("_CB_D_CALLBACK_OFFER", N(12)),
        ("_CB_N_CALLBACK_OFFERED", N(1)),
        ("_CB_N_CALLBACK_ACCEPTED", N(1)),
        ("_CB_N_CALLBACK_MEDIA_ATTEMPTS", N(0)),
        ("_CB_DIM_TYPE", T("IMMEDIATE")),
        ("_CB_DIM_CHANNEL", T("IVR")),
        ("_CB_DISPOSITION", T("QUEUED.AGENT")),
        ("_CB_FINAL_RECORD", N(0)),
    ]
}

/// The final event of the worked example.
fn last() -> Pairs {
    with(
        &first(),
        &[
            ("_CB_FINAL_RECORD", N(1)),
            ("_CB_N_CALLBACK_MEDIA_ATTEMPTS", N(1)),
            ("_CB_T_READY_TO_START_MEDIA_IXN", N(NOW - 16)),
            ("_CB_T_DIAL_1", N(NOW - 16)),
            ("_CB_DIAL_1_RESULT", T("PERSON")),
            ("_CB_T_CUSTOMER_CONNECTED", N(NOW - 10)),
            ("_CB_N_AGENT_ADDED_TO_IXN", N(1)),
            ("_CB_DISPOSITION", T("COMPLETED.AGENT")),
            ("_CB_T_SERVICE_END", N(NOW)),
        ],
    )
}

/// What is attached to the call.
fn attached() -> Pairs {
    last()
        .into_iter()
        .filter(|(key, _)| {
            ["_CB_SERVICE_ID", "_CB_T_SERVICE_START", "_CB_T_CALLBACK_ACCEPTED", "_CB_T_CUSTOMER_CONNECTED"]
                .contains(key)
        })
        .collect()
}

/// The same with these values instead, or added.
fn with(pairs: &Pairs, changes: &[(&'static str, Value<'static>)]) -> Pairs {
    let mut pairs = pairs.clone();
    for (key, value) in changes {
        match pairs.iter_mut().find(|(known, _)| known == key) {
            Some(pair) => pair.1 = *value,
            None => pairs.push((key, *value)),
        }
    }
    pairs
}

fn without(pairs: &Pairs, key: &str) -> Pairs {
    pairs.iter().copied().filter(|(known, _)| *known != key).collect()
}

/// One thing that the input has.
#[derive(Clone)]
enum Input {
    Event(Pairs),
    Attached(Pairs),
}

use Input::{Attached, Event as User};

fn findings(call_data: CallData, input: &[Input]) -> Vec<Finding> {
    let (mut lint, mut found) = (Lint::new(call_data), Vec::new());
    let file: Arc<str> = "test.log".into();
    for (n, input) in (0_u64..).zip(input) {
        let (User(pairs) | Attached(pairs)) = input;
        let line = |m: usize| At::Line(n * 100 + m as u64 + 2);
        let pairs: Vec<_> = pairs
            .iter()
            .enumerate()
            .map(|(m, (key, value))| Pair { key, value: *value, at: line(m) })
            .collect();
        let event = Event { file: &file, at: At::Line(n * 100 + 1), time: Some(NOW), pairs: &pairs };
        match input {
            User(_) => lint.user_event(&event, &mut |finding| found.push(finding)),
            Attached(_) => lint.attached("call", &event),
        }
    }
    lint.finish(&mut |finding| found.push(finding));
    found
}

fn codes(input: &[Input]) -> Vec<&'static str> {
    findings(CallData::Auto, input).into_iter().map(|finding| finding.code.id()).collect()
}

/// A whole callback with these changes in its first event, with everything else as it should be.
fn whole(changes: &[(&'static str, Value<'static>)]) -> Vec<Input> {
    vec![User(with(&first(), changes)), User(last()), Attached(attached())]
}

#[test]
fn keys_with_chosen_names_are_known() {
    let here = [
        ("_CB_T_DESIRED_TIME", N(NOW + 43_200)),
        ("_CB_T_PUSH_DELIVERY_CONFIRMED", N(NOW)),
        ("_CB_T_CUSTOMER_READY_TO_START_IXN", N(NOW + 5)),
    ];
    assert_eq!(codes(&whole(&here)), [""; 0]);
    assert_eq!(codes(&whole(&[("_CB_T_DESIRED_TIME", N(NOW * 1000))])), ["CB104"]);
    assert_eq!(codes(&whole(&[("_CB_T_PUSH_DELIVERY_CONFIRMED", N(NOW + 43_200))])), ["CB106"]);
}

#[test]
fn what_the_transform_discards_is_an_error() {
    let mandatory =
        ["_CB_T_SERVICE_START", "_CB_D_CALLBACK_OFFER", "_CB_N_CALLBACK_OFFERED", "_CB_T_CALLBACK_OFFERED"];
    for key in mandatory {
        for text in
            ["", "x", "-1", "+1", "1.5", "2147483648", "99999999999", "1411120800000", "9223372036854775808"]
        {
            assert!(etl::number(text).is_none(), "{text}");
            let found = findings(CallData::Never, &whole(&[(key, T(text))]));
            let is_error =
                |finding: &Finding| finding.code.severity() == Severity::Error && finding.text.contains(key);
            assert!(found.iter().any(is_error), "{key} = {text:?}: {found:?}");
        }
    }
    assert_eq!(etl::number(" 12 "), Some(12));
    assert!(codes(&whole(&[("_CB_D_CALLBACK_OFFER", T(" 12 "))])).iter().all(|code| *code == "CB307"));
}

#[test]
fn the_published_spelling_counts_wherever_it_stands() {
    let (alias, name) = (("_CB_D_ESTABLISH_MEDIA_I_XN", T("x")), ("_CB_D_ESTABLISH_MEDIA_IXN", T("6")));
    for both in [[alias, name], [name, alias]] {
        let pairs: Pairs = without(&without(&first(), alias.0), name.0).into_iter().chain(both).collect();
        let found = findings(CallData::Never, &[User(pairs)]);
        let twice: Vec<_> = found.iter().filter(|finding| finding.code == Code::Twice).collect();
        assert_eq!(twice.len(), 1, "{found:?}");
        let text = "_CB_D_ESTABLISH_MEDIA_I_XN comes with another value, too; that of _CB_D_ESTABLISH_MEDIA_IXN counts";
        assert_eq!(twice[0].text, text);
        // The value that does not count is not looked at.
        assert!(!found.iter().any(|finding| finding.code == Code::NoNumber), "{found:?}");
    }
}

/// Input that has a finding of this code, and its like without one.
fn case(code: Code) -> (Vec<Input>, Vec<Input>) {
    let one = |key, bad, good| (whole(&[(key, bad)]), whole(&[(key, good)]));
    let ended = |last: Pairs| vec![User(first()), User(last), Attached(attached())];
    let declined = with(
        &without(&without(&first(), "_CB_T_CALLBACK_ACCEPTED"), "_CB_DISPOSITION"),
        &[
            ("_CB_N_CALLBACK_ACCEPTED", N(0)),
            ("_CB_FINAL_RECORD", N(1)),
            ("_CB_DISPOSITION", T("COMPLETED.REJECTED")),
        ],
    );
    let rescheduled = with(&last(), &[("_CB_DIM_DIAL_DIALOG_RESULT", T("RESCHEDULED"))]);
    match code {
        Code::Missing => (
            vec![User(without(&first(), "_CB_D_CALLBACK_OFFER")), User(last()), Attached(attached())],
            whole(&[]),
        ),
        Code::Unusable => one("_CB_D_CALLBACK_OFFER", T("twelve"), T("12")),
        Code::NoNumber => one("_CB_D_WAITING_FOR_AGENT_OFFLINE", T(""), T("3")),
        Code::Milliseconds => one("_CB_T_DIAL_1", N(NOW * 1000), N(NOW)),
        Code::Implausible => one("_CB_T_DIAL_1", N(59), N(0)),
        Code::Future => one("_CB_T_DIAL_1", N(NOW + 7200), N(NOW + 5)),
        Code::NoFlag => one("_CB_N_AGENT_ADDED_TO_IXN", N(2), T("0")),
        Code::Range => one("_CB_N_CALLBACK_MEDIA_ATTEMPTS", N(-1), N(7)),
        Code::Illegal => one("_CB_DIM_CHANNEL", T("PHONE"), T("UNKNOWN")),
        Code::OtherReason => one("_CB_DISPOSITION", T("COMPLETED.SOLD"), T("COMPLETED.AGENT")),
        Code::Disposition => one("_CB_DISPOSITION", T("COMPLETED"), T("COMPLETED.CANCELLED")),
        Code::List => one("_CB_CUSTOMER_ANI", Value::List, T("5115")),
        Code::Binary => one("_CB_CUSTOMER_ANI", Value::Binary, T("")),
        Code::TooLong => {
            let text: &'static str = "0123456789abcdef".repeat(16).leak();
            one("_CB_CUSTOMER_ANI", T(text), T(&text[1..]))
        }
        Code::Alias => {
            (whole(&[("_CB_D_ESTABLISH_MEDIA_I_XN", N(6))]), whole(&[("_CB_D_ESTABLISH_MEDIA_IXN", N(6))]))
        }
        Code::Misspelt => (whole(&[("_CB_DIM_CHANEL", T("IVR"))]), whole(&[("_CB_N_IS_SNOOZED", N(1))])),
        Code::Unknown => (whole(&[("_CB_COLOUR_OF_SHOES", T("red"))]), whole(&[("GMS_Service_ID", T("x"))])),
        Code::Twice => {
            let twice = |value| {
                let mut pairs = first();
                pairs.push(("_CB_DIM_CHANNEL", value));
                vec![User(pairs), User(last()), Attached(attached())]
            };
            (twice(T("WEB")), twice(T("IVR")))
        }
        Code::Order => (
            ended(with(&last(), &[("_CB_T_SERVICE_END", N(NOW - 12))])),
            ended(with(&last(), &[("_CB_T_SERVICE_END", N(NOW - 10))])),
        ),
        Code::DialOrder => (
            ended(with(&last(), &[("_CB_T_DIAL_2", N(NOW - 17))])),
            ended(with(&last(), &[("_CB_T_DIAL_2", N(NOW - 15)), ("_CB_T_DIAL_3", N(0))])),
        ),
        Code::NoFinal => (vec![User(first())], whole(&[])),
        Code::NoStart => (vec![User(last())], vec![User(declined)]),
        Code::TwoFinals => (
            vec![User(first()), User(last()), User(with(&last(), &[("_CB_N_AGENT_ADDED_TO_IXN", N(0))]))],
            vec![User(first()), User(rescheduled), User(first()), User(last())],
        ),
        Code::Resent => (vec![User(first()), User(last()), User(last())], whole(&[])),
        Code::TwoStarts => (
            vec![User(first()), User(first()), User(last())],
            vec![
                User(first()),
                User(with(&first(), &[("_CB_DIM_DIAL_DIALOG_RESULT", T("RESCHEDULED"))])),
                User(last()),
            ],
        ),
        Code::StartAfterFinal => (
            vec![User(first()), User(last()), User(first())],
            vec![User(first()), User(rescheduled), User(first())],
        ),
        Code::Changed => (
            ended(with(&last(), &[("_CB_D_CALLBACK_OFFER", N(13))])),
            ended(with(&last(), &[("_CB_D_CALLBACK_OFFER", T("12"))])),
        ),
        Code::NoRecord => (vec![User(without(&first(), "_CB_FINAL_RECORD"))], vec![User(first())]),
        Code::TooMany => panic!("has a test of its own"),
        Code::NotAttached => (
            vec![User(first()), User(last()), Attached(without(&attached(), "_CB_T_CUSTOMER_CONNECTED"))],
            // What is not in the user event need not be attached.
            vec![User(first()), Attached(without(&attached(), "_CB_T_CUSTOMER_CONNECTED"))],
        ),
        Code::Differs => (
            vec![
                User(first()),
                User(last()),
                Attached(with(&attached(), &[("_CB_T_SERVICE_START", N(NOW - 17))])),
            ],
            vec![
                User(first()),
                User(last()),
                Attached(with(&attached(), &[("_CB_T_SERVICE_START", T("1411120800"))])),
            ],
        ),
        Code::NoCallData => (vec![User(first())], vec![User(first()), Attached(vec![("other", T("x"))])]),
        Code::NoEvent => (vec![Attached(attached())], whole(&[])),
    }
}

#[test]
fn every_code_has_its_case_and_its_like_without_it() {
    for code in Code::ALL.iter().filter(|code| **code != Code::TooMany) {
        let (bad, good) = case(*code);
        let (found, other) = (codes(&bad), codes(&good));
        assert_eq!(found.iter().filter(|id| **id == code.id()).count(), 1, "{code:?}: {found:?}");
        assert!(!other.contains(&code.id()), "{code:?}: {other:?}");
    }
}

#[test]
fn a_good_callback_has_no_findings() {
    assert_eq!(findings(CallData::Always, &whole(&[])), []);
    let text = |pairs: Pairs| -> Pairs {
        let text = |value| match value {
            N(number) => T(number.to_string().leak()),
            value => value,
        };
        pairs.into_iter().map(|(key, value)| (key, text(value))).collect()
    };
    // As a database has it: everything is text.
    assert_eq!(
        findings(CallData::Always, &[User(text(first())), User(last()), Attached(text(attached()))]),
        []
    );
    // What is nothing to callbacks.
    assert_eq!(findings(CallData::Always, &[User(vec![("gms_ServiceName", T("inbound"))])]), []);
}

#[test]
fn each_mandatory_pair_is_missed() {
    for key in [
        "_CB_SERVICE_ID",
        "_CB_T_SERVICE_START",
        "_CB_D_CALLBACK_OFFER",
        "_CB_N_CALLBACK_OFFERED",
        "_CB_T_CALLBACK_OFFERED",
    ] {
        let found = findings(CallData::Never, &[User(without(&first(), key)), User(last())]);
        let missing: Vec<_> = found.iter().filter(|finding| finding.code == Code::Missing).collect();
        assert_eq!(missing.len(), 1, "{found:?}");
        assert_eq!(missing[0].text, format!("{key} is missing: there will be no fact"));
        assert_eq!(missing[0].place.as_ref().unwrap().to_string(), "test.log:1");
        let service = (key != "_CB_SERVICE_ID").then(|| SERVICE.to_owned());
        assert_eq!(missing[0].service, service);
    }
}

#[test]
fn a_finding_names_what_is_meant() {
    let text = |changes: &[(&'static str, Value<'static>)]| {
        let found = findings(CallData::Never, &[User(with(&first(), changes)), User(last())]);
        found.into_iter().map(|finding| finding.text).collect::<Vec<_>>()
    };
    assert_eq!(
        text(&[("_CB_DIM_CHANEL", T("x"))]),
        ["'_CB_DIM_CHANEL' is no known key; did you mean _CB_DIM_CHANNEL?"]
    );
    assert_eq!(
        text(&[("_cb_dim_channel", T("x"))]),
        ["'_cb_dim_channel' is no known key; did you mean _CB_DIM_CHANNEL?"]
    );
    assert_eq!(
        text(&[("_CB_DIM_TYPE", T("immediate"))]),
        ["_CB_DIM_TYPE is 'immediate'; did you mean IMMEDIATE?"]
    );
    assert_eq!(
        text(&[("_CB_DIM_CHANNEL", T("FAX\n"))]),
        ["_CB_DIM_CHANNEL is 'FAX\u{fffd}'; legal are IVR, WEB, MOBILE"]
    );
    assert_eq!(
        text(&[("_CB_T_DIAL_1", T("1411120818000"))]),
        ["_CB_T_DIAL_1 is 1411120818000: milliseconds, not seconds"]
    );
    assert_eq!(text(&[("_CB_T_DIAL_1", T("+5"))]), ["_CB_T_DIAL_1 is '+5', no number: it will count as 0"]);
}

#[test]
fn hostile_values_are_only_findings() {
    let long: &'static str = "_CB_".repeat(20_000).leak();
    for value in [N(i64::MIN), N(i64::MAX), T(long), T("é\0"), Value::List, Value::Binary] {
        let pairs = first()
            .into_iter()
            .map(|(key, _)| (key, value))
            .chain([(long, value), ("_CB_é", value)])
            .collect();
        for finding in findings(CallData::Always, &[User(pairs)]) {
            assert!(finding.text.len() < 400 && !finding.text.contains('\0'), "{finding:?}");
        }
    }
}

#[test]
fn services_are_bounded() {
    let (mut lint, file) = (Lint::new(CallData::Never), Arc::from("x"));
    lint.services.bound = Some(100);
    for n in 0..102 {
        let id = n.to_string();
        let pair = Pair { key: "_CB_SERVICE_ID", value: Value::Text(&id), at: At::Row(n) };
        lint.user_event(&Event { file: &file, at: At::Row(n), time: None, pairs: &[pair] }, &mut |_| ());
    }
    let mut too_many = 0;
    let checked = lint.finish(&mut |finding| too_many += u32::from(finding.code == Code::TooMany));
    assert_eq!((too_many, checked.services, checked.events), (1, 100, 102));
}

#[test]
fn the_page_has_every_code_as_it_is() {
    let page = include_str!("../../../../protocol-spec/callback-lint.md");
    for code in Code::ALL {
        let row = format!("| {} | {} | {} |", code.id(), code.severity().name(), code.title());
        assert!(page.contains(&row), "{row}");
    }
    assert_eq!(page.matches("\n| CB").count(), Code::ALL.len());
}
