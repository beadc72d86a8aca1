-- Which devices asked to be let in, and were they? A read model: registrations that are pending or were confirmed. A pending one whose
-- expires_at has passed counts as absent, until its end is recorded. wishes is JSON: what a stranger asked for.
CREATE TABLE registrations (
    registration_id UUID PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    username TEXT COLLATE "C" NOT NULL,
    credential TEXT COLLATE "C" NOT NULL,
    wishes TEXT COLLATE "C" NOT NULL,
    requested_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    granted BOOLEAN NOT NULL
);

CREATE INDEX registrations_by_username ON registrations (username);
-- The list of those that have not expired, and the search for those that have.
CREATE INDEX registrations_by_expiry ON registrations (granted, expires_at);

-- No older program recorded events for this read model, so its table is complete.
INSERT INTO read_models (name, version) VALUES ('registrations', 1);
