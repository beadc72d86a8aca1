-- Undoes migrations/postgres/0019_add_second_factors.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
ALTER TABLE user_directory DROP COLUMN has_second_factor;

DELETE FROM _sqlx_migrations WHERE version = 19;
