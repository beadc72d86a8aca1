-- What people see of agreements, licences and the devices that use them: read models. ordinal is the position of the event that made the row.
-- name_key and agreement_key are what lists are sorted by: the name in lower case, its first 200 characters. provides and catalogue are JSON.
CREATE TABLE agreements (
    agreement_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    provides TEXT NOT NULL,
    published_at BIGINT,
    provider BIGINT
);

-- The pages of agreements.
CREATE INDEX agreements_by_ordinal ON agreements (ordinal);
CREATE INDEX agreements_by_name ON agreements (name_key, ordinal);

-- expires_at: the greatest number, if the licence never expires.
CREATE TABLE licences (
    licence_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    agreement BLOB NOT NULL,
    agreement_key TEXT NOT NULL,
    organisation BIGINT NOT NULL,
    licence_key TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_until_at BIGINT,
    amount_per_month BIGINT NOT NULL,
    discount_bp BIGINT NOT NULL,
    catalogue TEXT NOT NULL,
    seats BIGINT NOT NULL,
    signed_by BLOB,
    signed_at BIGINT,
    is_suspended BOOLEAN NOT NULL
);

-- The pages of all licences, and of those of one organisation, in each order.
CREATE INDEX licences_by_ordinal ON licences (ordinal);
CREATE INDEX licences_of_organisation ON licences (organisation, ordinal);
CREATE INDEX licences_by_agreement ON licences (agreement_key, ordinal);
CREATE INDEX licences_of_organisation_by_agreement ON licences (organisation, agreement_key, ordinal);
CREATE INDEX licences_by_key ON licences (licence_key, ordinal);
CREATE INDEX licences_of_organisation_by_key ON licences (organisation, licence_key, ordinal);
CREATE INDEX licences_by_start ON licences (starts_at, ordinal);
CREATE INDEX licences_of_organisation_by_start ON licences (organisation, starts_at, ordinal);
CREATE INDEX licences_by_end ON licences (expires_at, ordinal);
CREATE INDEX licences_of_organisation_by_end ON licences (organisation, expires_at, ordinal);

CREATE TABLE licence_seats (
    licence BLOB NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (licence, device)
) WITHOUT ROWID;

-- The licences that a device uses.
CREATE INDEX licence_seats_by_device ON licence_seats (device);

-- No older program recorded events for this read model, so its tables are complete.
INSERT INTO read_models (name, version) VALUES ('licences', 1);
