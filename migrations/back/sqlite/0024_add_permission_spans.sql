-- Undoes migrations/sqlite/0024_add_permission_spans.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE permission_spans;
DROP TABLE role_spans;
DELETE FROM read_models WHERE name = 'permission_spans';

DELETE FROM _sqlx_migrations WHERE version = 24;

COMMIT;
