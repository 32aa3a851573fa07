//! What happened on a DN, and which type that makes likely (all of it chosen).

use tbus_core::DnType;
use tlib_proto::MessageId;
use tlib_proto::enums::AddressType;

/// What happened on a DN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clue {
    /// An agent was logged in on it.
    Agent(MessageId),
    /// The server has said its AddressType; not `DN`, which it says of nearly everything.
    Told(AddressType),
    /// Calls were routed from it.
    Routed(MessageId),
    /// User data names it as the callback's virtual queue.
    VirtualQueue,
    /// Calls waited on it.
    Waited(MessageId),
    /// An attribute for queues names it.
    Named(&'static str),
    /// A client has registered it with an AddressType other than `DN`.
    Registered(AddressType),
    /// Calls were made, rang or were answered on it.
    Called(MessageId),
    /// A client wanted a call to it.
    Wanted(MessageId),
    /// User events went to it.
    UserEvent(MessageId),
    /// Anything else.
    Seen(MessageId),
}

impl Clue {
    /// What a message says of its ThisDN.
    pub(super) fn of(id: MessageId) -> Self {
        match id {
            MessageId::EVENT_AGENT_LOGIN
            | MessageId::EVENT_AGENT_LOGOUT
            | MessageId::EVENT_AGENT_READY
            | MessageId::EVENT_AGENT_NOT_READY
            | MessageId::EVENT_AGENT_AFTER_CALL_WORK
            | MessageId::EVENT_AGENT_IDLE_REASON_SET
            | MessageId::REQUEST_AGENT_LOGIN
            | MessageId::REQUEST_AGENT_LOGOUT
            | MessageId::REQUEST_AGENT_READY
            | MessageId::REQUEST_AGENT_NOT_READY
            | MessageId::REQUEST_AGENT_SET_IDLE_REASON => Self::Agent(id),
            MessageId::EVENT_ROUTE_REQUEST
            | MessageId::EVENT_ROUTE_USED
            | MessageId::REQUEST_ROUTE_CALL
            | MessageId::REQUEST_APPLY_TREATMENT
            | MessageId::EVENT_TREATMENT_APPLIED
            | MessageId::EVENT_TREATMENT_NOT_APPLIED
            | MessageId::EVENT_TREATMENT_END
            | MessageId::EVENT_TREATMENT_REQUIRED => Self::Routed(id),
            MessageId::EVENT_QUEUED | MessageId::EVENT_DIVERTED => Self::Waited(id),
            MessageId::EVENT_DIALING
            | MessageId::EVENT_RINGING
            | MessageId::EVENT_ESTABLISHED
            | MessageId::EVENT_HELD
            | MessageId::EVENT_RETRIEVED
            | MessageId::EVENT_RELEASED
            | MessageId::EVENT_DESTINATION_BUSY
            | MessageId::EVENT_NETWORK_REACHED
            | MessageId::EVENT_PARTY_ADDED
            | MessageId::EVENT_PARTY_DELETED
            | MessageId::EVENT_PARTY_CHANGED
            | MessageId::EVENT_OFF_HOOK
            | MessageId::EVENT_ON_HOOK
            | MessageId::REQUEST_MAKE_CALL
            | MessageId::REQUEST_ANSWER_CALL
            | MessageId::REQUEST_RELEASE_CALL
            | MessageId::REQUEST_HOLD_CALL
            | MessageId::REQUEST_RETRIEVE_CALL => Self::Called(id),
            MessageId::EVENT_USER_EVENT | MessageId::REQUEST_DISTRIBUTE_USER_EVENT => Self::UserEvent(id),
            _ => Self::Seen(id),
        }
    }

    /// Which of several clues decides: the lowest, and of equal ones the first.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Agent(_) => 0,
            Self::Told(_) => 1,
            Self::Routed(_) => 2,
            Self::VirtualQueue => 3,
            Self::Waited(_) => 4,
            Self::Named(_) => 5,
            Self::Registered(_) => 6,
            Self::Called(_) => 7,
            Self::Wanted(_) => 8,
            Self::UserEvent(_) => 9,
            Self::Seen(_) => 10,
        }
    }

    /// The type of the DN of this name.
    pub(super) fn ty(self, name: &str) -> DnType {
        match self {
            Self::Told(ty) | Self::Registered(ty) => of_address_type(ty, name),
            Self::Routed(_) => DnType::RoutingPoint,
            Self::VirtualQueue => DnType::VirtualQueue,
            Self::Waited(_) | Self::Named(_) => queue(name),
            Self::UserEvent(_) => DnType::TrunkGroup,
            Self::Agent(_) | Self::Called(_) | Self::Wanted(_) | Self::Seen(_) => DnType::Extension,
        }
    }

    /// How the type is known, or that it is a guess.
    pub(super) fn reason(self, name: &str) -> String {
        match self {
            Self::Agent(id) => format!("agents use it ({id}); an ACD Position would do, too"),
            Self::Told(ty) => format!("the server says AddressType {}", address_type(ty)),
            Self::Routed(id) => format!("calls are routed from it ({id})"),
            Self::VirtualQueue => "the pair _CB_DIM_VQ names it".to_owned(),
            Self::Waited(id) => format!("calls wait on it ({id}); {}", queue_guess(name)),
            Self::Named(attribute) => format!("{attribute} names it; {}", queue_guess(name)),
            Self::Registered(ty) => {
                format!("a client has registered it with AddressType {}", address_type(ty))
            }
            Self::Called(id) => format!("a party of calls ({id})"),
            Self::Wanted(id) => format!("a guess: {id} calls it, and nothing else is seen of it"),
            Self::UserEvent(id) => format!("a guess: nothing but user events ({id})"),
            Self::Seen(id) => format!("a guess: nothing tells its type ({id})"),
        }
    }
}

/// A queue whose name is no number is a virtual one: an ACD queue is something that can be dialled.
fn queue(name: &str) -> DnType {
    if is_number(name) { DnType::AcdQueue } else { DnType::VirtualQueue }
}

fn queue_guess(name: &str) -> &'static str {
    if is_number(name) {
        "a guess that no Virtual Queue, as it is a number"
    } else {
        "a guess that a Virtual Queue, as it is no number"
    }
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

fn of_address_type(ty: AddressType, name: &str) -> DnType {
    match ty {
        AddressType::POSITION => DnType::AcdPosition,
        AddressType::QUEUE | AddressType::ACD_GROUP => queue(name),
        AddressType::ROUTE_DN => DnType::RoutingPoint,
        AddressType::ROUTE_QUEUE => DnType::RoutingQueue,
        AddressType::TRUNK => DnType::TrunkGroup,
        AddressType::VOICE_CHANNEL => DnType::VoiceTreatmentPort,
        AddressType::ANNOUNCEMENT => DnType::MusicPort,
        AddressType::OTHER => DnType::ServiceNumber,
        _ => DnType::Extension,
    }
}

fn address_type(ty: AddressType) -> String {
    ty.name().map_or_else(|| ty.0.to_string(), str::to_owned)
}

/// Whether an AddressType tells more than `DN` and `Unknown`, which stand for nearly everything.
pub(super) fn tells(ty: AddressType) -> bool {
    !matches!(ty, AddressType::DN | AddressType::UNKNOWN) && ty.name().is_some()
}
