//! What the machine knows is a function of the database: any steps give the same rows, however often it is made anew.

use tlib_proto::MessageId;

use super::apply::Case;
use super::events::{Step, call, list, user};
use super::truth::SHOWN;

const OPTIONS: &str = "[custom-states]\nstore-event-data = all\nAgentRecordUserTypes = 207,work,208,break\n\
    AgentUserFields = char,CUST_DATA_1,why\nGlobalData = char,CUST_DATA_2,global\n[callconcentrator]\n\
    adata-userdata-history = all\n[gts]\ncall-deletion-timeout = 20\n";

const SPECIFICATION: &str = "<s xmlns='http://www.genesyslab.com/standards/icon/ed1'><public>\
    <key name='first' source='userdata' history='first'/><key name='last' source='userdata' history='last'/>\
    </public><secure><key name='last' source='userdata' history='all'/>\
    <key name='secret' source='userdata' history='last'/></secure></s>";

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % sides as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.throw(all.len())]
    }
}

const CALL_EVENTS: [MessageId; 12] = [
    MessageId::EVENT_RINGING,
    MessageId::EVENT_DIALING,
    MessageId::EVENT_ESTABLISHED,
    MessageId::EVENT_QUEUED,
    MessageId::EVENT_DIVERTED,
    MessageId::EVENT_RELEASED,
    MessageId::EVENT_RELEASED,
    MessageId::EVENT_HELD,
    MessageId::EVENT_RETRIEVED,
    MessageId::EVENT_ATTACHED_DATA_CHANGED,
    MessageId::EVENT_ATTACHED_DATA_CHANGED,
    MessageId::EVENT_CALL_DELETED,
];

fn steps(seed: u64, count: usize) -> Vec<Step> {
    let mut dice = Dice(seed);
    let mut seconds = 0;
    let mut steps = Vec::new();
    for _ in 0..count {
        seconds += u32::try_from(dice.of(&[0, 0, 1, 1, 2, 5, 15, 30])).unwrap();
        if dice.throw(60) == 0 {
            // Longer than anything is remembered, and almost as long.
            seconds += dice.of(&[86_390, 90_000]);
        }
        let dn = dice.of(&["1001", "1002", "8000", "REPORTING", ""]);
        let keys: &[&str] = &["first", "last", "secret", "other", "work", "break", "why", "global"];
        let data = list(|list| {
            for key in keys {
                if dice.throw(3) > 0 {
                    list.str(key, dice.of(&["", "a", "b", "+", "-"]));
                }
            }
            list
        });
        steps.push(match dice.throw(20) {
            0 => Step::Session(i32::try_from(dice.throw(5)).unwrap() + 1, seconds),
            1..6 => user(seconds, dn, &data),
            _ => {
                let data = (dice.throw(2) == 0).then_some(&data);
                call(dice.of(&CALL_EVENTS), seconds, dice.throw(6) as u64, dn, data)
            }
        });
    }
    steps
}

#[test]
fn the_machine_can_be_made_anew_at_any_commit() {
    for seed in 1..=12 {
        let case = Case { options: OPTIONS, specification: SPECIFICATION, steps: steps(seed, 200) };
        // Numbers of rows and updates are among what is shown, so a change that is missing shows in all that follow.
        let (rows, _) = case.in_memory(SHOWN);
        for (table, _) in SHOWN {
            assert!(rows.contains(&format!("{table}\t")), "no row of {table} with seed {seed}");
        }
        case.check_sqlite(&format!("seed {seed}"), &rows, SHOWN);
    }
}
