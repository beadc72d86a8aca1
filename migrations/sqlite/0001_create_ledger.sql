-- The ledger: one ordered, chained sequence of events, its head, and what the events claim.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    aggregate_type TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    event_version TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    metadata TEXT NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, sequence)
);

CREATE INDEX events_by_type ON events (event_type, position);

-- One row. Its lock is the total order of the ledger.
CREATE TABLE ledger_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ledger_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    hash BLOB NOT NULL,
    key_check BLOB NOT NULL
);

CREATE TABLE claims (
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (scope, value)
);

-- A key per person, wrapped under the server's key. Erasing a row erases the person's sealed fields.
CREATE TABLE subject_keys (
    subject TEXT PRIMARY KEY,
    wrapped_key BLOB
);
