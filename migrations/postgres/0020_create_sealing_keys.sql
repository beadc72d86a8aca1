-- The keys that sealed this ledger before `muniment rekey` replaced them, each wrapped under the newest key. The oldest has number 1.
CREATE TABLE sealing_keys (
    number BIGINT PRIMARY KEY,
    wrapped_key BYTEA NOT NULL
);
