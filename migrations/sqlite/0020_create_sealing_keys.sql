-- The keys that sealed this ledger before `muniment rekey` replaced them, each wrapped under the newest key. The oldest has number 1.
CREATE TABLE sealing_keys (
    number INTEGER PRIMARY KEY,
    wrapped_key BLOB NOT NULL
);
