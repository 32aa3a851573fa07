//! What every row has: its tail, its DBIDs, and the tables beside it.

use tlib_proto::{AttributeId, Message, MessageId};

use super::apply::{Case, Shown};
use super::events::{Step, call, event, list};

const TAIL: Shown<'_> = &[
    (
        "G_CUSTOM_DATA_S",
        &[
            "ENDPOINTID",
            "AGENTID",
            "SWITCHID",
            "TENANTID",
            "PARTYID",
            "PSEQ",
            "ADDED",
            "ADDED_TS",
            "ADDED_TCODE",
            "GSYS_DOMAIN",
            "GSYS_PARTITION",
            "GSYS_SYS_ID",
            "GSYS_SEQ",
            "GSYS_USEQ",
            "GSYS_TS",
            "GSYS_TC",
            "GSYS_EXT_VCH1",
            "GSYS_EXT_VCH2",
            "GSYS_EXT_INT1",
            "GSYS_EXT_INT2",
        ],
    ),
    ("G_TIMECODE", &["ID", "TC_YEAR", "TC_MONTH", "TC_DAY", "TC_HOUR", "TC_MINUTE", "TC_WEEKDAY"]),
    ("G_PROV_CONTROL", &["PRIMARYID", "SEQCOUNTER", "SEQCURRENT"]),
];

fn tail(name: &str, steps: Vec<Step>, expected: &str) {
    let case = Case::new("[custom-states]\nstore-event-data = all\n", steps);
    let (rows, _) = case.in_memory(TAIL);
    assert_eq!(rows, expected);
    case.check_databases(name, &rows, TAIL);
}

#[test]
fn the_tail_names_the_event() {
    let data = list(|list| list.str("a", "1").str("b", "2"));
    let step = event(MessageId::EVENT_USER_EVENT, 0, |m| {
        m.list(AttributeId::USER_DATA, data.view())
            .str(AttributeId::THIS_DN, "REPORTING")
            .str(AttributeId::PARTY_UUID, "PARTY-1")
    });
    let row = |seq: u32| {
        format!(
            "G_CUSTOM_DATA_S\t101\tNULL\t2\t1\t'PARTY-1'\t0\t2012-09-28 07:34:20.757\t1348817660\t1348817400\t\
             1\tNULL\tNULL\t{seq}\t0\tNULL\tNULL\t'0000000000000ef0'\tNULL\t3824\tNULL\n"
        )
    };
    let expected = format!(
        "{}{}G_TIMECODE\t1348817400\t2012\t9\t28\t7\t30\t5\nG_PROV_CONTROL\t4\t1000\t2\n",
        row(1),
        row(2)
    );
    tail("tail", vec![step], &expected);
}

#[test]
fn an_event_without_time_and_number_has_the_reception_s() {
    let data = list(|list| list.str("a", "1"));
    let message = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.list(AttributeId::USER_DATA, data.view()).str(AttributeId::THIS_DN, "unknown")
    });
    let expected = "G_CUSTOM_DATA_S\t0\tNULL\t2\t1\tNULL\t0\t2012-09-28 07:34:20.000\t1348817660\t1348817400\t\
        1\tNULL\tNULL\t1\t0\tNULL\tNULL\tNULL\tNULL\tNULL\tNULL\n\
        G_TIMECODE\t1348817400\t2012\t9\t28\t7\t30\t5\nG_PROV_CONTROL\t4\t1000\t1\n";
    tail("reception", vec![Step::Event(message.unwrap())], expected);
}

#[test]
fn numbers_that_columns_cannot_hold_do_no_harm() {
    let data = list(|list| list.str("a", "1"));
    let message = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.long(AttributeId::EVENT_SEQUENCE_NUMBER, u64::MAX)
            .unsigned(AttributeId::TIMEINU_SECS, u32::MAX)
            .unsigned(AttributeId::TIMEIN_SECS, u32::MAX)
            .list(AttributeId::USER_DATA, data.view())
            .str(AttributeId::THIS_DN, "d".repeat(1000))
            .str(AttributeId::PARTY_UUID, "é".repeat(1000))
            .str(AttributeId::CALL_UUID, b"\xff\0".repeat(100).as_slice())
    });
    let party = "é*50";
    let expected = format!(
        "G_CUSTOM_DATA_S\t0\tNULL\t2\t1\t{party}\t0\t2106-02-07 06:28:15.999\tNULL\tNULL\t\
         1\tNULL\tNULL\t1\t0\tNULL\tNULL\t'ffffffffffffffff'\tNULL\t2147483647\tNULL\n\
         G_PROV_CONTROL\t4\t1000\t1\n"
    );
    tail("limits", vec![Step::Event(message.unwrap())], &expected);
}

#[test]
fn the_row_of_a_call() {
    let shown: Shown<'_> = &[(
        "G_CALL",
        &[
            "CALLID",
            "PARENTCALLID",
            "MERGECALLID",
            "MERGETYPE",
            "CONNID",
            "CONNIDNUM",
            "SWITCHCALLID",
            "IRID",
            "STATE",
            "CALLTYPE",
            "SWITCHID",
            "TENANTID",
            "CALLANI",
            "CALLDNIS",
            "CREATED",
            "CREATED_TCODE",
            "TERMINATED",
            "TERMINATED_TCODE",
            "ADDED",
            "GSYS_DOMAIN",
            "GSYS_SEQ",
            "GSYS_USEQ",
            "GSYS_EXT_INT1",
        ],
    )];
    let steps = vec![
        call(MessageId::EVENT_DIALING, 0, 1, "1001", None),
        call(MessageId::EVENT_RELEASED, 300, 1, "1001", None),
    ];
    let case = Case::new("", steps);
    let (rows, _) = case.in_memory(shown);
    assert_eq!(
        rows,
        "G_CALL\t'CALL-1'\t'CALL-1'\t'CALL-1'\tNULL\t'0067000000000001'\t28991922601197569\tNULL\t'CALL-1'\t2\t1\t2\t1\t\
         '777'\t'333'\t2012-09-28 07:34:20.757\t1348817400\t2012-09-28 07:39:20.757\t1348817700\t\
         2012-09-28 07:34:20.757\t1\t1\t4\t3824\n"
    );
    case.check_databases("the row of a call", &rows, shown);
}

#[test]
fn what_the_recorder_remembers_of_dns_stays_small() {
    let shown: Shown<'_> = &[("TBUS_PARTY", &["DN", "CALLID", "CONNID", "CALLSEQ", "STATE", "SEQ"])];
    let mut steps = Vec::new();
    for number in 0..50_u32 {
        let at = number * 100;
        steps.push(call(MessageId::EVENT_RINGING, at, u64::from(number) + 1, "1001", None));
        steps.push(call(MessageId::EVENT_RELEASED, at + 1, u64::from(number) + 1, "1001", None));
    }
    let case = Case::new("", steps);
    let (rows, _) = case.in_memory(shown);
    // The last call, and the one before it until its successor has ended.
    assert_eq!(rows.lines().count(), 1, "{rows}");
    assert!(rows.starts_with("TBUS_PARTY\t'1001'\t'CALL-50'"), "{rows}");
    case.check_databases("parties", &rows, shown);
}
