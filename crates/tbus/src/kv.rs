//! `tbus kv pack`: key-value lists as the log prints them.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use tlib_proto::KvList;
use tlib_proto::text::print_list_head;

use crate::doc::{self, Doc};
use crate::exit::{Exit, Failure, Outcome};
use crate::hex;
use crate::input::Input;
use crate::output::Out;

/// What `tbus kv` is told.
#[derive(Debug, Args)]
pub(crate) struct KvArgs {
    #[command(subcommand)]
    command: KvCommand,
}

#[derive(Debug, Subcommand)]
enum KvCommand {
    /// Pack lists of pairs and print length and first bytes, as the T-Server log does
    Pack(PackArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  echo '{\"pairs\": [[\"RTR\", \"int\", 115]]}' | tbus kv pack\n  [14] 00 01 01 00..\n\n\
    Types of a pair: str, int, bin (hex digits), list (pairs again), unicode, long (hex digits)."
)]
struct PackArgs {
    /// JSON lines, each an object with `pairs`: [[key, type, value], ...]; - for standard input
    #[arg(value_name = "FILE|-")]
    input: Option<String>,
    /// Print all packed bytes as hex digits
    #[arg(long)]
    hex: bool,
}

/// Runs `tbus kv`.
pub(crate) fn run(args: &KvArgs) -> Outcome {
    let KvCommand::Pack(args) = &args.command;
    let mut input = Input::open(args.input.as_deref())?;
    let mut out = Out::new();
    let result = pack_lines(&mut input, args.hex, &mut out);
    out.flush()?;
    result?;
    Ok(Exit::Done)
}

fn pack_lines(input: &mut Input, hex: bool, out: &mut Out) -> Result<(), Failure> {
    let mut count = 0;
    while let Some(line) = input.next_line()? {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let list = pack(line).map_err(|error| input.at_line(error))?;
        if hex {
            out.line(hex::print(list.packed()))?;
        } else {
            let mut head = String::new();
            print_list_head(&mut head, list.view());
            out.line(head)?;
        }
        count += 1;
    }
    if count == 0 {
        let expected = "no list; expected JSON lines such as {\"pairs\": [[\"RTR\", \"int\", 115]]}";
        return Err(Failure::bad(anyhow!("{}: {expected}", input.name())));
    }
    Ok(())
}

/// The packed list of one line.
fn pack(line: &[u8]) -> anyhow::Result<KvList> {
    let document = Doc::parse(line)?;
    let pairs = document.get("pairs")?.ok_or_else(|| anyhow!("expected an object with `pairs`"))?;
    Ok(doc::pack(&pairs.value()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_name_the_place() {
        let error = |line: &str| format!("{:#}", pack(line.as_bytes()).unwrap_err());
        assert_eq!(
            error(r#"{"pairs": [["a", "str", "b"], ["n", "int", "3"]]}"#),
            "pairs[1][2]: expected a whole number for type \"int\""
        );
        assert_eq!(
            error(r#"{"pairs": [["a", "string", "b"]]}"#),
            "pairs[0][1]: \"string\" is not a type; one of str int bin list unicode long"
        );
        assert_eq!(
            error(r#"{"pairs": [["n", "int", 4294967295]]}"#),
            "pairs[0][2]: 4294967295 does not fit an int (-2147483648 to 2147483647); write it as a string"
        );
        assert_eq!(error(r#"{"pairs": [], "pairs": []}"#), "key \"pairs\" comes twice");
        assert_eq!(error("{}"), "expected an object with `pairs`");
        assert!(error("{").starts_with("no JSON: "));
    }
}
