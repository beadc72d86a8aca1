-- On Postgres, each node writes its row again and again to prove that the database takes writes. An SQLite file has one server, and the
-- table stays empty.
CREATE TABLE node_heartbeats (
    node BLOB NOT NULL PRIMARY KEY,
    beats BIGINT NOT NULL,
    beaten_at BIGINT NOT NULL
);
