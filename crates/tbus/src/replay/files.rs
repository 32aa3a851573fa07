//! The files of a replay: one after the other, or merged by their times where these overlap.

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tlib_capture::packet::{CaptureItem, CaptureReader, ReadOptions};
use tlib_capture::read::LogReader;
use tlib_capture::replay::{LogPlan, Step, When, packet_event};

use crate::exit::Failure;
use crate::traffic::{Counted, is_capture, open};

/// Records in which a file must tell its date, so that it can be compared with others (chosen).
const PEEKED: usize = 1000;

type Source = Counted<Box<dyn BufRead>>;

/// Hands the steps of all files to `see`, with the names of their files, until it says `false`.
///
/// A file that begins before the one that is read has ended joins in, and steps come by their times; of equal ones those of the
/// file that began first. Otherwise a file continues the log before it. A file that tells no date within its beginning is taken for
/// one of the first file's day if it begins after that one by the clock, and for a later day if it does not (chosen).
pub(super) fn each(
    files: &[String],
    bytes: &Arc<AtomicU64>,
    mut see: impl FnMut(&str, Step) -> bool,
) -> Result<(), Failure> {
    let mut merge = Merge::new(files, bytes)?;
    while let Some((name, step)) = merge.next()? {
        if !see(&name, step) {
            return Ok(());
        }
    }
    Ok(())
}

/// A file that is not read yet.
struct Pending {
    file: String,
    /// When its first day began, in microseconds since 1970-01-01 by its own clock; `None` if it does not tell.
    base: Option<i64>,
    /// Its first time, from then on.
    first: Option<u64>,
}

impl Pending {
    fn new(file: &str) -> Result<Self, Failure> {
        let mut pending = Self { file: file.to_owned(), base: None, first: None };
        // What can be read only once is not looked at.
        if file == "-" {
            return Ok(pending);
        }
        let (name, mut source) = open(file)?;
        if is_capture(&name, &mut source)? {
            let mut items = CaptureReader::new(source, ReadOptions::default()).take(PEEKED);
            if let Some(Ok(CaptureItem::Message(first))) =
                items.find(|item| matches!(item, Ok(CaptureItem::Message(_)) | Err(_)))
            {
                (pending.base, pending.first) = (Some(0), Some(When::from(first.at).elapsed));
            }
            return Ok(pending);
        }
        let mut reader = LogReader::new(name, source);
        for _ in 0..PEEKED {
            let Some(record) = reader.next().map_err(Failure::bad)? else { break };
            let Some(at) = record.time.map(When::from) else { continue };
            pending.first.get_or_insert(at.elapsed);
            if let Some(date) = at.date {
                pending.base = Some(date.saturating_sub(micros(at.elapsed)));
                break;
            }
        }
        Ok(pending)
    }
}

enum Input {
    Log(Box<(LogReader<Source>, LogPlan)>),
    Packets(Box<CaptureReader<Source>>),
}

/// A file, or a log of several, that is being read.
struct Stream {
    name: Arc<str>,
    /// `None` once it has ended.
    input: Option<Input>,
    base: i64,
    /// The time of its next step. Its own order counts more than its clock.
    next: i64,
    steps: VecDeque<Step>,
}

impl Stream {
    /// Reads until there is a step; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, Failure> {
        let steps = &mut self.steps;
        while steps.is_empty() {
            match &mut self.input {
                None => return Ok(false),
                Some(Input::Log(log)) => match log.0.next().map_err(Failure::bad)? {
                    Some(record) => log.1.push(&record, &mut |step| steps.push_back(step)),
                    None => return Ok(false),
                },
                Some(Input::Packets(reader)) => match reader.next() {
                    Some(item) => {
                        let item =
                            item.map_err(|error| Failure::bad(error).context(self.name.to_string()))?;
                        steps.extend(packet_event(item));
                    }
                    None => return Ok(false),
                },
            }
        }
        if let Some(Step::Message(planned)) = steps.front()
            && let Some(at) = planned.at
        {
            self.next = self.next.max(self.time(at));
        }
        Ok(true)
    }

    fn time(&self, at: When) -> i64 {
        at.date.unwrap_or_else(|| self.base.saturating_add(micros(at.elapsed)))
    }

    /// Nothing continues it: what was still waiting comes.
    fn finish(&mut self) {
        if let Some(Input::Log(mut log)) = self.input.take() {
            log.1.finish(&mut |step| self.steps.push_back(step));
        }
    }
}

struct Merge {
    pending: VecDeque<Pending>,
    streams: Vec<Stream>,
    bytes: Arc<AtomicU64>,
    /// Whether there is more than one file, so that times are put on one scale.
    several: bool,
    /// The first day of a file that tells none.
    base: i64,
    /// When the first file begins.
    origin: i64,
}

