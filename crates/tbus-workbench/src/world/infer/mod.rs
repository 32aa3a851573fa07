//! What messages tell of the world around them.

mod finish;

use tlib_capture::packet::CaptureItem;
use tlib_capture::read::{Header, Kind, Origin, Record};
use tlib_capture::replay::{LogPlan, Planned, Skip, Step, packet_event};
use tlib_proto::enums::{AddressInfoType, AddressType};
use tlib_proto::{AttributeId, ErrorCode, MessageId, MessageRef};

use super::clue::{Clue, tells};
use super::keys::{self, Key};
use super::names::Names;

pub use finish::Inferred;

/// Bounds on what is remembered (chosen).
const DNS: usize = 100_000;
const AGENTS: usize = 50_000;
const APPLICATIONS: usize = 5_000;
const KEYS: usize = 20_000;
const OTHERS: usize = 1_000;

/// The largest `user-data-limit` of a world.
const USER_DATA: usize = 65_535;

/// The lists whose keys are counted.
pub(super) const LISTS: [(AttributeId, &str); 3] = [
    (AttributeId::USER_DATA, "UserData"),
    (AttributeId::EXTENSIONS, "Extensions"),
    (AttributeId::REASON, "Reason"),
];

/// The attributes for queues.
const QUEUES: [(AttributeId, &str); 3] = [
    (AttributeId::THIS_QUEUE, "AttributeThisQueue"),
    (AttributeId::OTHER_QUEUE, "AttributeOtherQueue"),
    (AttributeId::THIRD_PARTY_QUEUE, "AttributeThirdPartyQueue"),
];

#[derive(Clone, Debug, Default)]
pub(super) struct Dn {
    clue: Option<Clue>,
    messages: u64,
    /// Whether a request for it was refused because there is no such DN, and whether an event shows that there is.
    refused: bool,
    proven: bool,
}

#[derive(Clone, Debug, Default)]
struct Application {
    ty: String,
}

/// Follows traffic and remembers what it shows of the world around it, within bounds.
#[derive(Debug)]
pub struct Inference {
    plan: LogPlan,
    examples: bool,
    /// Name and type of who has written the log, until a line shows which side that is.
    header: Option<(Vec<u8>, Vec<u8>)>,
    messages: u64,
    damaged: u64,
    named_only: u64,
    tenants: Names<u64>,
    switches: Names<u64>,
    servers: Names<u64>,
    /// How clients call the server that they send to, which need not be its name.
    nicknames: Names<u64>,
    versions: Names<u64>,
    pub(super) dns: Names<Dn>,
    agents: Names<u64>,
    applications: Names<Application>,
    keys: [Names<Key>; LISTS.len()],
    user_data: usize,
}

impl Default for Inference {
    fn default() -> Self {
        Self {
            plan: LogPlan::new(),
            examples: false,
            header: None,
            messages: 0,
            damaged: 0,
            named_only: 0,
            tenants: Names::new(OTHERS),
            switches: Names::new(OTHERS),
            servers: Names::new(OTHERS),
            nicknames: Names::new(OTHERS),
            versions: Names::new(OTHERS),
            dns: Names::new(DNS),
            agents: Names::new(AGENTS),
            applications: Names::new(APPLICATIONS),
            keys: [Names::new(KEYS), Names::new(OTHERS), Names::new(OTHERS)],
            user_data: 0,
        }
    }
}

impl Inference {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, keeping the first value of each key. Values are what customers have said and entered, so they are not kept
    /// unless asked for.
    pub fn with_examples(self) -> Self {
        Self { examples: true, ..self }
    }

