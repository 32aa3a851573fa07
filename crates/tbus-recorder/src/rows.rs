//! The sink that writes into a database, and what the options may name of it.

use tbus_db::{DbError, Table, Transaction, Value};

use crate::idb::{G_CUSTOM_DATA_P, G_CUSTOM_STATES};
use crate::interpret::{Changes, Counters, Decision, Remark, Sink, Update};

/// Columns of G_CUSTOM_DATA_P that `GlobalData` may name, in their order.
pub(crate) fn principal_fields() -> Vec<&'static str> {
    fields(&G_CUSTOM_DATA_P)
}

/// Columns of G_CUSTOM_STATES that `AgentUserFields` may name, in their order.
pub(crate) fn state_fields() -> Vec<&'static str> {
    fields(&G_CUSTOM_STATES)
}

fn fields(table: &'static Table) -> Vec<&'static str> {
    table.columns.iter().map(|column| column.name).filter(|name| name.starts_with("CUST_DATA_")).collect()
}

/// Rows on their way into a database: inserts go into the transaction at once, changes wait until all of them are in.
#[derive(Debug)]
pub struct Rows<'a> {
    transaction: Transaction<'a>,
    changes: Changes,
    counters: Counters,
}

impl<'a> Rows<'a> {
    /// A sink into this transaction.
    pub fn new(transaction: Transaction<'a>) -> Self {
        Self { transaction, changes: Changes::default(), counters: Counters::default() }
    }

    /// The transaction, for what does not come from the interpreter.
    pub fn transaction(&mut self) -> &mut Transaction<'a> {
        &mut self.transaction
    }

    /// Applies the changes and gives the transaction back, not committed, with what became of the pairs.
    ///
    /// # Errors
    /// When the database does not take an insert or a change.
    pub fn finish(self) -> Result<(Transaction<'a>, Counters), DbError> {
        let Self { mut transaction, changes, counters } = self;
        transaction.flush()?;
        changes.apply(&mut transaction)?;
        Ok((transaction, counters))
    }
}

impl Sink for Rows<'_> {
    type Error = DbError;

    #[inline]
    fn insert(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), DbError> {
        self.transaction.row(table, values)
    }

    fn update(&mut self, update: Update<'_>) -> Result<(), DbError> {
        self.changes.push(update);
        Ok(())
    }

    #[inline]
    fn decided(&mut self, decision: &Decision<'_>) {
        self.counters.count(decision);
    }

    fn remarked(&mut self, remark: Remark) {
        self.counters.remark(remark);
    }
}
