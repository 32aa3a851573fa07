//! Callbacks from a seed, with a skew as contact centres have it. All figures are chosen.

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;
use std::collections::BTreeMap;

use super::file::iso;
use super::{CALLBACK_LIMIT, Scenario, ScriptedCallback};
use crate::session::{CallDirection, Dial, DialResult, Ending, Outcome, Script};

/// Callbacks of an hour of the day, from 0 to 23 UTC, in parts of their sum: nights are quiet, mornings are busiest.
const HOURS: [u32; 24] =
    [2, 1, 1, 1, 1, 3, 12, 40, 85, 110, 105, 90, 70, 80, 95, 90, 80, 60, 35, 20, 12, 8, 5, 3];

/// Callbacks of a day of the week, from Monday.
const WEEK: [u32; 7] = [130, 110, 100, 100, 95, 35, 20];

/// Virtual queues.
const QUEUES: [(&str, u32); 2] = [("Callback_VQ", 35), ("Performance_VCB_VQ", 65)];

/// Channels.
const CHANNELS: [(&str, u32); 3] = [("IVR", 60), ("WEB", 25), ("MOBILE", 15)];

/// What becomes of an offer.
const OFFERS: [(Offer, u32); 3] = [(Offer::Accepted, 880), (Offer::Declined, 100), (Offer::HungUp, 20)];

/// What the customer chooses.
const TYPES: [(Choice, u32); 3] =
    [(Choice::Immediate, 55), (Choice::WaitForAgent, 30), (Choice::Scheduled, 15)];

#[derive(Clone, Copy)]
enum Offer {
    Accepted,
    Declined,
    HungUp,
}

#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Immediate,
    WaitForAgent,
    Scheduled,
}

/// `count` callbacks over `days` days from `from` (seconds since 1970, a midnight in UTC), the same for the same seed.
/// Time of day and day of the week, queue, channel, type, waiting times and outcome are skewed. More than
/// [`CALLBACK_LIMIT`] are not made.
pub fn generate(seed: u64, count: usize, from: i64, days: u32) -> Scenario {
    let mut random = XorShiftRng::seed_from_u64(seed);
    let mut callbacks: Vec<_> = (0..count.min(CALLBACK_LIMIT))
        .map(|number| callback(&mut random, number, from, days.max(1)))
        .collect();
    callbacks.sort_by_key(|callback| callback.at);
    Scenario {
        title: format!("{} callbacks from seed {seed}", callbacks.len()),
        zone: None,
        first_sequence: 1,
        callbacks,
        events: Vec::new(),
    }
}

/// Days that this many callbacks are spread over: 500 a day, at least one (chosen).
pub fn spread(count: usize) -> u32 {
    u32::try_from(count.div_ceil(500)).unwrap_or(u32::MAX).clamp(1, 366)
}

