//! Plans that are changed in the middle, and sessions that do not end as they should.

use super::{SERVICE, T, at, callback, events, user_events};
use crate::keys;
use crate::session::{Crash, DialResult, Reason, Refused, Script, State, plan};

#[test]
fn cancelled_in_the_middle() {
    let long = Script { offline_wait: 180, ..Script::default() };
    for (after, attempts) in [(0, "int 0"), (100, "int 0"), (182, "int 1"), (190, "int 1")] {
        let mut plan = plan(&callback(), &long).expect("it fits");
        let before: Vec<_> = plan.steps.iter().take_while(|step| step.at <= T + after).cloned().collect();
        plan.cancel(T + after).expect("it can be cancelled");
        assert_eq!(plan.steps[..before.len()], before, "steps that are due stay");
        let sent = user_events(&plan.steps);
        let (when, end) = sent.last().expect("an end");
        assert_eq!(*when, T + after);
        assert_eq!(at(end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), attempts);
        assert_eq!(at(end, keys::CB_DIM_DIAL_DIALOG_RESULT), "CANCELLED");
        assert_eq!(at(end, keys::CB_DISPOSITION), "COMPLETED.CANCELLED");
        assert_eq!(at(end, keys::CB_FINAL_RECORD), "1");
        assert_eq!(plan.state_at(T + after), Some((State::Completed, Some(Reason::Cancelled))));
        assert_eq!(plan.cancel(T + after), Err(Refused::TooLate(State::Completed)));
    }
    let mut talking = plan(&callback(), &Script::default()).expect("it fits");
    assert_eq!(talking.cancel(T + 15), Err(Refused::TooLate(State::Processing)));
}

#[test]
fn rescheduled_in_the_middle() {
    let results = [DialResult::Busy, DialResult::Connected];
    let mut plan = plan(&callback(), &Script::dialling(results)).expect("it fits");
    assert_eq!(plan.reschedule(T + 100, T + 99), Err(Refused::Past { new: T + 99, now: T + 100 }));
    plan.reschedule(T + 100, T + 7200).expect("it can be rescheduled");
    assert_eq!(plan.state_at(T + 100), Some((State::Scheduled, None)));
    let sent = user_events(&plan.steps);
    assert_eq!(sent.iter().map(|(at, _)| at - T).collect::<Vec<_>>(), [0, 100, 7218]);
    let told = &sent[1].1;
    assert_eq!(at(told, keys::CB_FINAL_RECORD), "0");
    assert_eq!(at(told, keys::CB_DIM_FINAL_DIAL_RESULT), "RESCHEDULED");
    assert_eq!(at(told, keys::CB_DISPOSITION), "SCHEDULED.AGENT");
    assert_eq!(at(told, keys::CB_T_DESIRED_TIME), format!("int {}", T + 7200));
    let end = &sent[2].1;
    // The first dial was made before, the second after the new time.
    assert_eq!(at(end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 2");
    assert_eq!(at(end, keys::CB_T_DIAL_2), format!("int {}", T + 7202));
    assert_eq!(at(end, keys::CB_DISPOSITION), "COMPLETED.AGENT");
    assert_eq!(at(end, keys::CB_SERVICE_ID), SERVICE);
    // And again, before it is due.
    plan.reschedule(T + 200, T + 9000).expect("it can be rescheduled twice");
    assert_eq!(user_events(&plan.steps).len(), 4);
}

#[test]
fn rescheduled_while_the_only_dial_is_under_way() {
    let mut plan = plan(&callback(), &Script::default()).expect("it fits");
    // The dial begins two seconds after the start, and takes longer than one.
    plan.reschedule(T + 3, T + 7200).expect("it can be rescheduled");
    let end = user_events(&plan.steps).pop().expect("an end").1;
    assert_eq!(at(&end, keys::CB_DISPOSITION), "COMPLETED.AGENT", "it is made again");
    assert_eq!(at(&end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 2");
    assert_eq!(at(&end, keys::CB_T_DIAL_1), format!("int {}", T + 2));
    assert_eq!(at(&end, keys::CB_DIAL_1_RESULT), "-", "the first was cut short");
    assert_eq!(at(&end, keys::CB_T_DIAL_2), format!("int {}", T + 7202));
    assert_eq!(at(&end, keys::CB_DIAL_2_RESULT), at(&end, keys::CB_DIM_FINAL_DIAL_RESULT));
}

#[test]
fn rescheduled_after_the_last_dial() {
    let busy = [DialResult::Busy; 3];
    let script = Script { handling: 60, ..Script::dialling(busy) };
    let mut plan = plan(&callback(), &script).expect("it fits");
    let over = plan.steps.last().expect("an end").at;
    plan.reschedule(over - 1, over + 7200).expect("it can be rescheduled");
    let end = user_events(&plan.steps).pop().expect("an end").1;
    assert_eq!(at(&end, keys::CB_N_CALLBACK_MEDIA_ATTEMPTS), "int 6", "the dials begin anew");
    assert_eq!(at(&end, keys::CB_DIM_FINAL_DIAL_RESULT), "REDIAL_LIMIT_REACHED");
}

#[test]
fn rescheduled_without_end() {
    let mut plan = plan(&callback(), &Script::default()).expect("it fits");
    for nth in 0..100 {
        plan.reschedule(T + nth, T + 3600 + nth).expect("it waits");
    }
    let steps = plan.steps.clone();
    assert_eq!(plan.reschedule(T + 100, T + 7200), Err(Refused::TooOften));
    assert_eq!(plan.steps, steps);
    plan.cancel(T + 100).expect("it waits");
}

#[test]
fn a_session_that_dies() {
    let crash = |back_after| Script { crash: Some(Crash { after: 9, back_after }), ..Script::default() };
    let sent = events(&callback(), &crash(None));
    assert_eq!(sent.len(), 1);
    let sent = events(&callback(), &crash(Some(60)));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].0, T + 9 + 60 + 18);
    let session = |n: usize| at(&sent[n].1, keys::CB_ORS_SESSION_ID);
    assert_ne!(session(0), session(1));
    assert_eq!(session(1).len(), 32);
    assert_eq!(at(&sent[1].1, keys::CB_SERVICE_ID), SERVICE);
}

#[test]
fn the_desktop_sends_the_end_again() {
    let sent = events(&callback(), &Script { resend_after: Some(5), ..Script::default() });
    assert_eq!(sent.iter().map(|(at, _)| at - T).collect::<Vec<_>>(), [0, 18, 23]);
    assert_eq!(sent[1].1, sent[2].1);
}
