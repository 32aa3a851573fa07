//! Any order of calls against a model: nothing lost, nothing doubled, order kept, numbers rise.

use std::collections::VecDeque;

use proptest::prelude::*;

use crate::*;

#[derive(Clone, Debug)]
enum Step {
    /// Kinds and lengths of records.
    Append(Vec<(u8, usize)>),
    Close,
    Take(usize),
    Remove(usize),
    Session(i32),
    Reopen,
    /// Goes on with the files as a kill would leave them.
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![6 => 0_usize..4000, 1 => 30_000_usize..300_000];
    prop_oneof![
        6 => proptest::collection::vec((0_u8..6, length), 0..4).prop_map(Step::Append),
        3 => Just(Step::Close),
        2 => (0_usize..4).prop_map(Step::Take),
        3 => prop_oneof![5 => Just(0), 1 => 1_usize..4].prop_map(Step::Remove),
        1 => (-3..20).prop_map(Step::Session),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ]
}

#[derive(Default)]
struct Model {
    open: Vec<OwnedRecord>,
    waiting: VecDeque<(u64, Vec<OwnedRecord>)>,
    last: u64,
    session: i32,
    made: u32,
}

fn count(records: &[OwnedRecord]) -> u64 {
    records.iter().map(|record| record.view().records()).sum()
}

impl Model {
    fn records(&mut self, shapes: &[(u8, usize)]) -> Vec<OwnedRecord> {
        let mut records = Vec::new();
        for &(kind, length) in shapes {
            self.made += 1;
            // Every record is another one, so that a mix-up shows.
            let text = format!("{}-{}", self.made, "x".repeat(length));
            records.push(match kind {
                0 => OwnedRecord::Opened { session: self.session, json: text },
                1 => OwnedRecord::Closed { session: self.session, json: text },
                _ => OwnedRecord::Frames {
                    session: self.session,
                    at: i64::from(self.made),
                    events: u32::from(kind),
                    bytes: text.into_bytes(),
                },
            });
        }
        records
    }

    fn check(&self, queue: &Queue) {
        let pending = Pending {
            transactions: self.waiting.len() as u64,
            records: self.waiting.iter().map(|(_, records)| count(records)).sum(),
            open: count(&self.open),
        };
        assert_eq!(queue.pending(), pending);
        assert_eq!(queue.wait(0, Duration::ZERO), self.waiting.front().map(|(number, _)| *number));
        let all = self.waiting.iter().flat_map(|(_, records)| records).chain(&self.open);
        let bytes = all.map(|record| match record {
            OwnedRecord::Frames { bytes, .. } => bytes.len() as u64 + 32,
            OwnedRecord::Opened { json, .. } | OwnedRecord::Closed { json, .. } => json.len() as u64 + 32,
        });
        assert_eq!(queue.bytes(), bytes.sum::<u64>());
    }
}

fn run(steps: Vec<Step>) {
    let mut place = Place::new();
    let mut queue = place.open();
    let id = queue.id().to_owned();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(shapes) => {
                let records = model.records(&shapes);
                let views: Vec<Record<'_>> = records.iter().map(OwnedRecord::view).collect();
                queue.append(&views).unwrap();
                model.open.extend(records);
            }
            Step::Close => {
                let closed = queue.close_transaction().unwrap();
                assert_eq!(closed.is_some(), !model.open.is_empty());
                if let Some(closed) = closed {
                    model.last += 1;
                    let expected = Closed { transaction: model.last, records: count(&model.open) };
                    assert_eq!(closed, expected);
                    model.waiting.push_back((model.last, std::mem::take(&mut model.open)));
                }
            }
            Step::Take(index) => {
                if let Some((number, records)) = model.waiting.get(index) {
                    assert_eq!(queue.take(*number).unwrap().parts, *records);
                }
            }
            Step::Remove(index) => {
                if let Some((number, _)) = model.waiting.remove(index) {
                    queue.remove(&[number]).unwrap();
                }
            }
            Step::Session(at_least) => {
                let expected = model.session.max(at_least) + 1;
                model.session = queue.next_session(at_least).unwrap();
                assert_eq!(model.session, expected);
            }
            Step::Reopen => {
                drop(queue);
                queue = place.open();
            }
            Step::Kill => {
                let left = kill::copy(&place);
                drop(queue);
                place = left;
                queue = place.open();
            }
        }
        model.check(&queue);
        assert_eq!(queue.id(), id);
    }
    for (number, records) in &model.waiting {
        assert_eq!(queue.take(*number).unwrap().parts, *records);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_is_its_model(steps in proptest::collection::vec(step(), 1..40)) {
        run(steps);
    }
}
