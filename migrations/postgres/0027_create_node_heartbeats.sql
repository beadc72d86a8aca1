-- Each node writes its row again and again. A commit that is confirmed proves that this database still takes writes. On a primary that was
-- demoted, or that has lost its synchronous standby, no commit is confirmed, although reads work.
CREATE TABLE node_heartbeats (
    node UUID NOT NULL PRIMARY KEY,
    beats BIGINT NOT NULL,
    -- The time of the database, in microseconds since 1970.
    beaten_at BIGINT NOT NULL
);
