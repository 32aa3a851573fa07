//! Facts 3: attached data of calls.

use tlib_proto::{AttributeId, KvList, MessageId, ValueRef};

use super::apply::Case;
use super::events::{Step, call, event, list};
use super::truth::check;

const SPECIFICATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<icon:adata_spec xmlns:icon="http://www.genesyslab.com/standards/icon/ed1">
  <icon:public>
    <icon:key name="first" source="userdata" history="first"/>
    <icon:key name="last" source="userdata" history="last"/>
    <icon:key name="all" source="userdata" history="all"/>
    <icon:key name="none" source="userdata" history="none"/>
    <icon:key name="both" source="userdata" history="all"/>
    <icon:key name="why" source="reasons" history="all"/>
    <icon:key name="more" source="extensions" history="first"/>
  </icon:public>
  <icon:secure>
    <icon:key name="both" source="userdata" history="last"/>
    <icon:key name="secret" source="userdata" history="all"/>
  </icon:secure>
</icon:adata_spec>
"#;

fn data(value: &str) -> KvList {
    list(|list| {
        list.str("first", value)
            .str("last", value)
            .str("all", value)
            .str("none", value)
            .str("both", value)
            .str("secret", value)
            .str("unknown", value)
    })
}

fn with_specification(options: &'static str, steps: Vec<Step>) -> Case {
    Case { options, specification: SPECIFICATION, steps }
}

#[test]
fn a_specification_says_where_and_how_often() {
    let steps = vec![
        call(MessageId::EVENT_DIALING, 0, 1, "1001", Some(&data("a"))),
        call(MessageId::EVENT_RINGING, 0, 1, "1002", Some(&data("a"))),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 1, 1, "1001", Some(&data("b"))),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 1, 1, "1002", Some(&data("b"))),
        call(MessageId::EVENT_ESTABLISHED, 2, 1, "1002", None),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 3, 1, "1001", Some(&list(|list| list))),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 4, 1, "1001", Some(&data("b"))),
        call(MessageId::EVENT_RELEASED, 5, 1, "1001", Some(&data("b"))),
        call(MessageId::EVENT_RELEASED, 5, 1, "1002", Some(&data("c"))),
    ];
    check("specification", &with_specification("", steps));
}

#[test]
fn every_value_of_a_call() {
    let nested = list(|inner| inner.str("inner", "1"));
    let values = list(|list| {
        list.str("string", "x")
            .int("int", -5)
            .str("empty", "")
            .list("list", nested.view())
            .value("binary", ValueRef::Binary(b"\x01"))
            .value("64-bit", ValueRef::Long(1 << 40))
            .value("unicode", ValueRef::Unicode("日本".as_bytes()))
            .str("latin1", b"gr\xf6\xdfe".as_slice())
            .str("nul", b"a\0b".as_slice())
            .str("long", "x".repeat(5000))
            .str("exactly", "é".repeat(255))
            .str("one-over", "é".repeat(256))
            .str("k".repeat(300), "a long key")
            .str("string", "the second")
    });
    // A value that differs only behind the cut is unchanged; a list in the place of a value deletes nothing.
    let again = list(|list| {
        list.str("string", "x").int("int", -6).list("empty", nested.view()).str("long", "x".repeat(6000))
    });
    let steps = || {
        vec![
            call(MessageId::EVENT_RINGING, 0, 1, "1001", Some(&values)),
            call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 1, 1, "1001", Some(&again)),
        ]
    };
    check("attached-values", &Case::new("[callconcentrator]\nadata-userdata-history = all\n", steps()));
    let options = "[callconcentrator]\nadata-userdata-history = all\nmax-userdata-length = 1024\n";
    check("attached-values-1024", &Case::new(options, steps()));
}

