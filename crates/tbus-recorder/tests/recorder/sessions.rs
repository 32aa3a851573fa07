//! Data-source sessions: rows of the G_DSS tables.

use tbus_recorder::Recorder;
use tlib_proto::{AttributeId, KvList, MessageId};
use tlib_testkit::mock_server::To;

use crate::support::{AHEAD, Bench, ENGINES, Engine, START, options};

/// Number, type, beginning and end of a session, end of the recorder; numbers and times of the first and the last event.
const ROW: &str = "SELECT DSS_ID, DSCONN_TYPE, DSCONN_STIME, DSCONN_ETIME, ICON_ETIME, \
    FEVENT_DSSEQ, FEVENT_ITIME, FEVENT_DSTIME, LEVENT_DSSEQ, LEVENT_ITIME, LEVENT_DSTIME \
    FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";

const TYPES: &str = "SELECT DSS_ID, DSCONN_TYPE FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";

fn each_engine(body: impl Fn(&Bench)) {
    for engine in ENGINES {
        body(&Bench::new(engine));
    }
}

#[test]
fn first_connection_and_reconnect() {
    each_engine(|bench| {
        // Greeting 1, EventRegistered 2.
        let recorder = bench.start();
        bench.pass(10);
        bench.send(11, "a", "1");
        bench.pass(10);
        bench.send(21, "b", "2");
        bench.pass(10);
        bench.server.close(To::Last);
        // Greeting 5, EventRegistered 6.
        bench.expect("Registered on REPORTING of SIP_Server", 2);
        bench.pass(10);
        bench.send(41, "c", "3");
        bench.pass(10);
        bench.stop(recorder);
        let rows = [
            "1|1|0.0|30.0|-|0000000000000003|10.0|111.5|0000000000000004|20.0|121.5",
            "2|2|30.0|50.0|50.0|0000000000000007|40.0|141.5|0000000000000007|40.0|141.5",
        ];
        assert_eq!(bench.query(ROW), rows);
        assert_eq!(bench.pairs(), ["1 a=1", "1 b=2", "2 c=3"]);
        // The sister table of the other role that hears the server, and no other one.
        assert_eq!(bench.query(&ROW.replace("GUD", "GCC")), rows);
        for table in ["CFG", "GLS", "GOS"] {
            assert!(bench.query(&ROW.replace("GUD", table)).is_empty());
        }
        let rest = "SELECT ICON_DBID, DS_DBID, DS_DBID_PRIM, DS2_DBID, DS_TYPE, ICON_STIME, FEVENT_DSTS - 1348817660, \
            LEVENT_DSTS - 1348817660, GSYS_DOMAIN FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";
        assert_eq!(bench.query(rest), ["9|101|101|102|1|0.0|111|121|1", "9|101|101|102|1|0.0|141|141|2"]);
    });
}

#[test]
fn a_greeting_with_a_time_tells_the_servers_clock() {
    let bench = Bench::sqlite();
    let recorder = bench.start();
    bench.server.send(To::Last, &bench.server.link_event(false));
    let time = u32::try_from(START + AHEAD).unwrap();
    let up =
        bench.server.event(MessageId::EVENT_LINK_CONNECTED, |m| m.unsigned(AttributeId::TIMEIN_SECS, time));
    bench.server.send(To::Last, &up);
    bench.expect("data source session 2", 1);
    bench.stop(recorder);
    // The mock's own greeting has no time: then it is the recorder's.
    let times = "SELECT DSCONN_STIME, DSCONN_SDSTIME, DSCONN_SDSTS - 1348817660 FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";
    assert_eq!(bench.query(times), ["0.0|0.0|0", "0.0|100.0|100"]);
}

