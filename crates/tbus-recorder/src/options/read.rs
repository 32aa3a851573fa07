//! From lines to options.

use std::collections::HashMap;
use std::time::Duration;

use tbus_options::{Entry, Line, Mistake, cut};

use super::error::{Notice, OptionsError, OptionsErrorKind};
use super::keys::{self, Taken, value};
use super::known::{self, Use};
use super::{History, Options, Roles, StoreEventData};
use crate::rows;

/// Most characters of one value (facts 2.1, 2.5).
const VALUE_LIMIT: usize = 255;

/// Most characters of VALUE in G_USERDATA_HISTORY: of its column (chosen).
const LARGEST_USERDATA_LENGTH: u32 = 4000;

pub(super) fn read(name: &str, text: &[u8]) -> Result<(Options, Vec<Notice>), OptionsError> {
    let mut reader = Reader { file: name, ..Reader::default() };
    let wrong = |Mistake { line, kind }| OptionsError { file: name.to_owned(), line, kind: kind.into() };
    let text = tbus_options::decode(text, Options::TEXT_LIMIT).map_err(wrong)?;
    for line in tbus_options::lines(text) {
        match line {
            Ok(Line::Section(line, section)) => reader.section(line, section)?,
            Ok(Line::Option(entry)) => {
                let line = entry.line;
                reader.option(entry).map_err(|kind| reader.failed(line, kind))?;
            }
            Err(mistake) => return Err(wrong(mistake)),
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'t> {
    file: &'t str,
    options: Options,
    notices: Vec<Notice>,
    /// Where an option of a section was.
    seen: HashMap<(&'t str, &'t str), usize>,
    /// `EventData` as 0, `EventData_1` as 1 ..
    event_data: Vec<(u32, Entry<'t>)>,
    taken: Taken,
}

impl<'t> Reader<'t> {
    fn failed(&self, line: usize, kind: OptionsErrorKind) -> OptionsError {
        OptionsError { file: self.file.to_owned(), line, kind }
    }

    fn notice(&mut self, line: usize, text: String) {
        self.notices.push(Notice { file: self.file.to_owned(), line, text });
    }

    fn section(&mut self, line: usize, name: &str) -> Result<(), OptionsError> {
        if known::PASSED_OVER.contains(&name) {
            self.notice(line, format!("section [{name}] has no effect here"));
        } else if !known::SECTIONS.contains(&name) {
            let (name, hint) = (cut(name), known::section_hint(name));
            return Err(self.failed(line, OptionsErrorKind::UnknownSection { name, hint }));
        }
        Ok(())
    }

    fn option(&mut self, entry: Entry<'t>) -> Result<(), OptionsErrorKind> {
        if known::PASSED_OVER.contains(&entry.section) {
            return Ok(());
        }
        let Some(option) = known::find(entry.section, entry.name) else {
            return Err(OptionsErrorKind::UnknownOption {
                section: entry.section.to_owned(),
                name: cut(entry.name),
                hint: known::option_hint(entry.section, entry.name),
            });
        };
        if let Some(first) = self.seen.insert((entry.section, entry.name), entry.line) {
            return Err(OptionsErrorKind::Twice { name: entry.name.to_owned(), first });
        }
        let characters = entry.value.chars().count();
        if characters > VALUE_LIMIT {
            let more = if option == Use::EventData { "; go on in EventData_1, EventData_2 .." } else { "" };
            let legal =
                format!("a value has at most {VALUE_LIMIT} characters, this one has {characters}{more}");
            return Err(value(&entry, &legal));
        }
        let (line, name) = (entry.line, entry.name);
        let is_commented = option != Use::NoEffect && tbus_options::is_commented(entry.value);
        self.apply(option, entry)?;
        if is_commented {
            let text = format!("the value of {name} has all of the line; a comment needs a line of its own");
            self.notice(line, text);
        }
        Ok(())
    }

    fn apply(&mut self, option: Use, entry: Entry<'t>) -> Result<(), OptionsErrorKind> {
        let options = &mut self.options;
        match option {
            Use::StoreEventData => {
                options.store_event_data = Some(match entry.value {
                    "none" => StoreEventData::None,
                    "all" => StoreEventData::All,
                    "conf" => StoreEventData::Conf,
                    _ => return Err(value(&entry, "none, all or conf")),
                });
            }
            Use::EventData => {
                let number = known::event_data_number(entry.name).unwrap_or_default();
                self.event_data.push((number, entry));
            }
            Use::GlobalData => {
                options.global_data = keys::fields(&entry, &rows::principal_fields())?;
                self.taken.take(&entry, options.global_data.iter().map(|field| field.key.as_str()))?;
            }
            Use::AgentUserFields => {
                options.agent_user_fields = keys::fields(&entry, &rows::state_fields())?;
                self.taken.take(&entry, options.agent_user_fields.iter().map(|field| field.key.as_str()))?;
            }
            Use::AgentRecordUserTypes => {
                options.agent_record_user_types = keys::states(&entry)?;
                let mut own = Taken::default();
                own.take(&entry, options.agent_record_user_types.iter().map(|state| state.key.as_str()))?;
            }
            Use::AccQueueSize => options.acc_queue_size = number(&entry, 1, 1_000_000)?,
            Use::AccQueueLifespan => {
                options.acc_queue_lifespan = Duration::from_secs(number(&entry, 1, 3600)?.into());
            }
            Use::PqDbname => options.pq_dbname = Some(text(&entry)?.to_owned()),
            Use::AdataSpecName => {
                // What follows `>` only makes the vendor's application read the file again.
                let path = text(&entry)?.split('>').next().unwrap_or_default().trim();
                if path.is_empty() {
                    return Err(value(&entry, "the name of a file stands before >"));
                }
                options.adata_spec_name = Some(path.to_owned());
            }
            Use::UserdataHistory => options.adata_userdata_history = history(&entry)?,
            Use::ReasonsHistory => options.adata_reasons_history = history(&entry)?,
            Use::ExtensionsHistory => options.adata_extensions_history = history(&entry)?,
            Use::MaxUserdataLength => {
                options.max_userdata_length = number(&entry, 1, LARGEST_USERDATA_LENGTH)? as usize;
            }
            Use::DssMonitor => options.use_dss_monitor = switch(&entry)?,
            Use::Role => {
                let (roles, remark) = roles(&entry)?;
                options.roles = roles;
                if let Some(remark) = remark {
                    self.notice(entry.line, remark);
                }
            }
            Use::CallDeletionTimeout => {
                options.call_deletion_timeout = Duration::from_secs(number(&entry, 0, 3600)?.into());
            }
            Use::NoEffect => self.notice(entry.line, format!("{} has no effect here", entry.name)),
        }
        Ok(())
    }

    /// What can be told only at the end: `EventData` with its continuations.
    fn finish(mut self) -> Result<(Options, Vec<Notice>), OptionsError> {
        let mut parts = std::mem::take(&mut self.event_data);
        parts.sort_by_key(|(number, _)| *number);
        let mut joined = String::new();
        for (expected, (number, entry)) in parts.iter().enumerate() {
            if usize::try_from(*number) != Ok(expected) {
                let missing =
                    if expected == 0 { "EventData".to_owned() } else { format!("EventData_{expected}") };
                let legal = format!("it continues {missing}, which is not there");
                return Err(self.failed(entry.line, value(entry, &legal)));
            }
            // Parts are lists of whole items; a comma between them may be written or left out (chosen).
            let part = entry.value.trim();
            if !joined.is_empty() && !part.is_empty() && !joined.ends_with(',') && !part.starts_with(',') {
                joined.push(',');
            }
            joined.push_str(part);
        }
        if let Some((_, entry)) = parts.last() {
            let keys = keys::event_data(entry, &joined).map_err(|kind| self.failed(entry.line, kind))?;
            let taken = self.taken.take(entry, keys.iter().map(String::as_str));
            taken.map_err(|kind| self.failed(entry.line, kind))?;
            self.options.event_data = keys;
        }
        Ok((self.options, self.notices))
    }
}

fn text<'t>(entry: &Entry<'t>) -> Result<&'t str, OptionsErrorKind> {
    if entry.value.is_empty() { Err(value(entry, "a name is missing after =")) } else { Ok(entry.value) }
}

fn number(entry: &Entry<'_>, least: u32, most: u32) -> Result<u32, OptionsErrorKind> {
    let found: Option<u32> = entry.value.parse().ok();
    found
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| value(entry, &format!("a number from {least} to {most}")))
}

