//! What becomes of a callback, in time.

use super::*;

const NUMBER: (&str, &str) = ("_customer_number", "8005550100");

/// The keys of a user event that tests look at.
fn told(job: &Job) -> (String, String) {
    let (Job::UserEvent { pairs, .. } | Job::Attach { pairs, .. }) = job;
    (text(pairs, "_CB_FINAL_RECORD"), text(pairs, "_CB_DISPOSITION"))
}

fn pair(record: &str, disposition: &str) -> (String, String) {
    (record.to_owned(), disposition.to_owned())
}

#[test]
fn two_user_events_eighteen_seconds_apart() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    assert_eq!(state(&machine, &id), Some((State::Queued, None)), "known at once");
    assert_eq!(machine.next_due(), Some(i64::MIN), "work waits");
    let sent = run(&mut machine, T + 100);
    let times: Vec<_> = sent.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [i64::MIN, T + 18], "at once, and at the end");
    let told: Vec<_> = sent.iter().map(|(_, job)| told(job)).collect();
    assert_eq!(told, [pair("0", "QUEUED.AGENT"), pair("1", "COMPLETED.AGENT")]);
    assert!(sent.iter().all(|(_, job)| matches!(job, Job::UserEvent { dn, .. } if dn == "REPORTING")));
    assert_eq!(machine.next_step(), None);
    assert_eq!(machine.next_due(), Some(T + 86_400), "the end of its record");
    check(&machine);
    run(&mut machine, T + 86_400);
    assert_eq!((state(&machine, &id), machine.next_due()), (None, None));
    check(&machine);
}

#[test]
fn a_service_that_does_not_report_sends_nothing() {
    let mut machine = machine("[service.x]\n_rep_userevent_enable = false\n");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    assert_eq!(run(&mut machine, T + 100), []);
    assert_eq!(state(&machine, &id).unwrap().0, State::Completed);
}

#[test]
fn pairs_are_attached_to_the_call_that_is_named() {
    let mut machine = machine("[service.x]\n_rep_userevent_enable = false\n");
    start(&mut machine, &[NUMBER, ("_originating_interaction_id", "00000000000000ff")], T).unwrap();
    let sent = run(&mut machine, T + 100);
    let calls: Vec<_> = sent.iter().map(|(_, job)| matches!(job, Job::Attach { call: 255, .. })).collect();
    assert_eq!(calls, [true, true], "at acceptance and at the customer's connection: {sent:?}");
}

#[test]
fn events_of_a_callback_wait_for_each_other() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    let first = machine.advance(T).remove(0);
    assert_eq!(machine.advance(T + 1000), [], "the first is under way");
    assert_eq!(state(&machine, &id).unwrap().0, State::Queued);
    machine.done(first.id, Ok(()), T + 1000);
    machine.done(first.id, Ok(()), T + 1000);
    let second = machine.advance(T + 1000);
    assert_eq!(second.len(), 1);
    check(&machine);
}

#[test]
fn a_user_event_that_is_not_sent_ends_the_callback() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    let work = machine.advance(T).remove(0);
    machine.take_news();
    machine.done(work.id, Err("away".to_owned()), T + 30);
    assert_eq!(state(&machine, &id), Some((State::Completed, Some("FAIL_ERROR".to_owned()))));
    let news: Vec<_> = machine.take_news().into_iter().map(|news| news.what).collect();
    let (dn, error) = ("REPORTING".to_owned(), "away".to_owned());
    let reason = Some("FAIL_ERROR".to_owned());
    let entered = What::State { from: Some(State::Queued), to: State::Completed, reason };
    assert_eq!(news, [What::Unsent { dn, error, given_up: 1 }, entered]);
    assert_eq!(machine.next_step(), None);
    check(&machine);

    // The last one: it was completed, and the reason says that the report is not.
    let id = start(&mut machine, &[NUMBER], T + 100).unwrap();
    let work = machine.advance(T + 100).remove(0);
    machine.done(work.id, Ok(()), T + 100);
    let work = machine.advance(T + 118).remove(0);
    assert_eq!(state(&machine, &id).unwrap().1.as_deref(), Some("AGENT_CONNECTED"));
    machine.done(work.id, Err("away".to_owned()), T + 150);
    assert_eq!(state(&machine, &id).unwrap().1.as_deref(), Some("FAIL_ERROR"));
    check(&machine);
}

