-- Undoes migrations/sqlite/0026_create_licences.sql, for programs from before it. Stop the server first. A ledger with events of agreements, licences or
-- seats cannot go back: docs/upgrading.md.
BEGIN;

DROP TABLE licence_seats;
DROP TABLE licences;
DROP TABLE agreements;

DELETE FROM read_models WHERE name = 'licences';
DELETE FROM list_nodes WHERE list IN ('agreements', 'licences') OR list LIKE 'licences of organisation %';
DELETE FROM list_marks WHERE list IN ('agreements', 'licences', 'licences of organisation');

DELETE FROM _sqlx_migrations WHERE version = 26;

COMMIT;
