//! The golden frames of `protocol-spec/vectors`, made by playing one day at the switch with a clock that stands still:
//! what the switch sends now is compared with the files byte for byte.
//!
//! `UPDATE_VECTORS=1 cargo test -p tbus-core --test vectors` writes them anew.

#![expect(clippy::disallowed_methods, reason = "the golden frames are files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tbus_core::{ClientId, Effects, Step, Switch, World};
use tlib_proto::enums::{AddressInfoType, AddressType, ControlMode, RegisterMode};
use tlib_proto::session::{ClientSession, Hello};
use tlib_proto::text::{TextStyle, print_attributes};
use tlib_proto::wire::{control_frame, profile};
use tlib_proto::{
    AttributeId as A, KvList, Limits, Message, MessageId as M, MessageRef, Timestamp, ValueRef,
};
use tlib_testkit::vectors as golden;

const EVIDENCE: &str = include_str!("../../../tests/evidence/tserver_reporting.log");

/// The clock of the published log, which was seven hours behind UTC.
const NOW: Timestamp = Timestamp::new(1_348_817_660, 757_000);
const ZONE: TextStyle = TextStyle { utc_offset: -7 * 3600 };

const ICON: ClientId = ClientId(0);
const STAT_SERVER: ClientId = ClientId(1);
const ROUTER: ClientId = ClientId(2);
const ORCHESTRATION: ClientId = ClientId(3);
const DESKTOP: ClientId = ClientId(4);

/// ConnIDs of the three calls that the desktop makes.
const CALL: u64 = 0x0067_0000_0000_0001;
const CALL_TO_BUSY: u64 = CALL + 1;
const CALL_TO_QUEUE: u64 = CALL + 2;

/// A delivery without a file: its kind has one already.
const KNOWN: &str = "";

/// The frames that get a file, by its name without extension.
type Vectors = BTreeMap<String, Message>;

type Attribute<'a> = (A, ValueRef<'a>);

struct Scene {
    switch: Switch,
    effects: Effects,
    vectors: Vectors,
    /// ReferenceID of the last request.
    reference: u32,
}

