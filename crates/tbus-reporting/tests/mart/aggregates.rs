//! Sums over callbacks.

use crate::place::number;
use crate::source::{Chain, Sent};

/// A callback that ended well, as its last event tells.
fn success(service: &str, sequence: i64) -> Sent {
    Sent::of(service, sequence)
        .last()
        .with("_CB_N_CALLBACK_ACCEPTED", "1")
        .with("_CB_N_CALLBACK_MEDIA_ATTEMPTS", "2")
        .with("_CB_T_CUSTOMER_CONNECTED", "1411120808")
        .with("_CB_N_AGENT_ADDED_TO_IXN", "1")
        .with("_CB_D_WAITING_FOR_AGENT_OFFLINE", "180")
        .with("_CB_D_ESTABLISH_MEDIA_IXN", "6")
        .with("_CB_D_CUSTOMER_CONNECTED_WAITING_FOR_AGENT", "7")
}

/// The sums of a level, in the order of its columns, by period.
fn sums(chain: &Chain, view: &str) -> Vec<Vec<i64>> {
    let sql = format!(
        "SELECT DATE_TIME_KEY, SUM(OFFERED), SUM(ACCEPTED), SUM(DECLINED), SUM(ATTEMPTED), SUM(ATTEMPTS), SUM(CUSTOMER_CONNECTED), \
         SUM(CANCELLED), SUM(ABANDONED), SUM(SUCCESS), SUM(WAIT_AGENT_OFFLINE_TIME), SUM(ESTABLISH_MEDIA_IXN_TIME), \
         SUM(CONN_WAITING_AGENT_TIME) FROM {view} GROUP BY DATE_TIME_KEY ORDER BY DATE_TIME_KEY"
    );
    let sql = sql
        .replace("SUM(", "CAST(SUM(")
        .replace("),", ") AS bigint),")
        .replace(") FROM", ") AS bigint) FROM");
    let mut database = chain.mart.open();
    let rows = database.query(&sql, &[]).unwrap();
    rows.iter().map(|row| (0..13).map(|at| row.int(at).unwrap()).collect()).collect()
}

const VIEWS: [&str; 7] = [
    "AG2_CALLBACK_SUBHR",
    "AG2_CALLBACK_HOUR",
    "AG2_CALLBACK_DAY",
    "AG2_CALLBACK_WEEK",
    "AG2_CALLBACK_MONTH",
    "AG2_CALLBACK_QRTR",
    "AG2_CALLBACK_YEAR",
];
/// Starts of the periods that hold 2014-09-19T10:00:00Z.
const STARTS: [i64; 7] =
    [1_411_120_800, 1_411_120_800, 1_411_084_800, 1_410_652_800, 1_409_529_600, 1_404_172_800, 1_388_534_400];

#[test]
fn every_level_counts_each_callback_once() {
    for chain in Chain::both() {
        chain.record(&[
            Sent::of("445-1", 1),
            success("445-1", 2),
            // Declined: one event.
            Sent::of("445-2", 3).last(),
            // Hung up, and cancelled in both ways at once.
            success("445-3", 4)
                .with("_CB_N_AGENT_ADDED_TO_IXN", "0")
                .with("_CB_N_CUSTOMER_ABANDONED_WHILE_WAITING_FOR_AGENT", "1")
                .with("_CB_DIM_DIAL_DIALOG_RESULT", "CANCELLED")
                .with("_CB_DISPOSITION", "COMPLETED.CANCELLED"),
            Sent::of("445-4", 5).last().with("_CB_DISPOSITION", "QUEUED.CANCELLED"),
            Sent::of("445-5", 6).last().with("_CB_DIM_DIAL_DIALOG_RESULT", "CANCEL"),
            // Not ended.
            Sent::of("445-6", 7),
        ]);
        assert_eq!(chain.run().periods, 1);
        for (view, start) in VIEWS.iter().zip(STARTS) {
            let want = vec![start, 5, 2, 3, 2, 4, 2, 3, 1, 1, 360, 12, 14];
            assert_eq!(sums(&chain, view), [want], "{view}");
        }
        let keys =
            "SELECT COUNT(*) FROM AGT_CALLBACK_DAY a JOIN CALLBACK_DIM_2 d ON d.ID = a.CALLBACK_DIM_2_KEY";
        assert_eq!(number(&mut chain.mart.open(), keys), 4);
    }
}

#[test]
fn a_final_event_again_changes_no_figure() {
    for chain in Chain::both() {
        chain.record(&[Sent::of("445-1", 1), success("445-1", 2)]);
        chain.run();
        let before = VIEWS.map(|view| sums(&chain, view));
        // The desktop sends attached data again: a third row, later.
        chain.record(&[Sent { added_ts: Some(1_411_121_900), ..success("445-1", 9) }]);
        let summary = chain.run();
        assert_eq!((summary.facts, summary.periods), (1, 1));
        assert_eq!(VIEWS.map(|view| sums(&chain, view)), before);
        assert_eq!(number(&mut chain.mart.open(), "SELECT COUNT(*) FROM CALLBACK_FACT"), 3);
    }
}

#[test]
fn the_last_final_event_counts_whenever_it_comes() {
    for chain in Chain::both() {
        let later = "1411207200";
        chain.record(&[success("445-1", 2), success("445-2", 3)]);
        chain.run();
        // Another run, another day.
        let moved = Sent { added_ts: Some(1_411_207_300), ..success("445-1", 20) };
        chain.record(&[moved.with("_CB_T_SERVICE_START", later)]);
        assert_eq!(chain.run().periods, 2);
        let days: Vec<[i64; 2]> =
            sums(&chain, "AG2_CALLBACK_DAY").iter().map(|row| [row[0], row[1]]).collect();
        assert_eq!(days, [[1_411_084_800, 1], [1_411_171_200, 1]]);
        // An earlier one that comes later changes nothing.
        chain.record(&[Sent { added_ts: Some(1_411_120_700), ..success("445-1", 1) }]);
        chain.run();
        let days: Vec<[i64; 2]> =
            sums(&chain, "AG2_CALLBACK_DAY").iter().map(|row| [row[0], row[1]]).collect();
        assert_eq!(days, [[1_411_084_800, 1], [1_411_171_200, 1]]);
        assert_eq!(sums(&chain, "AG2_CALLBACK_MONTH").len(), 1);
        assert_eq!(sums(&chain, "AG2_CALLBACK_MONTH")[0][1], 2);
        // The only callback of a period moves away: the period is empty.
        let moved = Sent { added_ts: Some(1_411_207_400), ..success("445-2", 30) };
        chain.record(&[moved.with("_CB_T_SERVICE_START", later)]);
        chain.run();
        let days: Vec<[i64; 2]> =
            sums(&chain, "AG2_CALLBACK_DAY").iter().map(|row| [row[0], row[1]]).collect();
        assert_eq!(days, [[1_411_171_200, 2]]);
    }
}

#[test]
fn what_one_run_leaves_out_the_next_makes() {
    for chain in Chain::both() {
        chain.record(&[success("445-1", 2)]);
        let mut options = chain.options();
        options.aggregates = false;
        assert_eq!(tbus_reporting::etl::run(&options, &mut ()).unwrap().periods, 0);
        assert!(sums(&chain, "AG2_CALLBACK_DAY").is_empty());
        assert_eq!(chain.run().periods, 1);
        assert_eq!(sums(&chain, "AG2_CALLBACK_DAY").len(), 1);
    }
}
