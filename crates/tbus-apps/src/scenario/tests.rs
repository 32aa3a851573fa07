//! Scenario files: those that come with the program, mistakes, and the generated load.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, NAMED, Scenario, What, generate, named, spread};
use crate::keys;
use crate::session::{Action, Callback, Ending, Script, plan};

const AT: &str = "at = 2014-09-19T10:00:00Z";

fn read(text: &str) -> Result<Scenario, String> {
    Scenario::read("my.toml", text).map_err(|error| error.to_string())
}

#[test]
fn every_named_scenario_can_be_read() {
    let mut titles = BTreeSet::new();
    for named in NAMED {
        let scenario = named.read().unwrap_or_else(|error| panic!("{error}"));
        assert!(titles.insert(scenario.title.clone()), "{} has another's title", named.name);
        assert!(scenario.title.len() < 160, "{}", named.name);
        // A script is found by its customer's number.
        let mut numbers = BTreeSet::new();
        for callback in &scenario.callbacks {
            assert!(numbers.insert(callback.customer_number()), "{}: {callback:?}", named.name);
        }
    }
}

#[test]
fn every_file_of_the_folder_is_named() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let files =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    let files: BTreeSet<_> = files
        .filter_map(|name| name.to_str().and_then(|name| name.strip_suffix(".toml")).map(str::to_owned))
        .collect();
    assert_eq!(files, NAMED.iter().map(|named| named.name.to_owned()).collect());
}

#[test]
fn names_and_their_beginnings() {
    assert_eq!(named("guide").map(|named| named.name), Ok("guide"));
    assert_eq!(named("H").map(|named| named.name), Ok("h-redial-limit"));
    assert_eq!(named("b2").map(|named| named.name), Ok("b2-agent-first-preview"));
    assert_eq!(named("giude"), Err(Some("guide")));
    assert_eq!(named("zzz"), Err(None));
}

#[test]
fn the_guide_is_as_the_published_report() {
    let scenario = named("guide").expect("it is there").read().expect("it can be read");
    let mut counts = BTreeMap::new();
    for callback in &scenario.callbacks {
        let day = callback.at.div_euclid(86_400);
        *counts.entry((day - 16_331, callback.queue.as_str(), callback.script.ending)).or_insert(0) += 1;
    }
    let expected = [
        ((0, "Callback_VQ", Ending::Abandoned), 1),
        ((1, "Performance_VCB_VQ", Ending::Agent), 363),
        ((1, "Performance_VCB_VQ", Ending::Abandoned), 1),
        ((1, "Performance_VCB_VQ", Ending::Declined), 27),
    ];
    assert_eq!(counts, expected.into());
}

#[test]
fn the_sample_is_as_published() {
    let scenario = named("sample").expect("it is there").read().expect("it can be read");
    let mut sent = Vec::new();
    for callback in &scenario.callbacks {
        let id = callback.service_id.clone().expect("its published id");
        let events = Callback::new(id.clone(), "S", callback.customer_number(), callback.at);
        let steps = plan(&events, &callback.script).expect("it fits").steps;
        let times =
            steps.iter().filter(|step| matches!(step.action, Some(Action::UserEvent(_)))).map(|step| step.at);
        sent.extend(times.zip(&callback.sequences).map(|(at, sequence)| format!("{at}\t{sequence}\t{id}")));
    }
    let evidence = include_str!("../../../../tests/evidence/callback_fact_sample.tsv");
    let published = evidence.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        format!("{}\t{}\t{}", fields[0], fields[2], fields[5])
    });
    assert_eq!(sent, published.collect::<Vec<_>>());
    let count = |what: fn(&Event) -> bool| scenario.events.iter().filter(|event| what(event)).count();
    assert_eq!(count(|event| matches!(event.what, What::RestartServer { .. })), 2);
    assert_eq!(count(|event| event.what == What::ReconnectRecorder), 2);
}