#[test]
fn a_restart_of_the_server_and_another_server() {
    each_engine(|bench| {
        let recorder = bench.start();
        bench.send(0, "a", "1");
        bench.server.stop();
        bench.server.set(|manners| manners.next_sequence = 1);
        bench.server.listen_again();
        bench.expect("Registered on REPORTING of SIP_Server", 2);
        bench.send(1, "b", "2");
        bench.server.set(|manners| {
            manners.application = "SIP_Server_B".to_owned();
            manners.next_sequence = 0x1_0000_0000;
        });
        bench.server.reset(To::Last);
        bench.expect("Registered on REPORTING of SIP_Server_B", 1);
        bench.send(2, "c", "3");
        bench.stop(recorder);
        assert_eq!(bench.query(TYPES), ["1|1", "2|3", "3|5"]);
        assert_eq!(bench.pairs(), ["1 a=1", "2 b=2", "3 c=3"]);
        let sequences = "SELECT FEVENT_DSSEQ FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";
        assert_eq!(bench.query(sequences), ["0000000000000003", "0000000000000003", "0000000100000002"]);
        let connected = [
            "Trc 25190 Connected to SIP_Server: first connection, data source session 1",
            "Trc 25190 Connected to SIP_Server: server restart, data source session 2",
            "Trc 25190 Connected to SIP_Server_B: switchover, data source session 3",
        ];
        let lines = bench.lines(&[25190]);
        let lines: Vec<_> = lines.iter().filter(|line| line.contains(" Connected to ")).collect();
        assert_eq!(lines, connected.each_ref());
    });
}

#[test]
fn the_link_of_the_server_and_a_switchover_on_the_same_connection() {
    each_engine(|bench| {
        let recorder = bench.start();
        let link = |up| bench.server.send(To::Last, &bench.server.link_event(up));
        bench.send(0, "a", "1");
        bench.pass(10);
        link(false);
        bench.send(1, "b", "2");
        bench.pass(10);
        link(true);
        bench.expect("switch reconnection, data source session 2", 1);
        bench.send(2, "c", "3");
        bench.server.send(To::Last, &bench.server.event(MessageId::EVENT_PRIMARY_CHANGED, |m| m));
        link(false);
        link(true);
        bench.expect("switchover, data source session 3", 1);
        bench.send(3, "d", "4");
        // A link that was up and comes up again is nothing new.
        link(true);
        bench.send(4, "e", "5");
        bench.server.expect(MessageId::REQUEST_REGISTER_ADDRESS, 1);
        bench.stop(recorder);
        assert_eq!(bench.query(TYPES), ["1|1", "2|4", "3|5"]);
        assert_eq!(bench.pairs(), ["1 a=1", "1 b=2", "2 c=3", "3 d=4", "3 e=5"]);
        let ends =
            "SELECT DSS_ID, DSCONN_STIME, DSCONN_ETIME, ICON_ETIME FROM G_DSS_GUD_PROVIDER ORDER BY DSS_ID";
        assert_eq!(bench.query(ends), ["1|0.0|20.0|-", "2|20.0|20.0|-", "3|20.0|20.0|20.0"]);
    });
}

#[test]
fn a_greeting_without_link_is_a_session_too() {
    let bench = Bench::sqlite();
    bench.server.set(|manners| manners.link = false);
    let recorder = bench.start();
    bench.server.send(To::Last, &bench.server.link_event(true));
    bench.expect("switch reconnection, data source session 2", 1);
    bench.send(0, "a", "1");
    bench.stop(recorder);
    assert_eq!(bench.query(TYPES), ["1|1", "2|4"]);
    assert_eq!(bench.pairs(), ["2 a=1"]);
}

#[test]
fn without_the_monitor_sessions_have_numbers_and_no_rows() {
    let bench = Bench::sqlite();
    let mut config = bench.config();
    config.options = options("[callconcentrator]\nuse-dss-monitor=0\nacc-queue-size=1\n");
    let recorder = Recorder::start(config).unwrap();
    bench.send(0, "a", "1");
    bench.server.close(To::Last);
    bench.expect("Registered on REPORTING of SIP_Server", 2);
    bench.send(1, "b", "2");
    bench.stop(recorder);
    assert!(bench.query(TYPES).is_empty());
    assert!(bench.query(&TYPES.replace("GUD", "GCC")).is_empty());
    assert_eq!(bench.pairs(), ["1 a=1", "2 b=2"]);
    assert_eq!(bench.query("SELECT GSYS_DOMAIN FROM G_CUSTOM_DATA_S ORDER BY ID"), ["1", "2"]);
}

