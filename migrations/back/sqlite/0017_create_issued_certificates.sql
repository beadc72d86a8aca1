-- Undoes migrations/sqlite/0017_create_issued_certificates.sql, for programs from before it. Stop the server first: docs/upgrading.md.
BEGIN;

DROP VIEW analytics_certificates;
DROP TABLE issued_certificates;
DELETE FROM read_models WHERE name = 'issued_certificates';
DELETE FROM list_nodes WHERE list = 'issued_certificates';

DELETE FROM _sqlx_migrations WHERE version = 17;

COMMIT;
