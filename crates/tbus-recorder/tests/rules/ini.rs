//! Options: what is read, what is refused, and what the refusal says.

use std::time::Duration;

use tbus_recorder::options::{FieldKey, History, Options, Roles, StateKey, StoreEventData};

fn read(text: &str) -> Options {
    Options::read("icon.ini", text.as_bytes()).unwrap().0
}

fn refusal(text: &[u8]) -> String {
    Options::read("icon.ini", text).unwrap_err().to_string()
}

#[test]
fn defaults() {
    let options = read("");
    assert_eq!(options, Options::default());
    assert_eq!(options.store_event_data, None);
    assert_eq!(options.store_event_data(), StoreEventData::None);
    assert_eq!((options.acc_queue_size, options.acc_queue_lifespan), (500, Duration::from_secs(5)));
    assert_eq!(
        (options.max_userdata_length, options.use_dss_monitor, options.roles),
        (255, true, Roles::ALL)
    );
    assert_eq!(options.call_deletion_timeout, Duration::from_secs(30));
}

#[test]
fn every_option_is_read() {
    let text = "\u{feff}; an export\r\n[custom-states]\r\nstore-event-data = conf\r\n\
        EventData_1=int, B ,char,C\r\nEventData = char,A,\r\n  # keys\r\n\
        GlobalData = char,CUST_DATA_1,D\r\nAgentUserFields=int,cust_data_16,E\r\n\
        AgentRecordUserTypes = 207,AfterCallWork,208,Break\r\n\
        [callconcentrator]\r\nacc-queue-size=1\r\nacc-queue-lifespan = 60\r\npq-dbname = \"icon_1.pq\"\r\n\
        adata-spec-name = my spec.xml > 3\r\nadata-userdata-history=all\r\nadata-reasons-history=first\r\n\
        adata-extensions-history=last\r\nmax-userdata-length=1024\r\nuse-dss-monitor=0\r\nrole = gud, gcc\r\n\
        [gts]\r\ncall-deletion-timeout=0\r\n";
    let (options, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
    let field = |field: &str, key: &str| FieldKey { field: field.to_owned(), key: key.to_owned() };
    let state = |code, key: &str| StateKey { code, key: key.to_owned() };
    let expected = Options {
        store_event_data: Some(StoreEventData::Conf),
        event_data: ["A", "B", "C"].map(str::to_owned).to_vec(),
        global_data: vec![field("CUST_DATA_1", "D")],
        agent_user_fields: vec![field("CUST_DATA_16", "E")],
        agent_record_user_types: vec![state(207, "AfterCallWork"), state(208, "Break")],
        acc_queue_size: 1,
        acc_queue_lifespan: Duration::from_secs(60),
        pq_dbname: Some("icon_1.pq".to_owned()),
        adata_spec_name: Some("my spec.xml".to_owned()),
        adata_userdata_history: History::All,
        adata_reasons_history: History::First,
        adata_extensions_history: History::Last,
        max_userdata_length: 1024,
        use_dss_monitor: false,
        roles: Roles { gud: true, gcc: true, ..Roles::NONE },
        call_deletion_timeout: Duration::ZERO,
    };
    assert_eq!(options, expected);
    assert_eq!(notices, []);
}

#[test]
fn roles() {
    let roles = |text: &str| read(&format!("[callconcentrator]\nrole = {text}\n")).roles;
    assert_eq!(roles("all"), Roles::ALL);
    assert_eq!(roles("~gls"), Roles { gls: false, ..Roles::ALL });
    assert_eq!(roles("~gls,~gos"), Roles { gls: false, gos: false, ..Roles::ALL });
    let (options, notices) = Options::read("icon.ini", b"[callconcentrator]\nrole = GUD\n").unwrap();
    assert_eq!(options.roles, Roles::ALL, "upper case counts as all");
    assert_eq!(notices[0].to_string(), "icon.ini: line 2: role = GUD has upper case, which counts as all");
}

#[test]
fn what_may_be_meant_as_a_comment_is_said() {
    let text = "[custom-states]\nEventData = char,A ; the account\n[callconcentrator]\npq-dbname = a#b.pq\n\
        adata-spec-name = spec.xml # ours\ngud-cust-disp = 1 ; none\nuse-dss-monitor = true\n";
    let (options, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
    assert_eq!(options.event_data, ["A ; the account"]);
    assert!(options.use_dss_monitor);
    let said: Vec<_> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "icon.ini: line 2: the value of EventData has all of the line; a comment needs a line of its own",
            "icon.ini: line 5: the value of adata-spec-name has all of the line; a comment needs a line of its own",
            "icon.ini: line 6: gud-cust-disp has no effect here",
        ]
    );
}

