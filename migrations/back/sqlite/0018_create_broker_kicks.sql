-- Undoes migrations/sqlite/0018_create_broker_kicks.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE broker_kicks;
DROP TABLE broker_errors;

DELETE FROM _sqlx_migrations WHERE version = 18;

COMMIT;