    /// Takes the next record of a log.
    pub fn record(&mut self, record: &Record<'_>) {
        match &record.kind {
            Kind::Header(header) => self.header(header),
            Kind::Block(block) => match block.origin {
                Origin::Received(client) => {
                    self.application(client.application);
                    self.written_by_server();
                }
                Origin::Event { version, .. } => {
                    bump(&mut self.versions, version);
                    self.written_by_server();
                }
                Origin::RequestTo { server, .. } => {
                    bump(&mut self.nicknames, server);
                    self.written_by_client();
                }
                Origin::ReceivedFrom { server, .. } => {
                    bump(&mut self.servers, server);
                    self.written_by_client();
                }
                _ => {}
            },
            Kind::Received(receipt) | Kind::Sent(receipt) => {
                self.application(receipt.client.application);
                self.written_by_server();
            }
            Kind::Interaction(line) if line.dn().is_some() => {
                bump(&mut self.nicknames, line.application());
                self.written_by_client();
            }
            Kind::Interaction(line) => self.application(line.application()),
            _ => {}
        }
        let mut plan = std::mem::take(&mut self.plan);
        plan.push(record, &mut |step| self.step(&step));
        self.plan = plan;
    }

    /// A log has ended; another one may follow.
    pub fn end_of_log(&mut self) {
        let mut plan = std::mem::take(&mut self.plan);
        plan.finish(&mut |step| self.step(&step));
        self.header = None;
    }

    /// Takes the next item of a packet capture.
    pub fn captured(&mut self, item: CaptureItem) {
        if let CaptureItem::Message(captured) = &item
            && captured.message.id() == MessageId::REQUEST_REGISTER_CLIENT
            && let Ok(Some(name)) = captured.message.view().text(AttributeId::APPLICATION_NAME)
        {
            self.application(name);
        }
        if let Some(step) = packet_event(item) {
            self.step(&step);
        }
    }

    fn header(&mut self, header: &Header<'_>) {
        if let Some(name) = header.get("Application name") {
            let ty = header.get("Application type").unwrap_or_default();
            self.header = Some((name.to_vec(), ty.to_vec()));
        }
    }

    fn written_by_server(&mut self) {
        if let Some((name, _)) = self.header.take() {
            bump(&mut self.servers, &name);
        }
    }

    fn written_by_client(&mut self) {
        if let Some((name, ty)) = self.header.take()
            && let Some(application) = self.applications.of(&name)
            && application.ty.is_empty()
        {
            application.ty =
                String::from_utf8_lossy(&ty).chars().filter(|c| !c.is_control()).take(255).collect();
        }
    }

