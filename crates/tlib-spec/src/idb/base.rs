//! The two databases: what differs between them beside their tables.

/// A database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// The interaction database.
    #[default]
    Interaction,
    /// The Info Mart.
    InfoMart,
}

impl Base {
    /// File of its tables.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Interaction => "idb.toml",
            Self::InfoMart => "infomart.toml",
        }
    }

    /// The page that explains them.
    pub const fn page(self) -> &'static str {
        match self {
            Self::Interaction => "idb.md",
            Self::InfoMart => "infomart.md",
        }
    }

    /// What it is called in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Interaction => "interaction database",
            Self::InfoMart => "Info Mart",
        }
    }

    /// The table of its version.
    pub const fn version_table(self) -> &'static str {
        match self {
            Self::Interaction => "TBUS_SCHEMA",
            Self::InfoMart => "CTL_TBUS_SCHEMA",
        }
    }

    /// The file of its rows in Rust.
    pub(crate) const fn rust(self) -> &'static str {
        match self {
            Self::Interaction => "crates/tbus-recorder/src/generated/idb.rs",
            Self::InfoMart => "crates/tbus-reporting/src/generated/mart.rs",
        }
    }
}
