use super::*;

const ALL: &str = "; exported\r\n[callback]\n_enable_in_queue_checking = strict\nreturned-keys = _desired_time, colour\n\
    filter-keys=_vq\n_throttle_ttl_1 = 10\n[service.voice]\n_rep_userevent_enable = \"true\"\n_rep_userevent_dn = REPORTING\n\
    _rep_userevent_switch = Sip_Switch\n_call_direction = userterminated\n_wait_for_agent = true\n_media_type = chat\n\
    _agent_preview = false\n_userterminated_first_connect_party = AGENT\n_max_dial_attempts = 5\n_dial_retry_timeout = 60\n\
    _max_notify_delivery_attempts = 2\n_ttl = 600\n_request_time_bucket = 15\n_max_request_by_time_bucket = 7\n\
    _max_queued_callbacks_per_service = 3\n_throttle_callbacks_per_service_1 = 9\n_throttle_request_parameters =\n\
    _throttle_request_parameters_limit = 2\n_customer_lookup_keys = _customer_number,e_mail\n\
    _mandatory_customer_lookup_keys = e_mail\n_urs_virtual_queue = Other_VQ\n_target = Billing@Stat_Server.GA\n\
    _route_point = 8999@SIP_Switch\n_cb_dim_channel = MOBILE\n_overwritable_options = _target\n[service.other]\n\
    _enable_in_queue_checking = false\n";

fn read(text: &str) -> Options {
    let (options, notices) = Options::read("gms.ini", text.as_bytes()).unwrap();
    assert_eq!(notices, []);
    options
}