    fn application(&mut self, name: &[u8]) {
        self.applications.of(name);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Message(planned) => self.message(planned),
            Step::Heard(heard) => self.application(heard.application.as_bytes()),
            Step::Skipped { why: Skip::Damaged, .. } => self.damaged = self.damaged.saturating_add(1),
            Step::Skipped { why: Skip::NamedOnly, .. } => self.named_only = self.named_only.saturating_add(1),
            Step::Skipped { .. } => {}
        }
    }

    fn message(&mut self, planned: &Planned) {
        let (id, view) = (planned.message.id(), planned.message.view());
        if let Some(name) = &planned.application {
            self.application(name.as_bytes());
        }
        let text = |attribute| view.text(attribute).ok().flatten();
        if id == MessageId::EVENT_ERROR {
            let unknown = i32::try_from(ErrorCode::NOT_CONFIGURED.0).ok();
            if let Some(dn) = text(AttributeId::THIS_DN)
                && view.int(AttributeId::ERROR_CODE).ok().flatten() == unknown
                && let Some(dn) = self.dns.of(dn)
            {
                dn.refused = true;
            }
        } else {
            self.dns_of(id, view);
        }
        // A request that was rebuilt says what its event says again.
        if planned.rebuilt {
            return;
        }
        self.messages = self.messages.saturating_add(1);
        for (names, attribute) in [
            (&mut self.tenants, AttributeId::CUSTOMER_ID),
            (&mut self.switches, AttributeId::HOME_LOCATION),
            (&mut self.agents, AttributeId::AGENT_ID),
        ] {
            if let Some(name) = text(attribute) {
                bump(names, name);
            }
        }
        if matches!(id, MessageId::EVENT_LINK_CONNECTED | MessageId::EVENT_SERVER_CONNECTED)
            && let Some(name) = text(AttributeId::APPLICATION_NAME)
        {
            bump(&mut self.servers, name);
        }
        for ((attribute, _), keys) in LISTS.into_iter().zip(&mut self.keys) {
            if let Ok(Some(list)) = view.list(attribute) {
                keys::count(keys, list, self.examples);
            }
        }
        if let Ok(Some(list)) = view.list(AttributeId::USER_DATA) {
            self.user_data = self.user_data.max(list.packed_len());
            if let Some(queue) = list.find("_CB_DIM_VQ").and_then(|value| value.as_text())
                && !queue.is_empty()
            {
                self.dn(queue, Clue::VirtualQueue, id);
            }
        }
    }

    /// What a message says of DNs.
    fn dns_of(&mut self, id: MessageId, view: MessageRef<'_>) {
        let text = |attribute| view.text(attribute).ok().flatten().filter(|name| !name.is_empty());
        if let Some(dn) = text(AttributeId::THIS_DN) {
            self.dn(dn, Clue::of(id), id);
            if let Some(ty) = address_type(id, view) {
                let clue = if id.is_request() { Clue::Registered(ty) } else { Clue::Told(ty) };
                self.dn(dn, clue, id);
            }
        }
        if id == MessageId::REQUEST_DISTRIBUTE_USER_EVENT
            && let Some(dn) = text(AttributeId::COMMUNICATION_DN)
        {
            self.dn(dn, Clue::of(id), id);
        }
        if matches!(
            id,
            MessageId::REQUEST_MAKE_CALL
                | MessageId::REQUEST_INITIATE_TRANSFER
                | MessageId::REQUEST_INITIATE_CONFERENCE
                | MessageId::REQUEST_MUTE_TRANSFER
                | MessageId::REQUEST_SINGLE_STEP_TRANSFER
                | MessageId::REQUEST_SINGLE_STEP_CONFERENCE
                | MessageId::REQUEST_ROUTE_CALL
                | MessageId::REQUEST_REDIRECT_CALL
        ) && let Some(dn) = text(AttributeId::OTHER_DN)
        {
            self.dn(dn, Clue::Wanted(id), id);
        }
        for (attribute, name) in QUEUES {
            if let Some(queue) = text(attribute) {
                self.dn(queue, Clue::Named(name), id);
            }
        }
    }

    fn dn(&mut self, name: &[u8], clue: Clue, id: MessageId) {
        if let Some(dn) = self.dns.of(name) {
            dn.messages = dn.messages.saturating_add(1);
            dn.proven |= id.is_event();
            if dn.clue.is_none_or(|known| clue.rank() < known.rank()) {
                dn.clue = Some(clue);
            }
        }
    }
}

fn bump(names: &mut Names<u64>, name: &[u8]) {
    if let Some(count) = names.of(name) {
        *count = count.saturating_add(1);
    }
}

/// The AddressType that a message says of its ThisDN, if that tells anything.
fn address_type(id: MessageId, view: MessageRef<'_>) -> Option<AddressType> {
    let int = |attribute| view.int(attribute).ok().flatten();
    let about = matches!(
        id,
        MessageId::REQUEST_REGISTER_ADDRESS | MessageId::EVENT_REGISTERED | MessageId::EVENT_ADDRESS_INFO
    );
    let status = || {
        let asked = int(AttributeId::ADDRESS_INFO_TYPE)? == AddressInfoType::ADDRESS_TYPE.0;
        int(AttributeId::ADDRESS_INFO_STATUS).filter(|_| asked && id.is_event())
    };
    let ty = int(AttributeId::ADDRESS_TYPE).or_else(status).map(AddressType)?;
    (about && tells(ty)).then_some(ty)
}
