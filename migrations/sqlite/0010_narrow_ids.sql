-- Ids and fingerprints in read models, and owners of claims, take 16 or 32 bytes instead of 36 or 64 characters. An event
-- then changes fewer pages: docs/decisions/0015-narrow-ids.md. The views show ids as text, as before.
--
-- docs/upgrading.md says how long this takes, how much disk it needs, and how to go back.

-- Programs from before this migration would write ids as text. This locks the database, and then they are refused.
UPDATE ledger_head SET lowest_writer = 2;

-- Other views may read these views. With this setting, SQLite does not look at them while tables get their names.
PRAGMA legacy_alter_table = ON;

DROP VIEW analytics_users;
DROP VIEW analytics_roles;
DROP VIEW analytics_permissions;
DROP VIEW analytics_grants;
DROP VIEW analytics_sessions;

-- The aggregate that holds the claim. All ids of aggregates are UUIDs until now. (src/ledger/claims.rs: an id that is not a
-- UUID is stored as the UUID that follows from it.) The rows are in the key, so a claim is written once and not twice.
CREATE TABLE narrow_claims (
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    owner BLOB NOT NULL,
    PRIMARY KEY (scope, value)
) WITHOUT ROWID;

INSERT INTO narrow_claims
SELECT scope, value, unhex(replace(owner, '-', ''))
FROM claims
ORDER BY scope, value;

DROP TABLE claims;
ALTER TABLE narrow_claims RENAME TO claims;

-- Which users are there?
CREATE TABLE narrow_user_directory (
    user_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    -- '[erased]' once the person is erased, so it is not unique here; the claims keep live names apart.
    username TEXT NOT NULL,
    identity_provider TEXT NOT NULL,
    mqtt_publish_prefix TEXT,
    -- JSON: [{"method": "password", "is_required": false}, ...]
    grant_types TEXT NOT NULL,
    enforce_mfa_enrollment BOOLEAN NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- Of the columns above; roles, permissions, certificates, tokens and passwords do not touch it.
    updated_at BIGINT NOT NULL,
    updated_position BIGINT NOT NULL,
    user_id_text TEXT AS (
        lower(hex(substr(user_id, 1, 4)) || '-' || hex(substr(user_id, 5, 2)) || '-' || hex(substr(user_id, 7, 2))
        || '-' || hex(substr(user_id, 9, 2)) || '-' || hex(substr(user_id, 11)))
    ) VIRTUAL
);

INSERT INTO narrow_user_directory
SELECT
    unhex(replace(user_id, '-', '')),
    ordinal,
    username,
    identity_provider,
    mqtt_publish_prefix,
    grant_types,
    enforce_mfa_enrollment,
    auto_generated,
    created_at,
    updated_at,
    updated_position
FROM user_directory;

DROP TABLE user_directory;
ALTER TABLE narrow_user_directory RENAME TO user_directory;
-- The users with these names.
CREATE INDEX user_directory_by_username ON user_directory (username);
-- A page of users, and of the users that no service made.
CREATE INDEX user_directory_by_list ON user_directory (auto_generated, ordinal);

-- Who holds which role? The role of a user's own permissions is in here as well. The key serves the roles of a user, and the
-- deletion of a user.
CREATE TABLE narrow_user_roles (
    user_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    granted_position BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, role_id)
) WITHOUT ROWID;

INSERT INTO narrow_user_roles
SELECT unhex(replace(user_id, '-', '')), unhex(replace(role_id, '-', '')), granted_position, granted_at
FROM user_roles;

DROP TABLE user_roles;
ALTER TABLE narrow_user_roles RENAME TO user_roles;
-- The holders of a role in the order of their grants; the only holder of a role that is not shared (on the pages of
-- permissions); the rule that a held role stays shared; the deletion of a role.
CREATE INDEX user_roles_by_role ON user_roles (role_id, granted_position);