fn callback(random: &mut XorShiftRng, number: usize, from: i64, days: u32) -> ScriptedCallback {
    let at = moment(random, from, days);
    let queue = pick(random, &QUEUES, "Callback_VQ");
    let channel = pick(random, &CHANNELS, "IVR");
    let choice = pick(random, &TYPES, Choice::Immediate);
    let offer = pick(random, &OFFERS, Offer::Accepted);
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|one| (*one, one.usual_weight())).collect();
    let outcome = pick(random, &outcomes, Outcome::Success);
    // Half of the customers with an application call in themselves.
    let originated = channel == "MOBILE" && choice == Choice::WaitForAgent && below(random, 2) == 0;
    let direction =
        if originated { CallDirection::CustomerOriginated } else { CallDirection::CustomerTerminated };

    let mut request = BTreeMap::new();
    let mut tell = |name: &str, value: String| {
        request.insert(name.to_owned(), value);
    };
    // 555-01xx numbers are magic; these have another exchange.
    tell("_customer_number", format!("+1{:03}{:07}", 200 + below(random, 700), 6_000_000 + number));
    tell("_urs_virtual_queue", queue.to_owned());
    tell("_cb_dim_channel", channel.to_owned());
    let ewt = skewed(random, 60, 1_200);
    let lasts = 4 + below(random, 22);
    tell("_cb_t_callback_offered", (at - i64::from(lasts)).to_string());
    tell("_cb_d_callback_offer", lasts.to_string());
    tell("_cb_ewt_when_callback_was_offered", ewt.to_string());
    tell("_cb_pos_when_callback_was_offered", (ewt / 40 + 1).to_string());
    tell("_cb_ewt_threshold_when_offered", "60".to_owned());
    tell("_cb_d_customer_waited_before_offer", (5 + below(random, 60)).to_string());
    match choice {
        Choice::Immediate => {}
        Choice::WaitForAgent => tell("_wait_for_agent", "true".to_owned()),
        Choice::Scheduled => {
            // A quarter of an hour of its own choice, half an hour to a day away.
            let wanted = at + 1_800 + i64::from(below(random, 95)) * 900;
            tell("_desired_time", iso(wanted - wanted.rem_euclid(900)));
            tell("_wait_for_agent", "true".to_owned());
        }
    }
    if originated {
        tell("_call_direction", "USERORIGINATED".to_owned());
    }
    let script = match offer {
        Offer::Accepted => {
            let mut script = outcome.script(direction);
            if choice != Choice::Immediate {
                script.offline_wait = skewed(random, 20, ewt.max(30));
            }
            script.agent_wait = if outcome == Outcome::Timeout { 300 } else { skewed(random, 2, 120) };
            script.handling = 60 + skewed(random, 10, 900);
            for dial in &mut script.dials {
                *dial = Dial { takes: 3 + below(random, 25), ..*dial };
                // Most strategies look at who answers.
                if dial.result == DialResult::Connected && below(random, 10) < 7 {
                    dial.result = DialResult::Person;
                }
            }
            script.queue.ewt_ready = skewed(random, 5, ewt.max(10));
            script.queue.ewt_last = script.queue.ewt_ready;
            script.queue.pos_ready = script.queue.ewt_ready / 40 + 1;
            script.queue.pos_last = script.queue.pos_ready;
            script
        }
        Offer::Declined | Offer::HungUp => {
            tell("_cb_offer_ewt_inbound_vq", ewt.to_string());
            let ending =
                if matches!(offer, Offer::Declined) { Ending::Declined } else { Ending::OfferAbandoned };
            Script::ending(ending)
        }
    };
    // One accepted callback in fifty is cancelled while it waits.
    let waits = script.offline_wait > 60 && !script.ending.is_offer_only();
    let cancel_after = (waits && below(random, 50) == 0).then(|| 5 + below(random, 50));
    ScriptedCallback {
        at,
        queue: queue.to_owned(),
        request,
        service_id: None,
        script,
        inbound_call: false,
        cancel_after,
        reschedule: None,
        sequences: Vec::new(),
    }
}

/// A moment within the days, on a busy day and at a busy hour rather than on others.
fn moment(random: &mut XorShiftRng, from: i64, days: u32) -> i64 {
    let first = from.div_euclid(86_400);
    // 1970-01-01 was a Thursday.
    let weight = |day: u32| {
        let weekday = (first + i64::from(day) + 3).rem_euclid(7);
        usize::try_from(weekday).ok().and_then(|at| WEEK.get(at)).copied().unwrap_or(1)
    };
    let days: Vec<_> = (0..days).map(|day| (day, weight(day))).collect();
    let hours: Vec<_> = (0_u32..).zip(HOURS).collect();
    let day = pick(random, &days, 0);
    let hour = pick(random, &hours, 0);
    from + i64::from(day) * 86_400 + i64::from(hour) * 3_600 + i64::from(below(random, 3_600))
}

/// One of them, by weight; `otherwise` if there is none.
fn pick<T: Copy>(random: &mut XorShiftRng, weighted: &[(T, u32)], otherwise: T) -> T {
    let total: u32 = weighted.iter().map(|(_, weight)| *weight).sum();
    let mut at = below(random, total.max(1));
    for (value, weight) in weighted {
        match at.checked_sub(*weight) {
            Some(rest) => at = rest,
            None => return *value,
        }
    }
    otherwise
}

/// A number from 0 to `limit`, exclusive.
fn below(random: &mut XorShiftRng, limit: u32) -> u32 {
    // The upper half of a product is evenly spread but for 2^-32.
    let wide = u64::from(random.next_u32()) * u64::from(limit);
    u32::try_from(wide >> 32).unwrap_or_default()
}

/// A number from `low` to `high`; the lower, the likelier.
fn skewed(random: &mut XorShiftRng, low: u32, high: u32) -> u32 {
    let width = high.saturating_sub(low).saturating_add(1);
    let (one, other) = (below(random, width), below(random, width));
    low.saturating_add(one.min(other))
}
