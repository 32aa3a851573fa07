//! What the switch itself costs for one user event: EventACK and EventUserEvent built, receivers listed. Parsing the
//! request is measured apart; in a server both happen, one after the other.
//!
//! `cargo bench -p tbus-core`. On a machine that has other work, compare the lower ends.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tbus_core::{ClientId, Effects, Switch, World};
use tlib_proto::{AttributeId, KvList, Limits, Message, MessageId, MessageRef, Timestamp};

const NOW: Timestamp = Timestamp::new(1_348_817_660, 757_000);

/// Requests that are sent in turn to many DNs: enough that the DNs they meet do not stay in the nearest cache.
const REQUESTS: usize = 4096;

fn request(dn: &str) -> Message {
    let data = KvList::build(|list| {
        for n in 0..12 {
            list.str(format!("gms_Key_{n:02}"), "65UA6ISSJH76R340BNDQ");
        }
        list
    });
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.unsigned(AttributeId::REFERENCE_ID, 431)
            .str(AttributeId::COMMUNICATION_DN, dn)
            .list(AttributeId::USER_DATA, data.expect("fits").view())
            .str(AttributeId::ANI, "777")
            .str(AttributeId::DNIS, "333")
            .str(AttributeId::THIS_DN, dn)
    })
    .expect("fits")
}

/// Opens that many clients and registers each on all the DNs.
fn listen(switch: &mut Switch, clients: u32, dns: &[String]) {
    let mut effects = Effects::new();
    let hello = Message::build(MessageId::REQUEST_REGISTER_CLIENT, |m| m).expect("fits");
    for client in (0..clients).map(ClientId) {
        switch.open(client, NOW, hello.view(), &mut effects);
    }
    for dn in dns {
        let register =
            Message::build(MessageId::REQUEST_REGISTER_ADDRESS, |m| m.str(AttributeId::THIS_DN, dn));
        let register = register.expect("fits");
        for client in (0..clients).map(ClientId) {
            switch.request(client, NOW, register.view(), &mut effects);
            clear(&mut effects);
        }
    }
}

fn clear(effects: &mut Effects) {
    effects.clear_steps();
    effects.answers.clear();
    effects.events.clear();
}

fn parse(frame: &[u8]) -> MessageRef<'_> {
    MessageRef::parse(black_box(frame), &Limits::default()).expect("a frame")
}

fn user_event(c: &mut Criterion) {
    let request = request("REPORTING");
    let mut group = c.benchmark_group("user event");
    group.bench_function("parsing alone", |b| b.iter(|| black_box(parse(request.frame()).id())));
    for clients in [1, 3, 30, 300] {
        let (mut switch, mut effects) = (Switch::new(World::default()), Effects::new());
        listen(&mut switch, clients, &["REPORTING".to_owned()]);
        let message = parse(request.frame());
        group.bench_function(BenchmarkId::from_parameter(format!("{clients} clients")), |b| {
            b.iter(|| {
                clear(&mut effects);
                switch.request(ClientId(0), NOW, black_box(message), &mut effects);
                black_box(effects.steps().count())
            });
        });
    }
    group.finish();
}

/// One event in a world of many DNs, with parsing; the DNs come in random order.
fn many_dns(c: &mut Criterion) {
    let mut group = c.benchmark_group("user event to one of many DNs");
    for count in [1, 1_000, 100_000] {
        let names: Vec<_> = (0..count).map(|number| (7_000_000 + number).to_string()).collect();
        let world: String =
            names.iter().map(|name| format!("[[dn]]\nnumber = '{name}'\ntype = 'Extension'\n")).collect();
        let mut switch = Switch::new(World::from_toml(&world).expect("a world"));
        listen(&mut switch, 3, &names);
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let requests: Vec<_> = (0..REQUESTS)
            .map(|_| {
                // Xorshift: any order that no cache foresees.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                request(&names[usize::try_from(state).expect("64 bits") % names.len()])
            })
            .collect();
        let (mut effects, mut next) = (Effects::new(), 0);
        group.bench_function(BenchmarkId::from_parameter(format!("{count} DNs")), |b| {
            b.iter(|| {
                clear(&mut effects);
                next = (next + 1) % REQUESTS;
                switch.request(ClientId(0), NOW, parse(requests[next].frame()), &mut effects);
                black_box(effects.steps().count())
            });
        });
    }
    group.finish();
}

/// All clients of a server leave, each registered on the same hundred DNs.
fn leaving(c: &mut Criterion) {
    let names: Vec<_> = (0..100).map(|number| format!("Queue_{number}")).collect();
    let world: String =
        names.iter().map(|name| format!("[[dn]]\nnumber = '{name}'\ntype = 'ACD Queue'\n")).collect();
    let world = World::from_toml(&world).expect("a world");
    let mut group = c.benchmark_group("clients on 100 DNs leave");
    group.sample_size(10);
    for clients in [1_000, 16_000] {
        group.throughput(Throughput::Elements(clients.into()));
        group.bench_function(BenchmarkId::from_parameter(format!("{clients} clients")), |b| {
            b.iter_batched(
                || {
                    let mut switch = Switch::new(world.clone());
                    listen(&mut switch, clients, &names);
                    switch
                },
                |mut switch| {
                    (0..clients).map(ClientId).for_each(|client| switch.disconnected(client));
                    switch
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, user_event, many_dns, leaving);
criterion_main!(benches);
