//! What the switch itself costs for one user event: EventACK and EventUserEvent built, receivers listed.
//!
//! `cargo bench -p tbus-core`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tbus_core::{ClientId, Effects, Switch, World};
use tlib_proto::{AttributeId, KvList, Limits, Message, MessageId, MessageRef, Timestamp};

fn request() -> Message {
    let data = KvList::build(|list| {
        for n in 0..12 {
            list.str(format!("gms_Key_{n:02}"), "65UA6ISSJH76R340BNDQ");
        }
        list
    });
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::COMMUNICATION_DN, "REPORTING")
            .list(AttributeId::USER_DATA, data.expect("fits").view())
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333")
            .str(AttributeId::THIS_DN, "REPORTING")
    })
    .expect("fits")
}

fn user_event(c: &mut Criterion) {
    let now = Timestamp::new(1_348_817_660, 757_000);
    let hello = Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m).expect("fits");
    let register =
        Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| m.str(AttributeId::THIS_DN, "REPORTING"));
    let register = register.expect("fits");
    let request = request();
    let mut group = c.benchmark_group("user event");
    for clients in [1, 3, 30, 300] {
        let (mut switch, mut effects) = (Switch::new(World::default()), Effects::new());
        for client in (0..clients).map(ClientId) {
            switch.open(client, now, hello.view(), &mut effects);
            switch.request(client, now, register.view(), &mut effects);
        }
        group.bench_function(BenchmarkId::from_parameter(format!("{clients} clients")), |b| {
            b.iter(|| {
                effects.clear_steps();
                effects.answers.clear();
                effects.events.clear();
                let message =
                    MessageRef::parse(black_box(request.frame()), &Limits::default()).expect("a frame");
                switch.request(ClientId(0), now, message, &mut effects);
                black_box(effects.events.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, user_event);
criterion_main!(benches);