-- Which certificates may a user present? The key serves the certificates of a user, and the deletion of a user. A fingerprint
-- has 32 bytes (SHA-256) or 20 (SHA-1).
CREATE TABLE narrow_user_certificates (
    user_id BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    ordinal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (user_id, fingerprint)
) WITHOUT ROWID;

INSERT INTO narrow_user_certificates
SELECT unhex(replace(user_id, '-', '')), unhex(fingerprint), ordinal, created_at, expires_at
FROM user_certificates;

DROP TABLE user_certificates;
ALTER TABLE narrow_user_certificates RENAME TO user_certificates;

-- Which roles are there? A user's own permissions are a role too, from the first of them to the last: owner_user_id is set,
-- and its name is the username.
CREATE TABLE narrow_role_directory (
    role_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    name TEXT NOT NULL,
    is_shared BOOLEAN NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    protected BOOLEAN NOT NULL,
    owner_user_id BLOB,
    -- Counted where owner_user_id is set, so that the last permission takes the role along; else 0.
    own_permissions BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    role_id_text TEXT AS (
        lower(hex(substr(role_id, 1, 4)) || '-' || hex(substr(role_id, 5, 2)) || '-' || hex(substr(role_id, 7, 2))
        || '-' || hex(substr(role_id, 9, 2)) || '-' || hex(substr(role_id, 11)))
    ) VIRTUAL
);

INSERT INTO narrow_role_directory
SELECT
    unhex(replace(role_id, '-', '')),
    ordinal,
    name,
    is_shared,
    auto_generated,
    protected,
    unhex(replace(owner_user_id, '-', '')),
    own_permissions,
    created_at
FROM role_directory;

DROP TABLE role_directory;
ALTER TABLE narrow_role_directory RENAME TO role_directory;
-- The roles with these names.
CREATE INDEX role_directory_by_name ON role_directory (name);
-- A page of roles, with each filter.
CREATE INDEX role_directory_by_list ON role_directory (auto_generated, is_shared, ordinal);

-- What may be done by whom? One row per permission of a role or of a user.
CREATE TABLE narrow_permission_usage (
    permission_id BLOB PRIMARY KEY NOT NULL,
    role_id BLOB NOT NULL,
    ordinal BIGINT NOT NULL,
    -- SHA-256 of context, NUL, resource: a resource may be longer (64 KiB) than an index entry.
    resource_key BLOB NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    context TEXT NOT NULL
);

INSERT INTO narrow_permission_usage
SELECT
    unhex(replace(permission_id, '-', '')),
    unhex(replace(role_id, '-', '')),
    ordinal,
    resource_key,
    resource,
    operation,
    context
FROM permission_usage;

DROP TABLE permission_usage;
ALTER TABLE narrow_permission_usage RENAME TO permission_usage;
-- The permissions of roles; the deletion of a role or of a user.
CREATE INDEX permission_usage_by_role ON permission_usage (role_id, ordinal);
-- Who uses the resources of a page. The index resource_directory_by_ordinal (ordinal) serves the page itself.
CREATE INDEX permission_usage_by_resource ON permission_usage (resource_key, ordinal);

-- Which tokens are out? One row per token that was issued and not revoked, ended ones included.
CREATE TABLE narrow_sessions (
    session_id BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    user_id BLOB NOT NULL,
    -- SHA-256 of the token. Unique by its making; a constraint would fail the neighbours' appends.
    fingerprint BLOB NOT NULL,
    label TEXT NOT NULL,
    face TEXT NOT NULL,
    -- JSON: ["password"]
    methods TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

INSERT INTO narrow_sessions
SELECT
    unhex(replace(session_id, '-', '')),
    ordinal,
    unhex(replace(user_id, '-', '')),
    unhex(fingerprint),
    label,
    face,
    methods,
    issued_at,
    expires_at
FROM sessions;

DROP TABLE sessions;
ALTER TABLE narrow_sessions RENAME TO sessions;
-- The valid tokens of users; to revoke all tokens of a user.
CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);
-- One token of a user.
CREATE INDEX sessions_by_fingerprint ON sessions (fingerprint);

PRAGMA legacy_alter_table = OFF;

