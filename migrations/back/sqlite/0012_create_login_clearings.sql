-- Undoes migrations/sqlite/0012_create_login_clearings.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE login_clearings;

DELETE FROM _sqlx_migrations WHERE version = 12;

COMMIT;