#[test]
fn tables_are_expanded() {
    let text = format!(
        "title = \"t\"\n[[callback]]\n{AT}\ncount = 3\nevery = 60\nnumber = \"5550098\"\nqueue = \"Q\"\n\
         desired-after = 3600\noffer = {{ lasts = 12, ewt = 240 }}\nrequest = {{ _cb_d_callback_offer = \"13\" }}\n\
         [[event]]\nat = 2014-09-19T10:01:00+00:00\ndo = \"restart-server\"\nfirst-sequence = 7\n"
    );
    let scenario = read(&text).expect("it can be read");
    let times: Vec<_> = scenario.callbacks.iter().map(|callback| callback.at).collect();
    assert_eq!(times, [1_411_120_800, 1_411_120_860, 1_411_120_920]);
    let numbers: Vec<_> = scenario.callbacks.iter().map(super::ScriptedCallback::customer_number).collect();
    assert_eq!(numbers, ["5550098", "5550099", "5550100"]);
    let last = &scenario.callbacks[2].request;
    for (name, value) in [
        ("_desired_time", "2014-09-19T11:02:00.000Z"),
        ("_cb_t_callback_offered", "1411120908"),
        ("_cb_ewt_when_callback_was_offered", "240"),
        // What the request says itself stays.
        ("_cb_d_callback_offer", "13"),
        ("_urs_virtual_queue", "Q"),
    ] {
        assert_eq!(last.get(name).map(String::as_str), Some(value), "{name}");
    }
    let restart = Event { at: 1_411_120_860, what: What::RestartServer { first_sequence: 7 } };
    assert_eq!(scenario.events, [restart]);
    assert_eq!(super::file::counted_up("99", 1), "100");
    assert_eq!(super::file::counted_up("none", 1), "none1");
}

