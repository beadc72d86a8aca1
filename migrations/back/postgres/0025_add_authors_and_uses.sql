-- Undoes migrations/postgres/0025_add_authors_and_uses.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE api_key_uses;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
DROP TABLE authors;
ALTER TABLE accounts DROP COLUMN updated_by;
ALTER TABLE accounts DROP COLUMN created_by;
ALTER TABLE api_keys DROP COLUMN updated_by;
ALTER TABLE api_keys DROP COLUMN created_by;
ALTER TABLE applications DROP COLUMN updated_by;
ALTER TABLE applications DROP COLUMN created_by;
ALTER TABLE groups DROP COLUMN updated_by;
ALTER TABLE groups DROP COLUMN created_by;
ALTER TABLE organisations DROP COLUMN updated_by;
ALTER TABLE organisations DROP COLUMN created_by;

DELETE FROM read_models WHERE name = 'authors';
UPDATE read_models SET version = 1 WHERE name IN ('organisations', 'groups', 'applications', 'api_keys', 'accounts') AND version = 2;
UPDATE accounts SET last_login_at = NULL;

DELETE FROM _sqlx_migrations WHERE version = 25;
