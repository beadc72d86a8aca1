-- Undoes migrations/sqlite/0010_narrow_ids.sql, for programs from before it. Stop the server first: docs/upgrading.md.
-- Run this with the shell of SQLite: sqlite3 -bail muniment.db < FILE.
BEGIN IMMEDIATE;

UPDATE ledger_head SET lowest_writer = 1;

PRAGMA legacy_alter_table = ON;

DROP VIEW analytics_users;
DROP VIEW analytics_roles;
DROP VIEW analytics_permissions;
DROP VIEW analytics_grants;
DROP VIEW analytics_sessions;

CREATE TABLE wide_claims (
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (scope, value)
);

INSERT INTO wide_claims
SELECT
    scope,
    value,
    lower(hex(substr(owner, 1, 4)) || '-' || hex(substr(owner, 5, 2)) || '-' || hex(substr(owner, 7, 2))
        || '-' || hex(substr(owner, 9, 2)) || '-' || hex(substr(owner, 11)))
FROM claims;

DROP TABLE claims;
ALTER TABLE wide_claims RENAME TO claims;

CREATE TABLE wide_user_directory (
    user_id TEXT PRIMARY KEY,
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
    updated_position BIGINT NOT NULL
);

INSERT INTO wide_user_directory
SELECT
    lower(hex(substr(user_id, 1, 4)) || '-' || hex(substr(user_id, 5, 2)) || '-' || hex(substr(user_id, 7, 2))
        || '-' || hex(substr(user_id, 9, 2)) || '-' || hex(substr(user_id, 11))),
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
ALTER TABLE wide_user_directory RENAME TO user_directory;
CREATE INDEX user_directory_by_username ON user_directory (username);
CREATE INDEX user_directory_by_list ON user_directory (auto_generated, ordinal);

CREATE TABLE wide_user_roles (
    user_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    granted_position BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, role_id)
) WITHOUT ROWID;

INSERT INTO wide_user_roles
SELECT
    lower(hex(substr(user_id, 1, 4)) || '-' || hex(substr(user_id, 5, 2)) || '-' || hex(substr(user_id, 7, 2))
        || '-' || hex(substr(user_id, 9, 2)) || '-' || hex(substr(user_id, 11))),
    lower(hex(substr(role_id, 1, 4)) || '-' || hex(substr(role_id, 5, 2)) || '-' || hex(substr(role_id, 7, 2))
        || '-' || hex(substr(role_id, 9, 2)) || '-' || hex(substr(role_id, 11))),
    granted_position,
    granted_at
FROM user_roles;

DROP TABLE user_roles;
ALTER TABLE wide_user_roles RENAME TO user_roles;
CREATE INDEX user_roles_by_role ON user_roles (role_id, granted_position);

CREATE TABLE wide_user_certificates (
    user_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (user_id, fingerprint)
) WITHOUT ROWID;

INSERT INTO wide_user_certificates
SELECT
    lower(hex(substr(user_id, 1, 4)) || '-' || hex(substr(user_id, 5, 2)) || '-' || hex(substr(user_id, 7, 2))
        || '-' || hex(substr(user_id, 9, 2)) || '-' || hex(substr(user_id, 11))),
    lower(hex(fingerprint)),
    ordinal,
    created_at,
    expires_at
FROM user_certificates;

DROP TABLE user_certificates;
ALTER TABLE wide_user_certificates RENAME TO user_certificates;

