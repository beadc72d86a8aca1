-- Payload and metadata become TEXT. Postgres parsed each of them to JSONB when it wrote an event, and made a text of it
-- again when it read one. This cost more than any index of the table (docs/decisions/0018-json-as-text.md).
--
-- This writes the whole table anew: docs/upgrading.md says how long it takes, and how to go back.
DROP INDEX events_by_fingerprint;

ALTER TABLE events
    ALTER COLUMN payload TYPE TEXT COLLATE "C" USING payload::text,
    ALTER COLUMN metadata TYPE TEXT COLLATE "C" USING metadata::text;

-- The events as postgres-es reads them.
CREATE VIEW event_streams AS
SELECT
    position,
    aggregate_type,
    aggregate_id,
    sequence,
    event_type,
    event_version,
    payload::jsonb AS payload,
    metadata::jsonb AS metadata
FROM events;

-- Who held a certificate, or was issued a token, at some moment? Asked of `event_streams`, by fingerprint.
CREATE INDEX events_by_fingerprint ON events ((payload::jsonb ->> 'fingerprint'), position)
WHERE event_type IN ('user.certificate_added', 'user.certificate_removed', 'session.token_issued');

-- Postgres forgets the statistics of a column that changes its type.
ANALYZE events;
