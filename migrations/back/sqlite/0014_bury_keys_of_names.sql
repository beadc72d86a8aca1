-- Undoes migrations/sqlite/0014_bury_keys_of_names.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

CREATE TABLE old_refusal_keys (
    period INTEGER PRIMARY KEY,
    wrapped_key BLOB NOT NULL
);

INSERT INTO old_refusal_keys (period, wrapped_key)
SELECT period, wrapped_key FROM refusal_keys WHERE wrapped_key IS NOT NULL;

DROP TABLE refusal_keys;

ALTER TABLE old_refusal_keys RENAME TO refusal_keys;

DELETE FROM _sqlx_migrations WHERE version = 14;

COMMIT;