CREATE TABLE wide_role_directory (
    role_id TEXT PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    name TEXT NOT NULL,
    is_shared BOOLEAN NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    protected BOOLEAN NOT NULL,
    owner_user_id TEXT,
    -- Counted where owner_user_id is set, so that the last permission takes the role along; else 0.
    own_permissions BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

INSERT INTO wide_role_directory
SELECT
    lower(hex(substr(role_id, 1, 4)) || '-' || hex(substr(role_id, 5, 2)) || '-' || hex(substr(role_id, 7, 2))
        || '-' || hex(substr(role_id, 9, 2)) || '-' || hex(substr(role_id, 11))),
    ordinal,
    name,
    is_shared,
    auto_generated,
    protected,
    CASE WHEN owner_user_id IS NOT NULL THEN
        lower(hex(substr(owner_user_id, 1, 4)) || '-' || hex(substr(owner_user_id, 5, 2)) || '-' || hex(substr(owner_user_id, 7, 2))
        || '-' || hex(substr(owner_user_id, 9, 2)) || '-' || hex(substr(owner_user_id, 11)))
    END,
    own_permissions,
    created_at
FROM role_directory;

DROP TABLE role_directory;
ALTER TABLE wide_role_directory RENAME TO role_directory;
CREATE INDEX role_directory_by_name ON role_directory (name);
CREATE INDEX role_directory_by_list ON role_directory (auto_generated, is_shared, ordinal);

CREATE TABLE wide_permission_usage (
    permission_id TEXT PRIMARY KEY,
    role_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    -- SHA-256 of context, NUL, resource: a resource may be longer (64 KiB) than an index entry.
    resource_key BLOB NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    context TEXT NOT NULL
);

INSERT INTO wide_permission_usage
SELECT
    lower(hex(substr(permission_id, 1, 4)) || '-' || hex(substr(permission_id, 5, 2)) || '-' || hex(substr(permission_id, 7, 2))
        || '-' || hex(substr(permission_id, 9, 2)) || '-' || hex(substr(permission_id, 11))),
    lower(hex(substr(role_id, 1, 4)) || '-' || hex(substr(role_id, 5, 2)) || '-' || hex(substr(role_id, 7, 2))
        || '-' || hex(substr(role_id, 9, 2)) || '-' || hex(substr(role_id, 11))),
    ordinal,
    resource_key,
    resource,
    operation,
    context
FROM permission_usage;

DROP TABLE permission_usage;
ALTER TABLE wide_permission_usage RENAME TO permission_usage;
CREATE INDEX permission_usage_by_role ON permission_usage (role_id, ordinal);
CREATE INDEX permission_usage_by_resource ON permission_usage (resource_key, ordinal);

CREATE TABLE wide_sessions (
    session_id TEXT PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    -- SHA-256 of the token. Unique by its making; a constraint would fail the neighbours' appends.
    fingerprint TEXT NOT NULL,
    label TEXT NOT NULL,
    face TEXT NOT NULL,
    -- JSON: ["password"]
    methods TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

INSERT INTO wide_sessions
SELECT
    lower(hex(substr(session_id, 1, 4)) || '-' || hex(substr(session_id, 5, 2)) || '-' || hex(substr(session_id, 7, 2))
        || '-' || hex(substr(session_id, 9, 2)) || '-' || hex(substr(session_id, 11))),
    ordinal,
    lower(hex(substr(user_id, 1, 4)) || '-' || hex(substr(user_id, 5, 2)) || '-' || hex(substr(user_id, 7, 2))
        || '-' || hex(substr(user_id, 9, 2)) || '-' || hex(substr(user_id, 11))),
    lower(hex(fingerprint)),
    label,
    face,
    methods,
    issued_at,
    expires_at
FROM sessions;

DROP TABLE sessions;
ALTER TABLE wide_sessions RENAME TO sessions;
CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_by_fingerprint ON sessions (fingerprint);

PRAGMA legacy_alter_table = OFF;

DROP INDEX events_by_type;
CREATE INDEX events_by_type ON events (event_type, position);

CREATE VIEW analytics_users AS
SELECT
    user_id,
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
    role_id,
    name,
    is_shared,
    auto_generated,
    protected,
    owner_user_id,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch') AS created_at,
    ordinal AS created_position
FROM role_directory;

CREATE VIEW analytics_permissions AS
SELECT
    p.permission_id,
    p.role_id,
    r.name AS role_name,
    r.owner_user_id,
    p.resource,
    p.context,
    p.operation,
    p.ordinal AS created_position
FROM permission_usage p
JOIN role_directory r ON r.role_id = p.role_id;

CREATE VIEW analytics_grants AS
SELECT
    g.user_id,
    u.username,
    g.role_id,
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
    s.session_id,
    s.user_id,
    u.username,
    s.label,
    s.face,
    s.methods,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.issued_at / 1000000.0, 'unixepoch') AS issued_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', s.expires_at / 1000000.0, 'unixepoch') AS expires_at,
    s.ordinal AS created_position
FROM sessions s
JOIN user_directory u ON u.user_id = s.user_id;

DELETE FROM _sqlx_migrations WHERE version = 10;

COMMIT;