#[test]
fn keys_that_the_specification_does_not_name() {
    let steps = |call_id| {
        vec![
            call(MessageId::EVENT_RINGING, 0, call_id, "1001", Some(&data("a"))),
            call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 1, call_id, "1001", Some(&data("b"))),
        ]
    };
    check("unnamed-none", &with_specification("", steps(1)));
    check(
        "unnamed-first",
        &with_specification("[callconcentrator]\nadata-userdata-history = first\n", steps(1)),
    );
    check(
        "unnamed-last",
        &with_specification("[callconcentrator]\nadata-userdata-history = last\n", steps(1)),
    );
    check("unnamed-all", &with_specification("[callconcentrator]\nadata-userdata-history = all\n", steps(1)));
}

#[test]
fn reasons_and_extensions_belong_to_their_event() {
    let why = list(|list| list.str("why", "busy").int("RTR", 115));
    let more = list(|list| list.str("more", "1").str("other", "2"));
    let with = |id, seconds, reasons: &KvList, extensions: &KvList| {
        event(id, seconds, |m| {
            m.long(AttributeId::CONN_ID, 0x0067_0000_0000_0001)
                .str(AttributeId::CALL_UUID, "CALL-1")
                .list(AttributeId::EXTENSIONS, extensions.view())
                .list(AttributeId::REASON, reasons.view())
                .str(AttributeId::THIS_DN, "1001")
        })
    };
    let none = list(|list| list);
    let steps = || {
        vec![
            with(MessageId::EVENT_RINGING, 0, &why, &more),
            with(MessageId::EVENT_ESTABLISHED, 1, &none, &none),
            with(MessageId::EVENT_RELEASED, 2, &list(|list| list.str("why", "done")), &more),
        ]
    };
    check("reasons", &with_specification("", steps()));
    let options = "[callconcentrator]\nadata-reasons-history = all\nadata-extensions-history = last\n";
    check("reasons-unnamed", &with_specification(options, steps()));
}

#[test]
fn who_has_changed_the_data() {
    let changed = |seconds, value: &str, third: Option<&'static str>| {
        let data = list(|list| list.str("all", value));
        event(MessageId::EVENT_ATTACHED_DATA_CHANGED, seconds, move |m| {
            m.long(AttributeId::CONN_ID, 0x0067_0000_0000_0001)
                .str(AttributeId::CALL_UUID, "CALL-1")
                .list(AttributeId::USER_DATA, data.view())
                .str(AttributeId::THIS_DN, "1001")
                .str(AttributeId::PARTY_UUID, "PARTY-1001");
            if let Some(third) = third {
                m.str(AttributeId::THIRD_PARTY_DN, third);
            }
            m
        })
    };
    let steps = vec![
        call(MessageId::EVENT_RINGING, 0, 1, "1001", Some(&list(|list| list.str("all", "a")))),
        changed(1, "b", Some("REPORTING")),
        changed(2, "c", Some("1001")),
        changed(3, "d", None),
    ];
    check("author", &with_specification("", steps));
}

#[test]
fn a_call_has_a_limit_of_keys() {
    let many = list(|list| {
        for number in 0..1002 {
            list.int(format!("key-{number:04}"), number);
        }
        list
    });
    let case = Case::new(
        "[callconcentrator]\nadata-userdata-history = last\n",
        vec![call(MessageId::EVENT_RINGING, 0, 1, "1001", Some(&many))],
    );
    let (rows, decisions) = case.in_memory(&[("G_USERDATA_HISTORY", &["KEYNAME"])]);
    assert_eq!(rows.lines().count(), 1000);
    let refused: Vec<_> =
        decisions.iter().filter(|line| line.ends_with("too many keys in the call")).collect();
    assert_eq!(refused.len(), 2);
}

#[test]
fn an_event_without_a_call_gives_no_rows() {
    let data = data("a");
    let steps = vec![event(MessageId::EVENT_RINGING, 0, |m| {
        m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::THIS_DN, "1001")
    })];
    check("no-call", &with_specification("", steps));
}
