//! `generated/idb.rs` of the recorder and `generated/mart.rs` of the reporting: a struct for a row of every table, so that no value gets into the wrong
//! column, and the tables as the inserts need them.

use std::fmt::Write;

use heck::ToSnakeCase;

use super::Out;
use crate::idb::{Column, Group, Idb, Marks, SqlType, Table};
use crate::model::Provenance;

/// Rows, tables and numbers of the dictionary.
pub(super) fn rust(idb: &Idb) -> String {
    let title = idb.base.title();
    let mut out = Out::new(idb.base.file(), &format!("Tables of the {title} and their rows."));
    out.line("use tbus_db::{Column, Kind, Table, Value};\n");
    out.doc(0, &format!("Version of the schema, in `{}`.", idb.base.version_table()), "");
    out.line(&format!("pub const VERSION: i32 = {};", idb.version));
    for group in &idb.group {
        shared(&mut out, group);
    }
    for table in &idb.table {
        row(&mut out, idb, table);
    }
    names(&mut out, idb);
    if !idb.dictionary.is_empty() {
        dictionary(&mut out, idb);
    }
    helpers(&mut out, idb);
    out.text
}

/// What turns columns that may be NULL into values; those that are used.
fn helpers(out: &mut Out, idb: &Idb) {
    let columns: Vec<Column> = idb.table.iter().flat_map(|table| idb.columns_of(table)).collect();
    let used = |which: fn(SqlType) -> bool| {
        columns.iter().any(|column| column.pm == Marks::None && !is_auto(column) && which(column.ty))
    };
    if used(|ty| ty == SqlType::Int) {
        out.line("\nfn int(value: Option<i32>) -> Value<'static> {");
        out.line("    value.map_or(Value::Null, |value| Value::Int(i64::from(value)))\n}");
    }
    if used(|ty| matches!(ty, SqlType::Bigint | SqlType::Decimal(_))) {
        out.line("\nfn big(value: Option<i64>) -> Value<'static> {");
        out.line("    value.map_or(Value::Null, Value::Int)\n}");
    }
    if used(|ty| matches!(ty, SqlType::Text(_))) {
        out.line("\nfn text(value: Option<&str>) -> Value<'_> {");
        out.line("    value.map_or(Value::Null, Value::Text)\n}");
    }
    if used(|ty| ty == SqlType::Time) {
        out.line("\nfn time(value: Option<i64>) -> Value<'static> {");
        out.line("    value.map_or(Value::Null, Value::Time)\n}");
    }
}

/// The tables that the transform reads.
const READ: [&str; 2] = ["G_CUSTOM_DATA_S", "TBUS_SCHEMA"];

/// Version and columns of the tables that another crate reads.
pub(super) fn source(idb: &Idb) -> String {
    let mut out = Out::new(idb.base.file(), "What is read of the interaction database.");
    out.line("use tbus_db::{Column, Kind, Table};\n");
    out.doc(0, &format!("Version of its schema, in `{}`.", idb.base.version_table()), "");
    out.line(&format!("pub(crate) const VERSION: i32 = {};\n", idb.version));
    out.doc(0, "The tables that are read, with all their columns.", "");
    out.line("pub(crate) static TABLES: &[Table] = &[");
    for name in READ {
        let columns = idb.table(name).map(|table| idb.columns_of(table)).unwrap_or_default();
        whole(&mut out, name, &columns);
    }
    out.line("];");
    out.text
}

/// The struct of a group.
fn shared(out: &mut Out, group: &Group) {
    let borrows = group.columns.iter().any(is_text);
    out.line("");
    out.doc(0, &format!("{} Facts {}.", group.meaning, group.source), "");
    out.line("#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]");
    out.line(&format!("pub struct {}{} {{", group.row, if borrows { "<'a>" } else { "" }));
    for column in &group.columns {
        field(out, column, "");
    }
    out.line("}");
    limits(out, &group.row, borrows, &group.columns);
}

