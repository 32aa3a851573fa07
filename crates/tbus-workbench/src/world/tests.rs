use tbus_core::{DnType, World};
use tlib_capture::packet::{CaptureItem, Captured, Flow};
use tlib_capture::read::LogReader;
use tlib_proto::text::{TextStyle, print_message};
use tlib_proto::{AttributeId, KvList, Message, MessageId, Timestamp};

use super::*;

const PUBLISHED: &[u8] = include_bytes!("../../../../tests/evidence/tserver_reporting.log");

fn feed(inference: &mut Inference, log: &[u8]) {
    let mut reader = LogReader::new("test", log);
    while let Some(record) = reader.next().unwrap() {
        inference.record(&record);
    }
    inference.end_of_log();
}

/// What the log shows; its text reads as the same world.
fn infer(log: &[u8]) -> Inferred {
    let mut inference = Inference::new();
    feed(&mut inference, log);
    checked(inference)
}

fn checked(inference: Inference) -> Inferred {
    let inferred = inference.finish();
    let text = inferred.to_toml(Style::default());
    assert_eq!(World::from_toml(&text).as_ref(), Ok(inferred.world()), "{text}");
    inferred
}

fn dns(inferred: &Inferred) -> Vec<(&str, DnType)> {
    inferred.world().dns.iter().map(|dn| (dn.number.as_str(), dn.ty)).collect()
}

/// A T-Server's block.
fn event(name: &str, attributes: &str) -> String {
    let attributes: String = attributes
        .split(", ")
        .filter(|text| !text.is_empty())
        .map(|text| format!("\tAttribute{text}\n"))
        .collect();
    format!("@00:34:20.7570 [0] 8.1.101.05 distribute: message {name}\n{attributes}")
}

fn request(application: &str, name: &str, attributes: &str) -> String {
    let attributes: String = attributes.split(", ").map(|text| format!("\tAttribute{text}\n")).collect();
    format!(
        "00:34:20.757 Trc 04541 {name} received from [516] (00000003 {application} 10.0.0.1:40727)\nmessage {name}\n{attributes}"
    )
}

/// The block of an EventUserEvent.
fn user_event(dn: &str, data: &KvList) -> String {
    let message = Message::build(MessageId::EVENT_USER_EVENT, |m| {
        m.str(AttributeId::THIS_DN, dn).list(AttributeId::USER_DATA, data.view())
    });
    let mut text = "@00:34:20.7570 [0] 8.1.101.05 distribute_user_event: ".to_owned();
    print_message(&mut text, message.unwrap().view(), &TextStyle::default());
    text
}

#[test]
fn the_published_log_is_a_world() {
    let inferred = infer(PUBLISHED);
    assert_eq!(dns(&inferred), [("REPORTING", DnType::TrunkGroup)]);
    let world = inferred.world();
    assert_eq!((world.tenant.name.as_str(), world.t_server.version.as_str()), ("Environment", "8.1.000.62"));
    let applications: Vec<_> = world.applications.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(
        applications,
        ["OrchestrationServer", "Icon_Voice", "Stat_Server", "Universal_Routing_Server"]
    );
    assert!(world.agents.is_empty() && !world.switch.create_unknown_dns);
    assert_eq!((inferred.messages(), inferred.remarks()), (2, &[][..]));

    let text = inferred.to_toml(Style::default());
    assert!(text.contains("# a guess: nothing but user events (RequestDistributeUserEvent)\n"), "{text}");
    assert!(text.contains("# Keys of UserData, and how often they came as what (12 keys):\n"), "{text}");
    assert!(text.contains("#   gms_SessionEventSeq   1 int\n"), "{text}");
    assert!(text.contains("name = \"SIP_Server\" # no message tells it: the default\n"), "{text}");
    assert!(!text.contains("inbound-delay"), "values are not shown unless asked for: {text}");
    let shown = Style { examples: true };
    assert!(!inferred.to_toml(shown).contains("inbound-delay"), "nor kept");

    let mut inference = Inference::new().with_examples();
    feed(&mut inference, PUBLISHED);
    let text = checked(inference).to_toml(shown);
    assert!(text.contains("#   gms_ServiceName       1 string, such as inbound-delay\n"), "{text}");
    assert!(text.contains("#   gms_UserId            1 string\n"), "{text}");
}

