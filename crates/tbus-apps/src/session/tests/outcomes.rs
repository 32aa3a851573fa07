//! Ids, and what decides how a callback goes.

use super::{SERVICE, callback};
use crate::session::{CallDirection, Callback, Ending, Ids, Outcome, Outcomes, Script};

#[test]
fn ids_in_the_published_shapes() {
    let (mut one, mut two) = (Ids::new(7), Ids::new(7));
    for _ in 0..3 {
        let service = one.service();
        assert_eq!(service, two.service());
        assert_eq!(service.len(), SERVICE.len());
        assert!(service.starts_with("445-"), "{service}");
        let session = one.session();
        assert_eq!(session, two.session());
        assert_eq!(session.len(), 32);
        assert!(session.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{session}");
    }
    assert_ne!(Ids::new(8).service(), Ids::new(7).service());
    let mut given = Ids::new(7).with_services([Some("445-17a6a47".to_owned()), None]);
    assert_eq!(given.service(), "445-17a6a47");
    // What is given takes nothing from the others.
    let mut plain = Ids::new(7);
    plain.service();
    assert_eq!(given.service(), plain.service());
}

#[test]
fn outcomes_by_scenario_number_and_weight() {
    let mut outcomes = Outcomes::new().with_script("5551234", Script::ending(Ending::Timeout));
    assert_eq!(outcomes.script(&callback()).ending, Ending::Timeout);
    assert_eq!(outcomes.script(&callback()), Script::default(), "a script is for one callback");
    for outcome in Outcome::ALL {
        let number = format!("+1 (800) 555-{}", outcome.magic_suffix());
        let called = Callback { customer_number: number, ..callback() };
        assert_eq!(outcomes.script(&called), outcome.script(CallDirection::CustomerTerminated), "{outcome}");
    }
    for number in ["", "0102", "555", "55501020", "noone"] {
        let called = Callback { customer_number: number.to_owned(), ..callback() };
        assert_eq!(outcomes.script(&called), Script::default(), "{number}");
    }
}

#[test]
fn weights_are_kept_and_repeatable() {
    let usual =
        || Outcomes::new().with_weights(42, Outcome::ALL.iter().map(|one| (*one, one.usual_weight())));
    let draw = |mut outcomes: Outcomes| -> Vec<Script> {
        (0..10_000).map(|_| outcomes.script(&callback())).collect()
    };
    let (once, again) = (draw(usual()), draw(usual()));
    assert_eq!(once, again);
    let successes = once.iter().filter(|script| **script == Script::default()).count();
    assert!((7_600..8_000).contains(&successes), "{successes}");
    let total: u32 = Outcome::ALL.iter().map(|one| one.usual_weight()).sum();
    assert_eq!(total, 1_000);
    let none = draw(Outcomes::new().with_weights(42, [(Outcome::Abandoned, 0)]));
    assert!(none.iter().all(|script| *script == Script::default()));
}

#[test]
fn the_table_of_outcomes_is_documented() {
    let text = include_str!("../../../../../protocol-spec/scenarios.md");
    for outcome in Outcome::ALL {
        let row = format!("| `{outcome}` | 555-{} | {} |", outcome.magic_suffix(), outcome.usual_weight());
        assert!(text.contains(&row), "{row}");
    }
}
