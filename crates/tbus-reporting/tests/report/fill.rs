//! Info Marts with facts of our choice.

use std::collections::HashMap;

use tbus_db::{Column, Database, DatabaseUrl, Kind, OpenOptions, Table, Transaction, Value};
use tbus_reporting::schema;
use tlib_testkit::Postgres;

/// 2014-09-19T10:00:00Z, where the worked example of a callback begins.
pub(crate) const T: i64 = 1_411_120_800;

/// One event of a callback.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) service: String,
    pub(crate) tenant: String,
    pub(crate) queue: String,
    pub(crate) callback_type: String,
    pub(crate) channel: String,
    pub(crate) phone: Option<String>,
    pub(crate) is_final: bool,
    pub(crate) start: i64,
    /// From the start to the event.
    pub(crate) after: i64,
    pub(crate) accepted: i64,
    pub(crate) attempts: i64,
    pub(crate) connected: i64,
    pub(crate) agent: i64,
    pub(crate) abandoned: i64,
    pub(crate) offline: i64,
    pub(crate) establish: i64,
    pub(crate) waiting: i64,
    pub(crate) dialog: String,
    pub(crate) dial: String,
    pub(crate) disposition: String,
}

impl Fact {
    /// The last event of an immediate callback by IVR that found an agent.
    pub(crate) fn success(service: impl Into<String>, start: i64) -> Self {
        Self {
            service: service.into(),
            tenant: "Environment".to_owned(),
            queue: "Performance_VCB_VQ".to_owned(),
            callback_type: "IMMEDIATE".to_owned(),
            channel: "IVR".to_owned(),
            phone: Some("+15550100".to_owned()),
            is_final: true,
            start,
            after: 18,
            accepted: 1,
            attempts: 1,
            connected: start + 8,
            agent: 1,
            abandoned: 0,
            offline: 0,
            establish: 6,
            waiting: 7,
            dialog: "RIGHT_PERSON".to_owned(),
            dial: "CONNECTED".to_owned(),
            disposition: "COMPLETED.AGENT".to_owned(),
        }
    }

    /// The customer was connected and gave up.
    pub(crate) fn abandoned(service: impl Into<String>, start: i64) -> Self {
        Self {
            agent: 0,
            abandoned: 1,
            dial: "ABANDONED_IN_QUEUE".to_owned(),
            disposition: "COMPLETED.ABANDONED_IN_QUEUE".to_owned(),
            ..Self::success(service, start)
        }
    }

    /// The offer was declined.
    pub(crate) fn declined(service: impl Into<String>, start: i64) -> Self {
        Self {
            accepted: 0,
            dial: "UNKNOWN".to_owned(),
            dialog: "UNKNOWN".to_owned(),
            disposition: "COMPLETED.REJECTED".to_owned(),
            ..Self::success(service, start).not_attempted()
        }
    }

    /// The first event of the same callback.
    pub(crate) fn first(&self) -> Self {
        Self {
            is_final: false,
            after: 0,
            dial: "UNKNOWN".to_owned(),
            dialog: "UNKNOWN".to_owned(),
            disposition: "QUEUED.CONNECTED".to_owned(),
            ..self.clone().not_attempted()
        }
    }

    pub(crate) fn not_attempted(self) -> Self {
        Self {
            attempts: 0,
            connected: 0,
            agent: 0,
            abandoned: 0,
            offline: 0,
            establish: 0,
            waiting: 0,
            ..self
        }
    }
}

/// The two days of the published report: 363 successes, one abandoned and 27 declined on one, one abandoned on the other,
/// each with its first event.
pub(crate) fn guide() -> Vec<Fact> {
    let at = |n: i64| T + n * 37;
    let mut finals: Vec<Fact> = (0..363).map(|n| Fact::success(format!("445-a{n}"), at(n))).collect();
    finals.push(Fact::abandoned("445-f", at(363)));
    finals.extend((0..27).map(|n| Fact::declined(format!("445-e{n}"), at(400 + n))));
    let queue = "Callback_VQ".to_owned();
    finals.push(Fact { queue, ..Fact::abandoned("445-g", T - 86_400) });
    finals.iter().filter(|fact| fact.accepted > 0).map(Fact::first).chain(finals.clone()).collect()
}

const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int4 }
}