#[test]
fn roles_decide_which_tables_are_filled() {
    for (role, gud, gcc, pairs) in
        [("gud", 1, 0, 1), ("gcc", 0, 1, 0), ("~gud", 0, 1, 0), ("gud,gcc", 1, 1, 1), ("~gud,~gcc", 0, 0, 0)]
    {
        let bench = Bench::new(Engine::Sqlite);
        let mut config = bench.config();
        config.options = options(&format!("[callconcentrator]\nrole={role}\n"));
        let recorder = Recorder::start(config).unwrap();
        bench.send(0, "a", "1");
        bench.stop(recorder);
        let found =
            (bench.query(TYPES).len(), bench.query(&TYPES.replace("GUD", "GCC")).len(), bench.pairs().len());
        assert_eq!(found, (gud, gcc, pairs), "role={role}");
    }
}

#[test]
fn numbers_of_sessions_go_on_also_without_the_queue() {
    each_engine(|bench| {
        for expected in ["1 a=1", "2 a=1"] {
            let recorder = bench.start();
            bench.send(0, "a", "1");
            bench.stop(recorder);
            assert_eq!(bench.pairs().last().unwrap(), expected);
        }
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mut name = bench.queue().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
        let recorder = bench.start();
        bench.send(0, "a", "1");
        bench.stop(recorder);
        assert_eq!(bench.pairs(), ["1 a=1", "2 a=1", "3 a=1"]);
        assert_eq!(bench.query(TYPES), ["1|1", "2|1", "3|1"]);
    });
}

#[test]
fn a_call_goes_on_after_a_restart_of_the_recorder() {
    each_engine(|bench| {
        // The server's clock is far ahead, so all that comes later is beyond call-deletion-timeout.
        let config = || {
            let mut config = bench.config();
            config.options.adata_userdata_history = tbus_recorder::options::History::All;
            config
        };
        let send = |id, second: u64, value: &str| {
            let data = KvList::build(|list| list.str("key", value)).unwrap();
            let time = u32::try_from(START + AHEAD + second).unwrap();
            let event = bench.server.event(id, |m| {
                m.unsigned(AttributeId::TIMEIN_SECS, time)
                    .str(AttributeId::CALL_UUID, "CALL-1")
                    .list(AttributeId::USER_DATA, data.view())
                    .str(AttributeId::THIS_DN, "REPORTING")
            });
            bench.server.send(To::Last, &event);
        };
        let recorder = Recorder::start(config()).unwrap();
        send(MessageId::EVENT_RINGING, 0, "1");
        bench.stop(recorder);
        let call = "SELECT CALLID, STATE, TERMINATED_TS - 1348817660 FROM G_CALL ORDER BY GSYS_SEQ";
        assert_eq!(bench.query(call), ["CALL-1|1|-"]);
        let recorder = Recorder::start(config()).unwrap();
        bench.stop(recorder);
        assert_eq!(bench.query(call), ["CALL-1|2|0"]);
        let recorder = Recorder::start(config()).unwrap();
        send(MessageId::EVENT_ATTACHED_DATA_CHANGED, 10, "1");
        send(MessageId::EVENT_ATTACHED_DATA_CHANGED, 20, "2");
        bench.stop(recorder);
        assert_eq!(bench.query(call), ["CALL-1|1|-"]);
        let recorder = Recorder::start(config()).unwrap();
        send(MessageId::EVENT_RELEASED, 30, "2");
        bench.stop(recorder);
        assert_eq!(bench.query(call), ["CALL-1|2|130"]);
        let history =
            "SELECT VALUE, CHANGETYPE, ADDED_TS - 1348817660 FROM G_USERDATA_HISTORY ORDER BY GSYS_SEQ";
        assert_eq!(bench.query(history), ["1|1|100", "2|3|120"]);
    });
}