#[test]
fn pairs_that_are_not_attached_end_nothing() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER, ("_originating_interaction_id", "0123456789abcdef")], T).unwrap();
    let mut refused = 0;
    let mut now = T;
    while let Some(due) = machine.next_step() {
        now = now.max(due);
        for work in machine.advance(now) {
            let is_attached = matches!(work.job, Job::Attach { .. });
            refused += usize::from(is_attached);
            machine.done(work.id, if is_attached { Err("no such call".to_owned()) } else { Ok(()) }, now);
        }
    }
    assert_eq!(refused, 2);
    assert_eq!(state(&machine, &id).unwrap().1.as_deref(), Some("AGENT_CONNECTED"));
    let news = machine.take_news();
    let told = news.iter().filter(|news| matches!(news.what, What::NotAttached { .. })).count();
    assert_eq!(told, 2);
}

#[test]
fn cancelling_and_rescheduling_in_the_middle_change_what_is_sent() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    run(&mut machine, T + 3);
    machine.cancel("default", &id, T + 3).unwrap();
    assert_eq!(state(&machine, &id), Some((State::Completed, Some("CANCELLED".to_owned()))));
    let sent = run(&mut machine, T + 100);
    assert_eq!(sent.iter().map(|(_, job)| told(job)).collect::<Vec<_>>(), [pair("1", "COMPLETED.CANCELLED")]);
    check(&machine);

    let id = start(&mut machine, &[NUMBER], T + 200).unwrap();
    run(&mut machine, T + 201);
    let new = Params::texts([("_new_desired_time", "2014-09-19T11:00:00Z")]).unwrap();
    machine.reschedule("default", &id, new, T + 201).unwrap();
    assert_eq!(state(&machine, &id), Some((State::Scheduled, None)));
    let sent = run(&mut machine, T + 10_000);
    let expected = [pair("0", "SCHEDULED.AGENT"), pair("1", "COMPLETED.AGENT")];
    assert_eq!(sent.iter().map(|(_, job)| told(job)).collect::<Vec<_>>(), expected);
    assert!(sent[1].0 > T + 3600, "at its new time: {}", sent[1].0 - T);
    check(&machine);

    // An agent talks to the customer: too late.
    let id = start(&mut machine, &[NUMBER], T + 20_000).unwrap();
    run(&mut machine, T + 20_016);
    assert_eq!(state(&machine, &id).unwrap().0, State::Processing);
    let refusal = machine.cancel("default", &id, T + 20_016).unwrap_err();
    assert_eq!(refusal.phrase, Phrase::State);
    assert!(refusal.message.ends_with("is PROCESSING and cannot be cancelled any more"), "{refusal}");
}

#[test]
fn a_cancel_while_the_first_event_is_under_way_is_sent_after_it() {
    let mut machine = machine("");
    let id = start(&mut machine, &[NUMBER], T).unwrap();
    let first = machine.advance(T).remove(0);
    machine.cancel("default", &id, T + 1).unwrap();
    assert_eq!(state(&machine, &id), Some((State::Completed, Some("CANCELLED".to_owned()))), "known at once");
    assert_eq!(machine.advance(T + 1), []);
    machine.done(first.id, Ok(()), T + 5);
    let last = machine.advance(T + 5).remove(0);
    assert_eq!(told(&last.job), pair("1", "COMPLETED.CANCELLED"));
    machine.done(last.id, Ok(()), T + 5);
    assert_eq!(state(&machine, &id).unwrap().1.as_deref(), Some("CANCELLED"));
    check(&machine);
}

#[test]
fn a_session_that_died_ends_with_its_record() {
    let outcomes = Outcomes::new().with_script("1", Outcome::Crash.script(Default::default()));
    let mut machine = with_outcomes(Options::default(), outcomes);
    let id = start(&mut machine, &[("_customer_number", "1")], T).unwrap();
    assert_eq!(run(&mut machine, T + 80_000).len(), 1, "only the first event");
    assert_eq!(state(&machine, &id).unwrap().0, State::Queued);
    machine.take_news();
    run(&mut machine, T + 86_400);
    let news = machine.take_news();
    assert!(
        matches!(&news[0].what, What::State { to: State::Completed, reason: Some(reason), .. } if reason == TTL_IS_OVER)
    );
    assert_eq!(state(&machine, &id), None);
    check(&machine);
}

#[test]
fn work_is_handed_out_in_the_order_of_its_times() {
    let mut machine = machine("");
    let slow = Script { agent_wait: 50, ..Script::default() };
    machine.config.outcomes = Outcomes::new().with_script("slow", slow);
    let slow = start(&mut machine, &[("_customer_number", "slow")], T).unwrap();
    let fast = start(&mut machine, &[("_customer_number", "fast")], T + 1).unwrap();
    let order = |works: Vec<Work>| works.into_iter().map(|work| work.callback).collect::<Vec<_>>();
    let first = machine.advance(T + 1);
    first.iter().for_each(|work| machine.done(work.id, Ok(()), T + 1));
    assert_eq!(order(first), [slow.clone(), fast.clone()]);
    assert_eq!(order(machine.advance(T + 1000)), [fast, slow], "when the clock was away for long, too");
}
