//! Which values are replaced and how: the default-deny list, the user's names, and `[log-filter-data]`.

use std::collections::HashMap;

use thiserror::Error;

use super::Class;

/// Longest INI file that is read, in bytes (chosen).
pub const RULES_LIMIT: usize = 1 << 20;

/// Attributes that hold a DN or a number.
const NUMBERS: &[&str] = &[
    "ThisDN",
    "OtherDN",
    "ThirdPartyDN",
    "ANI",
    "DNIS",
    "CLID",
    "DialedNumber",
    "CollectedDigits",
    "DTMFDigits",
    "AccessNumber",
    "NetworkDestDN",
    "NetworkOrigDN",
    "DN",
    "ReturnReceiptDN",
    "CommunicationDN",
    "RemoteDN",
    "FirstTransferOrigDN",
    "LastTransferOrigDN",
    "ThisQueue",
    "OtherQueue",
    "ThirdPartyQueue",
    "Device",
];

/// Attributes that name a person, a place or a secret.
const NAMES: &[&str] = &["AgentID", "UserID", "CallingLineName", "Place", "Password", "ApplicationPassword"];

/// Attributes that never hold anything of a person, and have what looks like an address or a number.
const KEPT: &[&str] = &[
    "ProtocolVersion",
    "ServerVersion",
    "ApplicationName",
    "CustomerID",
    "CallUUID",
    "PartyUUID",
    "RefCallUUID",
    "NewCallUUID",
    "OrigCallUUID",
    "ServerXCapabilities",
];

/// Keys, and columns of databases, without signs and in lower case. Of five letters and more the end of a key is enough.
const KEYS: &[(&str, Class)] = &[
    ("ani", Class::Number),
    ("dnis", Class::Number),
    ("callani", Class::Number),
    ("calldnis", Class::Number),
    ("customerani", Class::Number),
    ("phone", Class::Number),
    ("phonenumber", Class::Number),
    ("phoneno", Class::Number),
    ("mobile", Class::Number),
    ("telephone", Class::Number),
    ("msisdn", Class::Number),
    ("customernumber", Class::Number),
    ("callbacknumber", Class::Number),
    ("accountnumber", Class::Number),
    ("cardnumber", Class::Number),
    ("customerphone", Class::Number),
    ("contactnumber", Class::Number),
    ("otherdn", Class::Number),
    ("thisdn", Class::Number),
    ("endpointdn", Class::Number),
    ("dn", Class::Number),
    ("ssn", Class::Number),
    ("iban", Class::Name),
    ("pin", Class::Name),
    ("password", Class::Name),
    ("name", Class::Name),
    ("firstname", Class::Name),
    ("lastname", Class::Name),
    ("surname", Class::Name),
    ("givenname", Class::Name),
    ("middlename", Class::Name),
    ("familyname", Class::Name),
    ("nickname", Class::Name),
    ("displayname", Class::Name),
    ("fullname", Class::Name),
    ("customername", Class::Name),
    ("contactname", Class::Name),
    ("callername", Class::Name),
    ("agentname", Class::Name),
    ("username", Class::Name),
    ("userid", Class::Name),
    ("agentid", Class::Name),
    ("employeeid", Class::Name),
    ("loginid", Class::Name),
    ("customerid", Class::Name),
    ("contactid", Class::Name),
    ("externalid", Class::Name),
    ("email", Class::Name),
    ("mail", Class::Name),
    ("emailaddress", Class::Name),
    ("address", Class::Name),
    ("street", Class::Name),
    ("city", Class::Name),
    ("zip", Class::Name),
    ("zipcode", Class::Name),
    ("postalcode", Class::Name),
    ("birthdate", Class::Name),
    ("birthday", Class::Name),
    ("dateofbirth", Class::Name),
    ("rtargetagentselected", Class::Name),
    ("rtargetplaceselected", Class::Name),
    ("lasttargetagent", Class::Name),
    ("resourcename", Class::Number),
    ("host", Class::Host),
    ("hostname", Class::Host),
];

/// Keys whose values are times, kept if they look like it: seconds or milliseconds since 1970.
const TIMES: &[&str] = &[
    "gms_AgentAvailable",
    "gms_AgentConnected",
    "gms_IxnCompleted",
    "gms_ServiceStartAt",
    "gms_ServiceStoppedAt",
    "gms_UserConnected",
    "gms_WaitingForAgent",
];

/// What happens to the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// As free text: what is found in it.
    Search,
    /// All of it.
    Whole(Class),
    /// Nothing.
    Keep,
    /// Nothing, if it is a time.
    Time,
    /// Stars, as `[log-filter-data]` says.
    Hide(Hide),
}

/// What of a value is hidden by stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hide {
    /// All of it: `hide`, and `skip`.
    All,
    /// The first characters.
    First(usize),
    /// The last characters.
    Last(usize),
    /// All but the first characters.
    ButFirst(usize),
    /// All but the last characters.
    ButLast(usize),
}

/// What is replaced beside and instead of the defaults.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    keys: HashMap<String, Treatment>,
    others: Option<Hide>,
    attributes: HashMap<String, bool>,
}

/// Why rules cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RulesError {
    /// The file is no rules file.
    #[error("more than {RULES_LIMIT} bytes; is it the right file?")]
    TooLong,
    /// A line that is wrong.
    #[error(
        "line {line}: {text}: expected copy, skip, hide, or hide-first,n, hide-last,n, unhide-first,n, unhide-last,n"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The line's beginning.
        text: String,
    },
}

