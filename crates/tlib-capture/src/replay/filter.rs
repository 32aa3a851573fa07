//! Which messages are replayed.

use tlib_proto::ValueRef;

use super::{Moment, Period, Planned};

/// What is to be replayed. Each empty part lets everything through; of a part with several values one must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names of messages.
    pub messages: Vec<String>,
    /// Values of any attribute that names a DN or a queue.
    pub dns: Vec<String>,
    /// Clients. Messages whose client is not known do not match.
    pub applications: Vec<String>,
    /// From this time on.
    pub from: Option<Moment>,
    /// Up to this time, as in [`Period`].
    pub to: Option<Moment>,
}

impl Filter {
    /// Whether the message is to be replayed.
    pub fn lets_through(&self, planned: &Planned) -> bool {
        let names_dn = |dn: &String| {
            planned.message.view().attributes().any(|attribute| {
                attribute.id.name().is_some_and(|name| name.ends_with("DN") || name.ends_with("Queue"))
                    && matches!(attribute.value, ValueRef::Str(value) if value == dn.as_bytes())
            })
        };
        let name = planned.message.id().name();
        (self.messages.is_empty() || self.messages.iter().any(|wanted| name == Some(wanted.as_str())))
            && (self.dns.is_empty() || self.dns.iter().any(names_dn))
            && (self.lets_application_through(planned.application.as_deref())
                || planned.receivers.iter().any(|receiver| self.lets_application_through(Some(receiver))))
            && Period { from: self.from, to: self.to }.holds(planned.at)
    }

    /// Whether something of this client is to be replayed.
    pub fn lets_application_through(&self, application: Option<&str>) -> bool {
        self.applications.is_empty()
            || self.applications.iter().any(|wanted| application == Some(wanted.as_str()))
    }
}
