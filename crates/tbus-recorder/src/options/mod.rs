//! The recorder's options, in the vendor's spelling (facts: options of `[custom-states]`, `[callconcentrator]` and, on
//! the Switch object, `[gts]`).
//!
//! [`Options::default`] has the vendor's defaults, with one exception that its field names. [`Options::read`] reads the
//! INI text that exports of such applications have.

mod error;
mod keys;
mod known;
mod read;

use std::time::Duration;

pub use error::{Notice, OptionsError, OptionsErrorKind};
pub(crate) use known::nearest;

/// Which pairs of a user event become rows of G_CUSTOM_DATA_S: `store-event-data`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreEventData {
    /// `none`: no pair. The vendor's default.
    #[default]
    None,
    /// `all`: every pair.
    All,
    /// `conf`: pairs whose key `EventData` names.
    Conf,
}

/// Which values of a pair become rows: `history` of a specification, `adata-*-history` for all other keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum History {
    /// `none`: no value.
    #[default]
    None,
    /// `first`: the first value of a call.
    First,
    /// `last`: the last value of a call, in one row that is updated.
    Last,
    /// `all`: one row for every change.
    All,
}

impl History {
    /// The spellings, in the order of the variants.
    pub const NAMES: [&'static str; 4] = ["none", "first", "last", "all"];

    /// Reads the vendor's spelling, lower case only.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "first" => Some(Self::First),
            "last" => Some(Self::Last),
            "all" => Some(Self::All),
            _ => None,
        }
    }
}

/// The roles of an ICON instance: `role`. What this recorder has no rows for (gls, gos, lrm, cfg) can be switched on
/// and off, and changes which G_DSS_*_PROVIDER tables are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Configuration.
    pub cfg: bool,
    /// Calls: G_CALL.
    pub gcc: bool,
    /// Agent states.
    pub gls: bool,
    /// User data: G_CUSTOM_DATA_S, G_CUSTOM_DATA_P, G_CUSTOM_STATES, G_USERDATA_HISTORY and its secure twin.
    pub gud: bool,
    /// Outbound.
    pub gos: bool,
    /// Licences.
    pub lrm: bool,
}

impl Roles {
    /// Every role: the default.
    pub const ALL: Self = Self { cfg: true, gcc: true, gls: true, gud: true, gos: true, lrm: true };
    /// No role but the one that cannot be switched off.
    pub const NONE: Self = Self { cfg: false, gcc: false, gls: false, gud: false, gos: false, lrm: false };
}

/// One entry of `GlobalData` or `AgentUserFields`: the value of a key goes into a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldKey {
    /// Name of the column, upper case, as `CUST_DATA_1`.
    pub field: String,
    /// The key.
    pub key: String,
}

/// One entry of `AgentRecordUserTypes`: a key that begins (`+`) and ends (`-`) a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKey {
    /// Code of the state, above 199.
    pub code: i32,
    /// The key.
    pub key: String,
}

/// What the recorder is told about what to store and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `[custom-states] store-event-data`; `None` when it was not given, so that a program can have its own default.
    pub store_event_data: Option<StoreEventData>,
    /// `EventData`, `EventData_1` ..: the keys for `conf`, in order. Their declared types have no effect (facts 2.4).
    pub event_data: Vec<String>,
    /// `GlobalData`: keys whose values go to columns of G_CUSTOM_DATA_P.
    pub global_data: Vec<FieldKey>,
    /// `AgentRecordUserTypes`: keys that begin and end rows of G_CUSTOM_STATES.
    pub agent_record_user_types: Vec<StateKey>,
    /// `AgentUserFields`: keys whose values go to columns of open rows of G_CUSTOM_STATES.
    pub agent_user_fields: Vec<FieldKey>,
    /// `[callconcentrator] acc-queue-size`: most records of a queue transaction; default 500, at least 1.
    pub acc_queue_size: u32,
    /// `acc-queue-lifespan`: longest time that a queue transaction stays open; default 5 s, whole seconds, at least 1.
    pub acc_queue_lifespan: Duration,
    /// `pq-dbname`: file of the durable queue, or `:memory:`. `None` when it was not given.
    pub pq_dbname: Option<String>,
    /// `adata-spec-name`: file of the attached-data specification, without `>` and what follows it (facts 3.1).
    /// `None` when it was not given; the vendor's default is `ccon_adata_spec.xml`.
    pub adata_spec_name: Option<String>,
    /// `adata-userdata-history`: for UserData of calls whose key the specification does not name.
    pub adata_userdata_history: History,
    /// `adata-reasons-history`: the same for Reasons. The vendor's default is not published; none is chosen.
    pub adata_reasons_history: History,
    /// `adata-extensions-history`: the same for Extensions.
    pub adata_extensions_history: History,
    /// `max-userdata-length`: most characters of G_USERDATA_HISTORY.VALUE and its secure twin; default 255.
    pub max_userdata_length: usize,
    /// `use-dss-monitor`: whether G_DSS_*_PROVIDER rows are written. The vendor's default is 0, the one here is 1,
    /// because everything downstream groups rows by these sessions (chosen).
    pub use_dss_monitor: bool,
    /// `role`; default all.
    pub roles: Roles,
    /// `[gts] call-deletion-timeout`: how long data that comes late still finds an ended call; default 30 s, at most
    /// 3600 s.
    pub call_deletion_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store_event_data: None,
            event_data: Vec::new(),
            global_data: Vec::new(),
            agent_record_user_types: Vec::new(),
            agent_user_fields: Vec::new(),
            acc_queue_size: 500,
            acc_queue_lifespan: Duration::from_secs(5),
            pq_dbname: None,
            adata_spec_name: None,
            adata_userdata_history: History::None,
            adata_reasons_history: History::None,
            adata_extensions_history: History::None,
            max_userdata_length: 255,
            use_dss_monitor: true,
            roles: Roles::ALL,
            call_deletion_timeout: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// Largest text that [`Options::read`] takes (chosen).
    pub const TEXT_LIMIT: usize = 1 << 20;

    /// `store-event-data`, or the vendor's default when it was not given.
    pub fn store_event_data(&self) -> StoreEventData {
        self.store_event_data.unwrap_or_default()
    }

    /// Reads options in INI spelling: `[section]`, `name = value`, comments after `;` or `#` at the start of a line. A
    /// byte order mark, CRLF and blanks are tolerated. `name` is what errors call the text, usually its path.
    ///
    /// The second value tells of options that exist and have no effect here.
    ///
    /// # Errors
    /// [`OptionsError`] with file and line: an unknown section or option, a value that the option cannot have, the same
    /// option twice, a key in more than one list, a text over [`Options::TEXT_LIMIT`], text that is not UTF-8.
    pub fn read(name: &str, text: &[u8]) -> Result<(Self, Vec<Notice>), OptionsError> {
        read::read(name, text)
    }
}
