//! A writer that fails on purpose.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use super::super::{LogFile, LogTarget, MemoryLog};
use super::{config, line, published};

/// Takes as many bytes as its script says, or fails; takes everything when the script has ended.
#[derive(Clone, Default)]
struct Scripted {
    script: Arc<Mutex<VecDeque<Result<usize, ErrorKind>>>>,
    calls: Arc<Mutex<usize>>,
    out: MemoryLog,
}

impl Scripted {
    fn then(&self, steps: impl IntoIterator<Item = Result<usize, ErrorKind>>) {
        self.script.lock().unwrap().extend(steps);
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.calls.lock().unwrap() += 1;
        let step = self.script.lock().unwrap().pop_front().unwrap_or(Ok(usize::MAX));
        self.out.write(&bytes[..step?.min(bytes.len())])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lost_lines_are_counted_and_said_when_writing_works_again() {
    let stream = Scripted::default();
    let errors = Arc::new(Mutex::new(Vec::new()));
    let mut config = config();
    config.on_error = Box::new({
        let errors = Arc::clone(&errors);
        move |error| errors.lock().unwrap().push(error.to_string())
    });
    let mut log = LogFile::to_stream(config, Box::new(stream.clone()));
    let started = stream.out.text();
    assert_eq!(started.lines().count(), 2);

    // Interrupted once, one line and a half written, then full; the next one is lost, and so is the notice about it.
    stream.then([
        Err(ErrorKind::Interrupted),
        Ok(60),
        Err(ErrorKind::StorageFull),
        Err(ErrorKind::StorageFull),
    ]);
    for n in 0..3 {
        log.write(&line(n, 40));
    }
    log.flush();
    assert_eq!((log.lost(), errors.lock().unwrap().len()), (2, 1));
    log.write(&line(3, 40));
    log.flush();
    assert_eq!((log.lost(), errors.lock().unwrap().len()), (3, 1));

    // Again: writing works.
    log.write(&line(4, 40));
    log.flush();
    let expected = format!(
        "{started}00:34:20.757 Std 00001 0000000000000000\n\
         00:34:20.757 Std 000\n\
         00:34:20.700 Std 04199 3 lines of the log could not be written and are lost\n\
         00:34:20.757 Std 00001 0000000000000004\n"
    );
    assert_eq!(stream.out.text(), expected);

    // The next outage is told again, and the first error stays the first.
    stream.then([Err(ErrorKind::QuotaExceeded)]);
    log.write(&line(5, 40));
    log.flush();
    assert_eq!((log.lost(), errors.lock().unwrap().len()), (4, 2));
    assert_eq!(log.error().unwrap().to_string(), errors.lock().unwrap()[0]);
    log.close();
    let end = "00:34:20.700 Std 04199 1 lines of the log could not be written and are lost\n\
               00:34:20.700 Std 04198 Log closed\n";
    assert_eq!(stream.out.text(), format!("{expected}{end}"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let stream = Scripted::default();
    let mut log = LogFile::to_stream(config(), Box::new(stream.clone()));
    stream.then([Err(ErrorKind::BrokenPipe)]);
    for n in 0..3 {
        log.write(&line(n, 40));
        log.flush();
    }
    assert_eq!((log.error().is_none(), log.lost()), (true, 0));
    log.close();
    assert_eq!(*stream.calls.lock().unwrap(), 2, "start lines, and the write that failed");
}

#[test]
fn one_write_for_all_that_was_taken() {
    let stream = Scripted::default();
    let mut log = LogFile::to_stream(config(), Box::new(stream.clone()));
    for _ in 0..20 {
        published().iter().for_each(|record| log.write(record));
    }
    log.flush();
    log.flush();
    assert_eq!(*stream.calls.lock().unwrap(), 2);
}

#[test]
fn memory_with_and_without_header() {
    for (memory, header) in [(MemoryLog::new(), false), (MemoryLog::with_header(), true)] {
        LogFile::open(config(), LogTarget::Memory(memory.clone())).unwrap().close();
        let text = memory.text();
        assert_eq!(text.starts_with("Application name: "), header);
        assert_eq!(text.contains("\nFile:             (1) memory\n\n"), header);
        assert!(text.ends_with(
            "00:34:20.700 Trc 04100 Logging service started\n\
             00:34:20.700 Trc 04112 The Log Output of type 'memory' has been created and opened\n\
             00:34:20.700 Std 04198 Log closed\n"
        ));
    }
}
