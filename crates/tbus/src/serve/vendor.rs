//! Start lines pasted from a vendor's installation: `-host H -port P -app NAME -l LICENCE -service S -nco X/Y`.
//!
//! Their options are words behind a single dash, which clap takes for several one-letter options; so they are taken
//! out before clap sees the line.

use std::ffi::{OsStr, OsString};

use anyhow::anyhow;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Failure;

/// Options of a vendor's start line that mean nothing here.
const IGNORED: &[&str] = &[
    "-host",
    "-port",
    "-l",
    "-service",
    "-nco",
    "-lmspath",
    "-transport-address",
    "-transport-port",
    "-codepage",
    "-backup_host",
    "-backup_port",
];

/// Options of a vendor's start line that mean nothing without their value, and an example.
const VALUES: &[(&str, &str)] = &[
    ("-app", "SIP_P"),
    ("-host", "cfg"),
    ("-port", "2020"),
    ("-l", "7260@licence"),
    ("-service", "TSrvSIP64"),
];

/// Our own options of `serve`, which somebody may write with one dash.
const OURS: &[&str] =
    &["-listen", "-world", "-log", "-log-level", "-log-segment", "-log-expire", "-ready-file", "-help"];

/// The line as clap understands it, and the options that were left out of it.
pub(crate) fn translate(line: Vec<OsString>) -> Result<(Vec<OsString>, Vec<String>), Failure> {
    let is_start_line =
        |word: &OsStr| word.to_str().is_some_and(|word| word == "-app" || IGNORED.contains(&word));
    let mut words = line.into_iter().peekable();
    let mut out: Vec<OsString> = words.next().into_iter().collect();
    // The name of the vendor's program, which the line begins with.
    let program = words.next_if(|word| !word.as_encoded_bytes().starts_with(b"-") && !is_command(word));
    if let Some(program) = program.filter(|_| !words.peek().is_some_and(|second| is_start_line(second))) {
        out.push(program);
        out.extend(words);
        return Ok((out, Vec::new()));
    }
    match words.peek() {
        Some(first) if first == "serve" => out.extend(words.next()),
        Some(first) if is_start_line(first) => out.push("serve".into()),
        _ => {
            out.extend(words);
            return Ok((out, Vec::new()));
        }
    }
    let mut ignored = Vec::new();
    while let Some(word) = words.next() {
        let example = VALUES.iter().find(|(name, _)| word == *name);
        let valued = words.peek().is_some_and(|value| !value.as_encoded_bytes().starts_with(b"-"));
        if let Some((name, example)) = example.filter(|_| !valued) {
            return Err(Failure::bad(anyhow!("{name}: its value is missing, such as {name} {example}")));
        }
        match word.to_str() {
            Some("-app") => {
                out.push("--app".into());
                out.extend(words.next());
            }
            Some(name) if OURS.contains(&name) => {
                return Err(Failure::bad(anyhow!("{name}: write -{name}")));
            }
            Some(name) if IGNORED.contains(&name) || is_long(name) => {
                ignored.push(name.to_owned());
                words.next_if(|value| !value.as_encoded_bytes().starts_with(b"-"));
            }
            Some(name) if takes_value(name) => {
                out.push(word);
                out.extend(words.next());
            }
            _ => out.push(word),
        }
    }
    Ok((out, ignored))
}

fn is_command(word: &OsStr) -> bool {
    let line = Cli::command();
    word == "help" || line.get_subcommands().any(|command| word == command.get_name())
}

/// `-word`, which none of our options is.
fn is_long(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.len() > 1)
}

/// `--option` whose value is the next word, which may look like anything.
fn takes_value(word: &str) -> bool {
    word.starts_with("--") && word != "--help" && !word.contains('=')
}

/// One line that says what was left out, if anything was.
pub(super) fn notice(ignored: &[String]) -> Option<String> {
    let (known, unknown): (Vec<_>, Vec<_>) =
        ignored.iter().map(String::as_str).partition(|name| IGNORED.contains(name));
    let known = (!known.is_empty())
        .then(|| format!("{} (no Configuration Server and no licence are needed)", known.join(", ")));
    let unknown = (!unknown.is_empty()).then(|| format!("{} (not known here)", unknown.join(", ")));
    let parts: Vec<_> = known.into_iter().chain(unknown).collect();
    (!parts.is_empty()).then(|| format!("ignored: {}", parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> (String, String) {
        let line = line.split(' ').map(OsString::from).collect();
        let (out, ignored) = translate(line).unwrap();
        (out.join(OsStr::new(" ")).into_string().unwrap(), ignored.join(" "))
    }

    fn pair(out: &str, ignored: &str) -> (String, String) {
        (out.to_owned(), ignored.to_owned())
    }

    #[test]
    fn a_pasted_start_line_works() {
        let line = "tbus -host cfg -port 2020 -app SIP_P -service TSrvSIP64 -l 7260@lic -nco 6/10";
        let expected = pair("tbus serve --app SIP_P", "-host -port -service -l -nco");
        assert_eq!(words(line), expected);
        assert_eq!(words(&line.replacen("tbus", "tbus serve", 1)), expected);
        assert_eq!(
            words("tbus serve -nco --listen 127.0.0.1:0"),
            pair("tbus serve --listen 127.0.0.1:0", "-nco")
        );
    }

    #[test]
    fn the_vendors_program_is_skipped() {
        for program in ["sip_server.exe", "/opt/genesys/sip_server", "C:\\GCTI\\sip_server.exe"] {
            for option in ["-host", "-port", "-l", "-service"] {
                let line = format!("tbus {program} {option} x -app SIP_P");
                assert_eq!(words(&line), pair("tbus serve --app SIP_P", option), "{line}");
            }
            assert_eq!(words(&format!("tbus {program} -app SIP_P")), pair("tbus serve --app SIP_P", ""));
        }
        for line in
            ["tbus spec -l", "tbus help -app", "tbus nonsense", "tbus nonsense -x", "tbus decode -port 1"]
        {
            assert_eq!(words(line), pair(line, ""));
        }
    }

    #[test]
    fn a_value_that_is_missing_is_told() {
        for line in ["tbus -host cfg -port", "tbus serve -port -app SIP_P", "tbus sip_server -port"] {
            let line = line.split(' ').map(OsString::from).collect();
            let Err(Failure::Failed { error, .. }) = translate(line) else { panic!("accepted") };
            assert_eq!(error.to_string(), "-port: its value is missing, such as -port 2020");
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in [
            "tbus",
            "tbus -h",
            "tbus -V",
            "tbus serve -h",
            "tbus serve --log - --log-level all",
            "tbus spec -x",
        ] {
            assert_eq!(words(line), pair(line, ""));
        }
    }

    #[test]
    fn one_dash_before_our_own_option_is_told() {
        let line = ["tbus", "serve", "-listen", "127.0.0.1:0"].map(OsString::from).to_vec();
        let Err(Failure::Failed { error, .. }) = translate(line) else { panic!("accepted") };
        assert_eq!(error.to_string(), "-listen: write --listen");
    }

    #[test]
    fn what_is_ignored_is_said_in_one_line() {
        let ignored =
            |names: &[&str]| notice(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(ignored(&[]), None);
        let known = "ignored: -host, -l (no Configuration Server and no licence are needed)";
        assert_eq!(ignored(&["-host", "-l"]).as_deref(), Some(known));
        assert_eq!(ignored(&["-host", "-l", "-foo"]), Some(format!("{known}; -foo (not known here)")));
    }
}
