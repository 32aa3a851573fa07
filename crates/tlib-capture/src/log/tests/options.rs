use std::num::NonZeroU32;
use std::path::Path;

use super::super::{Expire, LogConfig, LogTarget, Segment};

#[test]
fn sizes_in_the_vendors_spelling() {
    for (text, expected) in [
        ("10 MB", Some(Segment::Bytes(10 << 20))),
        ("10MB", Some(Segment::Bytes(10 << 20))),
        (" 100 kb ", Some(Segment::Bytes(100 << 10))),
        ("500", Some(Segment::Bytes(500 << 10))),
        ("false", Some(Segment::Never)),
        ("0 KB", None),
        ("2 hr", None),
        ("MB", None),
        ("", None),
        ("-1 MB", None),
        ("99999999999999999999 KB", None),
        ("18446744073709551615 MB", None),
        ("10 МБ", None),
    ] {
        assert_eq!(text.parse::<Segment>().ok(), expected, "{text}");
    }
    let error = "2 hr".parse::<Segment>().unwrap_err().to_string();
    assert_eq!(error, "segment = \"2 hr\": expected false, or a size such as 100 KB or 10 MB");
    assert_eq!("10 MB".parse::<Segment>().unwrap(), Segment::default());
}

#[test]
fn counts_in_the_vendors_spelling() {
    let files = |count| NonZeroU32::new(count).map(Expire::Files);
    for (text, expected) in [
        ("10", files(10)),
        ("1 file", files(1)),
        ("false", Some(Expire::Never)),
        ("0", None),
        ("2 day", None),
        ("", None),
    ] {
        assert_eq!(text.parse::<Expire>().ok(), expected, "{text}");
    }
    assert_eq!(Expire::default(), files(10).unwrap());
    assert!("2 day".parse::<Expire>().unwrap_err().to_string().contains("days are not supported"));
}

#[test]
fn targets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(matches!(LogTarget::parse("-", "x"), LogTarget::Stdout));
    assert!(
        matches!(LogTarget::parse("a/b.log", "x"), LogTarget::File(file) if file == Path::new("a/b.log"))
    );
    assert!(matches!(LogTarget::parse("new/", "x"), LogTarget::Directory(_, base) if base == "x"));
    assert!(matches!(LogTarget::parse(path, "x"), LogTarget::Directory(..)));
}

#[test]
fn defaults_need_nothing() {
    let config = LogConfig::new("SIP_Server");
    assert!(!config.host_name.is_empty() && !config.command_line.is_empty());
    assert!((config.clock)().seconds > 1_700_000_000);
    assert_eq!(config.application_type, "TServer (1)");
}
