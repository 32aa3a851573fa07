//! Facts 2: user events.

use tlib_proto::{AttributeId, KvList, MessageId, ValueRef};

use super::apply::Case;
use super::events::{Step, call, event, list, user};
use super::truth::check;

const ALL: &str = "[custom-states]\nstore-event-data = all\n";

/// Every kind of value, and of key.
fn every_value() -> KvList {
    let nested = list(|inner| inner.str("inner", "1"));
    list(|list| {
        list.str("string", "inbound-delay")
            .int("int", 3)
            .int("negative", i32::MIN)
            .str("empty", "")
            .list("list", nested.view())
            .value("binary", ValueRef::Binary(b"\x00\x01"))
            .value("another-kind", ValueRef::Other(9, b"1"))
            .value("64-bit", ValueRef::Long(u64::MAX))
            .value("unicode", ValueRef::Unicode("日本".as_bytes()))
            .str("utf8", "größe")
            .str("latin1", b"gr\xf6\xdfe".as_slice())
            .str(b"sch\xf6n".as_slice(), "a key in Latin-1")
            .str("nul", b"a\0b".as_slice())
            .str("long", "x".repeat(5000))
            .str("exactly", "é".repeat(255))
            .str("one-over", "é".repeat(256))
            .str("k".repeat(300), "a long key")
            .str("string", "the second")
            .int("string", 4)
            .str("", "no key")
            .str("quote'tab\t", "it's \"quoted\"\n")
    })
}

fn steps() -> Vec<Step> {
    let second = list(|list| list.str("string", "x").str("other", "y"));
    vec![user(0, "REPORTING", &every_value()), user(1, "REPORTING", &second)]
}

#[test]
fn store_event_data_none() {
    check("store-none", &Case::new("", steps()));
    check(
        "store-none",
        &Case::new("[custom-states]\nstore-event-data = none\nEventData = char,string\n", steps()),
    );
}

#[test]
fn store_event_data_all() {
    check("store-all", &Case::new(ALL, steps()));
}

#[test]
fn store_event_data_conf() {
    let options = "[custom-states]\nstore-event-data = conf\nEventData = char,string,int,empty\n\
        EventData_1 = char,list,char,binary,int,long\nEventData_2 = ,char,schön\n";
    check("store-conf", &Case::new(options, steps()));
}

#[test]
fn global_data_fills_one_row_of_an_event() {
    let options = "[custom-states]\nstore-event-data = conf\nEventData = char,string\n\
        GlobalData = char,CUST_DATA_1,utf8,char,cust_data_2,long,int,CUST_DATA_16,int,char,CUST_DATA_3,list\n";
    let without = list(|list| list.str("string", "x"));
    let mut steps = steps();
    steps.push(user(2, "REPORTING", &without));
    check("global-data", &Case::new(options, steps));
}

#[test]
fn global_data_goes_to_both_tables_when_all_is_stored() {
    let options = "[custom-states]\nstore-event-data = all\nGlobalData = char,CUST_DATA_1,string\n";
    let data = list(|list| list.str("string", "x").str("string", "again").str("other", ""));
    check("global-data-all", &Case::new(options, vec![user(0, "REPORTING", &data)]));
}

#[test]
fn without_gud_nothing_of_a_user_event_is_stored() {
    let options = "[custom-states]\nstore-event-data = all\n[callconcentrator]\nrole = ~gud\n";
    check(
        "role",
        &Case::new(options, vec![user(0, "REPORTING", &list(|list| list.str("a", "1").int("b", 2)))]),
    );
}

#[test]
fn an_event_may_have_no_dn_no_data_and_no_time() {
    let data = list(|list| list.str("key", "value"));
    let steps = vec![
        event(MessageId::EVENT_USER_EVENT, 0, |m| m.list(AttributeId::USER_DATA, data.view())),
        event(MessageId::EVENT_USER_EVENT, 1, |m| m.str(AttributeId::THIS_DN, "REPORTING")),
        event(MessageId::EVENT_USER_EVENT, 2, |m| {
            m.str(AttributeId::USER_DATA, "no list").str(AttributeId::THIS_DN, "REPORTING")
        }),
        user(3, "", &data),
    ];
    check("absent", &Case::new(ALL, steps));
}

#[test]
fn user_events_belong_to_the_call_of_their_dn() {
    let data = |value: &str| list(|list| list.str("in", value));
    let named = |seconds, id, conn: u64, uuid: &'static str| {
        let data = data(id);
        event(MessageId::EVENT_USER_EVENT, seconds, move |m| {
            m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::THIS_DN, "1001");
            if conn != 0 {
                m.long(AttributeId::CONN_ID, conn);
            }
            if uuid.is_empty() { m } else { m.str(AttributeId::CALL_UUID, uuid) }
        })
    };
    let steps = vec![
        user(0, "1001", &data("no call")),
        call(MessageId::EVENT_DIALING, 1, 1, "1001", None),
        user(2, "1001", &data("call 1")),
        user(2, "REPORTING", &data("no call: another DN")),
        call(MessageId::EVENT_HELD, 3, 1, "1001", None),
        user(4, "1001", &data("call 1: on hold")),
        call(MessageId::EVENT_RINGING, 5, 2, "1001", None),
        user(6, "1001", &data("call 2")),
        call(MessageId::EVENT_ATTACHED_DATA_CHANGED, 6, 1, "1001", Some(&list(|list| list))),
        user(6, "1001", &data("call 2: data of another call changes nothing")),
        named(6, "call 1: by its ConnID", 0x0067_0000_0000_0001, ""),
        named(6, "call 1: by its CallUUID", 0, "CALL-1"),
        named(6, "a call that is not known", 0xabc, ""),
        named(6, "a call that is not known, by CallUUID", 0xabc, "CALL-X"),
        call(MessageId::EVENT_RELEASED, 7, 2, "1001", None),
        user(8, "1001", &data("call 1: the other has ended")),
        call(MessageId::EVENT_RETRIEVED, 9, 1, "1001", None),
        call(MessageId::EVENT_RELEASED, 10, 1, "1001", None),
        user(4000, "1001", &data("call 1: the last that ended, however long ago")),
        user(8, "1001", &data("call 2: had ended before this event")),
    ];
    check("association", &Case::new(ALL, steps));
}

#[test]
fn custom_states_begin_are_filled_and_end() {
    let options = "[custom-states]\nstore-event-data = none\nAgentRecordUserTypes = 207,AfterCallWork,208,Break\n\
        AgentUserFields = char,CUST_DATA_1,Reason,int,CUST_DATA_2,Level\n";
    let one = |key: &str, value: &str| list(|list| list.str(key, value));
    let steps = vec![
        user(0, "1001", &one("Reason", "nobody")),
        user(1, "1001", &list(|list| list.str("Reason", "paper").str("AfterCallWork", "+").str("else", "x"))),
        user(2, "1001", &one("AfterCallWork", "+")),
        user(3, "1001", &list(|list| list.int("Level", 7).str("Break", "+"))),
        user(4, "1002", &one("AfterCallWork", "-")),
        user(5, "1001", &one("AfterCallWork", "maybe")),
        user(6, "1001", &list(|list| list.str("AfterCallWork", "-").str("Reason", "x".repeat(300)))),
        user(7, "1001", &one("AfterCallWork", "+")),
        event(MessageId::EVENT_USER_EVENT, 8, |m| m.list(AttributeId::USER_DATA, one("Break", "-").view())),
        user(9, "1001", &one("Break", "-")),
        Step::Session(1, 10),
        user(11, "1001", &one("AfterCallWork", "-")),
    ];
    check("custom-states", &Case::new(options, steps));
}
