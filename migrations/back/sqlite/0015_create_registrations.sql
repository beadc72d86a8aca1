-- Undoes migrations/sqlite/0015_create_registrations.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP TABLE registrations;
DELETE FROM read_models WHERE name = 'registrations';

DELETE FROM _sqlx_migrations WHERE version = 15;

COMMIT;
