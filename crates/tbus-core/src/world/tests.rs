use std::time::Duration;

use super::*;

fn error(text: &str) -> String {
    let error = World::from_toml(text).unwrap_err();
    format!("{}:{} {}", error.line, error.column, error.message)
}

#[test]
fn the_default_world_is_the_published_example() {
    let world = World::from_toml(World::DEFAULT_TOML).unwrap();
    assert_eq!(world, World::default());
    assert_eq!((world.tenant.name.as_str(), world.tenant.dbid), ("Environment", 1));
    assert_eq!((world.switch.name.as_str(), world.switch.create_unknown_dns), ("SIP_Switch", false));
    assert_eq!((world.t_server.name.as_str(), world.t_server.version.as_str()), ("SIP_Server", "8.1.000.62"));
    assert_eq!(world.t_server.options, Options::default());
    let dns: Vec<_> = world.dns.iter().map(|dn| (dn.number.as_str(), dn.ty)).collect();
    assert_eq!(
        dns,
        [
            ("REPORTING", DnType::TrunkGroup),
            ("Callback_VQ", DnType::VirtualQueue),
            ("Performance_VCB_VQ", DnType::VirtualQueue),
            ("7001", DnType::Extension),
            ("7002", DnType::Extension),
            ("7039", DnType::Extension),
        ]
    );
    let applications: Vec<_> = world.applications.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(
        applications,
        ["OrchestrationServer", "Icon_Voice", "Stat_Server", "Universal_Routing_Server"]
    );
    assert!(world.agents.is_empty());
}

#[test]
fn an_empty_file_is_a_world() {
    let world = World::from_toml("").unwrap();
    assert_eq!((world.tenant.name.as_str(), world.t_server.name.as_str()), ("Environment", "SIP_Server"));
    assert!(world.dns.is_empty() && world.agents.is_empty() && world.applications.is_empty());
}

