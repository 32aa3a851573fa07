//! The world file.

use std::fmt::Write;

use tbus_core::Options;

use super::infer::{Inferred, LISTS};
use super::keys::{KINDS, Key};

/// How the file is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether keys are shown with the first value that was kept, see [`Inference::with_examples`](super::Inference::with_examples).
    pub examples: bool,
}

impl Inferred {
    /// The text of a world file, which reads as [`Inferred::world`]. How each thing is known stands beside it as a comment, and the
    /// key dictionary at the end: a world has no place for keys, the server takes any.
    pub fn to_toml(&self, style: Style) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, style);
        text
    }

    fn write(&self, text: &mut String, style: Style) -> std::fmt::Result {
        let (world, known) = (&self.world, self.known);
        let source =
            |told: bool, how: &'static str| if told { how } else { "no message tells it: the default" };
        writeln!(
            text,
            "# Inferred from {} messages. What traffic does not tell is marked: look at it.",
            self.messages
        )?;
        for remark in &self.remarks {
            writeln!(text, "# {remark}")?;
        }
        writeln!(text, "\n[tenant]")?;
        writeln!(
            text,
            "name = {} # {}",
            quoted(&world.tenant.name),
            source(known.tenant, "CustomerID of the events")
        )?;
        writeln!(text, "dbid = {} # no message tells it", world.tenant.dbid)?;
        writeln!(text, "\n[switch]")?;
        writeln!(
            text,
            "name = {} # {}",
            quoted(&world.switch.name),
            source(known.switch, "a guess: HomeLocation of the events")
        )?;
        writeln!(text, "dbid = {} # no message tells it", world.switch.dbid)?;
        writeln!(text, "create-unknown-dns = {}", world.switch.create_unknown_dns)?;
        writeln!(text, "\n[t-server]")?;
        let server = if known.nickname {
            "a guess: so clients call where they send to"
        } else {
            source(known.server, "the log's header, or what clients say they are connected to")
        };
        writeln!(text, "name = {} # {server}", quoted(&world.t_server.name))?;
        writeln!(text, "dbid = {} # no message tells it", world.t_server.dbid)?;
        writeln!(
            text,
            "version = {} # {}",
            quoted(&world.t_server.version),
            source(known.version, "in the headings of events")
        )?;
        let limit = world.t_server.options.user_data_limit;
        if limit != Options::default().user_data_limit {
            writeln!(text, "\n[t-server.options]")?;
            writeln!(text, "user-data-limit = {limit} # bytes; the longest user data in the traffic")?;
        }
        self.write_rows(text)?;
        self.write_keys(text, style)
    }

    fn write_rows(&self, text: &mut String) -> std::fmt::Result {
        for (dn, (reason, messages)) in self.world.dns.iter().zip(&self.reasons) {
            writeln!(text, "\n[[dn]] # named {messages} times")?;
            writeln!(text, "number = {}", quoted(&dn.number))?;
            writeln!(text, "type = {} # {reason}", quoted(dn.ty.name()))?;
            writeln!(text, "dbid = {}", dn.dbid)?;
        }
        if !self.refused.is_empty() {
            writeln!(text, "\n# Refused as unknown in the traffic, so not in this world:")?;
            for number in &self.refused {
                writeln!(text, "#   {number}")?;
            }
        }
        if self.world.agents.is_empty() {
            writeln!(text, "\n# No [[agent]]: any AgentID may log in.")?;
        } else {
            writeln!(
                text,
                "\n# Agents by the AgentIDs of the messages. No password: whichever comes is taken."
            )?;
        }
        for agent in &self.world.agents {
            writeln!(text, "\n[[agent]]\nid = {}\ndbid = {}", quoted(&agent.id), agent.dbid)?;
        }
        writeln!(
            text,
            "\n# Clients by their names in the traffic; others are welcome, too. A type is known where a log's header says it."
        )?;
        for application in &self.world.applications {
            writeln!(text, "\n[[application]]\nname = {}", quoted(&application.name))?;
            if !application.ty.is_empty() {
                writeln!(text, "type = {}", quoted(&application.ty))?;
            }
            writeln!(text, "dbid = {}", application.dbid)?;
        }
        Ok(())
    }

    fn write_keys(&self, text: &mut String, style: Style) -> std::fmt::Result {
        for ((_, list), keys) in LISTS.into_iter().zip(&self.keys).filter(|(_, keys)| !keys.is_empty()) {
            writeln!(text, "\n# Keys of {list}, and how often they came as what ({} keys):", keys.len())?;
            let width = keys.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(40);
            for (name, key) in keys {
                write!(text, "#   {name:<width$}  {}", kinds(key))?;
                match &key.example {
                    Some(example) if style.examples => writeln!(text, ", such as {example}")?,
                    _ => writeln!(text)?,
                }
            }
        }
        Ok(())
    }
}

/// `3 string, 1 int`
fn kinds(key: &Key) -> String {
    let counts = KINDS.iter().zip(key.counts).filter(|(_, count)| *count > 0);
    counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// A name as a string of TOML; names have no control characters.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
