//! `tbus anonymize`: logs, captures and databases without those whom they are about.

mod kind;
mod pass;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use tlib_capture::anonymize::{Anonymizer, LONGEST_KEY, RULES_LIMIT, Rules, Secret};

use crate::exit::{Exit, Failure, Outcome, note, unreadable};
use kind::{Kind, Place};

/// What `tbus anonymize` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus anonymize --key-file key.txt server.log shared.log\n  \
    tbus anonymize --key-file key.txt --hide-key AccountOwner traffic.pcapng shared.pcapng\n  \
    tbus anonymize --key-file key.txt --rules tserver.cfg idb.sqlite shared.sqlite\n  \
    tbus anonymize --key-file key.txt postgres://me@host/idb postgres://me@host/shared\n  \
    tbus anonymize --key-file key.txt --check server.log shared.log\n\n\
    Same key, same fake, in every file and every format; without the key nothing can be undone. Lengths stay, so the result \
    replays. What a log, a capture (pcap, pcapng) or an SQLite file is, is seen from its first bytes. A capture is written anew from \
    its messages: comments, names and other protocols stay behind. From an SQLite file to an SQLite file all tables are \
    copied; from or to PostgreSQL those of `tbus idb schema` and `tbus infomart schema`, which are made in OUT; rows of others are \
    counted and stay behind. Integers of a database are ids, times and counts and stay, unless --hide-key names their \
    column; a column of times cannot be replaced. Names are found in free text if an attribute or a key \
    says somewhere in IN that they are names; others are not: read what you share. protocol-spec/anonymize.md has the rules.\n\n\
    Exit codes:\n  0  done; with --check: nothing is left\n  1  --check has found an original, or cannot tell\n  \
    2  wrong usage, or a file or database that cannot be read\n  3  OUT cannot be written, or a PostgreSQL server cannot be reached")]
pub(crate) struct AnonymizeArgs {
    /// A log, a capture, or a database: an SQLite file or postgres://USER@HOST/DATABASE
    #[arg(value_name = "IN", value_parser = OsStringValueParser::new().try_map(Place::read))]
    input: Place,
    /// Where the result goes: a file for a log or a capture, which is replaced if it is there; for a database an SQLite file
    /// that is not there, or an empty PostgreSQL database
    #[arg(value_name = "OUT", value_parser = OsStringValueParser::new().try_map(Place::read))]
    output: Place,
    /// The secret, at least 8 bytes. Other users of this machine see it in the list of processes: --key-file is safer
    #[arg(long, value_name = "KEY", required_unless_present = "key_file", conflicts_with = "key_file")]
    key: Option<String>,
    /// A file with the secret; line ends after it do not count
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Replace every value of this key or column, whatever it looks like, integers by integers of as many digits (repeatable)
    #[arg(long, value_name = "NAME")]
    hide_key: Vec<String>,
    /// Leave the values of this key or column as they are (repeatable)
    #[arg(long, value_name = "NAME")]
    keep_key: Vec<String>,
    /// Replace every value of this attribute (repeatable)
    #[arg(long, value_name = "NAME")]
    hide_attribute: Vec<String>,
    /// Leave the values of this attribute as they are (repeatable)
    #[arg(long, value_name = "NAME")]
    keep_attribute: Vec<String>,
    /// An INI file with [log-filter-data]: copy, hide, skip, hide-first,n, hide-last,n, unhide-first,n, unhide-last,n
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Write nothing; look whether an original of IN is left in OUT
    #[arg(long)]
    check: bool,
    /// With --check: show the originals that are left, not only where they are
    #[arg(long, requires = "check")]
    show: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // For people.
    Table,
    // One object.
    Json,
}

