//! Interaction databases with user events in them, and runs over them.

use tbus_db::{DatabaseUrl, Transaction};
use tbus_recorder::idb::{self, Added, GCustomDataS, Gsys};
use tbus_reporting::etl::{self, Discarded, Doubted, EtlError, EtlOptions, Observer, Summary};
use tbus_reporting::mart;

use crate::place::Place;

/// The time of every run: 2014-09-19T11:00:00Z.
pub(crate) const NOW: i64 = 1_411_124_400;
/// The mandatory keys of an event that began at 2014-09-19T10:00:00Z.
pub(crate) const MANDATORY: [(&str, &str); 5] = [
    ("_CB_SERVICE_ID", "445-1"),
    ("_CB_T_SERVICE_START", "1411120800"),
    ("_CB_D_CALLBACK_OFFER", "12"),
    ("_CB_N_CALLBACK_OFFERED", "1"),
    ("_CB_T_CALLBACK_OFFERED", "1411120788"),
];

/// A user event.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) session: i32,
    pub(crate) sequence: i64,
    pub(crate) added_ts: Option<i32>,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Sent {
    /// An event of session 1 with the mandatory keys, of this callback.
    pub(crate) fn of(service: &str, sequence: i64) -> Self {
        let pairs = MANDATORY.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        Self { session: 1, sequence, added_ts: Some(1_411_120_800), pairs }.with("_CB_SERVICE_ID", service)
    }

    /// The same with another value of a key; without it for an empty one.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.pairs.retain(|(known, _)| known != key);
        if !value.is_empty() {
            self.pairs.push((key.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same as the event of the end.
    pub(crate) fn last(self) -> Self {
        self.with("_CB_FINAL_RECORD", "1")
    }
}

/// An interaction database and an Info Mart.
pub(crate) struct Chain {
    pub(crate) idb: Place,
    pub(crate) mart: Place,
}

impl Chain {
    pub(crate) fn both() -> [Self; 2] {
        [Self::with(Place::sqlite(), Place::sqlite()), Self::with(Place::postgresql(), Place::postgresql())]
    }

    pub(crate) fn with(idb: Place, mart: Place) -> Self {
        tbus_recorder::schema::prepare(&mut idb.open(), &idb.url).unwrap();
        Self { idb, mart }
    }

    /// Writes events as the recorder does: in one transaction.
    pub(crate) fn record(&self, events: &[Sent]) {
        let mut database = self.idb.open();
        let mut transaction = database.begin().unwrap();
        for event in events {
            write(event, &mut transaction);
        }
        transaction.commit().unwrap();
    }

    pub(crate) fn options(&self) -> EtlOptions {
        let url = |url: &DatabaseUrl| url.clone();
        EtlOptions::new(url(&self.idb.url), url(&self.mart.url), NOW)
    }

    pub(crate) fn run(&self) -> Summary {
        etl::run(&self.options(), &mut ()).unwrap()
    }

    /// Every row of every table in text, without the times of runs.
    pub(crate) fn everything(&self) -> Vec<String> {
        let mut database = self.mart.open();
        let mut all = Vec::new();
        for table in TABLES {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            let sql = format!("SELECT {} FROM {}", names.join(", "), table.name);
            let rows = database.query(&sql, &[]).unwrap();
            let mut lines: Vec<String> = rows
                .iter()
                .map(|row| {
                    let cells = table.columns.iter().enumerate().map(|(at, column)| match column.kind {
                        tbus_db::Kind::Text => format!("{:?}", row.text_or_null(at).unwrap()),
                        _ => format!("{:?}", row.int_or_null(at).unwrap()),
                    });
                    format!("{}: {}", table.name, cells.collect::<Vec<_>>().join(" "))
                })
                .collect();
            lines.sort();
            all.extend(lines);
        }
        all
    }
}

/// Every table that a run writes.
static TABLES: [&tbus_db::Table; 16] = [
    &mart::CALLBACK_FACT,
    &mart::CALLBACK_DIM_1,
    &mart::CALLBACK_DIM_2,
    &mart::CALLBACK_DIM_3,
    &mart::CALLBACK_DIM_4,
    &mart::CALLBACK_DIAL_RESULTS,
    &mart::TENANT,
    &mart::RESOURCE_,
    &mart::DATE_TIME,
    &mart::STG_TRANSFORM_DISCARDS,
    &mart::CTL_TBUS_MARK,
    &mart::CTL_TBUS_SESSION,
    &mart::AGT_CALLBACK_SUBHOUR,
    &mart::AGT_CALLBACK_HOUR,
    &mart::AGT_CALLBACK_DAY,
    &mart::AGT_CALLBACK_MONTH,
];

/// The rows of an event, as the recorder makes them.
fn write(event: &Sent, transaction: &mut Transaction<'_>) {
    let sequence = format!("{:016x}", event.sequence);
    for (key, value) in &event.pairs {
        let row = GCustomDataS {
            keyname: Some(key),
            value: Some(value),
            added: Added {
                added: i64::from(event.added_ts.unwrap_or_default()) * 1_000_000,
                added_ts: event.added_ts,
                added_tcode: None,
            },
            gsys: Gsys {
                gsys_domain: Some(event.session),
                gsys_seq: Some(event.sequence * 1000),
                gsys_ext_vch1: (event.sequence >= 0).then_some(sequence.as_str()),
                gsys_ext_int1: i32::try_from(event.sequence & 0x7fff_ffff)
                    .ok()
                    .filter(|_| event.sequence >= 0),
                ..Gsys::default()
            },
            ..GCustomDataS::default()
        };
        transaction.row(&idb::G_CUSTOM_DATA_S, &row.values()).unwrap();
    }
}

/// Keeps what a run says.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) discarded: Vec<Discarded>,
    pub(crate) doubted: Vec<Doubted>,
    /// Ends the run after so many events.
    pub(crate) stop_after: Option<u64>,
}

impl Observer for Heard {
    fn discarded(&mut self, discarded: Discarded) {
        self.discarded.push(discarded);
    }

    fn doubted(&mut self, doubted: Doubted) {
        self.doubted.push(doubted);
    }

    fn progress(&mut self, summary: &Summary) -> std::ops::ControlFlow<()> {
        match self.stop_after {
            Some(events) if summary.events >= events => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        }
    }
}

/// Runs and keeps what is said.
pub(crate) fn heard(options: &EtlOptions) -> (Result<Summary, EtlError>, Heard) {
    let mut heard = Heard::default();
    let ended = etl::run(options, &mut heard);
    (ended, heard)
}
