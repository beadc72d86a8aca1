-- The way back from 0011: payload and metadata become JSONB again. docs/upgrading.md says how to run it.
DROP VIEW event_streams;
DROP INDEX events_by_fingerprint;

ALTER TABLE events
    ALTER COLUMN payload TYPE JSONB USING payload::jsonb,
    ALTER COLUMN metadata TYPE JSONB USING metadata::jsonb;

CREATE INDEX events_by_fingerprint ON events ((payload ->> 'fingerprint'), position)
WHERE event_type IN ('user.certificate_added', 'user.certificate_removed', 'session.token_issued');

-- Postgres forgets the statistics of a column that changes its type.
ANALYZE events;

DELETE FROM _sqlx_migrations WHERE version = 11;
