-- Undoes migrations/postgres/0014_bury_keys_of_names.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DELETE FROM refusal_keys WHERE wrapped_key IS NULL;
ALTER TABLE refusal_keys ALTER COLUMN wrapped_key SET NOT NULL;

DELETE FROM _sqlx_migrations WHERE version = 14;
