//! The loads: how many publish to how many, and how fast.

use std::time::Duration;

use tbus_load::Pace;

use crate::measure::Figure;

/// A load.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// `sat-1x3`: what it is called everywhere.
    pub name: String,
    /// Connections that publish.
    pub publishers: usize,
    /// Connections that get everything.
    pub subscribers: usize,
    /// How fast.
    pub pace: Pace,
    /// Before anything is measured.
    pub warm_up: Duration,
    /// While it is measured.
    pub duration: Duration,
}

/// Saturation with so many subscribers: window and batch as in the reference, the deep window from 300 on.
fn saturated(publishers: usize, subscribers: usize, window: u64, batch: u64) -> Shape {
    Shape {
        name: format!("sat-{publishers}x{subscribers}"),
        publishers,
        subscribers,
        pace: Pace::Closed { window, batch },
        warm_up: Duration::from_millis(700),
        duration: Duration::from_secs(3),
    }
}

/// One event under way at a time.
fn stop_and_wait(subscribers: usize) -> Shape {
    Shape {
        name: format!("sync-1x{subscribers}"),
        publishers: 1,
        subscribers,
        pace: Pace::Closed { window: 1, batch: 1 },
        warm_up: Duration::from_millis(500),
        duration: Duration::from_millis(2500),
    }
}

/// So many events per second.
fn paced(rate: u32, subscribers: usize, seconds: u64) -> Shape {
    Shape {
        name: format!("paced-{rate}x{subscribers}"),
        publishers: 1,
        subscribers,
        pace: Pace::Open { rate: f64::from(rate) },
        warm_up: Duration::from_millis(700),
        duration: Duration::from_secs(seconds),
    }
}

/// All shapes, in the order of tables.
pub fn all() -> Vec<Shape> {
    vec![
        saturated(1, 1, 1024, 64),
        saturated(1, 3, 1024, 64),
        saturated(1, 30, 512, 64),
        saturated(1, 300, 512, 64),
        saturated(1, 1000, 512, 64),
        saturated(4, 3, 256, 32),
        stop_and_wait(1),
        stop_and_wait(3),
        stop_and_wait(30),
        paced(1000, 3, 8),
        paced(10_000, 3, 4),
        paced(1000, 30, 4),
        paced(100, 300, 4),
        paced(100, 1000, 4),
    ]
}

/// The shapes of `--quick`.
const QUICK: [&str; 8] =
    ["sat-1x1", "sat-1x3", "sat-1x30", "sat-1x300", "sat-1x1000", "sat-4x3", "paced-1000x3", "paced-10000x3"];

/// All shapes, short.
pub fn shortened() -> Vec<Shape> {
    let mut shapes = all();
    for shape in &mut shapes {
        shape.warm_up = Duration::from_millis(150);
        shape.duration = Duration::from_millis(600);
    }
    shapes
}

/// The shapes of `--quick`: with four servers and five repetitions they end within three minutes.
pub fn quick() -> Vec<Shape> {
    let mut shapes = shortened();
    shapes.retain(|shape| QUICK.contains(&shape.name.as_str()));
    shapes
}

impl Shape {
    /// Whether it runs on a schedule.
    pub const fn is_paced(&self) -> bool {
        matches!(self.pace, Pace::Open { .. })
    }

    /// Whether nobody ever sleeps in it.
    pub const fn is_saturated(&self) -> bool {
        matches!(self.pace, Pace::Closed { window: 2.., .. })
    }

    /// The figure that `ratio_raw` and `ratio_best_peer` are of: deliveries, or the median latency when the rate is given.
    pub const fn main(&self) -> Figure {
        if self.is_paced() { Figure::P50 } else { Figure::Deliveries }
    }

    /// What it takes, warm-up included.
    pub fn nominal(&self) -> Duration {
        self.warm_up + self.duration
    }

    /// The same load in a part of the time, 0 to 1.
    #[must_use]
    pub fn shortened(&self, part: f64) -> Self {
        let part = part.clamp(0.0, 1.0);
        let (warm_up, duration) = (self.warm_up.mul_f64(part), self.duration.mul_f64(part));
        Self { warm_up, duration, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_names_of_their_own() {
        let shapes = all();
        let names: Vec<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
        assert_eq!(names.len(), 14);
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(
            ["sat-1x1000", "sat-4x3", "sync-1x30", "paced-10000x3", "paced-100x1000"]
                .iter()
                .all(|n| names.contains(n))
        );
    }

    #[test]
    fn quick_is_all_of_its_names_and_short() {
        let quick = quick();
        assert_eq!(quick.len(), QUICK.len());
        let runs = 4 * 5;
        let nominal: Duration = quick.iter().map(|shape| shape.nominal() * runs).sum();
        assert!(nominal < Duration::from_secs(125), "{nominal:?} leaves too little for starting servers");
    }

    #[test]
    fn what_a_shape_is_judged_by() {
        let of = |name: &str| all().into_iter().find(|shape| shape.name == name).unwrap();
        assert_eq!(of("sat-1x3").main(), Figure::Deliveries);
        assert_eq!(of("sync-1x3").main(), Figure::Deliveries);
        assert_eq!(of("paced-1000x3").main(), Figure::P50);
        assert!(
            of("sat-1x3").is_saturated()
                && !of("sync-1x3").is_saturated()
                && !of("paced-1000x3").is_saturated()
        );
        assert_eq!(of("sat-1x3").shortened(0.5).duration, Duration::from_millis(1500));
        assert_eq!(of("sat-1x3").shortened(7.0), of("sat-1x3"));
    }
}
