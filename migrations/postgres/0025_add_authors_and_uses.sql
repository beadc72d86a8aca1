-- Who made and who changed organisations, groups, applications, API keys and accounts: docs/decisions/0042-who-and-when-on-os2iot.md. The new
-- columns, and authors, are read models: empty until `muniment rebuild` fills them from the events of an older ledger.
-- created_by, updated_by: the id of the user or the API key, as in the metadata of the event; null for the system.
ALTER TABLE organisations ADD COLUMN created_by UUID;
ALTER TABLE organisations ADD COLUMN updated_by UUID;
ALTER TABLE groups ADD COLUMN created_by UUID;
ALTER TABLE groups ADD COLUMN updated_by UUID;
ALTER TABLE applications ADD COLUMN created_by UUID;
ALTER TABLE applications ADD COLUMN updated_by UUID;
ALTER TABLE api_keys ADD COLUMN created_by UUID;
ALTER TABLE api_keys ADD COLUMN updated_by UUID;
ALTER TABLE accounts ADD COLUMN created_by UUID;
ALTER TABLE accounts ADD COLUMN updated_by UUID;

-- The number that os2iot shows for a user or an API key: of the account, or of the key's system user. It stays when the account is closed or the
-- key is revoked.
CREATE TABLE authors (
    actor UUID PRIMARY KEY NOT NULL,
    account BIGINT NOT NULL
);

-- No event says when a key was used, so this is no read model.
ALTER TABLE api_keys DROP COLUMN last_used_at;

-- When API keys were used last. No event says so, since nothing that the ledger knows changes.
CREATE TABLE api_key_uses (
    api_key BIGINT PRIMARY KEY NOT NULL,
    last_used_at BIGINT NOT NULL
);