/// The struct of a table's rows, and the tables.
fn row(out: &mut Out, idb: &Idb, table: &Table) {
    let own: Vec<&Column> = table.columns.iter().filter(|column| !is_auto(column)).collect();
    let groups: Vec<&Group> = idb.groups_of(table).collect();
    let borrows = own.iter().any(|column| is_text(column))
        || groups.iter().any(|group| group.columns.iter().any(is_text));
    let lifetime = if borrows { "<'a>" } else { "" };
    out.line("");
    out.doc(
        0,
        &format!("{} Facts {}. `Default` is 0, \"\" or NULL everywhere.", table.meaning, table.source),
        "",
    );
    out.line("#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]");
    out.line(&format!("pub struct {}{lifetime} {{", table.row));
    for column in &own {
        field(out, column, &format!(" ({})", codes(&column.provenance)));
    }
    for group in &groups {
        let from = codes(&table.groups_provenance);
        out.doc(4, &format!("{} ({from})", group.meaning), "");
        let borrows = group.columns.iter().any(is_text);
        out.line(&format!("    pub {}: {}{},", group.name, group.row, if borrows { "<'a>" } else { "" }));
    }
    out.line("}");
    limits(out, &table.row, borrows, &table.columns);

    let inserted: Vec<Column> = idb.columns_of(table).into_iter().filter(|column| !is_auto(column)).collect();
    let width = inserted.len();
    let (head, value) = if borrows {
        (format!("impl<'a> {}<'a>", table.row), "Value<'a>")
    } else {
        (format!("impl {}", table.row), "Value<'static>")
    };
    out.line(&format!("\n{head} {{"));
    out.doc(4, "Columns that an insert gives: all but a number that the database gives.", "");
    out.line(&format!("    pub const WIDTH: usize = {width};\n"));
    out.line("    const COLUMNS: &'static [Column] = &[");
    for column in &inserted {
        out.line(&format!("        Column {{ name: {:?}, kind: Kind::{} }},", column.name, kind(column)));
    }
    out.line("    ];\n");
    out.doc(4, "The row as the columns of its table.", "");
    out.line(&format!("    pub fn values(&self) -> [{value}; {width}] {{"));
    out.line("        [");
    for column in &own {
        for at in 0..column.count.unwrap_or(1) {
            let place = if column.count.is_some() { format!("[{at}]") } else { String::new() };
            out.line(&format!(
                "            {},",
                expression(column, &format!("self.{}{place}", field_name(column)))
            ));
        }
    }
    for group in &groups {
        for column in &group.columns {
            let place = format!("self.{}.{}", group.name, field_name(column));
            out.line(&format!("            {},", expression(column, &place)));
        }
    }
    out.line("        ]\n    }\n}");
    for name in &table.names {
        out.line("");
        out.doc(0, &format!("The table; its rows are [`{}`].", table.row), "");
        let columns = format!("{}::COLUMNS", table.row);
        out.line(&format!("pub static {name}: Table = Table {{ name: {name:?}, columns: {columns} }};"));
    }
}

/// Every table and view with every column: what a database must have.
fn names(out: &mut Out, idb: &Idb) {
    out.line("");
    out.doc(0, "Every table with all its columns, those that number themselves, too.", "");
    out.line("pub(crate) static TABLES: &[Table] = &[");
    for table in &idb.table {
        for name in &table.names {
            whole(out, name, &idb.columns_of(table));
        }
    }
    out.line("];\n");
    out.doc(0, "Every view with all its columns.", "");
    out.line("pub(crate) static VIEWS: &[Table] = &[");
    for view in &idb.view {
        whole(out, &view.name, &idb.view_columns(view).unwrap_or_default());
    }
    out.line("];");
}

/// A table with every column.
fn whole(out: &mut Out, name: &str, columns: &[Column]) {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("Column {{ name: {:?}, kind: Kind::{} }}", column.name, kind(column)))
        .collect();
    out.line(&format!("    Table {{ name: {name:?}, columns: &[{}] }},", columns.join(", ")));
}

