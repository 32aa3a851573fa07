//! Codec benches: one event with 13 attributes and a list of 12 or 60 pairs, as in the comparison with other codecs.
//!
//! `cargo bench -p tlib-proto`. `parse` checks every length and count; `read` also visits every attribute and pair.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tlib_proto::text::{TextStyle, parse_message, print_message};
use tlib_proto::wire::MessageWriter;
use tlib_proto::{AttributeId, KvList, KvRef, Limits, Message, MessageId, MessageRef, ValueRef, json};

fn pairs(count: usize) -> KvList {
    KvList::build(|list| {
        for n in 0..count {
            let key = format!("gms_Key_{n:02}");
            if n % 6 == 5 {
                list.int(key, i32::try_from(n).unwrap_or_default());
            } else {
                list.str(key, "65UA6ISSJH76R340");
            }
        }
        list
    })
    .expect("fits")
}

fn fill<'w, 'b>(m: &'w mut MessageWriter<'b>, data: KvRef<'_>) -> &'w mut MessageWriter<'b> {
    m.long(AttributeId::EVENT_SEQUENCE_NUMBER, 918_273)
        .str(AttributeId::CUSTOMER_ID, "Environment")
        .unsigned(AttributeId::TIMEINU_SECS, 757_000)
        .unsigned(AttributeId::TIMEIN_SECS, 1_348_817_660)
        .user_event(MessageId::EVENT_USER_EVENT)
        .list(AttributeId::USER_DATA, data)
        .str(AttributeId::ANI, "+14155550123")
        .str(AttributeId::DNIS, "18005551234")
        .long(AttributeId::CONN_ID, 0x0071_02a4_5c1d_e001)
        .int(AttributeId::CALL_TYPE, 2)
        .str(AttributeId::CALL_UUID, "00KQVF2C4LA8N0H5G5E0A2LAES000001")
        .str(AttributeId::AGENT_ID, "agent_1234")
        .unsigned(AttributeId::REFERENCE_ID, 431)
        .str(AttributeId::THIS_DN, "REPORTING")
}

/// Visits every attribute and every pair and adds up what it sees.
fn read(message: MessageRef<'_>) -> usize {
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Int(value) => value.unsigned_abs() as usize,
        ValueRef::Long(value) => value as usize,
        other => other.as_text().map_or(0, <[u8]>::len),
    };
    let mut sum = 0_usize;
    for attribute in message.attributes() {
        sum = sum.wrapping_add(value(attribute.value));
        if let ValueRef::List(list) = attribute.value {
            for pair in list.pairs() {
                sum = sum.wrapping_add(pair.key.len()).wrapping_add(value(pair.value));
            }
        }
    }
    sum
}

fn codec(c: &mut Criterion) {
    let limits = Limits::default();
    for count in [12_usize, 60] {
        let data = pairs(count);
        let message = Message::build(MessageId::EVENT_USER_EVENT, |m| fill(m, data.view())).expect("fits");
        let frame = message.frame().clone();
        let mut group = c.benchmark_group("codec");
        group.throughput(Throughput::Bytes(frame.len() as u64));
        let id = |what: &str| BenchmarkId::new(what, format!("{count} pairs"));

        group.bench_function(id("parse"), |b| {
            b.iter(|| MessageRef::parse(black_box(&frame), &limits).map(MessageRef::len));
        });
        group.bench_function(id("read"), |b| {
            b.iter(|| MessageRef::parse(black_box(&frame), &limits).map(read));
        });
        let mut out = BytesMut::with_capacity(8192);
        group.bench_function(id("encode"), |b| {
            b.iter(|| {
                out.clear();
                let mut writer = MessageWriter::start(&mut out, MessageId::EVENT_USER_EVENT);
                fill(&mut writer, black_box(data.view()));
                black_box(writer.finish(&limits)).expect("fits")
            });
        });
        group.bench_function(id("copy pairs"), |b| {
            b.iter(|| KvList::build(|list| list.extend(black_box(data.view()))));
        });

        let mut text = String::new();
        group.bench_function(id("print"), |b| {
            b.iter(|| {
                text.clear();
                print_message(&mut text, black_box(message.view()), &TextStyle::default());
                black_box(text.len())
            });
        });
        group.bench_function(id("parse text"), |b| b.iter(|| parse_message(black_box(text.as_bytes()))));
        group.bench_function(id("to JSON"), |b| b.iter(|| json::from_message(black_box(message.view()))));
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