/// 0 or 1; the vendor takes false and true, too.
fn switch(entry: &Entry<'_>) -> Result<bool, OptionsErrorKind> {
    match entry.value {
        "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        _ => Err(value(entry, "0, 1, false or true")),
    }
}

fn history(entry: &Entry<'_>) -> Result<History, OptionsErrorKind> {
    History::from_name(entry.value).ok_or_else(|| value(entry, "none, first, last or all"))
}

/// `all`, a list of roles, or a list of what is left out (`~gls`). A value with upper case counts as all (facts 3.1).
fn roles(entry: &Entry<'_>) -> Result<(Roles, Option<String>), OptionsErrorKind> {
    let legal =
        "all, or a list of cfg, gcc, gls, gud, gos and lrm, or a list with ~ before each to leave them out";
    if entry.value.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let remark = format!("role = {} has upper case, which counts as all", cut(entry.value));
        return Ok((Roles::ALL, Some(remark)));
    }
    let items: Vec<_> = entry.value.split(',').map(str::trim).collect();
    if items == ["all"] {
        return Ok((Roles::ALL, None));
    }
    let without = items.iter().filter(|item| item.starts_with('~')).count();
    if without != 0 && without != items.len() {
        return Err(value(entry, legal));
    }
    let mut roles = if without == 0 { Roles::NONE } else { Roles::ALL };
    for item in items {
        let role = match item.trim_start_matches('~').trim() {
            "cfg" => &mut roles.cfg,
            "gcc" => &mut roles.gcc,
            "gls" => &mut roles.gls,
            "gud" => &mut roles.gud,
            "gos" => &mut roles.gos,
            "lrm" => &mut roles.lrm,
            _ => return Err(value(entry, legal)),
        };
        *role = without == 0;
    }
    Ok((roles, None))
}
