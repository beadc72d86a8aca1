-- Undoes migrations/postgres/0011_store_json_as_text.sql, for programs from before it: payload and metadata become JSONB again. Stop
-- all servers first: docs/upgrading.md.
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
