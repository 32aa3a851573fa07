//! What the vendor's options say about a run, from the INI text that exports of the Info Mart's application have.
//!
//! Only what turns sums on and off has an effect. Every other section is named once, every other option of the two sections
//! that are read by itself, so that nobody takes them for done.

use std::collections::{BTreeSet, HashMap};

pub use tbus_options::Notice;
use tbus_options::{Entry, Line, Mistake, MistakeKind, cut, nearest};

/// The section of what is aggregated.
const FEATURES: &str = "agg-feature";
/// The section of the transform.
const ETL: &str = "gim-etl";
/// Whether there are sums over callbacks.
const CALLBACK: &str = "enable-callback";
/// What makes sums at all.
const ENGINE: &str = "aggregation-engine-class-name";
/// A likeness by Jaro and Winkler from which one name is taken for another (chosen).
const LIKE: f64 = 0.9;
/// Notices about one text (chosen): an export has hundreds of options.
const NOTICES: usize = 100;

/// What a run is told by a text of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether sums are made: `[agg-feature] enable-callback`, and `[gim-etl] aggregation-engine-class-name` is not `none`.
    /// Both options are published (facts infomart 5.1); their default is not: sums are made unless one of them says
    /// otherwise (chosen).
    pub aggregates: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { aggregates: true }
    }
}

/// Why a text of options is refused, and where.
pub type OptionsError = tbus_options::OptionsError<OptionsErrorKind>;

/// What is wrong with a text of options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsErrorKind {
    /// It is no INI text.
    #[error(transparent)]
    Text(#[from] MistakeKind),
    /// An option for the second time.
    #[error("{name} is there twice, first in line {first}; delete one of them")]
    Twice {
        /// The option.
        name: &'static str,
        /// Where it was first.
        first: usize,
    },
    /// A value that the option cannot have.
    #[error("{name} = {found}: yes or no; true, false, on, off, 1 and 0 are read, too")]
    NoSwitch {
        /// The option.
        name: &'static str,
        /// The value, cut.
        found: String,
    },
    /// An option without a value.
    #[error("{name}: a value is missing after =; none switches aggregation off")]
    Empty {
        /// The option.
        name: &'static str,
    },
}

impl Options {
    /// Largest text that [`Options::read`] takes (chosen).
    pub const TEXT_LIMIT: usize = 1 << 20;

    /// Reads options in INI spelling: `[section]`, `name = value`, comments after `;` or `#` at the start of a line. `name` is
    /// what errors call the text, usually its path. The second value tells what has no effect here, at most 100 times.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] with file and line: text that is no INI text, too long or not UTF-8; one of the options that have an
    /// effect twice, or with a value that it cannot have.
    pub fn read(name: &str, text: &[u8]) -> Result<(Self, Vec<Notice>), OptionsError> {
        let wrong = |Mistake { line, kind }| OptionsError { file: name.to_owned(), line, kind: kind.into() };
        let text = tbus_options::decode(text, Self::TEXT_LIMIT).map_err(wrong)?;
        let mut reader = Reader { file: name, ..Reader::default() };
        for line in tbus_options::lines(text) {
            match line.map_err(wrong)? {
                Line::Section(line, section) => reader.section(line, section),
                Line::Option(entry) => reader.option(&entry).map_err(|kind| OptionsError {
                    file: name.to_owned(),
                    line: entry.line,
                    kind,
                })?,
            }
        }
        let aggregates = reader.callback.unwrap_or(true) && reader.engine.unwrap_or(true);
        Ok((Self { aggregates }, reader.notices))
    }
}

#[derive(Default)]
struct Reader<'t> {
    file: &'t str,
    notices: Vec<Notice>,
    passed_over: BTreeSet<&'t str>,
    /// Where an option with an effect was.
    seen: HashMap<&'static str, usize>,
    callback: Option<bool>,
    engine: Option<bool>,
}

impl<'t> Reader<'t> {
    fn notice(&mut self, line: usize, text: String) {
        if self.notices.len() < NOTICES {
            self.notices.push(Notice { file: self.file.to_owned(), line, text });
        }
    }

    fn section(&mut self, line: usize, name: &'t str) {
        if ![FEATURES, ETL].contains(&name) && self.passed_over.insert(name) {
            let hint = hint(name, [FEATURES, ETL], |known| format!("[{known}]"));
            self.notice(line, format!("section [{}] has no effect here{hint}", cut(name)));
        }
    }