fn message(id: M, attributes: &[Attribute<'_>]) -> Message {
    let message = Message::build(id, |m| {
        for (id, value) in attributes {
            m.value(*id, *value);
        }
        m
    });
    message.unwrap()
}

impl Scene {
    /// Files are called after their message, perhaps with a dot and what is special about it; frames of no event or
    /// request in lower case.
    fn keep(&mut self, name: &str, message: Message) {
        let kind = name.split('.').next().unwrap();
        let is_kind = message.id().to_string() == kind || !kind.contains(char::is_uppercase);
        assert!(is_kind, "{name} is the name of {}", message.id());
        assert!(self.vectors.insert(name.to_owned(), message).is_none(), "{name} is kept twice");
    }

    /// Keeps what was delivered since the last call, under these names in the order of the deliveries. Where the
    /// requester has a copy of its own, that is the one, and `NAME.others` what the others got.
    fn delivered(&mut self, names: &[&str]) {
        let mut seen = Vec::new();
        for step in self.effects.steps() {
            let Step::Deliver(delivery) = step else { continue };
            let read =
                |frame| MessageRef::parse(self.effects.bytes(frame), &Limits::default()).unwrap().to_owned();
            seen.push((delivery.requester.as_ref().map(|(_, own)| read(own)), read(&delivery.frame)));
        }
        let kinds: Vec<_> = seen.iter().map(|(_, message)| message.id().to_string()).collect();
        assert_eq!(seen.len(), names.len(), "{kinds:?} were sent, expected were {names:?}");
        for ((own, shared), name) in seen.into_iter().zip(names) {
            if *name == KNOWN {
                let kind = shared.id().to_string();
                assert!(self.vectors.contains_key(&kind), "{kind} is sent and has no file");
            } else if let Some(own) = own {
                self.keep(name, own);
                self.keep(&format!("{name}.others"), shared);
            } else {
                self.keep(name, shared);
            }
        }
        self.effects.clear_steps();
        self.effects.answers.clear();
        self.effects.events.clear();
    }

    fn open(&mut self, client: ClientId, application: &str, events: &[&str]) {
        let hello = Hello { application: application.to_owned(), password: None };
        let request = ClientSession::hello(&hello).unwrap();
        self.switch.open(client, NOW, request.view(), &mut self.effects);
        self.vectors.entry("RequestRegisterClient".to_owned()).or_insert(request);
        self.delivered(events);
    }

    /// Sends a request as it is. The first one of its kind is kept.
    fn send(&mut self, client: ClientId, id: M, attributes: &[Attribute<'_>], events: &[&str]) {
        let request = message(id, attributes);
        self.reference = request.view().reference_id().unwrap().unwrap();
        self.switch.request(client, NOW, request.view(), &mut self.effects);
        self.vectors.entry(id.to_string()).or_insert(request);
        self.delivered(events);
    }

    /// Sends a request with the next ReferenceID and these attributes.
    fn ask(&mut self, client: ClientId, id: M, attributes: &[Attribute<'_>], events: &[&str]) {
        let reference = (A::REFERENCE_ID, ValueRef::Int(self.reference.cast_signed() + 1));
        self.send(client, id, &[&[reference], attributes].concat(), events);
    }

    fn register(&mut self, client: ClientId, dn: &str, event: &str) {
        let attributes = [
            (A::THIS_DN, dn.into()),
            (A::REGISTER_MODE, ValueRef::Int(RegisterMode::MODE_SHARE.0)),
            (A::CONTROL_MODE, ValueRef::Int(ControlMode::REGISTER_DEFAULT.0)),
            (A::ADDRESS_TYPE, ValueRef::Int(AddressType::DN.0)),
        ];
        self.ask(client, M::REQUEST_REGISTER_ADDRESS, &attributes, &[event]);
    }
}

/// Everything the switch can send, once.
fn play() -> Vectors {
    let mut switch = Switch::new(World::default());
    // So that the published exchange, after four EventLinkConnected and three EventRegistered, has its numbers.
    switch.set_next_sequence(0xef8 - 7);
    let mut scene = Scene { switch, effects: Effects::new(), vectors: Vectors::new(), reference: 0 };
    scene.open(ICON, "Icon_Voice", &["EventLinkConnected"]);
    scene.register(ICON, "REPORTING", "EventRegistered");
    for (client, application) in [(STAT_SERVER, "Stat_Server"), (ROUTER, "Universal_Routing_Server")] {
        scene.open(client, application, &[KNOWN]);
        scene.register(client, "REPORTING", KNOWN);
    }
    scene.open(ORCHESTRATION, "OrchestrationServer", &[KNOWN]);
    published_exchange(&mut scene);
    fabricated_event(&mut scene);
    queries(&mut scene);
    agent(&mut scene);
    calls(&mut scene);
    the_end(&mut scene);
    codec(&mut scene);
    scene.vectors
}

fn published_exchange(scene: &mut Scene) {
    let data = tlib_testkit::published::user_data();
    let request = [
        (A::COMMUNICATION_DN, "REPORTING".into()),
        (A::USER_DATA, data.view().into()),
        (A::ANI, "777".into()),
        (A::DNIS, "333".into()),
        (A::REFERENCE_ID, ValueRef::Int(431)),
    ];
    scene.send(ORCHESTRATION, M::REQUEST_DISTRIBUTE_USER_EVENT, &request, &["EventACK", "EventUserEvent"]);
}

/// As routing does on a virtual queue; ClientID names who gets the copy that keeps the ReferenceID.
fn fabricated_event(scene: &mut Scene) {
    scene.register(ICON, "Callback_VQ", KNOWN);
    scene.register(STAT_SERVER, "Callback_VQ", KNOWN);
    let reason = KvList::build(|list| list.int("RTR", 115)).unwrap();
    let request = [
        (A::USER_EVENT, ValueRef::Int(M::EVENT_DIVERTED.0.into())),
        (A::CLIENT_ID, ValueRef::Int(STAT_SERVER.0.cast_signed())),
        (A::CONN_ID, ValueRef::Long(0x0067_0000_0000_1000)),
        (A::REASON, reason.view().into()),
        (A::THIS_DN, "Callback_VQ".into()),
        (A::THIS_QUEUE, "Callback_VQ".into()),
        (A::THIRD_PARTY_DN, "7001".into()),
    ];
    let events = ["EventACK.RequestDistributeEvent", "EventDiverted"];
    scene.ask(ROUTER, M::REQUEST_DISTRIBUTE_EVENT, &request, &events);
}

fn queries(scene: &mut Scene) {
    scene.ask(ICON, M::REQUEST_QUERY_SERVER, &[], &["EventServerInfo"]);
    let status = (A::ADDRESS_INFO_TYPE, ValueRef::Int(AddressInfoType::DN_STATUS.0));
    let query = [(A::THIS_DN, "REPORTING".into()), status];
    scene.ask(ICON, M::REQUEST_QUERY_ADDRESS, &query, &["EventAddressInfo"]);
    // All ones: everything is wanted.
    let mask = [(A::INPUT_MASK, ValueRef::Binary(&[0xFF; 64]))];
    scene.ask(ICON, M::REQUEST_SET_INPUT_MASK, &mask, &["EventACK.RequestSetInputMask"]);
    scene.ask(ICON, M::REQUEST_PRIVATE_SERVICE, &[(A::THIS_DN, "REPORTING".into())], &[KNOWN]);
}

fn agent(scene: &mut Scene) {
    scene.open(DESKTOP, "Agent_Desktop", &[KNOWN]);
    scene.register(DESKTOP, "7001", KNOWN);
    let dn = (A::THIS_DN, ValueRef::from("7001"));
    let reason = KvList::build(|list| list.str("ReasonCode", "Lunch")).unwrap();
    let not_ready = [dn, (A::AGENT_WORK_MODE, ValueRef::Int(3)), (A::REASON, reason.view().into())];
    // While one client alone is registered on the DN, there is one copy.
    scene.ask(DESKTOP, M::REQUEST_AGENT_LOGIN, &[dn, (A::AGENT_ID, "1001".into())], &["EventAgentLogin"]);
    scene.ask(DESKTOP, M::REQUEST_AGENT_READY, &[dn], &["EventAgentReady"]);
    scene.register(STAT_SERVER, "7001", KNOWN);
    scene.ask(DESKTOP, M::REQUEST_AGENT_NOT_READY, &not_ready, &["EventAgentNotReady"]);
    scene.ask(STAT_SERVER, M::REQUEST_UNREGISTER_ADDRESS, &[dn], &["EventUnregistered"]);
    scene.ask(DESKTOP, M::REQUEST_QUERY_ADDRESS, &[dn], &["EventAddressInfo.agent"]);
    scene.ask(DESKTOP, M::REQUEST_AGENT_LOGOUT, &[dn], &["EventAgentLogout"]);
}

fn calls(scene: &mut Scene) {
    scene.register(DESKTOP, "7002", KNOWN);
    let caller = (A::THIS_DN, ValueRef::from("7001"));
    let callee = (A::THIS_DN, ValueRef::from("7002"));
    let to = |dn: &'static str| (A::OTHER_DN, ValueRef::from(dn));
    let conn = |conn_id| (A::CONN_ID, ValueRef::Long(conn_id));
    let data = KvList::build(|list| list.str("RTargetAgentGroup", "VAG_Skill1").int("Priority", 5)).unwrap();
    let data = (A::USER_DATA, ValueRef::from(data.view()));
    let key = (A::DATA_KEY, ValueRef::from("Priority"));
    let changed = "EventAttachedDataChanged";

    let ringing = ["EventDialing", "EventRinging"];
    scene.ask(DESKTOP, M::REQUEST_MAKE_CALL, &[caller, to("7002")], &ringing);
    scene.ask(
        DESKTOP,
        M::REQUEST_ANSWER_CALL,
        &[callee, conn(CALL)],
        &["EventEstablished", "EventEstablished.caller"],
    );
    scene.ask(DESKTOP, M::REQUEST_ATTACH_USER_DATA, &[caller, conn(CALL), data], &[changed, KNOWN]);
    scene.ask(DESKTOP, M::REQUEST_UPDATE_USER_DATA, &[caller, conn(CALL), data], &[KNOWN; 2]);
    scene.ask(DESKTOP, M::REQUEST_DELETE_PAIR, &[caller, conn(CALL), key], &[KNOWN; 2]);
    // Who is registered on no party's DN gets its answer without ThisDN.
    let delete = [conn(CALL)];
    let events = [KNOWN, KNOWN, "EventAttachedDataChanged.elsewhere"];
    scene.ask(ICON, M::REQUEST_DELETE_USER_DATA, &delete, &events);
    scene.ask(DESKTOP, M::REQUEST_HOLD_CALL, &[caller, conn(CALL)], &["EventHeld"]);

    let busy = [KNOWN, "EventDestinationBusy"];
    scene.ask(DESKTOP, M::REQUEST_MAKE_CALL, &[caller, to("7002")], &busy);
    scene.ask(DESKTOP, M::REQUEST_RELEASE_CALL, &[caller, conn(CALL_TO_BUSY)], &["EventReleased"]);

    scene.ask(DESKTOP, M::REQUEST_RETRIEVE_CALL, &[caller, conn(CALL)], &["EventRetrieved"]);
    scene.ask(DESKTOP, M::REQUEST_RELEASE_CALL, &[caller, conn(CALL)], &[KNOWN; 2]);

    scene.ask(DESKTOP, M::REQUEST_MAKE_CALL, &[caller, to("Callback_VQ"), data], &[KNOWN, "EventQueued"]);
    let abandoned = [KNOWN, "EventAbandoned"];
    scene.ask(DESKTOP, M::REQUEST_RELEASE_CALL, &[caller, conn(CALL_TO_QUEUE)], &abandoned);
}

fn the_end(scene: &mut Scene) {
    let nowhere = [(A::THIS_DN, "NOWHERE".into())];
    scene.ask(DESKTOP, M::REQUEST_REGISTER_ADDRESS, &nowhere, &["EventError"]);
    let transfer = [(A::THIS_DN, "7001".into()), (A::CONN_ID, ValueRef::Long(CALL))];
    scene.ask(DESKTOP, M::REQUEST_INITIATE_TRANSFER, &transfer, &["EventError.RequestInitiateTransfer"]);
    scene.switch.set_link(false, NOW, &mut scene.effects);
    scene.delivered(&["EventLinkDisconnected"]);
    scene.switch.set_link(true, NOW, &mut scene.effects);
    scene.delivered(&["EventLinkConnected.again"]);
}

/// What no switch sends of itself.
fn codec(scene: &mut Scene) {
    let inner =
        KvList::build(|list| list.str("Session", "00PN8M303SBR7E9P04000VTAES000001+").int("Node", 272));
    let inner = inner.unwrap();
    let list = KvList::build(|list| {
        list.str("string", "text")
            .str("string", "a key may repeat")
            .str("empty", "")
            .str("", "empty key")
            .str("quote", "it's")
            .str("lines", "one\ntwo\ttabbed")
            .str("utf-8", "Grüße")
            .str("latin-1", b"Gr\xFC\xDFe")
            .str(b"k\xFF", "a key that is not UTF-8")
            .int("int", -5)
            .value("binary", ValueRef::Binary(&[0, 1, 0xFE, 0xFF]))
            .value("unicode", ValueRef::Unicode("Ω".as_bytes()))
            .value("long", ValueRef::Long(CALL))
            .value("other", ValueRef::Other(9, &[0xAB]))
            .list("list", inner.view())
            .list("empty list", KvList::new().view())
    })
    .unwrap();
    let every_kind = [
        (A::REFERENCE_ID, ValueRef::Int(-1)),
        (A::THIS_DN, "REPORTING".into()),
        (A::CALL_STATE, ValueRef::Int(-1)),
        (A::CONN_ID, ValueRef::Long(u64::MAX)),
        (A::INPUT_MASK, ValueRef::Binary(&[0x0A, 0xFF])),
        (A::USER_DATA, list.view().into()),
        (A::OTHER_DN, ValueRef::Str(b"\xFF")),
        (A::ANI, ValueRef::Unicode("7001-Ω".as_bytes())),
        (A::DNIS, ValueRef::Int(333)),
        (A(149), ValueRef::Other(9, &[1, 2, 3])),
        (A(149), ValueRef::Unicode(b"\xFE")),
    ];
    scene.keep("every-kind", message(M::REQUEST_PRIVATE_SERVICE, &every_kind));
    scene.keep("unknown-message", message(M(203), &[(A(149), "carried".into())]));
    for (name, id) in [("keep-alive-ping", profile::CONTROL_PING), ("keep-alive-pong", profile::CONTROL_PONG)]
    {
        scene.keep(name, Message::from_frame(control_frame(M(id)), &Limits::default()).unwrap());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec/vectors")
}

/// What the files hold, by file name.
fn files(vectors: &Vectors) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (name, message) in vectors {
        files.insert(format!("{name}.hex"), golden::annotate(message.view()));
        files.insert(
            format!("{name}.json"),
            format!("{:#}\n", tlib_proto::json::from_message(message.view())),
        );
    }
    files
}

/// The file names that are there.
fn present() -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder()) else { return BTreeSet::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".hex") || name.ends_with(".json")).collect()
}