#[test]
fn what_other_sections_of_the_vendor_have_is_passed_over() {
    let sections =
        ["log", "log-extended", "log-filter", "log-filter-data", "security", "sml", "common", "filter-data"];
    let text: String = sections.iter().map(|section| format!("[{section}]\nany = 1\nany = 2\n")).collect();
    let (options, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
    assert_eq!(options, Options::default());
    let said: Vec<_> = notices.iter().map(ToString::to_string).collect();
    let expected: Vec<_> = sections
        .iter()
        .zip((1..).step_by(3))
        .map(|(section, line)| format!("icon.ini: line {line}: section [{section}] has no effect here"))
        .collect();
    assert_eq!(said, expected);
}

#[test]
fn options_of_the_vendor_that_have_no_effect_are_known() {
    for (section, option) in [
        ("callconcentrator", "extended-route-result"),
        ("callconcentrator", "cfg-annex"),
        ("callconcentrator", "gls-acw-first"),
        ("gts", "gls-acw-first"),
        ("gts", "sst-options"),
        ("gts", "support-dn-type-5"),
        ("gts", "valid-digits"),
    ] {
        let text = format!("[{section}]\n{option} = 0\n");
        let (_, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
        assert_eq!(notices[0].to_string(), format!("icon.ini: line 2: {option} has no effect here"));
    }
    assert_eq!(
        refusal(b"[gts]\nsupport-dn-type-x = 0\n"),
        "icon.ini: line 2: section [gts] has no option support-dn-type-x"
    );
}

#[test]
fn what_has_no_effect_is_said() {
    let text = "[custom-states]\nstore-event-extensions = all\nmax-party-info=16\n[callconcentrator]\nom-flush-adata=1\n\
        gud-cust-disp=2\npq-startup-check=1\n[filter-data]\nanything = 1\n[log]\nverbose = all\n[gts]\nsuppress-user-data=x\n";
    let (_, notices) = Options::read("icon.ini", text.as_bytes()).unwrap();
    let said: Vec<_> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "icon.ini: line 2: store-event-extensions has no effect here",
            "icon.ini: line 3: max-party-info has no effect here",
            "icon.ini: line 5: om-flush-adata has no effect here",
            "icon.ini: line 6: gud-cust-disp has no effect here",
            "icon.ini: line 7: pq-startup-check has no effect here",
            "icon.ini: line 8: section [filter-data] has no effect here",
            "icon.ini: line 10: section [log] has no effect here",
            "icon.ini: line 13: suppress-user-data has no effect here",
        ]
    );
}

