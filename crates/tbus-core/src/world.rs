//! The world that is simulated: one tenant, one switch, one T-Server, and what is configured under them.
//!
//! It is read from TOML ([`World::from_toml`]); every table and most keys may be left out, the published example's
//! values stand in for them. Mistakes are told with their line and with what was probably meant.

use serde::Deserialize;
use tlib_proto::enums::AddressType;
use toml::Spanned;

use crate::options::{Options, RawOptions};

mod error;
mod number;

pub use error::WorldError;

/// Everything that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// `[tenant]`.
    pub tenant: TenantConfig,
    /// `[switch]`.
    pub switch: SwitchConfig,
    /// `[t-server]`.
    pub t_server: TServerConfig,
    /// `[[dn]]`, in the order of the file.
    pub dns: Vec<DnConfig>,
    /// `[[agent]]`, in the order of the file. Without any, every AgentID may log in (chosen).
    pub agents: Vec<AgentConfig>,
    /// `[[application]]`, in the order of the file. Clients with other names are welcome too (chosen).
    pub applications: Vec<ApplicationConfig>,
}

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantConfig {
    /// Its name, the CustomerID of every event.
    pub name: String,
    /// Its number in the configuration database.
    pub dbid: u32,
}

/// The switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchConfig {
    /// Its name.
    pub name: String,
    /// Its number in the configuration database.
    pub dbid: u32,
    /// Whether registering an unknown DN, or distributing to it, creates it instead of being refused (error 59).
    pub create_unknown_dns: bool,
}

/// The T-Server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TServerConfig {
    /// Its application name.
    pub name: String,
    /// Its number in the configuration database.
    pub dbid: u32,
    /// The version that it says it has.
    pub version: String,
    /// Its options.
    pub options: Options,
}

/// A DN of the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnConfig {
    /// Its number, or name.
    pub number: String,
    /// Its type.
    pub ty: DnType,
    /// Its number in the configuration database.
    pub dbid: u32,
}

/// A person who may log in as agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// The AgentID of RequestAgentLogin.
    pub id: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The Password that RequestAgentLogin must carry, if one is set.
    pub password: Option<String>,
    /// Number in the configuration database.
    pub dbid: u32,
}

/// An application around the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationConfig {
    /// Its name.
    pub name: String,
    /// Its type in the vendor's words; not interpreted.
    pub ty: String,
    /// Its number in the configuration database.
    pub dbid: u32,
}

/// Defines [`DnType`] with the vendor's spelling and the AddressType of each type.
macro_rules! dn_types {
    ($($variant:ident $name:literal $address:ident,)*) => {
        /// Type of a DN in the vendor's spelling.
        ///
        /// Which [`AddressType`] clients see for it is chosen: the configuration's list and the protocol's list are
        /// both published, how they map is not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DnType {
            $(#[doc = concat!("`", $name, "`: AddressType ", stringify!($address), ".")] $variant,)*
        }

        impl DnType {
            /// All types.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The vendor's spelling.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What clients see.
            pub const fn address_type(self) -> AddressType {
                match self {
                    $(Self::$variant => AddressType::$address,)*
                }
            }
        }
    };
}

dn_types! {
    Extension "Extension" DN,
    AcdPosition "ACD Position" POSITION,
    AcdQueue "ACD Queue" QUEUE,
    VirtualQueue "Virtual Queue" QUEUE,
    RoutingPoint "Routing Point" ROUTE_DN,
    VirtualRoutingPoint "Virtual Routing Point" ROUTE_DN,
    ExternalRoutingPoint "External Routing Point" ROUTE_DN,
    RoutingQueue "Routing Queue" ROUTE_QUEUE,
    Trunk "Trunk" TRUNK,
    TrunkGroup "Trunk Group" TRUNK,
    TieLine "Tie Line" TRUNK,
    TieLineGroup "Tie Line Group" TRUNK,
    CommunicationDn "Communication DN" DN,
    Mixed "Mixed" DN,
    VoiceTreatmentPort "Voice Treatment Port" VOICE_CHANNEL,
    CallProcessingPort "Call Processing Port" VOICE_CHANNEL,
    MusicPort "Music Port" ANNOUNCEMENT,
    VoiceMail "Voice Mail" OTHER,
    VoipService "Voice over IP Service" OTHER,
    NetworkDestination "Network Destination" OTHER,
    ServiceNumber "Service Number" OTHER,
    AccessResource "Access Resource" OTHER,
}

impl DnType {
    /// The type of that spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|ty| ty.name() == name)
    }

    /// Whether agents may log in on such a DN.
    pub const fn takes_agents(self) -> bool {
        matches!(self, Self::Extension | Self::AcdPosition)
    }
}

