-- The states of long streams: docs/decisions/0014-snapshots.md. The ids are TEXT like those of events, with which they are joined.
-- version: the form of the state. sequence, position, hash: the event on which the snapshot stands. subject: the person whose key
-- seals the state; null for the server's key.
CREATE TABLE stream_snapshots (
    aggregate_type TEXT COLLATE "C" NOT NULL,
    aggregate_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    subject TEXT COLLATE "C",
    state BYTEA NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, version)
);

-- For the erasure of a person: DELETE ... WHERE subject = $1.
CREATE INDEX stream_snapshots_by_subject ON stream_snapshots (subject);
