-- Undoes migrations/sqlite/0016_create_broker_cursors.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE broker_cursors;

DELETE FROM _sqlx_migrations WHERE version = 16;

COMMIT;
