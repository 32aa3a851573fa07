//! The scenarios that come with the program: the outcomes A to M of facts infomart 8, and sets of them.

use super::error::nearest;
use super::{Scenario, ScenarioError};

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// The scenarios of the folder `scenarios`.
macro_rules! named {
    ($($name:literal,)*) => {
        /// The scenarios that come with the program.
        pub const NAMED: &[Named] =
            &[$(Named { name: $name, text: include_str!(concat!("../../scenarios/", $name, ".toml")) },)*];
    };
}

named! {
    "guide",
    "sample",
    "a-immediate-success",
    "b-wait-for-agent",
    "b2-agent-first-preview",
    "c-scheduled",
    "d-user-originated",
    "d2-push-fails",
    "e-declined",
    "e2-hang-up-during-offer",
    "f-abandoned",
    "f2-no-agent-in-time",
    "g-cancelled",
    "g2-cancelled-by-plug-in",
    "h-redial-limit",
    "i-rescheduled",
    "j-transferred",
    "k-fax-and-call-error",
    "l-session-dies",
    "m-sent-again",
    "n-inbound-call",
    "missing-keys",
    "dst-day",
    "midnight",
}

impl Named {
    /// The scenario.
    ///
    /// # Errors
    /// None: a test reads all of them.
    pub fn read(&self) -> Result<Scenario, ScenarioError> {
        Scenario::read(&format!("{}.toml", self.name), self.text)
    }
}

/// The scenario of this name, or of this beginning of one (`a` is `a-immediate-success`).
///
/// # Errors
/// The name that was probably meant, if there is one like it.
pub fn named(name: &str) -> Result<Named, Option<&'static str>> {
    let same = |wanted: &Named| wanted.name.eq_ignore_ascii_case(name);
    let begins = |wanted: &Named| {
        wanted.name.split_once('-').is_some_and(|(letter, _)| letter.eq_ignore_ascii_case(name))
    };
    let found = NAMED.iter().find(|named| same(named)).or_else(|| NAMED.iter().find(|named| begins(named)));
    found.copied().ok_or_else(|| nearest(name, NAMED.iter().map(|named| named.name)))
}
