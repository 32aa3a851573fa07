//! What a second run, a run that was ended, another run and another database leave behind.

use tbus_db::{Database, ErrorKind, OpenOptions};
use tbus_reporting::etl::{self, EtlError};

use crate::place::{Place, number};
use crate::source::{Chain, Heard, NOW, Sent, heard};

/// Events of twenty callbacks in two sessions.
fn events() -> Vec<Sent> {
    (0..40)
        .map(|at| {
            let event = Sent::of(&format!("445-{}", at / 2), 100 + i64::from(at))
                .with("_CB_DIM_VQ", &format!("VQ{}", at % 7));
            let event = Sent { session: 1 + at / 25, added_ts: Some(1_411_120_800 + at), ..event };
            if at % 2 == 1 { event.last() } else { event }
        })
        .collect()
}

#[test]
fn a_second_run_adds_nothing() {
    for chain in Chain::both() {
        chain.record(&events());
        let first = chain.run();
        assert_eq!((first.facts, first.sessions, first.commits, first.periods), (40, 2, 1, 1));
        let there = chain.everything();
        let audit = "SELECT COUNT(*) FROM CTL_AUDIT_LOG";
        let audited = number(&mut chain.mart.open(), audit);
        assert_eq!(chain.run(), etl::Summary::default());
        assert_eq!(chain.everything(), there);
        assert_eq!(number(&mut chain.mart.open(), audit), audited);
    }
}

/// Audit keys say in how many commits rows came; the rest must be the same.
fn without_audit_keys(place: &Place) {
    place
        .open()
        .script(
            "UPDATE CALLBACK_FACT SET CREATE_AUDIT_KEY = 0, UPDATE_AUDIT_KEY = 0; UPDATE CALLBACK_DIM_1 SET CREATE_AUDIT_KEY = 0; \
             UPDATE CALLBACK_DIM_2 SET CREATE_AUDIT_KEY = 0; UPDATE CALLBACK_DIM_3 SET CREATE_AUDIT_KEY = 0; \
             UPDATE CALLBACK_DIM_4 SET CREATE_AUDIT_KEY = 0; UPDATE CALLBACK_DIAL_RESULTS SET CREATE_AUDIT_KEY = 0; \
             UPDATE RESOURCE_ SET CREATE_AUDIT_KEY = 0; UPDATE CTL_TBUS_SESSION SET AUDIT_KEY = GSYS_DOMAIN; \
             UPDATE CALLBACK_FACT SET DS_AUDIT_KEY = (SELECT s.GSYS_DOMAIN FROM CTL_AUDIT_LOG a JOIN CTL_TBUS_SESSION s \
             ON s.GSYS_DOMAIN = a.DATA_SOURCE_SESSION WHERE a.AUDIT_KEY = DS_AUDIT_KEY)",
        )
        .unwrap();
}

#[test]
fn wherever_a_run_ends_the_next_goes_on() {
    for (chain, whole) in Chain::both().into_iter().zip(Chain::both()) {
        for chain in [&chain, &whole] {
            chain.record(&events());
        }
        whole.run();
        without_audit_keys(&whole.mart);
        let mut options = chain.options();
        // A page holds less than two events, so that events are cut by pages, too.
        options.page = 7;
        for stop_after in [1, 3, 2, 5, 1] {
            let mut observer = Heard { stop_after: Some(stop_after), ..Heard::default() };
            let ended = etl::run(&options, &mut observer);
            assert!(matches!(ended, Err(EtlError::Stopped)), "{ended:?}");
        }
        let before = number(&mut chain.mart.open(), "SELECT COUNT(*) FROM CALLBACK_FACT");
        assert!((1..40).contains(&before), "{before}");
        let (ended, _) = heard(&options);
        let summary = ended.unwrap();
        assert!(summary.commits > 20, "{summary:?}");
        assert_eq!(i64::try_from(summary.facts).unwrap(), 40 - before);
        without_audit_keys(&chain.mart);
        assert_eq!(chain.everything(), whole.everything());
    }
}

#[test]
fn an_event_that_is_recorded_twice_is_one_fact() {
    for chain in Chain::both() {
        chain.record(&events());
        chain.run();
        chain.record(&events()[..3]);
        let twice = Sent { session: 1, ..Sent::of("445-new", 99) };
        chain.record(&[twice.clone(), twice]);
        let summary = chain.run();
        assert_eq!((summary.events, summary.duplicates, summary.facts), (5 - 1, 3, 1));
    }
}

