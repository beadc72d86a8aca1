-- Undoes migrations/postgres/0013_keep_refusals.sql, for programs from before it. Stop all servers first: docs/upgrading.md. The refusals are
-- lost: read them with `GET /api/audit?outcome=refused` before.
--
-- The view event_streams keeps its new columns. Older programs do not read them, and Postgres cannot take columns from a view that other
-- views use.
DROP INDEX events_by_actor;
DROP TABLE refusals, refusal_keys;

DELETE FROM _sqlx_migrations WHERE version = 13;