impl Rules {
    /// All of a key's values are replaced, whatever they look like, the values of a list in it, too. Keys are compared
    /// without regard to case; a column of a database is a key, too.
    pub fn hide_key(&mut self, key: &str) {
        self.keys.insert(key.to_ascii_lowercase(), Treatment::Whole(Class::Name));
    }

    /// A key's values stay as they are.
    pub fn keep_key(&mut self, key: &str) {
        self.keys.insert(key.to_ascii_lowercase(), Treatment::Keep);
    }

    /// All of an attribute's values are replaced; its name is written with or without `Attribute`.
    pub fn hide_attribute(&mut self, name: &str) {
        self.attributes.insert(bare(name).to_ascii_lowercase(), true);
    }

    /// An attribute's values stay as they are.
    pub fn keep_attribute(&mut self, name: &str) {
        self.attributes.insert(bare(name).to_ascii_lowercase(), false);
    }

    /// Reads `[log-filter]` with `default-filter-type` and `[log-filter-data]` of an INI file; other sections are passed over.
    /// Gives the number of rules.
    ///
    /// # Errors
    /// [`RulesError`], with the line.
    pub fn read_ini(&mut self, text: &[u8]) -> Result<usize, RulesError> {
        if text.len() > RULES_LIMIT {
            return Err(RulesError::TooLong);
        }
        let text = String::from_utf8_lossy(text);
        let mut section = String::new();
        let mut count = 0;
        for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let text = text.trim();
            if let Some(name) = text.strip_prefix('[') {
                section = name.trim_end_matches(']').trim().to_ascii_lowercase();
                continue;
            }
            let data = section == "log-filter-data";
            if text.is_empty() || text.starts_with(['#', ';']) || !(data || section == "log-filter") {
                continue;
            }
            let wrong = || RulesError::Line { line: line + 1, text: text.chars().take(60).collect() };
            let (key, value) = text.split_once('=').ok_or_else(wrong)?;
            let key = key.trim().to_ascii_lowercase();
            if !data && key != "default-filter-type" {
                continue;
            }
            let hide = parse(value.split(['#', ';']).next().unwrap_or_default()).ok_or_else(wrong)?;
            count += 1;
            if data {
                self.keys.insert(key, hide.map_or(Treatment::Keep, Treatment::Hide));
            } else {
                self.others = hide;
            }
        }
        Ok(count)
    }

    /// What the user has said of a key by its name.
    pub(super) fn named(&self, key: &[u8]) -> Option<Treatment> {
        if self.keys.is_empty() {
            return None;
        }
        self.keys.get(&String::from_utf8_lossy(key).to_ascii_lowercase()).copied()
    }

    pub(super) fn key(&self, key: &[u8]) -> Treatment {
        if let Some(own) = self.named(key) {
            return own;
        }
        let text = String::from_utf8_lossy(key);
        if let Some(hide) = self.others {
            return Treatment::Hide(hide);
        }
        if TIMES.contains(&&*text) || text.starts_with("_CB_T_") {
            return Treatment::Time;
        }
        let bare: String =
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let found = KEYS.iter().find(|(name, _)| bare == *name || name.len() >= 5 && bare.ends_with(name));
        found.map_or(Treatment::Search, |(_, class)| Treatment::Whole(*class))
    }

    /// How an attribute is treated; its name may begin with `Attribute`.
    pub(super) fn attribute(&self, name: &str) -> Treatment {
        let name = bare(name);
        match self.attributes.get(&name.to_ascii_lowercase()) {
            Some(true) => Treatment::Whole(Class::Name),
            Some(false) => Treatment::Keep,
            None if NUMBERS.contains(&name) => Treatment::Whole(Class::Number),
            None if NAMES.contains(&name) => Treatment::Whole(Class::Name),
            None if name == "Host" => Treatment::Whole(Class::Host),
            // Calls, not people; what is printed with more zeros than it needs is one, too.
            None if KEPT.contains(&name) || name.ends_with("ConnID") => Treatment::Keep,
            None => Treatment::Search,
        }
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("Attribute").unwrap_or(name)
}

/// `None` for what is none, `Some(None)` for copy.
fn parse(value: &str) -> Option<Option<Hide>> {
    let (word, count) = match value.split_once(',') {
        Some((word, count)) => (word.trim(), Some(count.trim().parse::<usize>().ok()?)),
        None => (value.trim(), None),
    };
    Some(match (word, count) {
        ("copy", None) => None,
        ("hide" | "skip", None) => Some(Hide::All),
        ("hide-first", Some(count)) => Some(Hide::First(count)),
        ("hide-last", Some(count)) => Some(Hide::Last(count)),
        ("unhide-first", Some(count)) => Some(Hide::ButFirst(count)),
        ("unhide-last", Some(count)) => Some(Hide::ButLast(count)),
        _ => return None,
    })
}

impl Hide {
    /// Puts a star for every byte of the characters that are hidden.
    pub(super) fn apply(self, text: &mut [u8]) {
        let starts: Vec<usize> =
            (0..text.len()).filter(|at| text.get(*at).is_some_and(|b| b & 0xc0 != 0x80)).collect();
        let place = |count: usize| starts.get(count).copied().unwrap_or(text.len());
        let from_end = |count: usize| starts.len().checked_sub(count).map_or(0, place);
        let range = match self {
            Self::All => 0..text.len(),
            Self::First(count) => 0..place(count),
            Self::Last(count) => from_end(count)..text.len(),
            Self::ButFirst(count) => place(count)..text.len(),
            Self::ButLast(count) => 0..from_end(count),
        };
        text.get_mut(range).unwrap_or_default().fill(b'*');
    }
}
