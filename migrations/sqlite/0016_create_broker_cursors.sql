-- Up to which event each broker was told whose sessions end. Not a read model: no event says it. The name of a broker is its kind and its URL.
CREATE TABLE broker_cursors (
    broker TEXT PRIMARY KEY NOT NULL,
    position BIGINT NOT NULL
);
