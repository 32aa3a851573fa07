//! From the interaction database to the Info Mart, once or several times in a play.

use tbus_core::World;
use tbus_db::DatabaseUrl;
use tbus_reporting::etl::{self, Discarded, Doubted, EtlOptions, Observer};

use crate::exit::Failure;

/// Complaints that are shown.
const SHOWN: usize = 10;

/// The runs of a play.
pub(super) struct Transform {
    options: EtlOptions,
    summary: etl::Summary,
    complaints: Complaints,
}

#[derive(Default)]
struct Complaints {
    lines: Vec<String>,
    more: usize,
}

impl Complaints {
    fn add(&mut self, line: String) {
        if self.lines.len() < SHOWN {
            self.lines.push(line);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl Observer for Complaints {
    fn discarded(&mut self, discarded: Discarded) {
        self.add(discarded.to_string());
    }

    fn doubted(&mut self, doubted: Doubted) {
        self.add(doubted.to_string());
    }
}

impl Transform {
    pub(super) fn new(idb: DatabaseUrl, info_mart: DatabaseUrl) -> Self {
        Self {
            options: EtlOptions::new(idb, info_mart, 0),
            summary: etl::Summary::default(),
            complaints: Complaints::default(),
        }
    }

    /// The tenant's name, which no user event carries.
    pub(super) fn name_tenant(&mut self, world: &World) {
        if let Ok(dbid) = i32::try_from(world.tenant.dbid) {
            self.options.tenants = vec![(dbid, world.tenant.name.clone())];
        }
    }

    /// Transforms what is new, at this time of the event clock.
    pub(super) fn run(&mut self, now: i64) -> Result<(), Failure> {
        self.options.now = now;
        let summary = etl::run(&self.options, &mut self.complaints).map_err(crate::etl::failure)?;
        self.summary.rows += summary.rows;
        self.summary.events += summary.events;
        self.summary.facts += summary.facts;
        self.summary.discarded += summary.discarded;
        Ok(())
    }

    /// What all runs together have done: rows, events, facts and discarded events.
    pub(super) const fn summary(&self) -> &etl::Summary {
        &self.summary
    }

    /// What the transform complains of, a line each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut lines = self.complaints.lines.clone();
        if self.complaints.more > 0 {
            lines.push(format!(".. and {} more", self.complaints.more));
        }
        lines
    }
}
