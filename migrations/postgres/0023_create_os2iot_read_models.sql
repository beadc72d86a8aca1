-- What people see of organisations, groups, applications, API keys and accounts of the os2iot face, and the highest number of each kind:
-- read models. number is the number of the thing, ordinal the position of the event that made it. name_key and the like are what lists are
-- sorted by: the text in lower case, its first 200 characters.
CREATE TABLE organisations (
    number BIGINT PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX organisations_by_ordinal ON organisations (ordinal);
CREATE INDEX organisations_by_name ON organisations (name_key, ordinal);

-- organisation: null for the group of global administrators. levels is JSON.
CREATE TABLE groups (
    number BIGINT PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    organisation BIGINT,
    levels TEXT COLLATE "C" NOT NULL,
    adds_new_applications BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX groups_by_ordinal ON groups (ordinal);
CREATE INDEX groups_by_name ON groups (name_key, ordinal);
CREATE INDEX groups_by_organisation ON groups (organisation);

CREATE TABLE group_applications (
    group_number BIGINT NOT NULL,
    application BIGINT NOT NULL,
    PRIMARY KEY (group_number, application)
);

CREATE INDEX group_applications_by_application ON group_applications (application);

-- start_date and end_date: the greatest number, if there is none. personal_data: 0 is no, 1 is yes, 2 is neither. status: 0 is NONE, 1 is
-- IN-OPERATION, 2 is PROTOTYPE, 3 is OTHER. controlled_properties and device_types are JSON.
CREATE TABLE applications (
    number BIGINT PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    status BIGINT NOT NULL,
    start_date BIGINT NOT NULL,
    end_date BIGINT NOT NULL,
    category TEXT COLLATE "C",
    owner TEXT COLLATE "C",
    owner_key TEXT COLLATE "C" NOT NULL,
    contact_person TEXT COLLATE "C",
    contact_person_key TEXT COLLATE "C" NOT NULL,
    contact_email TEXT COLLATE "C",
    contact_phone TEXT COLLATE "C",
    personal_data BIGINT NOT NULL,
    hardware TEXT COLLATE "C",
    controlled_properties TEXT COLLATE "C" NOT NULL,
    device_types TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The pages of all applications, and of those of one organisation, in each order.
CREATE INDEX applications_by_ordinal ON applications (ordinal);
CREATE INDEX applications_of_organisation ON applications (organisation, ordinal);
CREATE INDEX applications_by_name ON applications (name_key, ordinal);
CREATE INDEX applications_of_organisation_by_name ON applications (organisation, name_key, ordinal);
CREATE INDEX applications_by_change ON applications (updated_at, ordinal);
CREATE INDEX applications_of_organisation_by_change ON applications (organisation, updated_at, ordinal);
CREATE INDEX applications_by_status ON applications (status, ordinal);
CREATE INDEX applications_of_organisation_by_status ON applications (organisation, status, ordinal);
CREATE INDEX applications_by_start ON applications (start_date, ordinal);
CREATE INDEX applications_of_organisation_by_start ON applications (organisation, start_date, ordinal);
CREATE INDEX applications_by_end ON applications (end_date, ordinal);
CREATE INDEX applications_of_organisation_by_end ON applications (organisation, end_date, ordinal);
CREATE INDEX applications_by_owner ON applications (owner_key, ordinal);
CREATE INDEX applications_of_organisation_by_owner ON applications (organisation, owner_key, ordinal);
CREATE INDEX applications_by_contact ON applications (contact_person_key, ordinal);
CREATE INDEX applications_of_organisation_by_contact ON applications (organisation, contact_person_key, ordinal);
CREATE INDEX applications_by_personal_data ON applications (personal_data, ordinal);
CREATE INDEX applications_of_organisation_by_personal_data ON applications (organisation, personal_data, ordinal);

-- digest: the keyed digest of the key. is_global: whether it has the group of global administrators. expires_at: null is never. last_used_at: null, until events say it. Revoked keys have no row.
CREATE TABLE api_keys (
    number BIGINT PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    expires_at BIGINT,
    system_user BIGINT NOT NULL,
    is_global BOOLEAN NOT NULL,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX api_keys_by_ordinal ON api_keys (ordinal);
CREATE INDEX api_keys_by_name ON api_keys (name_key, ordinal);
CREATE INDEX api_keys_by_digest ON api_keys (digest);

CREATE TABLE api_key_groups (
    api_key BIGINT NOT NULL,
    group_number BIGINT NOT NULL,
    PRIMARY KEY (api_key, group_number)
);

CREATE INDEX api_key_groups_by_group ON api_key_groups (group_number);

-- The organisations of the groups.
CREATE TABLE api_key_organisations (
    api_key BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    PRIMARY KEY (api_key, organisation)
);

CREATE INDEX api_key_organisations_by_organisation ON api_key_organisations (organisation);

-- email_key: the address in lower case. is_global: whether the account is in the group of global administrators. last_login_at: null, until events say it. Closed accounts have no row.
CREATE TABLE accounts (
    number BIGINT PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    user_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    email_key TEXT COLLATE "C",
    is_active BOOLEAN NOT NULL,
    expires_at BIGINT,
    shows_welcome BOOLEAN NOT NULL,
    is_global BOOLEAN NOT NULL,
    last_login_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX accounts_by_ordinal ON accounts (ordinal);
CREATE INDEX accounts_by_name ON accounts (name_key, ordinal);
CREATE INDEX accounts_by_user ON accounts (user_id);
CREATE INDEX accounts_by_email ON accounts (email_key);
-- The search for active accounts that have expired.
CREATE INDEX accounts_by_expiry ON accounts (is_active, expires_at);

CREATE TABLE account_groups (
    account BIGINT NOT NULL,
    group_number BIGINT NOT NULL,
    PRIMARY KEY (account, group_number)
);

CREATE INDEX account_groups_by_group ON account_groups (group_number);

-- The organisations of the groups.
CREATE TABLE account_organisations (
    account BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    PRIMARY KEY (account, organisation)
);

CREATE INDEX account_organisations_by_organisation ON account_organisations (organisation);

CREATE TABLE account_requests (
    account BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    PRIMARY KEY (account, organisation)
);

CREATE INDEX account_requests_by_organisation ON account_requests (organisation);

-- last: the highest number that was ever used. API keys use numbers of accounts, for their system users.
CREATE TABLE ordinals (
    kind TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);

-- No older program recorded events for these read models, so their tables are complete.
INSERT INTO read_models (name, version) VALUES
    ('organisations', 1),
    ('groups', 1),
    ('applications', 1),
    ('api_keys', 1),
    ('accounts', 1),
    ('ordinals', 1);