impl Merge {
    fn new(files: &[String], bytes: &Arc<AtomicU64>) -> Result<Self, Failure> {
        let several = files.len() > 1;
        let pending = files.iter().map(|file| {
            if several {
                Pending::new(file)
            } else {
                Ok(Pending { file: file.clone(), base: None, first: None })
            }
        });
        let pending: VecDeque<_> = pending.collect::<Result<_, _>>()?;
        let base = pending.iter().find_map(|pending| pending.base).unwrap_or_default();
        let mut merge =
            Self { pending, streams: Vec::new(), bytes: Arc::clone(bytes), several, base, origin: i64::MIN };
        merge.origin = merge.pending.front().and_then(|first| merge.start(first)).unwrap_or(i64::MIN);
        Ok(merge)
    }

    fn start(&self, pending: &Pending) -> Option<i64> {
        Some(pending.base.unwrap_or(self.base).saturating_add(micros(pending.first?)))
    }

    fn next(&mut self) -> Result<Option<(Arc<str>, Step)>, Failure> {
        loop {
            let mut at = 0;
            while let Some(stream) = self.streams.get_mut(at) {
                if stream.fill()? {
                    at += 1;
                    continue;
                }
                if stream.input.is_some() {
                    let alone = self.streams.len() == 1;
                    self.end(at, alone)?;
                } else {
                    self.streams.remove(at);
                }
            }
            let Some(at) = (0..self.streams.len()).min_by_key(|at| self.streams.get(*at).map(|s| s.next))
            else {
                let Some(pending) = self.pending.pop_front() else { return Ok(None) };
                self.open(&pending)?;
                continue;
            };
            let head = self.streams.get(at).map_or(i64::MIN, |stream| stream.next);
            if let Some(pending) = self.joins(head) {
                self.open(&pending)?;
                continue;
            }
            let Some(stream) = self.streams.get_mut(at) else { continue };
            let (Some(step), next) = (stream.steps.pop_front(), stream.next) else { continue };
            return Ok(Some((
                Arc::clone(&stream.name),
                if self.several { on_one_scale(step, next) } else { step },
            )));
        }
    }

    /// The file that begins first, if it does so before this time.
    fn joins(&mut self, before: i64) -> Option<Pending> {
        let starts = self.pending.iter().enumerate().filter_map(|(at, pending)| {
            let start = self.start(pending)?;
            (start < before && (pending.base.is_some() || start >= self.origin)).then_some((start, at))
        });
        let (_, at) = starts.min()?;
        self.pending.remove(at)
    }

    /// A file has ended: the next one continues it if nothing else is being read, or else nothing does.
    fn end(&mut self, at: usize, alone: bool) -> Result<(), Failure> {
        let next = self.pending.front().filter(|_| alone);
        let start = next.and_then(|next| next.base.and_then(|_| self.start(next)));
        let Some(stream) = self.streams.get_mut(at) else { return Ok(()) };
        let continues = next.is_some() && start.is_none_or(|start| start >= stream.next);
        let (true, Some(Input::Log(..))) = (continues, &stream.input) else {
            stream.finish();
            return Ok(());
        };
        let Some(pending) = self.pending.pop_front() else { return Ok(()) };
        let (name, mut source) = open(&pending.file)?;
        if is_capture(&name, &mut source)? {
            self.pending.push_front(pending);
            stream.finish();
            return Ok(());
        }
        if let Some(Input::Log(log)) = stream.input.take() {
            let (reader, plan) = *log;
            stream.name = name.as_str().into();
            let source = Counted::new(source, Arc::clone(&self.bytes));
            stream.input = Some(Input::Log(Box::new((reader.next_file(name, source), plan))));
        }
        Ok(())
    }

    fn open(&mut self, pending: &Pending) -> Result<(), Failure> {
        let (name, mut source) = open(&pending.file)?;
        let is_capture = is_capture(&name, &mut source)?;
        let source = Counted::new(source, Arc::clone(&self.bytes));
        self.streams.push(Stream {
            name: name.as_str().into(),
            input: Some(if is_capture {
                Input::Packets(Box::new(CaptureReader::new(source, ReadOptions::default())))
            } else {
                Input::Log(Box::new((LogReader::new(name, source), LogPlan::new())))
            }),
            base: pending.base.unwrap_or(self.base),
            next: i64::MIN,
            steps: VecDeque::new(),
        });
        Ok(())
    }
}

/// Times of several files can be compared only if they count from the same moment.
fn on_one_scale(step: Step, next: i64) -> Step {
    let Step::Message(mut planned) = step else { return step };
    if let Some(at) = &mut planned.at {
        at.elapsed = u64::try_from(next).unwrap_or_default();
    }
    Step::Message(planned)
}

fn micros(elapsed: u64) -> i64 {
    i64::try_from(elapsed).unwrap_or(i64::MAX)
}
