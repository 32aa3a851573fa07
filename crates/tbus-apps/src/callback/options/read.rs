//! From lines to options.

use std::collections::{BTreeMap, HashMap};

use tbus_options::{Entry, Line, Mistake, cut};

use super::error::{Notice, OptionsError, OptionsErrorKind};
use super::known::{self, Use};
use super::value::{Legal, names, number, switch, word};
use super::{Options, SERVICE_LIMIT, Service, ServiceOptions};

/// Most characters of a value (chosen).
const VALUE_LIMIT: usize = 1000;

/// Longest time in seconds: a year.
const YEAR: u32 = 366 * 86_400;

/// Prefix of a service's section.
const PREFIX: &str = "service.";

pub(super) fn read(name: &str, text: &[u8]) -> Result<(Options, Vec<Notice>), OptionsError> {
    let wrong = |Mistake { line, kind }| OptionsError { file: name.to_owned(), line, kind: kind.into() };
    let text = tbus_options::decode(text, Options::TEXT_LIMIT).map_err(wrong)?;
    let mut reader = Reader { file: name, ..Reader::default() };
    for line in tbus_options::lines(text) {
        let (number, done) = match line {
            Ok(Line::Section(number, section)) => (number, reader.section(number, section)),
            Ok(Line::Option(entry)) => (entry.line, reader.option(&entry)),
            Err(mistake) => return Err(wrong(mistake)),
        };
        done.map_err(|kind| reader.failed(number, kind))?;
    }
    reader.finish(text.lines().count().max(1))
}

#[derive(Default)]
struct Reader<'t> {
    file: &'t str,
    notices: Vec<Notice>,
    sections: HashMap<&'t str, usize>,
    /// Where an option of a section was.
    seen: HashMap<(&'t str, &'t str), usize>,
    common: Vec<(Use, Entry<'t>)>,
    services: BTreeMap<&'t str, Vec<(Use, Entry<'t>)>>,
}

/// The name of the service whose section this is.
fn service_of(section: &str) -> Option<&str> {
    section.strip_prefix(PREFIX)
}

/// Whether a name can stand in the path of a request as it is.
fn is_service_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(legal)
}

impl<'t> Reader<'t> {
    fn failed(&self, line: usize, kind: OptionsErrorKind) -> OptionsError {
        OptionsError { file: self.file.to_owned(), line, kind }
    }

    fn notice(&mut self, line: usize, name: String, text: String) {
        self.notices.push(Notice { file: self.file.to_owned(), line, name, text });
    }

    fn section(&mut self, line: usize, name: &'t str) -> Result<(), OptionsErrorKind> {
        if let Some(first) = self.sections.insert(name, line) {
            return Err(OptionsErrorKind::SectionTwice { name: cut(name), first });
        }
        if known::SECTIONS_PASSED_OVER.contains(&name)
            || name.starts_with("chat.")
            || name.starts_with("stat.")
        {
            let name = format!("[{}]", cut(name));
            self.notice(line, name.clone(), format!("section {name} has no effect here"));
            return Ok(());
        }
        match service_of(name) {
            Some(service) if !is_service_name(service) => {
                Err(OptionsErrorKind::ServiceName { found: cut(service) })
            }
            Some(service) => {
                self.services.insert(service, Vec::new());
                let full = self.services.len() > SERVICE_LIMIT;
                if full { Err(OptionsErrorKind::TooManyServices { limit: SERVICE_LIMIT }) } else { Ok(()) }
            }
            None if name == "callback" => Ok(()),
            None => {
                let hint = "; there are [callback] and, for each service, [service.NAME]".to_owned();
                Err(OptionsErrorKind::UnknownSection { name: cut(name), hint })
            }
        }
    }

    fn option(&mut self, entry: &Entry<'t>) -> Result<(), OptionsErrorKind> {
        let service = service_of(entry.section);
        if service.is_none() && entry.section != "callback" {
            return Ok(());
        }
        let found = if service.is_some() { known::find(entry.name) } else { known::find_common(entry.name) };
        let Some(used) = found else {
            return Err(OptionsErrorKind::UnknownOption {
                section: entry.section.to_owned(),
                name: cut(entry.name),
                hint: known::hint(entry.name, service.is_some()),
            });
        };
        if let Some(first) = self.seen.insert((entry.section, entry.name), entry.line) {
            return Err(OptionsErrorKind::Twice { name: entry.name.to_owned(), first });
        }
        let characters = entry.value.chars().count();
        if characters > VALUE_LIMIT {
            return Err(value(
                entry,
                format!("a value has at most {VALUE_LIMIT} characters, this one has {characters}"),
            ));
        }
        if used == Use::NoEffect {
            let text = format!("{} is passed over: the simulator does not act upon it", entry.name);
            self.notice(entry.line, entry.name.to_owned(), text);
            return Ok(());
        }
        let list = match service {
            Some(service) => self.services.entry(service).or_default(),
            None => &mut self.common,
        };
        list.push((used, entry.clone()));
        Ok(())
    }

