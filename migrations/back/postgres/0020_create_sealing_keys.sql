-- Undoes migrations/postgres/0020_create_sealing_keys.sql, for programs from before it. Stop all servers first. After `muniment rekey` there is no way back:
-- docs/upgrading.md.
DROP TABLE sealing_keys;

DELETE FROM _sqlx_migrations WHERE version = 20;