fn dictionary(out: &mut Out, idb: &Idb) {
    out.line("");
    out.doc(0, "Numbers of `G_DICTIONARY`.", "");
    out.line("pub mod dictionary {");
    for (at, ty) in idb.dictionary.iter().enumerate() {
        if at > 0 {
            out.line("");
        }
        out.doc(4, &format!("{}, type {} ({}). {}", ty.name, ty.ty, codes(&ty.provenance), ty.note), "");
        out.line(&format!("    pub mod {} {{", ty.name.to_snake_case()));
        for value in &ty.values {
            out.doc(8, &format!("{} ({}).", value.meaning, codes(&value.provenance)), "");
            out.line(&format!("        pub const {}: i32 = {};", value.name, value.value));
        }
        out.line("    }");
    }
    out.line("}");
}

fn field(out: &mut Out, column: &Column, suffix: &str) {
    let unit = if column.ty == SqlType::Time { " Microseconds since 1970." } else { "" };
    let doc = format!("`{}`: {}{unit}{suffix}", column.name, column.meaning);
    out.doc(4, &doc, "");
    let plain = match column.ty {
        SqlType::Int | SqlType::Auto(_) => "i32",
        SqlType::Bigint | SqlType::Decimal(_) | SqlType::Time => "i64",
        SqlType::Text(_) => "&'a str",
    };
    let one = if column.pm == Marks::None { format!("Option<{plain}>") } else { plain.to_owned() };
    let ty = column.count.map_or_else(|| one.clone(), |count| format!("[{one}; {count}]"));
    out.line(&format!("    pub {}: {ty},", field_name(column)));
}

/// Constants for the sizes of a struct's texts.
fn limits(out: &mut Out, row: &str, borrows: bool, columns: &[Column]) {
    let mut text = String::new();
    for column in columns {
        if let SqlType::Text(length) = column.ty {
            let name = column.name.replace("_#", "");
            let _ = writeln!(text, "    /// Most characters of `{}`.", column.name);
            let _ = writeln!(text, "    pub const {name}_MAX: usize = {length};");
        }
    }
    if !text.is_empty() {
        out.line(&format!("\nimpl {row}{} {{\n{text}}}", if borrows { "<'_>" } else { "" }));
    }
}

fn expression(column: &Column, place: &str) -> String {
    let mandatory = column.pm != Marks::None;
    match column.ty {
        SqlType::Int | SqlType::Auto(_) if mandatory => format!("Value::Int(i64::from({place}))"),
        SqlType::Int | SqlType::Auto(_) => format!("int({place})"),
        SqlType::Bigint | SqlType::Decimal(_) if mandatory => format!("Value::Int({place})"),
        SqlType::Bigint | SqlType::Decimal(_) => format!("big({place})"),
        SqlType::Text(_) if mandatory => format!("Value::Text({place})"),
        SqlType::Text(_) => format!("text({place})"),
        SqlType::Time if mandatory => format!("Value::Time({place})"),
        SqlType::Time => format!("time({place})"),
    }
}

fn kind(column: &Column) -> &'static str {
    match column.ty {
        SqlType::Int => "Int4",
        SqlType::Auto(_) | SqlType::Bigint | SqlType::Decimal(_) => "Int8",
        SqlType::Text(_) => "Text",
        SqlType::Time => "Time",
    }
}

fn field_name(column: &Column) -> String {
    match column.name.replace("_#", "").to_lowercase() {
        name if name == "type" => "r#type".to_owned(),
        name => name,
    }
}

fn is_text(column: &Column) -> bool {
    matches!(column.ty, SqlType::Text(_))
}

fn is_auto(column: &Column) -> bool {
    matches!(column.ty, SqlType::Auto(_))
}

fn codes(provenance: &[Provenance]) -> String {
    let names: Vec<&str> = provenance.iter().map(|code| code.as_str()).collect();
    names.join(" ")
}
