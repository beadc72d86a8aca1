-- Undoes migrations/postgres/0024_add_permission_spans.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE permission_spans;
DROP TABLE role_spans;
DELETE FROM read_models WHERE name = 'permission_spans';

DELETE FROM _sqlx_migrations WHERE version = 24;
