-- Undoes migrations/postgres/0018_create_broker_kicks.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE broker_kicks;
DROP TABLE broker_errors;

DELETE FROM _sqlx_migrations WHERE version = 18;
