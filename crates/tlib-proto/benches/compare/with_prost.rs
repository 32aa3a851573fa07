//! prost, whose messages are always owned. Their form is derived from the structs below, no .proto file is needed.

use std::hint::black_box;

use prost::Message;

use crate::event::{Event, Value};
use crate::measure::Case;

pub(crate) const CODEC: &str = "prost";

#[derive(Clone, PartialEq, prost::Oneof)]
enum ProstValue {
    #[prost(string, tag = "2")]
    Str(String),
    #[prost(int32, tag = "3")]
    Int(i32),
}

#[derive(Clone, PartialEq, Message)]
struct ProstPair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(oneof = "ProstValue", tags = "2, 3")]
    value: Option<ProstValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ProstEvent {
    #[prost(uint32, tag = "1")]
    message: u32,
    #[prost(uint32, tag = "2")]
    reference: u32,
    #[prost(fixed64, tag = "3")]
    conn_id: u64,
    #[prost(uint64, tag = "4")]
    sequence: u64,
    #[prost(uint32, tag = "5")]
    seconds: u32,
    #[prost(uint32, tag = "6")]
    micros: u32,
    #[prost(uint32, tag = "7")]
    call_type: u32,
    #[prost(uint32, tag = "8")]
    call_id: u32,
    #[prost(string, tag = "9")]
    this_dn: String,
    #[prost(string, tag = "10")]
    other_dn: String,
    #[prost(string, tag = "11")]
    dnis: String,
    #[prost(string, tag = "12")]
    ani: String,
    #[prost(string, tag = "13")]
    queue: String,
    #[prost(string, tag = "14")]
    agent: String,
    #[prost(string, tag = "15")]
    uuid: String,
    #[prost(message, repeated, tag = "16")]
    data: Vec<ProstPair>,
}

impl ProstEvent {
    fn new(event: Event) -> Self {
        let value = |value| match value {
            Value::Str(text) => ProstValue::Str(text),
            Value::Int(number) => ProstValue::Int(number),
        };
        let pair = |(key, of)| ProstPair { key, value: Some(value(of)) };
        Self {
            message: event.message.into(),
            reference: event.reference,
            conn_id: event.conn_id,
            sequence: event.sequence,
            seconds: event.seconds,
            micros: event.micros,
            call_type: event.call_type,
            call_id: event.call_id,
            this_dn: event.this_dn,
            other_dn: event.other_dn,
            dnis: event.dnis,
            ani: event.ani,
            queue: event.queue,
            agent: event.agent,
            uuid: event.uuid,
            data: event.data.into_iter().map(pair).collect(),
        }
    }
}

pub(crate) fn cases(event: &Event) -> Vec<Case> {
    let event = ProstEvent::new(event.clone());
    let frame: &'static [u8] = event.encode_to_vec().leak();
    let bytes = frame.len();
    let owned = move || ProstEvent::decode(black_box(frame));
    assert_eq!(owned().expect("decodes"), event);
    let mut out = Vec::with_capacity(8192);
    vec![
        Case::new(CODEC, "owned", bytes, owned),
        Case::new(CODEC, "encode", bytes, move || {
            out.clear();
            let done = black_box(&event).encode(&mut out);
            black_box(&out);
            done
        }),
    ]
}
