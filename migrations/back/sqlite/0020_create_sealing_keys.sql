-- Undoes migrations/sqlite/0020_create_sealing_keys.sql, for programs from before it. Stop the server first. After `muniment rekey` there is no way back:
-- docs/upgrading.md.
BEGIN;

DROP TABLE sealing_keys;

DELETE FROM _sqlx_migrations WHERE version = 20;

COMMIT;
