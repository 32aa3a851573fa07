use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tlib_proto::Timestamp;

use super::super::{Expire, Level, LogError, LogFile, LogTarget, Record, Segment, Verbosity};
use super::{SECOND, config, line, published};

const START: &str = "\
00:34:20.700 Trc 04100 Logging service started
00:34:20.700 Trc 04112 The Log Output of type 'file' has been created and opened
";
const END: &str = "00:34:20.700 Std 04198 Log closed\n";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The text after the header, which must be there.
fn body(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("Application name: SIP_Server\nApplication type: TServer (1)\n"), "{text}");
    let (header, body) = text.split_once("\n\n").unwrap();
    assert_eq!(header.lines().count(), 12);
    body.into()
}

fn file(path: &Path) -> LogTarget {
    LogTarget::File(path.into())
}

#[test]
fn a_file_from_header_to_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut log = LogFile::open(config(), file(&path)).unwrap();
    assert_eq!(log.path(), Some(&*path));
    for record in published() {
        log.write(&record);
    }
    log.flush();
    assert_eq!(names(folder.path()), ["x.log"]);
    let text = body(&path);
    assert!(text.contains(include_str!("../../../../../tests/evidence/tserver_reporting.log")));
    assert!(text.starts_with(START));
    log.close();
    assert_eq!(body(&path), format!("{text}{END}"));
    assert!(
        fs::read_to_string(&path).unwrap().contains(&format!("File:             (1) {}\n", path.display()))
    );
}

#[test]
fn full_files_are_renamed_by_the_time_they_were_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut config = config();
    config.segment = Segment::Bytes(2000);
    let mut log = LogFile::open(config, file(&path)).unwrap();
    for n in 0..50 {
        log.write(&line(n, 100));
    }
    log.close();
    // The second and third were begun at the time of the lines that began them: one millisecond must do.
    let files =
        ["x.20120928_003420_700.log", "x.20120928_003420_757.log", "x.20120928_003420_758.log", "x.log"];
    assert_eq!(names(folder.path()), files);
    let mut lines = Vec::new();
    for (n, name) in files.iter().enumerate() {
        let path = folder.path().join(name);
        assert!(fs::metadata(&path).unwrap().len() <= 2000);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("File:             ({}) ", n + 1)), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("00:34:20.7") && last.contains(" Std 04198 Log "), "{last}");
        lines.extend(body(&path).lines().filter(|line| line.contains(" 00001 ")).map(str::to_owned));
    }
    assert_eq!(lines.len(), 50);
    assert!(lines.is_sorted());
}

#[test]
fn a_directory_has_such_names_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("logs/today");
    let mut config = config();
    config.segment = Segment::Bytes(2000);
    let mut log = LogFile::open(config, LogTarget::Directory(inner.clone(), "SIP/Server 1".into())).unwrap();
    assert_eq!(log.path(), Some(&*inner.join("SIP_Server_1.20120928_003420_700.log")));
    for n in 0..15 {
        log.write(&line(n, 100));
    }
    assert_eq!(log.path(), Some(&*inner.join("SIP_Server_1.20120928_003420_757.log")));
    log.close();
    assert_eq!(
        names(&inner),
        ["SIP_Server_1.20120928_003420_700.log", "SIP_Server_1.20120928_003420_757.log"]
    );
}

#[test]
fn a_block_is_never_split() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    // Less than the header alone: every block is one too many.
    config.segment = Segment::Bytes(100);
    let mut log = LogFile::open(config, LogTarget::Directory(folder.path().into(), "x".into())).unwrap();
    for record in published() {
        log.write(&record);
    }
    log.close();
    let files = names(folder.path());
    let bodies: Vec<_> = files.iter().map(|name| body(&folder.path().join(name))).collect();
    assert_eq!(bodies.len(), 4, "start lines, request, answer, event");
    assert!(bodies[0].starts_with(START) && bodies[0].lines().count() == 3);
    assert!(bodies[1].contains("04541") && bodies[1].contains("-- Absent ThisDN, REPORTING was used\n"));
    assert!(bodies[2].starts_with('@') && bodies[2].contains("EventACK sent to [516]"));
    assert!(bodies[3].starts_with('@') && bodies[3].contains("sent to [592]"));
    let last = |n: usize| bodies[n].lines().last().unwrap();
    assert!((0..3).all(|n| last(n).ends_with("Log segment closed, the log goes on in the next")));
}

#[test]
fn the_oldest_expire_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let others = [
        "x.20110101_000000_000.log.gz",
        "x.20110101_000000_0000.log",
        "x.2011010d_000000_000.log",
        "xy.20110101_000000_000.log",
        "y.20110101_000000_000.log",
    ];
    let old = ["x.20110101_000000_000.log", "x.20110101_000000_001.log"];
    for name in others.iter().chain(&old) {
        fs::write(folder.path().join(name), "old").unwrap();
    }
    let mut config = config();
    config.segment = Segment::Bytes(2000);
    config.expire = "3".parse().unwrap();
    let mut log = LogFile::open(config, file(&folder.path().join("x.log"))).unwrap();
    let kept = |log: &LogFile| -> Vec<String> {
        assert!(log.error().is_none());
        names(folder.path()).into_iter().filter(|name| !others.contains(&name.as_str())).collect()
    };
    assert_eq!(kept(&log), [old[0], old[1], "x.log"]);
    for n in 0..15 {
        log.write(&line(n, 100));
    }
    assert_eq!(kept(&log), [old[1], "x.20120928_003420_700.log", "x.log"]);
    for n in 0..150 {
        log.write(&line(n, 100));
    }
    let kept = kept(&log);
    assert!(kept.len() == 3 && !kept.contains(&old[1].to_owned()), "{kept:?}");
    assert_eq!(names(folder.path()).len(), others.len() + 3);
}

