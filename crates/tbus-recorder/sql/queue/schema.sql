-- The persistent queue: a file of its own, tbus's own layout (the vendor's is not published: chosen).
-- Everything that must not repeat is counted in `head`, which outlives the records.
CREATE TABLE head (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    -- UUID made with the file; names the queue in the databases that it feeds.
    id               TEXT NOT NULL,
    -- The last number that a transaction got.
    last_transaction INTEGER NOT NULL,
    -- The last record that belongs to a closed transaction. What comes after it is open.
    last_record      INTEGER NOT NULL,
    -- The last number that a data source session got.
    last_session     INTEGER NOT NULL
) STRICT;

-- What was received, in order.
CREATE TABLE record (
    id      INTEGER PRIMARY KEY,
    -- 0 frames, 1 session opened, 2 session closed.
    kind    INTEGER NOT NULL,
    session INTEGER NOT NULL,
    -- Microseconds since 1970, frames only.
    at      INTEGER NOT NULL,
    -- Events in the frames.
    events  INTEGER NOT NULL,
    -- Frames, or JSON.
    body    BLOB NOT NULL
) STRICT;

-- Transactions that wait for the database: the records first to last.
CREATE TABLE closed (
    number  INTEGER PRIMARY KEY,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    records INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;

-- Small facts that change together with the records.
CREATE TABLE fact (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