/// Runs `tbus anonymize`.
pub(crate) fn run(args: &AnonymizeArgs) -> Outcome {
    let kind = args.input.kind()?;
    let mut anonymizer = Anonymizer::new(secret(args)?, rules(args)?);
    if args.input.is_same(&args.output) {
        let what = if kind == Kind::Database { "database" } else { "file" };
        return Err(Failure::bad(anyhow!("{}: IN and OUT are the same {what}", args.output)));
    }
    if args.check {
        return check(args, kind, &mut anonymizer);
    }
    fits(args, kind)?;
    pass::read(&mut anonymizer, kind, &args.input, "learning")?;
    anonymizer.changing().map_err(Failure::bad)?;
    if !anonymizer.knows_everything() {
        note(
            "tbus: there are more names than are looked for in free text; split IN, or look at the result with care",
        );
    }
    pass::write(&mut anonymizer, kind, &args.input, &args.output)?;
    report::changed(anonymizer.report(), args.format)?;
    Ok(Exit::Done)
}

/// Whether OUT can take what IN is.
fn fits(args: &AnonymizeArgs, kind: Kind) -> Result<(), Failure> {
    let (input, output) = (&args.input, &args.output);
    output.path().map_or(Ok(()), pass::is_free)?;
    if kind != Kind::Database {
        return match output {
            Place::File(_) => Ok(()),
            Place::Database(_) => {
                Err(Failure::bad(anyhow!("{input} is {kind}: OUT must be a file, not {output}")))
            }
        };
    }
    // A database is never written over; whether one of PostgreSQL has rows is seen when it is open.
    match output.path().and_then(|path| path.metadata().ok()) {
        Some(data) if data.len() > 0 || !data.is_file() => Err(Failure::bad(anyhow!(
            "{output}: it is there already, and a database is never written over: name a file that is not there"
        ))),
        _ => Ok(()),
    }
}

fn check(args: &AnonymizeArgs, kind: Kind, anonymizer: &mut Anonymizer) -> Outcome {
    let made = args.output.kind()?;
    if made != kind {
        let (input, output) = (&args.input, &args.output);
        return Err(Failure::bad(anyhow!("{input} is {kind}, {output} is {made}: they cannot be compared")));
    }
    pass::read(anonymizer, kind, &args.input, "learning")?;
    anonymizer.comparing().map_err(Failure::bad)?;
    pass::read(anonymizer, kind, &args.input, "comparing")?;
    anonymizer.inspecting();
    pass::read(anonymizer, kind, &args.output, "checking")?;
    let mut leftovers = anonymizer.leftovers();
    let search = anonymizer.raw_search().map_err(Failure::bad)?;
    pass::search(&search, &args.output, &mut leftovers)?;
    report::left(&leftovers, args.format, args.show)?;
    Ok(if leftovers.left.is_empty() && !leftovers.incomplete { Exit::Done } else { Exit::Unmet })
}

fn secret(args: &AnonymizeArgs) -> Result<Secret, Failure> {
    let (text, name) = match (&args.key, &args.key_file) {
        (Some(key), _) => (key.clone().into_bytes(), "--key".to_owned()),
        (None, Some(path)) => (small_file(path, LONGEST_KEY)?, path.display().to_string()),
        (None, None) => return Err(Failure::bad(anyhow!("give --key-file FILE or --key KEY"))),
    };
    let end = text.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |at| at + 1);
    let text = text.get(..end).unwrap_or_default();
    Secret::derive(text).map_err(|error| Failure::bad(anyhow::Error::new(error).context(name)))
}

fn rules(args: &AnonymizeArgs) -> Result<Rules, Failure> {
    let mut rules = Rules::default();
    if let Some(path) = &args.rules {
        let text = small_file(path, RULES_LIMIT)?;
        let place = || path.display().to_string();
        let count = rules.read_ini(&text).with_context(place).map_err(Failure::bad)?;
        if count == 0 {
            let error = anyhow!("{}: no rule in [log-filter-data] or [log-filter]", path.display());
            return Err(Failure::bad(error));
        }
    }
    args.hide_key.iter().for_each(|key| rules.hide_key(key));
    args.keep_key.iter().for_each(|key| rules.keep_key(key));
    args.hide_attribute.iter().for_each(|name| rules.hide_attribute(name));
    args.keep_attribute.iter().for_each(|name| rules.keep_attribute(name));
    Ok(rules)
}

/// Reads a file that should be small, and not much more of one that is not.
fn small_file(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(3);
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::bad(unreadable(&error).context(path.display().to_string()))),
    }
}
