//! From events to rows: the rules of facts 2 and 3 as a machine without clock, files and sockets.
//!
//! An [`Interpreter`] is told of sessions and events in their order and tells a [`Sink`] what to insert and what to
//! change. What it knows (open calls, their attached data, open states, the counter of GSYS_SEQ) is a function of the
//! database: after a failed transaction, throw it away, make another and give it [`State::load`].
//!
//! ```text
//! for each record of a queue transaction:
//!     interpreter.session_opened / event (.., &mut sink)
//! interpreter.end_transaction(&mut sink)         the counter, once
//! the sink's inserts are flushed, its changes applied in order, the transaction is committed
//! ```

mod call_event;
mod calls;
mod change;
mod context;
mod counters;
mod decision;
mod duplicates;
mod history;
mod machine;
mod parties;
mod sequence;
mod state;
mod states;
mod text;
mod time_codes;
mod user_events;

pub use change::{Change, Changes, Update};
pub use counters::Counters;
pub use decision::{Cut, Decision, Outcome, PairSource, Reason, Remark};
pub use machine::{Interpreter, concerns};
pub use state::State;

use tbus_db::{Table, Value};
use tlib_proto::MessageRef;

/// One event as it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The data-source session: GSYS_DOMAIN, DSS_ID.
    pub session: i32,
    /// When it was received, in microseconds since 1970 UTC; counts where the event has no time of its own.
    pub at: i64,
    /// The event.
    pub message: MessageRef<'a>,
}

/// A data-source session as it begins.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Its number: GSYS_DOMAIN, DSS_ID.
    pub id: i32,
    /// DSCONN_TYPE: 1 first, 2 reconnect, 3 server restart, 4 switch reconnection, 5 switchover (facts 1.8).
    pub kind: i32,
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
}

/// Where rows go.
pub trait Sink {
    /// Why a row cannot be taken.
    type Error;

    /// A new row. `values` has one value for each of the table's columns, in their order.
    ///
    /// # Errors
    /// The sink's own.
    fn insert(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), Self::Error>;

    /// A change to rows that are there, some of them from this very transaction. Changes are applied in their order,
    /// after all inserts, so that inserts can go out as one bulk load; [`Changes`] keeps them until then.
    ///
    /// # Errors
    /// The sink's own.
    fn update(&mut self, update: Update<'_>) -> Result<(), Self::Error>;

    /// What became of a pair: once for every table that it reaches, or once with the reason why it reaches none.
    #[inline]
    fn decided(&mut self, decision: &Decision<'_>) {
        let _ = decision;
    }

    /// Something about an event as a whole.
    #[inline]
    fn remarked(&mut self, remark: Remark) {
        let _ = remark;
    }
}
