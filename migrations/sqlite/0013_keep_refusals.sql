-- Refused logins, credentials and permissions, for auditors: docs/decisions/0025-refusals-as-evidence.md. They are apart from the chain of
-- events. A row counts the refusals of one process, in one minute, of one kind, that do not differ in anything else.
-- first_at, last_at: the first and the last of them. period: the day whose key seals name, address and detail. sealed: null once the person
-- was erased.
CREATE TABLE refusals (
    refusal_id BLOB PRIMARY KEY NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor BLOB,
    object BLOB,
    object_type TEXT,
    method TEXT,
    path TEXT,
    period BIGINT NOT NULL,
    sealed BLOB
);

-- The pages of all refusals, of one kind, of an actor and of an object, newest first. The first one also finds the oldest, to delete them.
CREATE INDEX refusals_by_time ON refusals (first_at, refusal_id);
CREATE INDEX refusals_by_kind ON refusals (kind, first_at, refusal_id);
CREATE INDEX refusals_by_actor ON refusals (actor, first_at, refusal_id) WHERE actor IS NOT NULL;
CREATE INDEX refusals_by_object ON refusals (object, first_at, refusal_id) WHERE object IS NOT NULL;

-- A key per day (the number of the day since 1970), wrapped under the server's key. Deleting a row erases the names and addresses of that day.
CREATE TABLE refusal_keys (
    period INTEGER PRIMARY KEY,
    wrapped_key BLOB NOT NULL
);

-- The events of an actor, newest first. Every version wrote the actor as the first field: `{"actor":"...`. To read it there costs an append less
-- than to parse the JSON. The sum is there since Postgres needs it.
CREATE INDEX events_by_actor ON events (substr(metadata, 11, instr(substr(metadata, 11, 64), '"') - 1), position + 0);

DROP VIEW event_streams;

CREATE VIEW event_streams AS
SELECT
    position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, recorded_at,
    substr(metadata, 11, instr(substr(metadata, 11, 64), '"') - 1) AS actor,
    position + 0 AS place
FROM events;