#[test]
fn the_switch_sends_what_the_files_say() {
    let expected = files(&play());
    let stale: Vec<_> = present().into_iter().filter(|name| !expected.contains_key(name)).collect();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for name in &stale {
            fs::remove_file(folder().join(name)).unwrap();
        }
        for (name, text) in &expected {
            fs::write(folder().join(name), text).unwrap();
        }
        return;
    }
    let remedy = "if that is meant: UPDATE_VECTORS=1 cargo test -p tbus-core --test vectors";
    assert!(stale.is_empty(), "nothing makes {stale:?}; {remedy}");
    for (name, now) in &expected {
        let file = fs::read_to_string(folder().join(name));
        let file = file.unwrap_or_else(|error| panic!("protocol-spec/vectors/{name}: {error}; {remedy}"));
        if let Some(difference) = first_difference(&file, now) {
            panic!("protocol-spec/vectors/{name}, {difference}; {remedy}");
        }
    }
}

fn first_difference(file: &str, now: &str) -> Option<String> {
    if file == now {
        return None;
    }
    let (mut old, mut new) = (file.split('\n'), now.split('\n'));
    (1..).find_map(|number| match (old.next(), new.next()) {
        (Some(old), Some(new)) if old == new => None,
        (None, None) => Some("line ends".to_owned()),
        (old, new) => {
            let shown =
                |line: Option<&str>| line.map_or_else(|| "the end".to_owned(), |line| format!("{line:?}"));
            Some(format!("line {number}: the file has {}, made was {}", shown(old), shown(new)))
        }
    })
}