    fn option(&mut self, entry: &Entry<'_>) -> Result<(), OptionsErrorKind> {
        match (entry.section, entry.name) {
            (FEATURES, CALLBACK) => {
                self.once(CALLBACK, entry)?;
                self.callback = Some(switch(CALLBACK, entry.value)?);
            }
            (ETL, ENGINE) => {
                self.once(ENGINE, entry)?;
                if entry.value.is_empty() {
                    return Err(OptionsErrorKind::Empty { name: ENGINE });
                }
                self.engine = Some(!entry.value.eq_ignore_ascii_case("none"));
            }
            (FEATURES | ETL, name) => {
                let known = if entry.section == FEATURES { CALLBACK } else { ENGINE };
                let hint = hint(name, [known], str::to_owned);
                self.notice(entry.line, format!("{} has no effect here{hint}", cut(name)));
            }
            _ => {}
        }
        Ok(())
    }

    fn once(&mut self, name: &'static str, entry: &Entry<'_>) -> Result<(), OptionsErrorKind> {
        match self.seen.insert(name, entry.line) {
            Some(first) => Err(OptionsErrorKind::Twice { name, first }),
            None => Ok(()),
        }
    }
}

/// `; did you mean ..?`, or nothing.
fn hint<const N: usize>(name: &str, known: [&str; N], shown: impl Fn(&str) -> String) -> String {
    let close = nearest(name, known, LIKE);
    close.map(|known| format!("; did you mean {}?", shown(known))).unwrap_or_default()
}

/// `yes` and `no` are what is published (facts infomart 5.1); the other words, in any case, are chosen.
fn switch(name: &'static str, value: &str) -> Result<bool, OptionsErrorKind> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    match () {
        () if is(["yes", "true", "on", "1"]) => Ok(true),
        () if is(["no", "false", "off", "0"]) => Ok(false),
        () => Err(OptionsErrorKind::NoSwitch { name, found: cut(value) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(bool, Vec<String>), String> {
        let read = Options::read("gim.ini", text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((read.0.aggregates, read.1.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn sums_are_made_unless_an_option_says_otherwise() {
        for (text, want) in [
            ("", true),
            ("[agg-feature]\n", true),
            ("[agg-feature]\nenable-callback=yes\n", true),
            ("[agg-feature]\nenable-callback = \"True\"\n", true),
            ("[agg-feature]\nenable-callback=1\n", true),
            ("[agg-feature]\nenable-callback=no\n", false),
            ("[agg-feature]\nenable-callback=OFF\n", false),
            ("[gim-etl]\naggregation-engine-class-name=none\n", false),
            ("[gim-etl]\naggregation-engine-class-name=GIMAgg.GimInterfaceImpl.AggregationImpl\n", true),
            ("[gim-etl]\naggregation-engine-class-name=none\n[agg-feature]\nenable-callback=yes\n", false),
        ] {
            assert_eq!(read(text), Ok((want, Vec::new())), "{text}");
        }
        assert!(Options::default().aggregates);
    }

    #[test]
    fn what_has_no_effect_is_named() {
        let text = "[log]\nverbose=all\n[agg-feature]\nenable-bgs = yes\nenable-calback = no\n[log]\nx=\n\
                    [agg-features]\nenable-callback=no\n[gim-etl]\nuser-event-data-timeout=3600\n";
        let (aggregates, said) = read(text).unwrap();
        assert!(aggregates);
        let want = [
            "gim.ini: line 1: section [log] has no effect here",
            "gim.ini: line 4: enable-bgs has no effect here",
            "gim.ini: line 5: enable-calback has no effect here; did you mean enable-callback?",
            "gim.ini: line 8: section [agg-features] has no effect here; did you mean [agg-feature]?",
            "gim.ini: line 11: user-event-data-timeout has no effect here",
        ];
        assert_eq!(said, want);
        let many: String = (0..1000).map(|n| format!("[section{n}]\n")).collect();
        assert_eq!(read(&many).unwrap().1.len(), NOTICES);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, want) in [
            ("[agg-feature]\nenable-callback=maybe\n", "line 2: enable-callback = maybe: yes or no"),
            ("[agg-feature]\nenable-callback=\n", "line 2: enable-callback = : yes or no"),
            (
                "[agg-feature]\nenable-callback=1\nenable-callback=1\n",
                "line 3: enable-callback is there twice, first in line 2",
            ),
            (
                "[gim-etl]\naggregation-engine-class-name=\n",
                "line 2: aggregation-engine-class-name: a value is missing",
            ),
            ("enable-callback=1\n", "line 1: option enable-callback stands before the first section"),
            ("[agg-feature\n", "line 1: \"[agg-feature\" is neither [section]"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("gim.ini: {want}")), "{error}");
        }
        let long = vec![b'\n'; Options::TEXT_LIMIT + 1];
        assert!(Options::read("x", &long).is_err());
    }
}
