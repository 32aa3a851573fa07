//! The event that every codec writes and reads: 7 strings, 6 integers, the ids, and a list of 12 or 60 pairs.

use bincode::{BorrowDecode, Decode, Encode};
use serde::{Deserialize, Serialize};

/// The value of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Encode, Decode)]
pub(crate) enum Value {
    Str(String),
    Int(i32),
}

/// The value of a pair, borrowed from the encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Encode, BorrowDecode)]
pub(crate) enum ValueRef<'a> {
    Str(&'a str),
    Int(i32),
}

/// The event, owned: a String per text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Encode, Decode)]
pub(crate) struct Event {
    pub(crate) message: u16,
    pub(crate) reference: u32,
    pub(crate) conn_id: u64,
    pub(crate) sequence: u64,
    pub(crate) seconds: u32,
    pub(crate) micros: u32,
    pub(crate) call_type: u32,
    pub(crate) call_id: u32,
    pub(crate) this_dn: String,
    pub(crate) other_dn: String,
    pub(crate) dnis: String,
    pub(crate) ani: String,
    pub(crate) queue: String,
    pub(crate) agent: String,
    pub(crate) uuid: String,
    pub(crate) data: Vec<(String, Value)>,
}

/// The event, borrowed from the encoded bytes. Its strings are checked UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Encode, BorrowDecode)]
pub(crate) struct EventRef<'a> {
    pub(crate) message: u16,
    pub(crate) reference: u32,
    pub(crate) conn_id: u64,
    pub(crate) sequence: u64,
    pub(crate) seconds: u32,
    pub(crate) micros: u32,
    pub(crate) call_type: u32,
    pub(crate) call_id: u32,
    pub(crate) this_dn: &'a str,
    pub(crate) other_dn: &'a str,
    pub(crate) dnis: &'a str,
    pub(crate) ani: &'a str,
    pub(crate) queue: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) uuid: &'a str,
    #[serde(borrow)]
    pub(crate) data: Vec<(&'a str, ValueRef<'a>)>,
}

impl EventRef<'_> {
    pub(crate) fn to_owned(&self) -> Event {
        let value = |value: &ValueRef<'_>| match *value {
            ValueRef::Str(text) => Value::Str(text.to_owned()),
            ValueRef::Int(number) => Value::Int(number),
        };
        Event {
            message: self.message,
            reference: self.reference,
            conn_id: self.conn_id,
            sequence: self.sequence,
            seconds: self.seconds,
            micros: self.micros,
            call_type: self.call_type,
            call_id: self.call_id,
            this_dn: self.this_dn.to_owned(),
            other_dn: self.other_dn.to_owned(),
            dnis: self.dnis.to_owned(),
            ani: self.ani.to_owned(),
            queue: self.queue.to_owned(),
            agent: self.agent.to_owned(),
            uuid: self.uuid.to_owned(),
            data: self.data.iter().map(|(key, of)| ((*key).to_owned(), value(of))).collect(),
        }
    }
}

/// Keys of attached data and their values; an empty value stands for a number.
const PAIRS: [(&str, &str); 12] = [
    ("CustomerID", "C-8842190"),
    ("AccountTier", "gold"),
    ("Language", "en-US"),
    ("ServiceType", "billing_inquiry"),
    ("Skill", "es_billing_2"),
    ("IVR_Path", "1>3>2>agent"),
    ("Segment", "consumer"),
    ("CaseNumber", "CS-2026-118842"),
    ("Priority", ""),
    ("Region", "us-west-2"),
    ("Campaign", "spring-save-25"),
    ("RetryCount", ""),
];

/// The event with this many pairs.
pub(crate) fn event(pairs: usize) -> Event {
    let data = PAIRS.iter().cycle().take(pairs).zip(0_i32..).map(|(&(key, value), n)| {
        let key = if n < 12 { key.to_owned() } else { format!("{key}_{}", n / 12) };
        (key, if value.is_empty() { Value::Int(n * 37 + 3) } else { Value::Str(value.to_owned()) })
    });
    Event {
        message: tlib_proto::MessageId::EVENT_USER_EVENT.0,
        reference: 1_000_123,
        conn_id: 0x0071_02a4_5c1d_e001,
        sequence: 918_273,
        seconds: 1_795_000_000,
        micros: 123_456,
        call_type: 2,
        call_id: 40_211,
        this_dn: "5001".to_owned(),
        other_dn: "+14155550123".to_owned(),
        dnis: "18005551234".to_owned(),
        ani: "+14155550123".to_owned(),
        queue: "9001@sip_switch".to_owned(),
        agent: "agent_1234".to_owned(),
        uuid: "00KQVF2C4LA8N0H5G5E0A2LAES000001".to_owned(),
        data: data.collect(),
    }
}
