//! The attached-data specification, `ccon_adata_spec.xml` (facts 3.2): which keys of a call's attached data are
//! stored, where, and how often.

mod read;

use std::collections::HashMap;

pub use read::{SpecError, SpecErrorKind};

use crate::options::{History, Notice};

/// Where attached data comes from: `source` of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// AttributeUserData.
    UserData,
    /// AttributeReason.
    Reasons,
    /// AttributeExtensions.
    Extensions,
}

impl Source {
    /// All of them; the position is the number that the database has (chosen).
    pub const ALL: [Self; 3] = [Self::UserData, Self::Reasons, Self::Extensions];

    /// The vendor's spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserData => "userdata",
            Self::Reasons => "reasons",
            Self::Extensions => "extensions",
        }
    }
}

/// What becomes of one key of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyRule {
    /// In `<public>`: rows of G_USERDATA_HISTORY. `None`: the section does not name it.
    pub public: Option<History>,
    /// In `<secure>`: rows of G_SECURE_USERDATA_HISTORY.
    pub secure: Option<History>,
}

/// A specification of attached data. The default names no key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedDataSpec {
    /// By source, in the order of [`Source::ALL`].
    keys: [HashMap<String, KeyRule>; 3],
}

impl AttachedDataSpec {
    /// Largest text that [`AttachedDataSpec::read`] takes (chosen).
    pub const TEXT_LIMIT: usize = 4 << 20;
    /// Deepest nesting of elements (chosen; the grammar needs three).
    pub const DEPTH_LIMIT: usize = 16;

    /// Reads a specification. `name` is what errors call the text, usually its path. Document type definitions are
    /// refused, and no entities but the predefined ones are known.
    ///
    /// The second value tells of duplicate definitions, of which the first wins, and of sections that have no effect
    /// here.
    ///
    /// # Errors
    /// [`SpecError`] with file, line and column: XML that is not well formed, another namespace, an unknown element
    /// in `<public>` or `<secure>`, a missing or unknown attribute, a value that an attribute cannot have.
    pub fn read(name: &str, text: &[u8]) -> Result<(Self, Vec<Notice>), SpecError> {
        read::read(name, text)
    }

    /// The rule for a key; `None` when the specification does not name it.
    pub fn rule(&self, source: Source, key: &str) -> Option<KeyRule> {
        self.table(source).get(key).copied()
    }

    /// How many keys the specification names, counted once for each source.
    pub fn len(&self) -> usize {
        self.keys.iter().map(HashMap::len).sum()
    }

    /// Whether the specification names no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table(&self, source: Source) -> &HashMap<String, KeyRule> {
        let [user_data, reasons, extensions] = &self.keys;
        match source {
            Source::UserData => user_data,
            Source::Reasons => reasons,
            Source::Extensions => extensions,
        }
    }

    fn table_mut(&mut self, source: Source) -> &mut HashMap<String, KeyRule> {
        let [user_data, reasons, extensions] = &mut self.keys;
        match source {
            Source::UserData => user_data,
            Source::Reasons => reasons,
            Source::Extensions => extensions,
        }
    }
}
