-- Which service accounts are there? docs/coiote.md. The key is also the id of the account's user.
-- ordinal: the position of the event that opened it.
CREATE TABLE service_accounts (
    account_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    realm TEXT NOT NULL,
    opened_at BIGINT NOT NULL
);

-- The pages of all.
CREATE INDEX service_accounts_by_ordinal ON service_accounts (ordinal);

-- No ledger has such events yet, so the empty table is up to date.
INSERT INTO read_models (name, version) VALUES ('service_accounts', 1);
