//! Named scenarios give the facts and the report that stand beside them, in `scenarios/NAME.facts.tsv` and
//! `scenarios/NAME.report.csv`. With `TBUS_BLESS` set, these are written instead; read them before they are committed.

use std::fs;
use std::path::PathBuf;

use super::{chain, facts, text};

/// Makes a test of each scenario, and a list of them.
macro_rules! scenarios {
    ($($test:ident $name:literal,)*) => {
        /// The scenarios that have facts beside them.
        pub(super) const NAMES: &[&str] = &[$($name),*];

        $(#[test]
        fn $test() {
            check($name);
        })*
    };
}

scenarios! {
    a "a-immediate-success",
    b "b-wait-for-agent",
    b2 "b2-agent-first-preview",
    c "c-scheduled",
    d "d-user-originated",
    d2 "d2-push-fails",
    e "e-declined",
    e2 "e2-hang-up-during-offer",
    f "f-abandoned",
    f2 "f2-no-agent-in-time",
    g "g-cancelled",
    g2 "g2-cancelled-by-plug-in",
    h "h-redial-limit",
    i "i-rescheduled",
    j "j-transferred",
    k "k-fax-and-call-error",
    l "l-session-dies",
    m "m-sent-again",
    n "n-inbound-call",
    missing_keys "missing-keys",
    dst_day "dst-day",
    midnight "midnight",
}

fn check(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dir = text(folder.path());
    let ended = chain(&["--scenario", name, "--dir", &dir, "--format", "csv"]).with_code(0);
    compare(name, "facts.tsv", &facts::facts(&format!("{dir}/infomart.sqlite")));
    compare(name, "report.csv", &ended.stdout);
}

#[track_caller]
fn compare(name: &str, kind: &str, found: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tbus-apps/scenarios");
    let path = PathBuf::from(folder).join(format!("{name}.{kind}"));
    if std::env::var_os("TBUS_BLESS").is_some() {
        fs::write(&path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let first = expected.lines().zip(found.lines()).position(|(one, other)| one != other);
    assert!(
        expected == found,
        "{}: first difference in line {}\nexpected:\n{expected}\nfound:\n{found}",
        path.display(),
        first.unwrap_or_else(|| expected.lines().count().min(found.lines().count())) + 1
    );
}
