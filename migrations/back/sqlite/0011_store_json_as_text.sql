-- The way back from 0011. docs/upgrading.md says how to run it.
BEGIN;

DROP VIEW event_streams;

DELETE FROM _sqlx_migrations WHERE version = 11;

COMMIT;
