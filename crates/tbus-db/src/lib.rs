//! The one way to SQLite (embedded) and PostgreSQL: names, dialects, errors, transactions with bulk inserts.
