-- The public halves of the keys by which nodes sign tokens. A node whose key is not here refuses to start.
CREATE TABLE signing_keys (
    number INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    added_at BIGINT NOT NULL
);
