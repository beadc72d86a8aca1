-- The read models: what the ledger's events come to. Everything here can be made again from the events
-- (`muniment rebuild`), is written in the transaction that appends them, and is written by nothing else.
--
-- * `ordinal` is the position of the event that made a row: the order in which lists show rows, for ever.
-- * `..._position` is the position of an event in `events`; `..._at` is a time in microseconds since 1970.
-- * Texts compare by code point (COLLATE "C"), so that both engines keep one order.
-- * No password hash and no token is anywhere in here.
--
-- To read these with SQL, use the views at the end: their columns stay; these tables change.

-- Which users are there?
CREATE TABLE user_directory (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    -- '[erased]' once the person is erased, so it is not unique here; the claims keep live names apart.
    username TEXT COLLATE "C" NOT NULL,
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

CREATE INDEX user_directory_by_username ON user_directory (username);
CREATE INDEX user_directory_by_list ON user_directory (auto_generated, ordinal);

-- Who holds which role? The role of a user's own permissions is in here as well.
CREATE TABLE user_roles (
    user_id TEXT COLLATE "C" NOT NULL,
    role_id TEXT COLLATE "C" NOT NULL,
    granted_position BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, role_id)
);

CREATE INDEX user_roles_by_role ON user_roles (role_id, granted_position);

-- Which certificates may a user present?
CREATE TABLE user_certificates (
    user_id TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (user_id, fingerprint)
);

-- Which roles are there? A user's own permissions are a role too, from the first of them to the last:
-- owner_user_id is set, and its name is the username.
CREATE TABLE role_directory (
    role_id TEXT COLLATE "C" PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    is_shared BOOLEAN NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    protected BOOLEAN NOT NULL,
    owner_user_id TEXT COLLATE "C",
    -- Counted where owner_user_id is set, so that the last permission takes the role along; else 0.
    own_permissions BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX role_directory_by_name ON role_directory (name);
CREATE INDEX role_directory_by_list ON role_directory (auto_generated, is_shared, ordinal);

-- What may be done by whom? One row per permission of a role or of a user.
CREATE TABLE permission_usage (
    permission_id TEXT COLLATE "C" PRIMARY KEY,
    role_id TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    -- SHA-256 of context, NUL, resource: a resource may be longer (64 KiB) than an index entry.
    resource_key BYTEA NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    context TEXT NOT NULL
);

CREATE INDEX permission_usage_by_role ON permission_usage (role_id, ordinal);
CREATE INDEX permission_usage_by_resource ON permission_usage (resource_key, ordinal);

-- Which resources do permissions name? One row per distinct resource and context.
CREATE TABLE resource_directory (
    ordinal BIGINT NOT NULL,
    resource_key BYTEA PRIMARY KEY,
    resource TEXT NOT NULL,
    context TEXT NOT NULL,
    -- How many permissions name it.
    uses BIGINT NOT NULL
);

CREATE INDEX resource_directory_by_ordinal ON resource_directory (ordinal);

-- Which tokens are out? One row per token that was issued and not revoked, ended ones included.
CREATE TABLE sessions (
    session_id TEXT COLLATE "C" PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the token. Unique by its making; a constraint would fail the neighbours' appends.
    fingerprint TEXT COLLATE "C" NOT NULL,
    label TEXT NOT NULL,
    face TEXT NOT NULL,
    -- JSON: ["password"]
    methods TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_by_fingerprint ON sessions (fingerprint);

-- How many rows has a list, and which is its k-th? A counting tree over ordinals: `live` rows of the list have
-- an ordinal whose bits above the lowest 8 * level are `node`. Nodes that count nothing are not there.
CREATE TABLE list_nodes (
    list TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    node BIGINT NOT NULL,
    live BIGINT NOT NULL,
    PRIMARY KEY (list, level, node)
) WITH (fillfactor = 50);

-- For analysts. Stable: columns are added at most (docs/analytics.md).
CREATE VIEW analytics_users AS
SELECT
    user_id,
    username,
    identity_provider,
    mqtt_publish_prefix,
    grant_types,
    enforce_mfa_enrollment,
    auto_generated,
    TIMESTAMPTZ 'epoch' + created_at * INTERVAL '1 microsecond' AS created_at,
    TIMESTAMPTZ 'epoch' + updated_at * INTERVAL '1 microsecond' AS updated_at,
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
    TIMESTAMPTZ 'epoch' + created_at * INTERVAL '1 microsecond' AS created_at,
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
    TIMESTAMPTZ 'epoch' + g.granted_at * INTERVAL '1 microsecond' AS granted_at,
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
    TIMESTAMPTZ 'epoch' + s.issued_at * INTERVAL '1 microsecond' AS issued_at,
    TIMESTAMPTZ 'epoch' + s.expires_at * INTERVAL '1 microsecond' AS expires_at,
    s.ordinal AS created_position
FROM sessions s
JOIN user_directory u ON u.user_id = s.user_id;
