-- Undoes migrations/sqlite/0028_create_service_accounts.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE service_accounts;
DELETE FROM read_models WHERE name = 'service_accounts';
DELETE FROM list_nodes WHERE list = 'service_accounts';

DELETE FROM _sqlx_migrations WHERE version = 28;

COMMIT;
