-- Undoes migrations/postgres/0021_create_list_numbers.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
DROP TABLE list_numbers;

DELETE FROM _sqlx_migrations WHERE version = 21;
