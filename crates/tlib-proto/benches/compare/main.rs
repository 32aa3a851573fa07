//! tlib-proto beside other codecs, all with the same event in one run.
//!
//! `cargo bench -p tlib-proto --bench compare [-- --format json]`: a table of nanoseconds, and the goals of the codec with
//! met or not met. `--test` runs each case for a moment only. The exit code is 0 whatever is met.

mod by_hand;
mod event;
mod goals;
mod measure;
mod ours;
mod with_bincode;
mod with_postcard;
mod with_prost;

use std::hint::black_box;
use std::time::Duration;

use goals::Goal;
use measure::{Case, Effort};
use serde_json::json;

const COPY: &str = "memcpy";

/// Copies between two places that begin with a cache line: otherwise chance decides, and it may take twice as long.
fn copy(length: usize, operation: &'static str) -> Case {
    let from: Vec<u8> = (0..=255).cycle().take(length + 64).collect();
    let mut to = vec![0; length + 64];
    let (a, b) = (from.as_ptr().align_offset(64), to.as_ptr().align_offset(64));
    Case::new(COPY, operation, length, move || {
        to[b..b + length].copy_from_slice(black_box(&from[a..a + length]));
        black_box(&to);
    })
}

fn main() {
    let (mut json, mut rounds, mut moment) = (false, 301, Duration::from_micros(250));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--test" => (rounds, moment) = (1, Duration::ZERO),
            "--format" => json = arguments.next().as_deref() == Some("json"),
            "--format=json" => json = true,
            other => eprintln!("ignored: {other}; known are --test and --format json"),
        }
    }
    for (pairs, prost) in [(12, 0.18), (60, 0.25)] {
        let event = event::event(pairs);
        let ours = ours::cases(&event);
        let frame = ours.first().map_or(0, |case| case.bytes);
        let mut cases = vec![copy(512, "512 bytes"), copy(frame, "the frame")];
        cases.extend(by_hand::cases(&event));
        cases.extend(with_bincode::cases(&event));
        cases.extend(with_postcard::cases(&event));
        cases.extend(with_prost::cases(&event));
        cases.extend(ours);
        measure::measure(&mut cases, Effort { rounds, moment });
        let goals = goals::goals(&cases, prost);
        if json {
            print_json(pairs, &cases, &goals);
        } else {
            print_table(pairs, &cases, &goals);
        }
    }
}

fn print_table(pairs: usize, cases: &[Case], goals: &[Goal]) {
    println!("{pairs} pairs\n");
    println!("{:<11} {:<27} {:>6} {:>9} {:>7}", "codec", "operation", "bytes", "ns", "GB/s");
    for case in cases {
        let nanoseconds = case.nanoseconds();
        let speed = case.bytes as f64 / nanoseconds;
        let Case { codec, operation, bytes, .. } = case;
        println!("{codec:<11} {operation:<27} {bytes:>6} {nanoseconds:>9.1} {speed:>7.2}");
    }
    println!("\n{:<5} {:<24} {:<20} {:>6} {:>8}", "goal", "operation", "against", "times", "at most");
    for Goal { name, operation, against, ratio, limit, met } in goals {
        let met = if *met { "met" } else { "not met" };
        println!("{name:<5} {operation:<24} {against:<20} {ratio:>6.2} {limit:>8.2}  {met}");
    }
    println!();
}

fn print_json(pairs: usize, cases: &[Case], goals: &[Goal]) {
    for case in cases {
        let Case { codec, operation, bytes, .. } = case;
        let ns = case.nanoseconds();
        println!(
            "{}",
            json!({"codec": codec, "operation": operation, "pairs": pairs, "bytes": bytes, "ns": ns})
        );
    }
    for Goal { name, operation, against, ratio, limit, met } in goals {
        println!(
            "{}",
            json!({"goal": name, "operation": operation, "pairs": pairs, "against": against, "ratio": ratio,
                "limit": limit, "met": met})
        );
    }
}
