//! The four names that reports group and filter by.

use tbus_db::{DbError, Row};

/// Tenant, queue, callback type and channel of callbacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Names {
    pub(super) tenant: String,
    pub(super) queue: String,
    pub(super) callback_type: String,
    pub(super) channel: String,
}

impl Names {
    /// The names in the first four columns of a row.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            tenant: row.text(0)?.to_owned(),
            queue: row.text(1)?.to_owned(),
            callback_type: row.text(2)?.to_owned(),
            channel: row.text(3)?.to_owned(),
        })
    }
}