fn error(text: &str) -> String {
    Options::read("gms.ini", text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn every_option_has_its_place() {
    let options = read(ALL);
    assert_eq!(options.returned_keys, ["_desired_time", "colour"]);
    assert_eq!(options.filter_keys, ["_vq"]);
    let text = |text: &str| text.to_owned();
    let expected = ServiceOptions {
        report: true,
        report_dn: text("REPORTING"),
        report_switch: text("Sip_Switch"),
        direction: CallDirection::CustomerTerminated,
        wait_for_agent: true,
        chat: true,
        agent_preview: false,
        agent_first: true,
        max_dial_attempts: 5,
        dial_retry_timeout: 60,
        max_notify_delivery_attempts: 2,
        ttl: 600,
        time_bucket: 15,
        bucket_limit: 7,
        queue_limit: 3,
        in_queue_checking: InQueueChecking::One,
        throttles: [Throttle { limit: 9, seconds: 10 }, Throttle { limit: 1000, seconds: 3600 }],
        throttled_parameters: Vec::new(),
        throttled_parameters_limit: 2,
        lookup_keys: vec![text("_customer_number"), text("e_mail")],
        mandatory_keys: vec![text("e_mail")],
        queue: text("Other_VQ"),
        target: Some(text("Billing@Stat_Server.GA")),
        access_number: Some(text("8999")),
        channel: text("MOBILE"),
    };
    assert_eq!(options.services["voice"].options, expected);
    assert_eq!(options.services["voice"].overwritable, ["_target"]);
    assert_eq!(expected.connect_order(), ConnectOrder::AgentFirstNoPreview);
    let other = &options.services["other"].options;
    assert_eq!((other.in_queue_checking, other.throttles[0].seconds), (InQueueChecking::Off, 10));
    assert!(!other.report, "as the vendor's default is");
}

#[test]
fn without_a_file_there_is_one_service_that_reports() {
    let options = Options::default();
    let service = &options.services[DEFAULT_SERVICE].options;
    assert_eq!(options.services.len(), 1);
    assert_eq!((service.report, service.report_dn.as_str()), (true, "REPORTING"));
}

#[test]
fn what_has_no_effect_is_told() {
    let text = "[log]\nverbose = all\n[chat.x]\na = b\n[callback]\nqueue-polling-rate = 60\n[service.x]\n_type = ors\n_urs_queued_ttl=1\n";
    let (_, notices) = Options::read("gms.ini", text.as_bytes()).unwrap();
    let told: Vec<_> = notices.iter().map(ToString::to_string).collect();
    let passed = |line: usize, name: &str| {
        format!("gms.ini: line {line}: {name} is passed over: the simulator does not act upon it")
    };
    assert_eq!(
        told,
        [
            "gms.ini: line 1: section [log] has no effect here".to_owned(),
            "gms.ini: line 3: section [chat.x] has no effect here".to_owned(),
            passed(6, "queue-polling-rate"),
            passed(8, "_type"),
            passed(9, "_urs_queued_ttl"),
        ]
    );
}

#[test]
fn a_value_with_a_token_waits_for_the_request() {
    let options = read(
        "[service.x]\n_urs_virtual_queue = VQ_$city$\n_rep_userevent_enable = true\n_rep_userevent_dn = $dn$\n",
    );
    let expected = [("_urs_virtual_queue", "VQ_$city$"), ("_rep_userevent_dn", "$dn$")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(options.services["x"].templates, expected);
}

#[test]
fn no_option_is_known_twice() {
    let mut names: Vec<_> =
        known::SERVICE.iter().map(|row| row.0).chain(known::PASSED_OVER.iter().copied()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in known::OVERWRITABLE {
        assert!(find(name).is_some_and(|used| used != Use::NoEffect), "{name}");
    }
}

#[test]
fn mistakes_are_told_with_their_line() {
    let service = "[service.x]\n";
    let in_service = |line: &str| error(&format!("{service}{line}\n"));
    for (found, expected) in [
        (error(""), "gms.ini: line 1: there is no service: write [service.NAME] and its options below it"),
        (error("[callback]\n"), "line 1: there is no service"),
        (error("_ttl = 1\n"), "line 1: option _ttl stands before the first section"),
        (error("[services.x]\n"), "line 1: there is no section [services.x]; there are [callback] and"),
        (error("[service.]\n"), "line 1: \"\" cannot be the name of a service"),
        (error("[service.a/b]\n"), "line 1: \"a/b\" cannot be the name of a service"),
        (error("[service.x\n"), "line 1: \"[service.x\" is neither [section]"),
        (error("[service.x]\n[service.x]\n"), "line 2: section [service.x] is there twice, first in line 1"),
        (in_service("nonsense"), "line 2: \"nonsense\" is neither"),
        (in_service("= 1"), "line 2: \"= 1\" is neither"),
        (
            in_service("_max_dial_attempt = 3"),
            "has no option _max_dial_attempt; did you mean _max_dial_attempts?",
        ),
        (in_service("colour = red"), "section [service.x] has no option colour"),
        (in_service("_ttl = 1\n_ttl = 2"), "line 3: _ttl is there twice, first in line 2"),
        (in_service("_ttl = 0"), "_ttl = 0: a number from 1 to 31622400"),
        (in_service("_ttl = soon"), "_ttl = soon: a number from 1"),
        (in_service("_request_time_bucket = 7"), "5, 10, 15, 20, 30, 60 or 120"),
        (in_service("_wait_for_agent = 1"), "_wait_for_agent = 1: true or false"),
        (in_service("_media_type = fax"), "_media_type = fax: voice or chat"),
        (in_service("_enable_in_queue_checking = no"), "true or strict or false"),
        (in_service("_customer_lookup_keys = a,,b"), "names between commas, and \"\" is none"),
        (in_service("_rep_userevent_enable = true"), "line 1: service x has _rep_userevent_enable and no"),
        (
            in_service(&format!("_target = {}", "x".repeat(1001))),
            "at most 1000 characters, this one has 1001",
        ),
    ] {
        assert!(found.contains(expected), "{found}");
    }
    let found = Options::read("gms.ini", b"[service.x]\n_target = \xff\n").unwrap_err().to_string();
    assert_eq!(found, "gms.ini: line 2: the text is not UTF-8; save it as UTF-8");
    let found = Options::read("gms.ini", &vec![b'\n'; Options::TEXT_LIMIT + 1]).unwrap_err().to_string();
    assert_eq!(found, "gms.ini: line 1: the text has more than 1048576 bytes");
    let many: String = (0..=SERVICE_LIMIT).map(|number| format!("[service.s{number}]\n")).collect();
    assert!(error(&many).contains("line 101: there are more than 100 services"));
}