#[test]
fn a_writer_beside_it_is_not_held_up() {
    for chain in Chain::both() {
        chain.record(&events());
        let mut idb = chain.idb.open();
        let mut writing = idb.begin().unwrap();
        writing.execute("INSERT INTO G_CUSTOM_DATA_S (PSEQ, ADDED, KEYNAME) VALUES (0, '2014-09-19 10:00:00.000', 'x')", &[]).unwrap();
        // Neither waits for the other: this one reads what is committed.
        assert_eq!(chain.run().facts, 40);
        writing.commit().unwrap();
        assert_eq!(chain.run().not_callback, 1);
    }
}

#[test]
fn two_runs_at_once_are_refused() {
    for chain in Chain::both() {
        let claimed =
            Database::open(&chain.mart.url, &OpenOptions { sole_writer: true, ..OpenOptions::default() });
        let claimed = claimed.unwrap();
        let (ended, _) = heard(&chain.options());
        let Err(EtlError::Database(error)) = ended else { panic!("{ended:?}") };
        assert_eq!(error.kind(), ErrorKind::Claimed);
        drop(claimed);
        chain.run();
    }
}

#[test]
fn another_interaction_database_is_noticed() {
    for (chain, other) in Chain::both().into_iter().zip(Chain::both()) {
        chain.record(&events());
        chain.run();
        let mut options = chain.options();
        options.idb = other.idb.url.clone();
        let (ended, _) = heard(&options);
        let text = ended.unwrap_err().to_string();
        assert!(text.contains("row 260 of G_CUSTOM_DATA_S"), "{text}");
        other.record(&[Sent::of("445-9", 5)]);
        assert!(matches!(etl::run(&options, &mut ()), Err(EtlError::OtherSource { .. })));
        // A database that was made anew numbers rows, inserts and sessions as the one before it.
        let again = Chain::with(Place::sqlite(), Place::sqlite());
        let later = |event: Sent| Sent { added_ts: event.added_ts.map(|at| at + 3600), ..event };
        again.record(&events().into_iter().map(later).collect::<Vec<_>>());
        options.idb = again.idb.url.clone();
        assert!(matches!(etl::run(&options, &mut ()), Err(EtlError::OtherSource { .. })));
        assert_eq!(chain.run().events, 0);
    }
}

#[test]
fn rows_that_were_read_may_be_purged() {
    for chain in Chain::both() {
        chain.record(&events());
        chain.run();
        let last = number(&mut chain.idb.open(), "SELECT MAX(ID) FROM G_CUSTOM_DATA_S");
        chain.record(&[Sent::of("445-purged", 900)]);
        chain.idb.open().script(&format!("DELETE FROM G_CUSTOM_DATA_S WHERE ID <= {last}")).unwrap();
        assert_eq!(chain.run().facts, 1);
        assert_eq!(chain.run().events, 0);
    }
}

#[test]
fn databases_of_another_version_or_kind_are_refused() {
    for chain in Chain::both() {
        let complaint = || etl::run(&chain.options(), &mut ()).unwrap_err().to_string();
        chain.idb.open().script("UPDATE TBUS_SCHEMA SET VERSION = 7").unwrap();
        assert!(complaint().contains("have schema version 7, this tbus needs version 1"), "{}", complaint());
        chain.idb.open().script("UPDATE TBUS_SCHEMA SET VERSION = 1").unwrap();
        chain.run();
        chain.mart.open().script("UPDATE CTL_TBUS_SCHEMA SET VERSION = 7").unwrap();
        assert!(complaint().contains("have schema version 7"), "{}", complaint());
    }
    let [chain, _] = Chain::both();
    let mut options = chain.options();
    options.idb = chain.mart.url.clone();
    let absent = etl::run(&options, &mut ()).unwrap_err().to_string();
    assert!(absent.contains("the file does not exist"), "{absent}");
    chain.run();
    let wrong = etl::run(&options, &mut ()).unwrap_err().to_string();
    assert!(wrong.contains("there is no TBUS_SCHEMA in it"), "{wrong}");
    assert_eq!(options.now, NOW);
}
