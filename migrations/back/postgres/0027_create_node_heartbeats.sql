-- Undoes migrations/postgres/0027_create_node_heartbeats.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE node_heartbeats;

DELETE FROM _sqlx_migrations WHERE version = 27;