const fn long(name: &'static str) -> Column {
    Column { name, kind: Kind::Int8 }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

static FACT: Table = Table {
    name: "CALLBACK_FACT",
    columns: &[
        int("ADDED_TS"),
        long("DS_AUDIT_KEY"),
        int("EVENT_SEQUENCE"),
        long("CREATE_AUDIT_KEY"),
        long("UPDATE_AUDIT_KEY"),
        int("TENANT_KEY"),
        text("SERVICE_ID"),
        int("FINAL_RECORD"),
        int("CALLBACK_OFFER_TIME"),
        int("CALLBACK_OFFERED_TS"),
        int("CALLBACK_OFFERED"),
        int("SERVICE_START_TS"),
        int("START_DATE_TIME_KEY"),
        int("RESOURCE_KEY"),
        int("CALLBACK_DIM_1_KEY"),
        int("CALLBACK_DIM_2_KEY"),
        int("CALLBACK_DIM_3_KEY"),
        int("CALLBACK_ACCEPTED"),
        int("CALLBACK_ACCEPTED_TS"),
        int("CALLBACK_ATTEMPTS"),
        int("CUSTOMER_CONNECTED_TS"),
        int("AGENT_ADDED_TO_IXN"),
        int("ABANDONED_WAITING"),
        int("WAIT_AGENT_OFFLINE_TIME"),
        int("ESTABLISH_MEDIA_IXN_TIME"),
        int("CONN_WAITING_AGENT_TIME"),
        text("CUSTOMER_ANI"),
        int("DIAL_1_TS"),
        int("SERVICE_END_TS"),
        int("EWT_WHEN_OFFERED"),
    ],
};

/// A table of names, and a key for each combination that was met.
struct Keys {
    insert: &'static str,
    known: HashMap<Vec<String>, i64>,
}

impl Keys {
    fn new(insert: &'static str) -> Self {
        Self { insert, known: HashMap::new() }
    }

    fn of(&mut self, transaction: &mut Transaction<'_>, names: &[&str]) -> i64 {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        // Far from the keys of rows that are there from the beginning.
        let next = 1_000 + i64::try_from(self.known.len()).expect("few");
        *self.known.entry(names).or_insert_with_key(|names| {
            let mut values = vec![Value::Int(next)];
            values.extend(names.iter().map(|name| Value::Text(name)));
            transaction.execute(self.insert, &values).expect("a name");
            next
        })
    }
}

/// Makes the tables and fills them; the aggregates, too.
pub(crate) fn fill(database: &mut Database, url: &DatabaseUrl, facts: &[Fact]) {
    schema::prepare(database, url).expect("the tables");
    let mut transaction = database.begin().expect("begin");
    let mut tenants =
        Keys::new("INSERT INTO TENANT (TENANT_KEY, TENANT_NAME, CREATE_AUDIT_KEY) VALUES ($1, $2, 1)");
    let mut queues =
        Keys::new("INSERT INTO RESOURCE_ (RESOURCE_KEY, RESOURCE_NAME, CREATE_AUDIT_KEY) VALUES ($1, $2, 1)");
    let mut first = Keys::new(
        "INSERT INTO CALLBACK_DIM_1 (ID, CALLBACK_TYPE, CHANNEL, CREATE_AUDIT_KEY) VALUES ($1, $2, $3, 1)",
    );
    let mut second = Keys::new(
        "INSERT INTO CALLBACK_DIM_2 (ID, DIAL_DIALOG_RESULT, FINAL_DIAL_RESULT, CREATE_AUDIT_KEY) VALUES ($1, $2, $3, 1)",
    );
    let mut third =
        Keys::new("INSERT INTO CALLBACK_DIM_3 (ID, DISPOSITION, CREATE_AUDIT_KEY) VALUES ($1, $2, 1)");
    for (sequence, fact) in (1..).zip(facts) {
        let names = [
            tenants.of(&mut transaction, &[&fact.tenant]),
            queues.of(&mut transaction, &[&fact.queue]),
            first.of(&mut transaction, &[&fact.callback_type, &fact.channel]),
            second.of(&mut transaction, &[&fact.dialog, &fact.dial]),
            third.of(&mut transaction, &[&fact.disposition]),
        ];
        let [tenant, queue, first, second, third] = names.map(Value::Int);
        let end = if fact.is_final { fact.start + fact.after } else { 0 };
        let dialled = if fact.attempts > 0 { fact.start + 2 } else { 0 };
        let values = [
            Value::Int(fact.start + fact.after),
            Value::Int(1),
            Value::Int(sequence),
            Value::Int(2),
            Value::Int(2),
            tenant,
            Value::Text(&fact.service),
            Value::Int(i64::from(fact.is_final)),
            Value::Int(12),
            Value::Int(fact.start - 12),
            Value::Int(1),
            Value::Int(fact.start),
            Value::Int(fact.start.div_euclid(900) * 900),
            queue,
            first,
            second,
            third,
            Value::Int(fact.accepted),
            Value::Int(fact.accepted * fact.start),
            Value::Int(fact.attempts),
            Value::Int(fact.connected),
            Value::Int(fact.agent),
            Value::Int(fact.abandoned),
            Value::Int(fact.offline),
            Value::Int(fact.establish),
            Value::Int(fact.waiting),
            fact.phone.as_deref().map_or(Value::Null, Value::Text),
            Value::Int(dialled),
            Value::Int(end),
            Value::Int(240),
        ];
        transaction.row(&FACT, &values).expect("a fact");
    }
    for sql in [include_str!("sql/aggregate_subhour.sql"), include_str!("sql/aggregate_day.sql")] {
        transaction.execute(sql, &[]).expect("aggregates");
    }
    transaction.commit().expect("commit");
}

/// Runs a test on an Info Mart with these facts, in SQLite and in PostgreSQL.
pub(crate) fn on_both(facts: &[Fact], test: impl Fn(&mut Database)) {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = DatabaseUrl::sqlite(folder.path().join("infomart.sqlite"));
    let postgresql = Postgres::shared().new_database().parse().expect("a URL");
    for url in [sqlite, postgresql] {
        let mut database = Database::open(&url, &OpenOptions::default()).expect("the database opens");
        fill(&mut database, &url, facts);
        test(&mut database);
    }
}

/// An Info Mart in memory.
pub(crate) fn in_memory(facts: &[Fact]) -> Database {
    let url = DatabaseUrl::sqlite(":memory:");
    let mut database = Database::open(&url, &OpenOptions::default()).expect("the database opens");
    fill(&mut database, &url, facts);
    database
}