-- Indexes of events, besides the key:
-- * (aggregate_type, aggregate_id, sequence): the events of an aggregate, and its last sequence.
-- * events_by_fingerprint: who held a certificate or a token at some moment.
-- * events_by_type: the export of the events of one type. It leaves out the types of which busy ledgers are full: a reader
--   finds the next of them soon. (src/ledger/feed.rs has the same condition.)
DROP INDEX events_by_type;

CREATE INDEX events_by_type ON events (event_type, position)
WHERE event_type NOT IN ('session.token_issued', 'user.role_granted');

-- Analysts join these views by ids. For such a join SQLite can only make an index on columns of tables, so the ids as text are
-- columns of the two directories. They are computed where they are read, and take no space.
CREATE VIEW analytics_users AS
SELECT
    user_id_text AS user_id,
    username,
    identity_provider,
    mqtt_publish_prefix,
    grant_types,
    enforce_mfa_enrollment,
    auto_generated,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000000.0, 'unixepoch') AS updated_at,
    ordinal AS created_position,
    updated_position
FROM user_directory;

CREATE VIEW analytics_roles AS
SELECT
    role_id_text AS role_id,
    name,
    is_shared,
    auto_generated,
    protected,
    CASE WHEN owner_user_id IS NOT NULL THEN
        lower(hex(substr(owner_user_id, 1, 4)) || '-' || hex(substr(owner_user_id, 5, 2)) || '-' || hex(substr(owner_user_id, 7, 2))
        || '-' || hex(substr(owner_user_id, 9, 2)) || '-' || hex(substr(owner_user_id, 11)))
    END AS owner_user_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch') AS created_at,
    ordinal AS created_position
FROM role_directory;

CREATE VIEW analytics_permissions AS
SELECT
    lower(hex(substr(p.permission_id, 1, 4)) || '-' || hex(substr(p.permission_id, 5, 2)) || '-' || hex(substr(p.permission_id, 7, 2))
        || '-' || hex(substr(p.permission_id, 9, 2)) || '-' || hex(substr(p.permission_id, 11))) AS permission_id,
    r.role_id_text AS role_id,
    r.name AS role_name,
    CASE WHEN r.owner_user_id IS NOT NULL THEN
        lower(hex(substr(r.owner_user_id, 1, 4)) || '-' || hex(substr(r.owner_user_id, 5, 2)) || '-' || hex(substr(r.owner_user_id, 7, 2))
        || '-' || hex(substr(r.owner_user_id, 9, 2)) || '-' || hex(substr(r.owner_user_id, 11)))
    END AS owner_user_id,
    p.resource,
    p.context,
    p.operation,
    p.ordinal AS created_position
FROM permission_usage p
JOIN role_directory r ON r.role_id = p.role_id;

CREATE VIEW analytics_grants AS
SELECT
    u.user_id_text AS user_id,
    u.username,
    r.role_id_text AS role_id,
    r.name AS role_name,
    r.is_shared,
    r.owner_user_id IS NOT NULL AS own_permissions,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.granted_at / 1000000.0, 'unixepoch') AS granted_at,
    g.granted_position
FROM user_roles g
JOIN user_directory u ON u.user_id = g.user_id
JOIN role_directory r ON r.role_id = g.role_id;

CREATE VIEW analytics_sessions AS
SELECT
    lower(hex(substr(s.session_id, 1, 4)) || '-' || hex(substr(s.session_id, 5, 2)) || '-' || hex(substr(s.session_id, 7, 2))
        || '-' || hex(substr(s.session_id, 9, 2)) || '-' || hex(substr(s.session_id, 11))) AS session_id,
    u.user_id_text AS user_id,
    u.username,
    s.label,
    s.face,
    s.methods,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.issued_at / 1000000.0, 'unixepoch') AS issued_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.expires_at / 1000000.0, 'unixepoch') AS expires_at,
    s.ordinal AS created_position
FROM sessions s
JOIN user_directory u ON u.user_id = s.user_id;
