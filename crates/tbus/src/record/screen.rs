//! What `tbus record` tells people.

use tbus_db::{DatabaseUrl, Dialect};
use tbus_recorder::options::StoreEventData;
use tbus_recorder::schema::Prepared;
use tbus_recorder::{Found, Summary, read};

use super::{RecordArgs, Rules, queue};
use crate::args::DEFAULT_ADDRESS;
use crate::exit::counted;
use crate::invocation;

/// What a newcomer sees first.
pub(super) fn head(args: &RecordArgs, rules: &Rules, log: &str) -> String {
    let tbus = invocation::command();
    let server = &args.server.server;
    let to = if server == DEFAULT_ADDRESS { String::new() } else { format!(" --server {server}") };
    let store = match rules.options.store_event_data {
        Some(StoreEventData::All) => "all",
        Some(StoreEventData::Conf) => "conf",
        Some(StoreEventData::None) | None => "none",
    };
    let store = match rules.all_by_default {
        true => format!(
            "store-event-data={store}, the default here (the vendor's is none; --options FILE reads ICON's options)"
        ),
        false => format!("store-event-data={store}"),
    };
    let specified = match &rules.specified {
        Some(path) => format!(", attached data by {}", path.display()),
        None => String::new(),
    };
    let dn = args.dn.first().map(String::as_str).unwrap_or_default();
    let quoted = quoted(dn);
    let lines = [
        format!("tbus {}, a recorder of user data", env!("CARGO_PKG_VERSION")),
        format!("Source:   {} of {server}, as {}", args.dn.join(", "), args.app),
        format!("Database: {}", args.db),
        format!("Queue:    {}", queue(args, rules)),
        format!("Options:  {store}{specified}"),
        format!("Log:      {log}"),
        "Try this next, in another terminal:".to_owned(),
        format!("  {tbus} send --dn {quoted} greeting=hello n:=3{to}"),
        format!("  {}", look(&args.db)),
    ];
    lines.join("\n") + "\n"
}

/// How to look into the database.
fn look(db: &DatabaseUrl) -> String {
    let query = read::LOOK;
    match db.dialect() {
        Dialect::Sqlite => {
            let name = db.to_string();
            format!("sqlite3 {} '{query}'", quoted(name.strip_prefix("sqlite:").unwrap_or(&name)))
        }
        Dialect::Postgresql => format!("psql {} -c '{query}'", quoted(&db.to_string())),
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let special = |c: char| c.is_whitespace() || "'\"$&;()<>|*?`\\#~!".contains(c);
    if word.contains(special) { format!("'{}'", word.replace('\'', "'\\''")) } else { word.to_owned() }
}

/// What was found at the start, as far as somebody should know.
pub(super) fn found(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(reason) = &found.unreachable {
        lines.push(format!("tbus: {reason}; what comes is queued until the database answers"));
    }
    if found.schema == Some(Prepared::Created) {
        lines.push("tbus: the database had none of the tables, they are made".to_owned());
    }
    let left = found.pending.records.saturating_add(found.pending.open);
    if left > 0 {
        lines.push(format!("tbus: {left} records of a run before wait in the queue and are written first"));
    }
    lines
}

/// What was done.
pub(super) fn summary(summary: &Summary) -> String {
    let many = |number: u64, what: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), what);
    format!(
        "tbus: {} (events, and beginnings and ends of sessions) stored as {} in {}{}",
        many(summary.records, "record"),
        many(summary.rows, "row"),
        many(summary.transactions, "transaction"),
        summary.counters.not_stored().map(|text| format!("; {text}")).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suggested_can_be_copied_to_a_shell() {
        assert_eq!(quoted("demo.sqlite"), "demo.sqlite");
        assert_eq!(quoted("my demo's.sqlite"), r"'my demo'\''s.sqlite'");
    }
}
