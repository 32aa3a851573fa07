//! The statements. Their text is in `sql/queue`.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/queue/", $file, ".sql"));)*
    };
}

statements! {
    SCHEMA = "schema";
    BEGIN = "begin";
    COMMIT = "commit";
    ROLLBACK = "rollback";
    CREATE_HEAD = "create_head";
    LOAD_HEAD = "load_head";
    LOAD_CLOSED = "load_closed";
    LOAD_OPEN = "load_open";
    OLDEST = "oldest";
    TABLES = "tables";
    COMPACT = "compact";
    APPEND = "append";
    PUT_FACT = "put_fact";
    GET_FACT = "get_fact";
    CLOSE = "close";
    CLOSE_HEAD = "close_head";
    RENUMBER = "renumber";
    RENUMBER_HEAD = "renumber_head";
    SESSION = "session";
    TAKE = "take";
    REMOVE_RECORDS = "remove_records";
    REMOVE_CLOSED = "remove_closed";
}