#[test]
fn refusals_name_the_place_and_what_to_do() {
    for (text, expected) in [
        (
            "store-event-data = all",
            "line 1: option store-event-data stands before the first section; write the [section] that it belongs to above it",
        ),
        (
            "[custom-states]\nstore-event-data\n",
            "line 2: \"store-event-data\" is neither [section], nor name = value, nor a comment (a line that begins with ; or #)",
        ),
        (
            "[custom-states\n",
            "line 1: \"[custom-states\" is neither [section], nor name = value, nor a comment (a line that begins with ; or #)",
        ),
        ("[custom-state]\n", "line 1: there is no section [custom-state]; did you mean [custom-states]?"),
        (
            "\n\n[xyz]\n",
            "line 3: there is no section [xyz]; there are [custom-states], [callconcentrator], [gts]",
        ),
        (
            "[custom-states]\nStore-Event-Data = all\n",
            "line 2: section [custom-states] has no option Store-Event-Data; did you mean store-event-data?",
        ),
        (
            "[custom-states]\nacc-queue-size = 1\n",
            "line 2: section [custom-states] has no option acc-queue-size; it belongs into [callconcentrator]",
        ),
        ("[callconcentrator]\nzzz = 1\n", "line 2: section [callconcentrator] has no option zzz"),
        (
            "[custom-states]\nstore-event-data = all ; every key\n",
            "line 2: store-event-data = all ; every key: none, all or conf; a comment needs a line of its own",
        ),
        (
            "[callconcentrator]\nacc-queue-size = 5\t# few\n",
            "line 2: acc-queue-size = 5\t# few: a number from 1 to 1000000; a comment needs a line of its own",
        ),
        (
            "[gts] ; on the switch\n",
            "line 1: \"[gts] ; on the switch\" is neither [section], nor name = value, nor a comment (a line that begins with ; or #)",
        ),
        ("[custom-states]\nstore-event-data = some\n", "line 2: store-event-data = some: none, all or conf"),
        (
            "[callconcentrator]\nacc-queue-size = 0\n",
            "line 2: acc-queue-size = 0: a number from 1 to 1000000",
        ),
        (
            "[callconcentrator]\nacc-queue-lifespan = -1\n",
            "line 2: acc-queue-lifespan = -1: a number from 1 to 3600",
        ),
        (
            "[gts]\ncall-deletion-timeout = 3601\n",
            "line 2: call-deletion-timeout = 3601: a number from 0 to 3600",
        ),
        (
            "[callconcentrator]\nmax-userdata-length = 4001\n",
            "line 2: max-userdata-length = 4001: a number from 1 to 4000",
        ),
        ("[callconcentrator]\nuse-dss-monitor = yes\n", "line 2: use-dss-monitor = yes: 0, 1, false or true"),
        (
            "[callconcentrator]\nadata-userdata-history = All\n",
            "line 2: adata-userdata-history = All: none, first, last or all",
        ),
        (
            "[callconcentrator]\nadata-spec-name = > x\n",
            "line 2: adata-spec-name = > x: the name of a file stands before >",
        ),
        ("[callconcentrator]\npq-dbname =\n", "line 2: pq-dbname = : a name is missing after ="),
        (
            "[callconcentrator]\nrole = gud,~gls\n",
            "line 2: role = gud,~gls: all, or a list of cfg, gcc, gls, gud, gos and lrm, or a list with ~ before each to leave them out",
        ),
        (
            "[gts]\ncall-deletion-timeout = 1\n[custom-states]\n[gts]\ncall-deletion-timeout = 1\n",
            "line 5: call-deletion-timeout is there twice, first in line 2; delete one of them",
        ),
        (
            "[custom-states]\nEventData = char\n",
            "line 2: EventData = char: write Type,KeyName, and again for more keys, without empty items",
        ),
        (
            "[custom-states]\nEventData = text,A\n",
            "line 2: EventData = text,A: a type is char or int, not text",
        ),
        (
            "[custom-states]\nEventData = char,A\nEventData_2 = char,B\n",
            "line 3: EventData_2 = char,B: it continues EventData_1, which is not there",
        ),
        (
            "[custom-states]\nEventData = char,A\nGlobalData = char,CUST_DATA_1,A\n",
            "line 2: key \"A\" of EventData is in GlobalData already (line 3); a key can be in one place only",
        ),
        (
            "[custom-states]\nAgentUserFields = char,CUST_DATA_1,A\nGlobalData = char,CUST_DATA_1,A\n",
            "line 3: key \"A\" of GlobalData is in AgentUserFields already (line 2); a key can be in one place only",
        ),
        (
            "[custom-states]\nGlobalData = char,CUST_DATA_17,A\n",
            "line 2: GlobalData = char,CUST_DATA_17,A: there is no field CUST_DATA_17; there are CUST_DATA_1 to CUST_DATA_16",
        ),
        (
            "[custom-states]\nGlobalData = char,CUST_DATA_1,A,char,CUST_DATA_1,B\n",
            "line 2: GlobalData = char,CUST_DATA_1,A,char,CUST_DATA_1,B: field CUST_DATA_1 is there twice; one key for a field",
        ),
        (
            "[custom-states]\nAgentRecordUserTypes = 199,A\n",
            "line 2: AgentRecordUserTypes = 199,A: a state's code is a number above 199, not 199",
        ),
        (
            "[custom-states]\nAgentRecordUserTypes = 200,A,200,B\n",
            "line 2: AgentRecordUserTypes = 200,A,200,B: code 200 is there twice; one key for a state",
        ),
    ] {
        assert_eq!(refusal(text.as_bytes()), format!("icon.ini: {expected}"));
    }
}

#[test]
fn what_is_hostile_is_limited() {
    assert_eq!(refusal(b"[gts]\n# \xff\n"), "icon.ini: line 2: the text is not UTF-8; save it as UTF-8");
    let long = vec![b'#'; Options::TEXT_LIMIT + 1];
    assert_eq!(refusal(&long), "icon.ini: line 1: the text has more than 1048576 bytes");
    let keys = "x".repeat(251);
    read(&format!("[custom-states]\nEventData = int,{keys}\n"));
    let error = refusal(format!("[custom-states]\nEventData = int,{keys}y\n").as_bytes());
    assert!(error.contains("at most 255 characters, this one has 256; go on in EventData_1"), "{error}");
}
