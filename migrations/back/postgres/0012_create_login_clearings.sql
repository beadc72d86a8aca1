-- Undoes migrations/postgres/0012_create_login_clearings.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE login_clearings;

DELETE FROM _sqlx_migrations WHERE version = 12;
