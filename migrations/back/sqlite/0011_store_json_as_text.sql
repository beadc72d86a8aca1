-- Undoes migrations/sqlite/0011_store_json_as_text.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP VIEW event_streams;

DELETE FROM _sqlx_migrations WHERE version = 11;

COMMIT;