#[test]
fn mistakes_are_told_with_their_line() {
    let one = |more: &str| format!("title = \"t\"\n[[callback]]\n{AT}\n{more}\n");
    let cases = [
        ("title = \"t\"\n".to_owned(), "my.toml:1: there is no [[callback]]"),
        ("titel = \"t\"\n".to_owned(), "my.toml:1: unknown key `titel`; did you mean `title`?"),
        (one("cuont = 2"), "my.toml:4: unknown key `cuont`; did you mean `count`?"),
        (one("count = -1"), "my.toml:4: invalid value"),
        (one("count = 1000001"), "my.toml:2: more than 1000000 callbacks"),
        (one("count = 2\nevery = 4294967295"), "my.toml:2: ends after the year 2099"),
        (one("number = \"\""), "my.toml:4: \"\" is empty"),
        (one("number = \"1\\n2\""), "my.toml:4: \"1\\n2\" holds a control character"),
        (
            one("count = 2\nservice-id = \"x\""),
            "my.toml:2: service-id and sequences are for a callback alone",
        ),
        (one("reschedule-after = 4"), "my.toml:4: reschedule-after and reschedule-to belong together"),
        (one("request = { _customer_number = \"5\" }"), "my.toml:4: _customer_number is made from number"),
        (one("request = { a = 5 }"), "my.toml:4: invalid type: integer `5`, expected a string"),
        (
            one("script = { dials = [{ result = \"BUSSY\" }] }"),
            "my.toml:4: unknown value `BUSSY`; did you mean `BUSY`?",
        ),
        (one("script = { endng = \"AGENT\" }"), "my.toml:4: unknown key `endng`; did you mean `ending`?"),
        (one("count = 1001\ninbound-call = true"), "my.toml:1: more than 1000 callbacks with inbound-call"),
        (one("zone = 1"), "my.toml:4: unknown key `zone`"),
        (
            one("[[event]]\nat = 2014-09-19T10:00:00Z\ndo = \"elt\""),
            "my.toml:6: unknown value `elt`; did you mean `etl`?",
        ),
        (
            one("[[event]]\nat = 2014-09-19T10:00:00Z\ndo = \"etl\"\nfirst-sequence = 1"),
            "my.toml:7: first-sequence belongs to do = \"restart-server\"",
        ),
        (
            "title = \"t\"\n[[callback]]\nat = 2014-09-19T10:00:00\n".to_owned(),
            "my.toml:3: 2014-09-19T10:00:00 is no moment",
        ),
        (
            "title = \"t\"\n[[callback]]\nat = 1066-10-14T10:00:00Z\n".to_owned(),
            "my.toml:3: 1066-10-14T10:00:00Z is not in the years",
        ),
        (
            format!("title = \"t\"\nzone = \"Europe/Bonn\"\n[[callback]]\n{AT}\n"),
            "my.toml:2: unknown time zone Europe/Bonn",
        ),
        ("title = \"t\n".to_owned(), "my.toml:1: invalid basic string"),
        ("x".repeat(super::TEXT_LIMIT + 1), "my.toml:1: 1048577 bytes, over the limit of 1048576"),
    ];
    for (text, expected) in cases {
        let error = read(&text).expect_err(&text);
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn outcomes_are_found_by_number() {
    let scenario = named("k").expect("it is there").read().expect("it can be read");
    let mut outcomes = scenario.outcomes();
    for callback in &scenario.callbacks {
        let asked = Callback::new("1-1", "S", callback.customer_number(), callback.at);
        assert_eq!(outcomes.script(&asked), callback.script);
        assert_eq!(outcomes.script(&asked), Script::default(), "once only");
    }
}

/// 2014-09-15, a Monday.
const MONDAY: i64 = 1_410_739_200;

#[test]
fn a_seed_gives_the_same_load_again() {
    assert_eq!(generate(7, 300, MONDAY, 7), generate(7, 300, MONDAY, 7));
    assert_ne!(generate(7, 300, MONDAY, 7), generate(8, 300, MONDAY, 7));
    assert_eq!([spread(0), spread(500), spread(501), spread(1_000_000)], [1, 1, 2, 366]);
}

#[test]
fn generated_load_is_skewed() {
    let scenario = generate(1, 20_000, MONDAY, 7);
    let count = |test: &dyn Fn(&super::ScriptedCallback) -> bool| {
        scenario.callbacks.iter().filter(|callback| test(callback)).count()
    };
    let hour = |callback: &super::ScriptedCallback| callback.at.rem_euclid(86_400) / 3_600;
    let (morning, night) = (count(&|one| hour(one) == 9), count(&|one| hour(one) == 3));
    assert!(morning > 50 * night && night > 0, "{morning} {night}");
    let day = |callback: &super::ScriptedCallback| (callback.at - MONDAY) / 86_400;
    assert!(count(&|one| day(one) == 0) > 4 * count(&|one| day(one) == 6));
    let declined = count(&|one| one.script.ending == Ending::Declined);
    assert!((1_800..2_200).contains(&declined), "{declined}");
    let channel =
        |name: &str| count(&|one| one.request.get("_cb_dim_channel").is_some_and(|value| value == name));
    assert!(channel("IVR") > channel("WEB") && channel("WEB") > channel("MOBILE"));
    let scheduled = count(&|one| one.request.contains_key("_desired_time"));
    assert!((2_700..3_300).contains(&scheduled), "{scheduled}");
    let numbers: BTreeSet<_> =
        scenario.callbacks.iter().map(super::ScriptedCallback::customer_number).collect();
    assert_eq!(numbers.len(), 20_000);
    assert!(scenario.callbacks.windows(2).all(|pair| pair[0].at <= pair[1].at));
    // Nobody wants to be called in the past.
    assert!(scenario.callbacks.iter().all(|one| (MONDAY..MONDAY + 7 * 86_400).contains(&one.at)));
    let known: BTreeSet<_> = keys::KEYS.iter().map(|key| key.name).collect();
    for callback in &scenario.callbacks {
        for name in callback.request.keys().filter(|name| name.starts_with("_cb_")) {
            assert!(known.contains(name.to_uppercase().as_str()), "{name}");
        }
    }
}

#[test]
fn the_documented_file_can_be_read() {
    let text = include_str!("../../../../protocol-spec/scenarios.md");
    let file = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a file");
    let scenario = read(file).expect("it can be read");
    assert_eq!((scenario.callbacks.len(), scenario.events.len()), (4, 1));
}