#[test]
fn everything_can_be_set() {
    let world = World::from_toml(
        r#"
        [tenant]
        name = "Ténant"
        dbid = 7
        [switch]
        name = "S"
        dbid = 8
        create-unknown-dns = true
        [t-server]
        name = "T"
        dbid = 9
        version = "1"
        [t-server.options]
        user-data-limit = 65535
        addp-timeout = 30
        handshake-timeout = 1
        max-clients = 2
        frame-limit = 8192
        slow-client-soft-limit = 3
        slow-client-hard-limit = 3
        slow-client-timeout = 60
        [[dn]]
        number = "2"
        type = "ACD Position"
        [[dn]]
        number = "1"
        type = "Extension"
        dbid = 1
        [[dn]]
        number = "3"
        type = "Mixed"
        [[agent]]
        id = "a"
        first-name = "Ada"
        last-name = "Example"
        password = "p"
        dbid = 5
        [[agent]]
        id = "b"
        [[application]]
        name = "A"
        "#,
    )
    .unwrap();
    assert_eq!(world.tenant, TenantConfig { name: "Ténant".to_owned(), dbid: 7 });
    let options = &world.t_server.options;
    assert_eq!((options.user_data_limit, options.max_clients, options.frame_limit), (65_535, 2, 8192));
    assert_eq!((options.slow_client_soft_limit, options.slow_client_hard_limit), (3, 3));
    let times = [options.addp_timeout, options.handshake_timeout, options.slow_client_timeout];
    assert_eq!(times, [30, 1, 60].map(Duration::from_secs));
    assert_eq!(options.limits().frame, 8192);
    let dbids: Vec<_> = world.dns.iter().map(|dn| dn.dbid).collect();
    assert_eq!(dbids, [2, 1, 3], "the lowest that is free");
    let agent = |id: &str, first: &str, last: &str, password: Option<&str>, dbid| AgentConfig {
        id: id.to_owned(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        password: password.map(str::to_owned),
        dbid,
    };
    assert_eq!(world.agents, [agent("a", "Ada", "Example", Some("p"), 5), agent("b", "", "", None, 1)]);
    assert_eq!(world.applications, [ApplicationConfig { name: "A".to_owned(), ty: String::new(), dbid: 1 }]);
}

#[test]
fn every_dn_type_is_known_by_its_name() {
    for ty in DnType::ALL {
        assert_eq!(DnType::from_name(ty.name()), Some(*ty));
        let world = World::from_toml(&format!("[[dn]]\nnumber = '1'\ntype = '{ty}'")).unwrap();
        assert_eq!(world.dns[0].ty, *ty);
    }
    let agents: Vec<_> = DnType::ALL.iter().filter(|ty| ty.takes_agents()).collect();
    assert_eq!(agents, [&DnType::Extension, &DnType::AcdPosition]);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let dn = "[[dn]]\nnumber = '1'\ntype = 'Extension'\n";
    let cases = [
        ("[[dn]]\nnumber = '1'\ntpye = 'x'", "3:1 unknown key `tpye` in [[dn]]; did you mean `type`?"),
        (
            "# hi\n[t-server.options]\nuser-data-limt = 1",
            "3:1 unknown key `user-data-limt` in [t-server.options]; did you mean `user-data-limit`?",
        ),
        ("[tennant]\nname = 'x'", "1:2 unknown table `tennant`; did you mean `tenant`?"),
        ("[t-server.opt]\na = 1", "1:11 unknown table `opt`; known are: name, dbid, version, options"),
        ("[tenant]\n[[dm]]\nnumber = '1'", "2:3 unknown table `dm`; did you mean `dn`?"),
        ("dnz = 1", "1:1 unknown key `dnz`; did you mean `dn`?"),
        ("[tenant]\nzzzzzz = 1", "2:1 unknown key `zzzzzz` in [tenant]; known are: name, dbid"),
        (
            "[[dn]]\nnumber = '1'\ntype = 'extension'",
            "3:8 unknown DN type `extension`; did you mean `Extension`?",
        ),
        (
            "[[dn]]\nnumber = '1'\ntype = 'Virtual Qeue'",
            "3:8 unknown DN type `Virtual Qeue`; did you mean `Virtual Queue`?",
        ),
        ("[[dn]]\nnumber = '1'", "1:1 missing key `type` in [[dn]]"),
        ("[[dn]]\ntype = 'Extension'\n[[agent]]\nid = '1'", "1:1 missing key `number` in [[dn]]"),
        ("[[dn]]\nnumber = ''\ntype = 'Extension'", "2:10 DN is empty"),
        ("[[dn]]\nnumber = \"a\\u0000\"\ntype = 'Extension'", "2:10 DN holds a control character"),
        ("[tenant]\nname = ''", "2:8 [tenant] name is empty"),
        ("[tenant]\ndbid = 0", "2:8 dbid is 0, must be 1 or more"),
        ("[[agent]]\nid = '1'\ndbid = 0", "3:8 dbid is 0, must be 1 or more"),
        ("[t-server.options]\nuser-data-limit = 0", "2:19 user-data-limit is 0, must be 1 to 65535"),
        ("[t-server.options]\nuser-data-limit = 65536", "2:19 user-data-limit is 65536, must be 1 to 65535"),
        ("[t-server.options]\naddp-timeout = 3601", "2:16 addp-timeout is 3601, must be 0 to 3600"),
        ("[t-server.options]\nhandshake-timeout = 0", "2:21 handshake-timeout is 0, must be 1 to 3600"),
        ("[t-server.options]\nframe-limit = 8191", "2:15 frame-limit is 8191, must be 8192 to 1073741824"),
        ("[t-server.options]\nmax-clients = 0", "2:15 max-clients is 0, must be 1 to 1048576"),
        (
            "[t-server.options]\nslow-client-hard-limit = 5",
            "2:26 slow-client-soft-limit 1048576 is over slow-client-hard-limit 5",
        ),
        ("[t-server.options]\nmax-clients = 'x'", "2:15 max-clients must be a whole number"),
        ("[t-server.options]\nmax-clients = -1", "2:15 max-clients must not be negative"),
        ("[tenant]\ndbid = 'abc'", "2:8 dbid must be a whole number"),
        ("[tenant]\ndbid = 1.5", "2:8 dbid must be a whole number"),
        ("[tenant]\ndbid = 5000000000", "2:8 dbid is too large"),
        ("[tenant]\nname = 1", "2:8 name must be text in quotes"),
        ("[switch]\ncreate-unknown-dns = 1", "2:22 create-unknown-dns must be true or false"),
        (
            "[dn]\nnumber = '1'\ntype = 'Extension'",
            "1:1 write [[dn]] (double brackets), one table for each DN",
        ),
        ("[switch]\n[agent]\nid = '1'", "2:1 write [[agent]] (double brackets), one table for each agent"),
        ("[[tenant]]\nname = 'x'", "1:1 write [tenant] (single brackets), there is one only"),
        ("[tenant]\nname = 'é' dbid = 2", "2:12 unexpected key or value, expected newline, `#`"),
        (
            "[[agent]]\nid = '1'\n[[agent]]\nid = '2'\n[[agent]]\nid = '1'",
            "6:6 agent id `1` is there already, in line 2",
        ),
        (
            "[[application]]\nname = 'A'\n[[application]]\nname = 'A'",
            "4:8 application `A` is there already, in line 2",
        ),
        (
            "[[application]]\nname = 'A'\ndbid = 5\n[[application]]\nname = 'B'\ndbid = 5",
            "6:8 dbid 5 is there already in [[application]], in line 3",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    assert_eq!(error(&format!("{dn}\n{dn}")), "6:10 DN `1` is there already, in line 2");
    let long = "x".repeat(256);
    assert_eq!(error(&format!("[switch]\nname = '{long}'")), "2:8 [switch] name is over 255 bytes long");
    let double = format!("[[agent]]\nid = '{long}'\n").repeat(2);
    assert!(World::from_toml(&double).unwrap_err().message.len() < 100);
    let ty = World::from_toml(&format!("[[dn]]\nnumber = '1'\ntype = '{long}'")).unwrap_err();
    assert!(ty.message.starts_with(&format!("unknown DN type `{}...`; known are", "x".repeat(40))), "{ty}");
    let far = error("[[dn]]\nnumber = '1'\ntype = 'Toaster Oven Thing'");
    assert!(
        far.starts_with("3:8 unknown DN type `Toaster Oven Thing`; known are: Extension, ACD Position, "),
        "{far}"
    );
}
