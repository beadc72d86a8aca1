-- Undoes migrations/postgres/0015_create_registrations.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE registrations;
DELETE FROM read_models WHERE name = 'registrations';

DELETE FROM _sqlx_migrations WHERE version = 15;