    fn finish(self, last_line: usize) -> Result<(Options, Vec<Notice>), OptionsError> {
        let failed = |line, kind| OptionsError { file: self.file.to_owned(), line, kind };
        if self.services.is_empty() {
            return Err(failed(last_line, OptionsErrorKind::NoService));
        }
        let mut options = Options::without_services();
        let mut common = ServiceOptions::default();
        for (used, entry) in &self.common {
            let done = match used {
                Use::ReturnedKeys => names(entry.value).map(|keys| options.returned_keys = keys),
                Use::FilterKeys => names(entry.value).map(|keys| options.filter_keys = keys),
                used => apply(&mut common, *used, entry.value),
            };
            done.map_err(|legal| failed(entry.line, value(entry, legal)))?;
        }
        for (name, entries) in &self.services {
            let mut service = Service::new(common.clone());
            for (used, entry) in entries {
                let done = if *used == Use::Overwritable {
                    names(entry.value).map(|names| service.overwritable = names)
                } else if is_template(entry.value) {
                    service.templates.push((entry.name.to_owned(), entry.value.to_owned()));
                    Ok(())
                } else {
                    apply(&mut service.options, *used, entry.value)
                };
                done.map_err(|legal| failed(entry.line, value(entry, legal)))?;
            }
            let dn_comes_later = service.templates.iter().any(|(name, _)| name == "_rep_userevent_dn");
            if service.options.report && service.options.report_dn.is_empty() && !dn_comes_later {
                let line = self.sections.get(format!("{PREFIX}{name}").as_str()).copied().unwrap_or(1);
                return Err(failed(line, OptionsErrorKind::NoDn { service: (*name).to_owned() }));
            }
            options.services.insert((*name).to_owned(), service);
        }
        Ok((options, self.notices))
    }
}

/// Whether a value has a `$name$` in it.
fn is_template(value: &str) -> bool {
    value.split('$').skip(1).step_by(2).any(|name| !name.is_empty()) && value.matches('$').count() >= 2
}

fn value(entry: &Entry<'_>, legal: Legal) -> OptionsErrorKind {
    OptionsErrorKind::Value { name: entry.name.to_owned(), found: cut(entry.value), legal }
}

/// Sets one option of a service.
///
/// # Errors
/// What the value can be.
pub(crate) fn apply(options: &mut ServiceOptions, used: Use, text: &str) -> Result<(), Legal> {
    match used {
        Use::Report => options.report = switch(text)?,
        Use::ReportDn => text.clone_into(&mut options.report_dn),
        Use::ReportSwitch => text.clone_into(&mut options.report_switch),
        Use::Direction => options.direction = word(text, &known::DIRECTIONS)?,
        Use::WaitForAgent => options.wait_for_agent = switch(text)?,
        Use::MediaType => options.chat = word(text, &[("voice", false), ("chat", true)])?,
        Use::AgentPreview => options.agent_preview = switch(text)?,
        Use::FirstParty => options.agent_first = word(text, &[("CUSTOMER", false), ("AGENT", true)])?,
        Use::MaxDialAttempts => options.max_dial_attempts = number(text, 1, 100)?,
        Use::DialRetryTimeout => options.dial_retry_timeout = number(text, 0, YEAR)?,
        Use::MaxNotifyAttempts => options.max_notify_delivery_attempts = number(text, 1, 100)?,
        Use::Ttl => options.ttl = number(text, 1, YEAR)?,
        Use::TimeBucket => {
            options.time_bucket = number(text, 5, 120)
                .ok()
                .filter(|minutes| [5, 10, 15, 20, 30, 60, 120].contains(minutes))
                .ok_or("5, 10, 15, 20, 30, 60 or 120")?;
        }
        Use::BucketLimit => options.bucket_limit = number(text, 0, 1_000_000)?,
        Use::QueueLimit => options.queue_limit = number(text, 0, 1_000_000)?,
        Use::InQueueChecking => options.in_queue_checking = word(text, &known::CHECKING)?,
        Use::Throttle(which) => throttle(options, which).limit = number(text, 0, 1_000_000)?,
        Use::ThrottleTtl(which) => throttle(options, which).seconds = number(text, 1, 86_400)?,
        Use::ThrottledParameters => options.throttled_parameters = names(text)?,
        Use::ThrottledParametersLimit => options.throttled_parameters_limit = number(text, 0, 1_000_000)?,
        Use::LookupKeys => options.lookup_keys = names(text)?,
        Use::MandatoryKeys => options.mandatory_keys = names(text)?,
        Use::Queue => {
            if text.is_empty() {
                return Err("the name of a virtual queue, e.g. Callback_VQ".to_owned());
            }
            text.clone_into(&mut options.queue);
        }
        Use::Target => options.target = Some(text.to_owned()).filter(|text| !text.is_empty()),
        Use::RoutePoint => {
            let number = text.split('@').next().unwrap_or_default();
            options.access_number = Some(number.to_owned()).filter(|number| !number.is_empty());
        }
        Use::Channel => {
            if text.is_empty() {
                return Err("IVR, WEB, MOBILE or a word of your own".to_owned());
            }
            text.clone_into(&mut options.channel);
        }
        Use::Overwritable | Use::ReturnedKeys | Use::FilterKeys | Use::NoEffect => {}
    }
    Ok(())
}

const fn throttle(options: &mut ServiceOptions, which: usize) -> &mut super::Throttle {
    let [first, second] = &mut options.throttles;
    if which == 0 { first } else { second }
}