#[test]
fn what_was_there_before_is_kept_under_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, "old").unwrap();
    let modified = UNIX_EPOCH + Duration::new(SECOND - 60, 123_000_000);
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    LogFile::open(config(), file(&path)).unwrap().close();
    assert_eq!(names(folder.path()), ["x.20120928_003320_123.log", "x.log"]);
    assert_eq!(fs::read_to_string(folder.path().join("x.20120928_003320_123.log")).unwrap(), "old");
    assert_eq!(body(&path), format!("{START}{END}"));

    // An empty one has nothing to keep.
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    LogFile::open(config(), file(&empty)).unwrap().close();
    assert_eq!(names(folder.path()).len(), 3);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (link, path) = (folder.path().join("link.log"), folder.path().join("x.log"));
    fs::write(&path, "old").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    LogFile::open(config(), file(&link)).unwrap().close();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(body(&link), format!("{START}{END}"));
    assert_eq!(names(folder.path()).len(), 3);
}

#[cfg(unix)]
#[test]
fn one_file_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let log = LogFile::open(config(), file(&path)).unwrap();
    let error = LogFile::open(config(), file(&path)).unwrap_err();
    assert!(matches!(error, LogError::Busy { .. }));
    assert!(
        error.to_string().ends_with("x.log: somebody else writes to it; give this log a file of its own")
    );
    assert_eq!(names(folder.path()), ["x.log"]);
    log.close();
    LogFile::open(config(), file(&path)).unwrap();
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = LogFile::open(config(), file(&folder.path().join("none/x.log"))).unwrap_err();
    assert!(
        matches!(error, LogError::Open { .. }) && error.to_string().contains("none/x.log: cannot be opened")
    );
    assert!(LogFile::open(config(), file(folder.path())).is_err());
    let under_file = folder.path().join("f");
    fs::write(&under_file, "x").unwrap();
    assert!(LogFile::open(config(), LogTarget::Directory(under_file.join("d"), "x".into())).is_err());
}

#[test]
fn a_file_that_cannot_be_rotated_is_written_on() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("logs");
    let mut config = config();
    config.segment = Segment::Bytes(2000);
    let mut log = LogFile::open(config, LogTarget::Directory(inner.clone(), "x".into())).unwrap();
    // A directory that is gone fails for root as well.
    let aside = folder.path().join("aside");
    fs::rename(&inner, &aside).unwrap();
    for n in 0..40 {
        log.write(&line(n, 100));
    }
    assert!(matches!(&*log.error().unwrap(), LogError::Open { .. }));
    fs::rename(&aside, &inner).unwrap();
    for n in 40..80 {
        log.write(&line(n, 100));
    }
    log.close();
    let files = names(&inner);
    assert!(files.len() > 1, "{files:?}");
    let lines: Vec<_> = files
        .iter()
        .flat_map(|name| body(&inner.join(name)).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.contains(" 00001 "))
        .collect();
    assert!(lines.len() == 80 && lines.is_sorted());
}

#[test]
fn a_file_that_somebody_removed_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut config = config();
    config.segment = Segment::Bytes(2000);
    let mut log = LogFile::open(config, file(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    for n in 0..15 {
        log.write(&line(n, 100));
    }
    log.close();
    assert_eq!(names(folder.path()), ["x.log"]);
    assert!(body(&path).ends_with(END));
}

#[test]
fn without_segments_a_file_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut config = config();
    (config.segment, config.expire) = (Segment::Never, Expire::Never);
    let mut log = LogFile::open(config, file(&path)).unwrap();
    for n in 0..5000 {
        log.write(&line(n, 100));
    }
    log.close();
    assert_eq!(names(folder.path()), ["x.log"]);
    assert_eq!(body(&path).lines().count(), 5003);
}

#[test]
fn at_none_there_is_a_header_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let mut config = config();
    config.verbosity = Verbosity::None;
    let mut log = LogFile::open(config, file(&path)).unwrap();
    published().iter().for_each(|record| log.write(record));
    log.close();
    assert_eq!(body(&path), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_is_kept() {
    let mut log = LogFile::open(config(), file(Path::new("/dev/full"))).unwrap();
    log.write(&Record::Line { at: Timestamp::new(1, 0), level: Level::Standard, id: 1, text: "x".into() });
    log.flush();
    let error = log.error().unwrap();
    assert!(matches!(&*error, LogError::Write { output, .. } if output == "/dev/full"));
    assert!(error.to_string().starts_with("log /dev/full: lines cannot be written: "), "{error}");
    // The header with its empty line, the two start lines and ours.
    assert_eq!(log.lost(), 13 + 2 + 1);
    assert!(Path::new("/dev/full").exists());
}
