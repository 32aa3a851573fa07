//! The counts behind a line of the Summary report.

use tbus_db::{DbError, Row};

use super::percent::Percent;

/// Sums over callbacks. The names are those of the aggregates' columns; percentages are made of sums, never of other
/// percentages (facts: the published sub totals; which sums make up a percentage is in `protocol-spec/report.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Figures {
    /// Callbacks that were offered.
    pub offered: i64,
    /// Offers that were taken.
    pub accepted: i64,
    /// Offers that were not taken.
    pub declined: i64,
    /// Callbacks with at least one attempt.
    pub attempted: i64,
    /// Attempts of all of them.
    pub attempts: i64,
    /// Callbacks whose customer was connected.
    pub connected: i64,
    /// Callbacks that were cancelled.
    pub cancelled: i64,
    /// Callbacks whose customer gave up while waiting for an agent.
    pub abandoned: i64,
    /// Callbacks that brought customer and agent together.
    pub success: i64,
    /// Seconds that customers waited offline for an agent.
    pub wait_offline: i64,
    /// Seconds that it took to establish the calls.
    pub establish: i64,
    /// Seconds that connected customers waited for an agent.
    pub wait_connected: i64,
}

impl Figures {
    /// The figures in a row of the database, which begin at this column and have the order of the fields.
    pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Self, DbError> {
        let at = |place: usize| Ok::<i64, DbError>(row.int_or_null(first + place)?.unwrap_or_default());
        Ok(Self {
            offered: at(0)?,
            accepted: at(1)?,
            declined: at(2)?,
            attempted: at(3)?,
            attempts: at(4)?,
            connected: at(5)?,
            cancelled: at(6)?,
            abandoned: at(7)?,
            success: at(8)?,
            wait_offline: at(9)?,
            establish: at(10)?,
            wait_connected: at(11)?,
        })
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.offered, other.offered),
            (&mut self.accepted, other.accepted),
            (&mut self.declined, other.declined),
            (&mut self.attempted, other.attempted),
            (&mut self.attempts, other.attempts),
            (&mut self.connected, other.connected),
            (&mut self.cancelled, other.cancelled),
            (&mut self.abandoned, other.abandoned),
            (&mut self.success, other.success),
            (&mut self.wait_offline, other.wait_offline),
            (&mut self.establish, other.establish),
            (&mut self.wait_connected, other.wait_connected),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// Declined of offered.
    pub fn declined_percent(&self) -> Percent {
        Percent::of(self.declined, self.offered)
    }

    /// Connected of attempted (chosen: the published figures fit accepted, too).
    pub fn connected_percent(&self) -> Percent {
        Percent::of(self.connected, self.attempted)
    }

    /// Cancelled of accepted (chosen).
    pub fn cancelled_percent(&self) -> Percent {
        Percent::of(self.cancelled, self.accepted)
    }

    /// Abandoned of connected (facts: not of offered; chosen among the rest).
    pub fn abandoned_percent(&self) -> Percent {
        Percent::of(self.abandoned, self.connected)
    }

    /// The ten cells of a report line, in the order of its columns.
    pub fn cells(&self) -> [String; 10] {
        [
            self.offered.to_string(),
            self.accepted.to_string(),
            self.declined.to_string(),
            self.declined_percent().to_string(),
            self.attempted.to_string(),
            self.connected.to_string(),
            self.connected_percent().to_string(),
            self.cancelled_percent().to_string(),
            self.abandoned_percent().to_string(),
            self.success.to_string(),
        ]
    }
}
