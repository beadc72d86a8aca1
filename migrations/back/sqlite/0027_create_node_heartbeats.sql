-- Undoes migrations/sqlite/0027_create_node_heartbeats.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE node_heartbeats;

DELETE FROM _sqlx_migrations WHERE version = 27;

COMMIT;
