-- Undoes migrations/sqlite/0021_create_list_numbers.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE list_numbers;

DELETE FROM _sqlx_migrations WHERE version = 21;

COMMIT;