#[test]
fn the_first_difference_is_named() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    let difference = first_difference("a\nb\n", "a\nc\n").unwrap();
    assert_eq!(difference, "line 2: the file has \"b\", made was \"c\"");
    assert_eq!(first_difference("a", "a\nc").unwrap(), "line 2: the file has the end, made was \"c\"");
}

#[test]
fn the_files_give_their_frames_back() {
    for (name, message) in play() {
        let bytes = golden::read_hex(&golden::annotate(message.view()));
        assert_eq!(bytes.unwrap(), message.frame()[..], "{name}");
    }
}

/// The published block, attribute by attribute, out of the same frames that the files hold.
#[test]
fn the_published_exchange_prints_as_published() {
    let vectors = play();
    for (name, function) in [("EventACK", "send_to_client"), ("EventUserEvent", "distribute_user_event")] {
        let mut text = format!("@00:34:20.7570 [0] 8.1.000.62 {function}: message {name}\n");
        print_attributes(&mut text, vectors[name].view(), &ZONE);
        assert!(EVIDENCE.contains(&text), "not published:\n{text}");
    }
}

/// Every `MessageId::EVENT_..` that the code of the switch names, tests left aside.
fn events_in_the_source(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            events_in_the_source(&path, into);
        } else if !path.ends_with("tests.rs") && !path.ends_with("testing.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for part in line.split("MessageId::EVENT_").skip(1) {
                    let end = part.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(part.len());
                    into.insert(format!("EVENT{}", &part[..end]).replace('_', ""));
                }
            }
        }
    }
}

#[test]
fn every_event_and_every_supported_request_has_a_file() {
    let vectors = play();
    let kinds: BTreeSet<_> = vectors.keys().map(|name| name.to_uppercase()).collect();
    let mut events = BTreeSet::new();
    events_in_the_source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut events);
    assert!(events.len() >= 23, "{events:?}");
    let missing: Vec<_> = events.difference(&kinds).collect();
    assert!(
        missing.is_empty(),
        "the switch can send {missing:?}, which have no file: add them to the scenario"
    );

    let info = vectors["EventServerInfo"].view();
    let mask = info.binary(A::SERVER_CAPABILITY_MASK).unwrap().unwrap();
    let supported = (0..512_u16).filter(|id| mask[usize::from(id / 8)] & (1 << (id % 8)) != 0).map(M);
    let missing: Vec<_> =
        supported.map(|id| id.to_string()).filter(|name| !vectors.contains_key(name)).collect();
    assert!(missing.is_empty(), "{missing:?} are supported and have no file: add them to the scenario");
}
