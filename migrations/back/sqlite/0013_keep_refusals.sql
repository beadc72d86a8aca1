-- Undoes migrations/sqlite/0013_keep_refusals.sql, for programs from before it. Stop the server first: docs/upgrading.md. The refusals are
-- lost: read them with `GET /api/audit?outcome=refused` before.
BEGIN;

DROP VIEW event_streams;
DROP INDEX events_by_actor;
DROP TABLE refusals;
DROP TABLE refusal_keys;

CREATE VIEW event_streams AS
SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata FROM events;

DELETE FROM _sqlx_migrations WHERE version = 13;

COMMIT;
