//! The finding codes; `protocol-spec/callback-lint.md` describes each.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably a mistake, or a loss that the reports do not show.
    Warning,
    /// There is no fact, or the reports show something wrong.
    Error,
}

impl Severity {
    /// `note`, `warning`, `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:literal)*) => {
        /// What a finding is about. Codes are stable: a code that is given up is not used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All codes, by their ids.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// `CB101` and so on.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }

            /// What it is about, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

codes! {
    Missing "CB101" Error "a mandatory pair is missing"
    Unusable "CB102" Error "a mandatory pair has a value that cannot be used"
    NoNumber "CB103" Warning "a value that should be a number is none"
    Milliseconds "CB104" Error "a time in milliseconds"
    Implausible "CB105" Error "a time that cannot be one"
    Future "CB106" Warning "a time that is later than the event"
    NoFlag "CB107" Error "a flag that is neither 0 nor 1"
    Range "CB108" Warning "a number out of range"
    Illegal "CB109" Error "a value that is not among the legal ones"
    OtherReason "CB110" Note "a disposition with a reason of one's own"
    Disposition "CB111" Error "a disposition that is no STATE.REASON"
    List "CB112" Error "a list as value"
    Binary "CB113" Warning "a value that has no text"
    TooLong "CB114" Warning "a text over 255 characters"
    Alias "CB115" Warning "a key in another spelling"
    Misspelt "CB116" Warning "an unknown key that resembles a known one"
    Unknown "CB117" Note "an unknown key"
    Twice "CB118" Warning "a key twice with different values"
    Order "CB201" Warning "times of the service out of order"
    DialOrder "CB202" Warning "times of dials out of order"
    NoFinal "CB301" Warning "a service without its final event"
    NoStart "CB302" Warning "a service without its first event"
    TwoFinals "CB303" Error "two different final events of a service"
    Resent "CB304" Warning "a final event that was sent again"
    TwoStarts "CB305" Warning "two first events of a service"
    StartAfterFinal "CB306" Warning "a first event after the final one"
    Changed "CB307" Warning "a value that must stay has changed"
    NoRecord "CB308" Note "an event that does not say whether it is final"
    TooMany "CB309" Note "more services than are followed"
    NotAttached "CB401" Error "a pair that must be sent twice is not attached to the call"
    Differs "CB402" Error "the attached value is another one"
    NoCallData "CB403" Note "no attached data of calls to compare with"
    NoEvent "CB404" Warning "attached data of a service without user events"
}
