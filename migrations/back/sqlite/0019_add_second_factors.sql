-- Undoes migrations/sqlite/0019_add_second_factors.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

ALTER TABLE user_directory DROP COLUMN has_second_factor;

DELETE FROM _sqlx_migrations WHERE version = 19;

COMMIT;
