-- Undoes migrations/sqlite/0023_create_os2iot_read_models.sql, for programs from before it. Stop the server first. A ledger with events of organisations, groups, applications,
-- API keys or accounts cannot go back: docs/upgrading.md.
BEGIN;

DROP TABLE ordinals;
DROP TABLE account_requests;
DROP TABLE account_organisations;
DROP TABLE account_groups;
DROP TABLE accounts;
DROP TABLE api_key_organisations;
DROP TABLE api_key_groups;
DROP TABLE api_keys;
DROP TABLE applications;
DROP TABLE group_applications;
DROP TABLE groups;
DROP TABLE organisations;

DELETE FROM read_models WHERE name IN ('organisations', 'groups', 'applications', 'api_keys', 'accounts', 'ordinals');
DELETE FROM list_nodes WHERE list IN ('organisations', 'groups', 'applications', 'api_keys', 'accounts') OR list LIKE 'applications of organisation %';
DELETE FROM list_marks WHERE list IN ('organisations', 'groups', 'applications', 'api_keys', 'accounts', 'applications of organisation');

DELETE FROM _sqlx_migrations WHERE version = 23;

COMMIT;