#[test]
fn types_follow_from_what_happened() {
    let inner = KvList::build(|list| list.int("Inner", 7).str("Inner", "x")).unwrap();
    let data = KvList::build(|list| list.str("_CB_DIM_VQ", "4711").list("Sub", inner.view())).unwrap();
    let log = [
        request("Desktop", "RequestRegisterAddress", "ThisDN\t'7001', AddressType\t1"),
        request(
            "Desktop",
            "RequestAgentLogin",
            "ThisDN\t'7001', ThisQueue\t'8000', AgentID\t'1001', Password\t'secret'",
        ),
        event("EventAgentLogin", "ThisDN\t'7001', ThisQueue\t'8000', AgentID\t'1001', CustomerID\t'Acme'"),
        event("EventQueued", "ThisDN\t'Sales_VQ', HomeLocation\t'Switch_A'"),
        event("EventRouteRequest", "ThisDN\t'9000', ThisQueue\t'9000'"),
        request("Desktop", "RequestMakeCall", "ThisDN\t'7001', OtherDN\t'7002'"),
        event("EventDialing", "ThisDN\t'7001', OtherDN\t'0041791234567'"),
        event("EventRinging", "ThisDN\t'7003'"),
        event("EventRegistered", "ThisDN\t'6001', AddressInfoType\t8, AddressInfoStatus\t2"),
        event("EventRegistered", "ThisDN\t'6002', AddressInfoType\t8, AddressInfoStatus\t1"),
        request("Other", "RequestRegisterAddress", "ThisDN\t'6003', AddressType\t4"),
        user_event("COMM", &data),
        event("EventError", "ThisDN\t'5000', ErrorCode\t59"),
        event("EventError", "ThisDN\t'7001', ErrorCode\t59"),
    ]
    .concat();
    let inferred = infer(log.as_bytes());
    assert_eq!(
        dns(&inferred),
        [
            ("7001", DnType::Extension),
            ("8000", DnType::AcdQueue),
            ("Sales_VQ", DnType::VirtualQueue),
            ("9000", DnType::RoutingPoint),
            ("7002", DnType::Extension),
            ("7003", DnType::Extension),
            ("6001", DnType::AcdPosition),
            ("6002", DnType::Extension),
            ("6003", DnType::RoutingPoint),
            ("COMM", DnType::TrunkGroup),
            ("4711", DnType::VirtualQueue),
        ]
    );
    let world = inferred.world();
    assert_eq!(world.agents.iter().map(|agent| agent.id.as_str()).collect::<Vec<_>>(), ["1001"]);
    assert_eq!(world.agents[0].password, None);
    assert_eq!((world.tenant.name.as_str(), world.switch.name.as_str()), ("Acme", "Switch_A"));
    assert_eq!(world.t_server.version, "8.1.101.05");
    let text = inferred.to_toml(Style::default());
    for line in [
        "type = \"Extension\" # agents use it (RequestAgentLogin); an ACD Position would do, too\n",
        "type = \"Extension\" # a guess: RequestMakeCall calls it, and nothing else is seen of it\n",
        "type = \"ACD Position\" # the server says AddressType Position\n",
        "type = \"Virtual Queue\" # the pair _CB_DIM_VQ names it\n",
        "#   Sub/Inner   1 string, 1 int\n",
        "# Refused as unknown in the traffic, so not in this world:\n#   5000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("secret") && !text.contains("0041791234567"), "{text}");
}

#[test]
fn a_clients_log_tells_its_own_name_and_the_servers() {
    let log = "Application name: URS_1\nApplication type: Router Server (8)\nUTC time:  2012-09-28T07:34:20.000\n\
        request to 65200(TServer) message RequestRegisterAddress\n\tAttributeThisDN\t'9000'\n\
        received from 65200(SIP_A)host:3010(fd=4) message EventRegistered(refid=5)\n\tAttributeThisDN\t'9000'\n";
    let inferred = infer(log.as_bytes());
    let world = inferred.world();
    assert_eq!(world.t_server.name, "SIP_A");
    assert_eq!(
        (world.applications[0].name.as_str(), world.applications[0].ty.as_str()),
        ("URS_1", "Router Server (8)")
    );
    assert_eq!((world.applications.len(), dns(&inferred)), (1, vec![("9000", DnType::Extension)]));

    let log = log.split_inclusive("received").next().unwrap().trim_end_matches("received");
    let inferred = infer(log.as_bytes());
    assert_eq!(inferred.world().t_server.name, "TServer");
    assert!(inferred.to_toml(Style::default()).contains("# a guess: so clients call where they send to\n"));
}

#[test]
fn a_servers_log_tells_its_name() {
    let log = format!(
        "Application name: SIP_B\nApplication type: TServer (1)\n{}",
        event("EventOnHook", "ThisDN\t'1'")
    );
    let inferred = infer(log.as_bytes());
    assert_eq!((inferred.world().t_server.name.as_str(), inferred.world().applications.len()), ("SIP_B", 0));
}

#[test]
fn a_capture_tells_the_same() {
    let message = |id, build: &dyn Fn(&mut tlib_proto::wire::MessageWriter<'_>)| {
        Message::build(id, |m| {
            build(m);
            m
        })
        .unwrap()
    };
    let mut inference = Inference::new();
    let all = [
        message(MessageId::REQUEST_REGISTER_CLIENT, &|m| {
            m.str(AttributeId::APPLICATION_NAME, "Desk");
        }),
        message(MessageId::EVENT_LINK_CONNECTED, &|m| {
            m.str(AttributeId::APPLICATION_NAME, "SIP_C");
        }),
        message(MessageId::EVENT_QUEUED, &|m| {
            m.str(AttributeId::THIS_DN, "8001").str(AttributeId::CUSTOMER_ID, "Acme");
        }),
    ];
    for message in all {
        let address = "127.0.0.1:1".parse().unwrap();
        inference.captured(CaptureItem::Message(Captured {
            at: Timestamp { seconds: 1, micros: 0 },
            connection: 1,
            flow: Flow::ToClient,
            client: address,
            server: address,
            application: Some("Desk".into()),
            message,
            packet: 1,
        }));
    }
    let inferred = checked(inference);
    let world = inferred.world();
    assert_eq!((world.t_server.name.as_str(), world.tenant.name.as_str()), ("SIP_C", "Acme"));
    assert_eq!((world.applications.len(), dns(&inferred)), (1, vec![("8001", DnType::AcdQueue)]));
}

#[test]
fn long_user_data_raises_the_limit() {
    let data = KvList::build(|list| list.str("k", "v".repeat(20_000))).unwrap();
    let log = user_event("D", &data);
    let inferred = infer(log.as_bytes());
    assert_eq!(inferred.world().t_server.options.user_data_limit, data.view().packed_len());
}

#[test]
fn hostile_names_make_no_bad_file() {
    let long = "x".repeat(300);
    let mut log = Vec::new();
    for name in
        ["a\"b\\c", "]]\u{85}", "# no = comment", "\u{7f}", "'quoted'", &long, "é\u{202e}", "tab\there"]
    {
        log.extend(
            event("EventOnHook", &format!("ThisDN\t'{name}', AgentID\t'{name}', CustomerID\t'{name}'"))
                .bytes(),
        );
        let data = KvList::build(|list| list.str(name, name)).unwrap();
        log.extend(user_event("ok", &data).bytes());
    }
    log.extend(b"@00:34:20.7570 [0] 8.1 f: message EventOnHook\n\tAttributeThisDN\t'\xFF\xFE'\n");
    log.extend(b"message\nmessage \x00\n\tAttribute\xFF\n\x0A\x0D");
    let inferred = infer(&log);
    let names: Vec<_> = inferred.world().dns.iter().map(|dn| dn.number.as_str()).collect();
    assert_eq!(names, ["a\"b\\c", "ok", "# no = comment", "'quoted'", "é\u{202e}"]);
    // Some cannot be listed, so that others must be let in, too.
    assert!(inferred.world().switch.create_unknown_dns && inferred.world().agents.is_empty());
    assert!(
        inferred
            .remarks()
            .iter()
            .any(|remark| remark.contains("AgentID was named that a world file cannot hold"))
    );
    for at in 0..log.len() {
        let mut inference = Inference::new();
        if at % 17 == 0 {
            feed(&mut inference, &log[..at]);
            checked(inference);
        }
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut names = names::Names::<u64>::new(2);
    for name in ["a", "b", "c", "a", "d", ""] {
        if let Some(count) = names.of(name.as_bytes()) {
            *count += 1;
        }
    }
    assert_eq!((names.beyond, names.unusable), (2, 1));
    assert_eq!(names.clone().into_rows(), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
    assert_eq!(names::most(names), (Some("a".to_owned()), 1));

    let mut inference = Inference::new();
    inference.dns = names::Names::new(3);
    let log: String = (0..10).map(|n| event("EventOnHook", &format!("ThisDN\t'{n}'"))).collect();
    feed(&mut inference, log.as_bytes());
    let inferred = checked(inference);
    assert_eq!((inferred.world().dns.len(), inferred.world().switch.create_unknown_dns), (3, true));
    assert_eq!(
        inferred.remarks(),
        ["7 times a DN was named that is one too many; create-unknown-dns lets it in"]
    );
}
