-- Refused logins, credentials and permissions, for auditors: docs/decisions/0025-refusals-as-evidence.md. They are apart from the chain of
-- events. A row counts the refusals of one process, in one minute, of one kind, that do not differ in anything else.
-- first_at, last_at: the first and the last of them. period: the day whose key seals name, address and detail. sealed: null once the person
-- was erased.
CREATE TABLE refusals (
    refusal_id UUID PRIMARY KEY,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    actor UUID,
    object UUID,
    object_type TEXT COLLATE "C",
    method TEXT COLLATE "C",
    path TEXT COLLATE "C",
    period BIGINT NOT NULL,
    sealed BYTEA
);

-- The pages of all refusals, of one kind, of an actor and of an object, newest first. The first one also finds the oldest, to delete them.
CREATE INDEX refusals_by_time ON refusals (first_at, refusal_id);
CREATE INDEX refusals_by_kind ON refusals (kind, first_at, refusal_id);
CREATE INDEX refusals_by_actor ON refusals (actor, first_at, refusal_id) WHERE actor IS NOT NULL;
CREATE INDEX refusals_by_object ON refusals (object, first_at, refusal_id) WHERE object IS NOT NULL;

-- A key per day (the number of the day since 1970), wrapped under the server's key. Deleting a row erases the names and addresses of that day.
CREATE TABLE refusal_keys (
    period BIGINT PRIMARY KEY,
    wrapped_key BYTEA NOT NULL
);

-- The events of an actor, newest first. No other index has the sum, so every plan for an actor's events uses this index: Postgres
-- might otherwise walk through all events for an actor who has few or none. The expression reads the actor from the text, since this costs an append much less than to parse
-- the JSON. It fits all metadata that any version wrote: with and without spaces, and with the fields in any order.
CREATE INDEX events_by_actor ON events (split_part(split_part(metadata, '"actor"', 2), '"', 2), (position + 0));

CREATE OR REPLACE VIEW event_streams AS
SELECT
    position,
    aggregate_type,
    aggregate_id,
    sequence,
    event_type,
    event_version,
    payload::jsonb AS payload,
    metadata::jsonb AS metadata,
    recorded_at,
    split_part(split_part(metadata, '"actor"', 2), '"', 2) AS actor,
    position + 0 AS place
FROM events;

-- The statistics of the expression.
ANALYZE events;
