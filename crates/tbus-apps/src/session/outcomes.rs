//! How a callback goes is decided here: by a scenario, by the customer's number, or by weights with a seed.

use std::collections::{BTreeMap, VecDeque};

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;

use super::callback::Callback;
use super::script::{Crash, Dial, Script};
use super::values::{CallDirection, DialResult, Ending, words};

words! {
    /// An outcome that has a name, a magic number and a weight.
    #[derive(Default)]
    Outcome {
        /// Reached by the first dial, an agent talks to the customer.
        #[default] Success "success",
        /// Busy, then nobody answers, then reached.
        ThirdTime "third-time",
        /// The customer hangs up while waiting for an agent.
        Abandoned "abandoned",
        /// No agent in time.
        Timeout "timeout",
        /// Busy, no answer, a machine: the redial limit.
        RedialLimit "redial-limit",
        /// A fax answers.
        Fax "fax",
        /// The call cannot be made.
        CreateError "create-error",
        /// The call is transferred to a routing point.
        Transferred "transferred",
        /// The strategy's dial plug-in cancels.
        CancelledByPlugIn "cancelled-by-plug-in",
        /// The session dies after its first event, and nobody takes over.
        Crash "crash",
        /// The desktop sends the final event again.
        Resent "resent",
    }
}

impl Outcome {
    /// Customer numbers that end so get this outcome (chosen; see [`Outcomes`]).
    pub const fn magic_suffix(self) -> &'static str {
        match self {
            Self::Success => "0100",
            Self::ThirdTime => "0101",
            Self::Abandoned => "0102",
            Self::Timeout => "0103",
            Self::RedialLimit => "0104",
            Self::Fax => "0105",
            Self::CreateError => "0106",
            Self::Transferred => "0107",
            Self::CancelledByPlugIn => "0108",
            Self::Crash => "0109",
            Self::Resent => "0110",
        }
    }

    /// Weight in a mixed load (chosen): most callbacks succeed.
    pub const fn usual_weight(self) -> u32 {
        match self {
            Self::Success => 780,
            Self::ThirdTime => 60,
            Self::Abandoned => 40,
            Self::RedialLimit => 40,
            Self::Timeout | Self::CreateError => 15,
            Self::Fax | Self::Transferred | Self::CancelledByPlugIn => 14,
            Self::Crash | Self::Resent => 4,
        }
    }

    /// How a callback goes that ends so. Who originates the call is told by notifications, not by dials.
    pub fn script(self, direction: CallDirection) -> Script {
        let base = match direction {
            CallDirection::CustomerTerminated => Script::default(),
            CallDirection::CustomerOriginated => Script {
                dials: vec![Dial::new(DialResult::PushDeliveryConfirmed)],
                customer_after: 20,
                ending: Ending::Connected,
                ..Script::default()
            },
        };
        let (again, failed) = match direction {
            CallDirection::CustomerTerminated => {
                ([DialResult::Busy, DialResult::NoAnswer], DialResult::AnsweringMachine)
            }
            CallDirection::CustomerOriginated => {
                ([DialResult::PushDeliveryNotConfirmed; 2], DialResult::PushDeliveryNotConfirmed)
            }
        };
        let dials = |last| again.into_iter().chain([last]).map(Dial::new).collect::<Vec<_>>();
        let single = |terminated, originated| match direction {
            CallDirection::CustomerTerminated => vec![Dial::new(terminated)],
            CallDirection::CustomerOriginated => vec![Dial::new(originated)],
        };
        match self {
            Self::Success => base,
            Self::ThirdTime => {
                let reached = base.dials.first().map_or(DialResult::Connected, |dial| dial.result);
                Script { dials: dials(reached), ..base }
            }
            Self::Abandoned => Script { ending: Ending::Abandoned, agent_wait: 45, ..base },
            Self::Timeout => Script { ending: Ending::Timeout, agent_wait: 300, ..base },
            Self::RedialLimit => Script { dials: dials(failed), ..base },
            Self::Fax => Script { dials: single(DialResult::Fax, DialResult::PushSendError), ..base },
            Self::CreateError => {
                Script { dials: single(DialResult::CreateCallError, DialResult::PushSendError), ..base }
            }
            Self::Transferred => Script { ending: Ending::TransferredToRp, ..base },
            Self::CancelledByPlugIn => Script { ending: Ending::CancelledByPlugIn, ..base },
            Self::Crash => Script { crash: Some(Crash { after: 1, back_after: None }), ..base },
            Self::Resent => Script { resend_after: Some(5), ..base },
        }
    }
}

/// Decides how callbacks go. In this order (chosen):
///
/// 1. a script that a scenario holds for the customer's number, in turn if there are several;
/// 2. a magic number: the customer's number ends with `555` and an outcome's [suffix](Outcome::magic_suffix), so
///    `+1 (800) 555-0102` is abandoned. Only digits count. Numbers of this kind, 555-0100 to 555-0199, belong to nobody;
/// 3. weights with a seed, if there are any;
/// 4. success.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    scripts: BTreeMap<String, VecDeque<Script>>,
    weights: Vec<(Outcome, u32)>,
    random: Option<XorShiftRng>,
}

impl Outcomes {
    /// Magic numbers, and success for all others.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next callback to this number goes like this. Numbers are compared as they are written.
    pub fn with_script(mut self, customer_number: impl Into<String>, script: Script) -> Self {
        self.scripts.entry(customer_number.into()).or_default().push_back(script);
        self
    }

    /// All callbacks without script or magic number are shared out by these weights. Weights that add up to nothing
    /// leave them to success.
    pub fn with_weights(mut self, seed: u64, weights: impl IntoIterator<Item = (Outcome, u32)>) -> Self {
        self.weights = weights.into_iter().collect();
        self.random = Some(XorShiftRng::seed_from_u64(seed));
        self
    }

    /// How this callback goes. Callbacks are asked for once, in the order in which they are requested.
    pub fn script(&mut self, callback: &Callback) -> Script {
        if let Some(script) = self.scripts.get_mut(&callback.customer_number).and_then(VecDeque::pop_front) {
            return script;
        }
        self.outcome(&callback.customer_number).script(callback.direction)
    }

    fn outcome(&mut self, number: &str) -> Outcome {
        if let Some(outcome) = magic(number) {
            return outcome;
        }
        let total: u64 = self.weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let (Some(random), true) = (&mut self.random, total > 0) else { return Outcome::Success };
        // The bias of the remainder is below one in 2^31.
        let mut at = random.next_u64().checked_rem(total).unwrap_or_default();
        for (outcome, weight) in &self.weights {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return *outcome,
            }
        }
        Outcome::Success
    }
}

/// The outcome of a magic number.
fn magic(number: &str) -> Option<Outcome> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let rest = digits.get(digits.len().checked_sub(7)?..)?.strip_prefix("555")?;
    Outcome::ALL.iter().copied().find(|outcome| outcome.magic_suffix() == rest)
}