impl std::fmt::Display for DnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawWorld {
    tenant: RawTenant,
    switch: RawSwitch,
    t_server: RawTServer,
    dn: Vec<RawDn>,
    agent: Vec<RawAgent>,
    application: Vec<RawApplication>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawTenant {
    name: Option<Spanned<String>>,
    dbid: Option<Spanned<u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawSwitch {
    name: Option<Spanned<String>>,
    dbid: Option<Spanned<u32>>,
    create_unknown_dns: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawTServer {
    name: Option<Spanned<String>>,
    dbid: Option<Spanned<u32>>,
    version: Option<Spanned<String>>,
    options: RawOptions,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawDn {
    number: Spanned<String>,
    #[serde(rename = "type")]
    ty: Spanned<String>,
    dbid: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawAgent {
    id: Spanned<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    password: Option<String>,
    dbid: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawApplication {
    name: Spanned<String>,
    #[serde(rename = "type", default)]
    ty: String,
    dbid: Option<Spanned<u32>>,
}

/// Longest name in a world, in bytes (chosen): every event carries the tenant's, every event of a DN the DN's.
const NAME_LIMIT: usize = 255;

impl World {
    /// The text of the default world, as a file to start one's own from.
    pub const DEFAULT_TOML: &'static str = include_str!("default-world.toml");

    /// Reads a world.
    ///
    /// ```
    /// # use tbus_core::World;
    /// let error = World::from_toml("[[dn]]\nnumber = '7001'\ntpye = 'Extension'\n").unwrap_err();
    /// assert_eq!(error.to_string(), "line 3: unknown key `tpye` in [[dn]]; did you mean `type`?");
    /// ```
    ///
    /// # Errors
    /// [`WorldError`] for the first mistake: where it is, and what to do about it.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let raw: RawWorld = toml::from_str(text).map_err(|error| WorldError::from_toml(text, &error))?;
        raw.check(text).map_err(|(at, message)| WorldError::new(text, at, message))
    }
}

/// The published example, so that nobody needs a file.
impl Default for World {
    fn default() -> Self {
        // A test reads the embedded text, so the second choice is never taken.
        Self::from_toml(Self::DEFAULT_TOML).unwrap_or_else(|_| Self {
            tenant: TenantConfig { name: "Environment".to_owned(), dbid: 1 },
            switch: SwitchConfig { name: "SIP_Switch".to_owned(), dbid: 101, create_unknown_dns: true },
            t_server: TServerConfig {
                name: "SIP_Server".to_owned(),
                dbid: 101,
                version: "8.1.000.62".to_owned(),
                options: Options::default(),
            },
            dns: Vec::new(),
            agents: Vec::new(),
            applications: Vec::new(),
        })
    }
}

/// A mistake: where it stands in the file, and what to say.
type Mistake = (usize, String);

impl RawWorld {
    fn check(self, text: &str) -> Result<World, Mistake> {
        let mut applications = number::Table::new(text, "[[application]]");
        let mut dns = number::Table::new(text, "[[dn]]");
        let mut agents = number::Table::new(text, "[[agent]]");
        applications.names("application", self.application.iter().map(|row| &row.name))?;
        applications.dbids(self.application.iter().map(|row| row.dbid.as_ref()))?;
        dns.names("DN", self.dn.iter().map(|row| &row.number))?;
        dns.dbids(self.dn.iter().map(|row| row.dbid.as_ref()))?;
        agents.names("agent id", self.agent.iter().map(|row| &row.id))?;
        agents.dbids(self.agent.iter().map(|row| row.dbid.as_ref()))?;
        Ok(World {
            tenant: TenantConfig {
                name: name_or(self.tenant.name, "[tenant] name", "Environment")?,
                dbid: dbid_or(self.tenant.dbid, 1)?,
            },
            switch: SwitchConfig {
                name: name_or(self.switch.name, "[switch] name", "SIP_Switch")?,
                dbid: dbid_or(self.switch.dbid, 101)?,
                create_unknown_dns: self.switch.create_unknown_dns,
            },
            t_server: TServerConfig {
                name: name_or(self.t_server.name, "[t-server] name", "SIP_Server")?,
                dbid: dbid_or(self.t_server.dbid, 101)?,
                version: name_or(self.t_server.version, "[t-server] version", "8.1.000.62")?,
                options: self.t_server.options.check()?,
            },
            dns: self
                .dn
                .into_iter()
                .map(|row| {
                    let ty = dn_type(&row.ty)?;
                    Ok(DnConfig { number: row.number.into_inner(), ty, dbid: dns.dbid(row.dbid) })
                })
                .collect::<Result<_, Mistake>>()?,
            agents: self
                .agent
                .into_iter()
                .map(|row| AgentConfig {
                    id: row.id.into_inner(),
                    first_name: row.first_name.unwrap_or_default(),
                    last_name: row.last_name.unwrap_or_default(),
                    password: row.password,
                    dbid: agents.dbid(row.dbid),
                })
                .collect(),
            applications: self
                .application
                .into_iter()
                .map(|row| ApplicationConfig {
                    name: row.name.into_inner(),
                    ty: row.ty,
                    dbid: applications.dbid(row.dbid),
                })
                .collect(),
        })
    }
}

fn check_name(what: &str, name: &Spanned<String>) -> Result<(), Mistake> {
    let text = name.get_ref();
    let wrong = if text.is_empty() {
        "is empty"
    } else if text.len() > NAME_LIMIT {
        "is over 255 bytes long"
    } else if text.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err((name.span().start, format!("{what} {wrong}")))
}

fn name_or(name: Option<Spanned<String>>, what: &str, default: &str) -> Result<String, Mistake> {
    let Some(name) = name else { return Ok(default.to_owned()) };
    check_name(what, &name)?;
    Ok(name.into_inner())
}

fn dbid_or(dbid: Option<Spanned<u32>>, default: u32) -> Result<u32, Mistake> {
    let Some(dbid) = dbid else { return Ok(default) };
    number::check_dbid(&dbid)?;
    Ok(dbid.into_inner())
}

fn dn_type(ty: &Spanned<String>) -> Result<DnType, Mistake> {
    let name = ty.get_ref();
    DnType::from_name(name).ok_or_else(|| {
        let meant = error::nearest(name, DnType::ALL.iter().map(|ty| ty.name()));
        let hint = meant.map_or_else(
            || {
                format!(
                    "known are: {}",
                    DnType::ALL.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ")
                )
            },
            |meant| format!("did you mean `{meant}`?"),
        );
        (ty.span().start, format!("unknown DN type `{}`; {hint}", error::cut(name)))
    })
}

#[cfg(test)]
mod tests;
