-- Undoes migrations/postgres/0016_create_broker_cursors.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE broker_cursors;

DELETE FROM _sqlx_migrations WHERE version = 16;
