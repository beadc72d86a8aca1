-- The ledger: one ordered, chained sequence of events, its head, and what the events claim.
CREATE TABLE events (
    position BIGINT PRIMARY KEY,
    aggregate_type TEXT COLLATE "C" NOT NULL,
    aggregate_id TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    event_version TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    payload JSONB NOT NULL,
    metadata JSONB NOT NULL,
    hash BYTEA NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, sequence)
);

CREATE INDEX events_by_type ON events (event_type, position);

-- One row. Its lock is the total order of the ledger.
CREATE TABLE ledger_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    ledger_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    key_check BYTEA NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE claims (
    scope TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, value)
);

-- A key per person, wrapped under the server's key. Erasing a row erases the person's sealed fields.
CREATE TABLE subject_keys (
    subject TEXT COLLATE "C" PRIMARY KEY,
    wrapped_key BYTEA
);
