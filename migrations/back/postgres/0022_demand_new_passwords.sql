-- Undoes migrations/postgres/0022_demand_new_passwords.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
ALTER TABLE user_directory DROP COLUMN must_change_password;

DELETE FROM _sqlx_migrations WHERE version = 22;
