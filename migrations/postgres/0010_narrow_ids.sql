-- Ids and fingerprints in read models, and owners of claims, take 16 or 32 bytes instead of 36 or 64 characters. An event
-- then changes fewer pages: docs/decisions/0015-narrow-ids.md. The views show ids as text, as before.
--
-- docs/upgrading.md says how long this takes, how much disk it needs, and how to go back.

-- Programs from before this migration would write ids as text. This locks the head, so they wait, and are then refused.
UPDATE ledger_head SET lowest_writer = 2;

-- A column cannot change its type while a view reads it. So the views read no table for a moment. They are not dropped:
-- they keep their grants, and views that others made of them stay.
CREATE OR REPLACE VIEW analytics_users AS
SELECT
    NULL::TEXT COLLATE "C" AS user_id,
    NULL::TEXT COLLATE "C" AS username,
    NULL::TEXT AS identity_provider,
    NULL::TEXT AS mqtt_publish_prefix,
    NULL::TEXT AS grant_types,
    NULL::BOOLEAN AS enforce_mfa_enrollment,
    NULL::BOOLEAN AS auto_generated,
    NULL::TIMESTAMPTZ AS created_at,
    NULL::TIMESTAMPTZ AS updated_at,
    NULL::BIGINT AS created_position,
    NULL::BIGINT AS updated_position;

CREATE OR REPLACE VIEW analytics_roles AS
SELECT
    NULL::TEXT COLLATE "C" AS role_id,
    NULL::TEXT COLLATE "C" AS name,
    NULL::BOOLEAN AS is_shared,
    NULL::BOOLEAN AS auto_generated,
    NULL::BOOLEAN AS protected,
    NULL::TEXT COLLATE "C" AS owner_user_id,
    NULL::TIMESTAMPTZ AS created_at,
    NULL::BIGINT AS created_position;

CREATE OR REPLACE VIEW analytics_permissions AS
SELECT
    NULL::TEXT COLLATE "C" AS permission_id,
    NULL::TEXT COLLATE "C" AS role_id,
    NULL::TEXT COLLATE "C" AS role_name,
    NULL::TEXT COLLATE "C" AS owner_user_id,
    NULL::TEXT AS resource,
    NULL::TEXT AS context,
    NULL::TEXT AS operation,
    NULL::BIGINT AS created_position;

CREATE OR REPLACE VIEW analytics_grants AS
SELECT
    NULL::TEXT COLLATE "C" AS user_id,
    NULL::TEXT COLLATE "C" AS username,
    NULL::TEXT COLLATE "C" AS role_id,
    NULL::TEXT COLLATE "C" AS role_name,
    NULL::BOOLEAN AS is_shared,
    NULL::BOOLEAN AS own_permissions,
    NULL::TIMESTAMPTZ AS granted_at,
    NULL::BIGINT AS granted_position;

CREATE OR REPLACE VIEW analytics_sessions AS
SELECT
    NULL::TEXT COLLATE "C" AS session_id,
    NULL::TEXT COLLATE "C" AS user_id,
    NULL::TEXT COLLATE "C" AS username,
    NULL::TEXT AS label,
    NULL::TEXT AS face,
    NULL::TEXT AS methods,
    NULL::TIMESTAMPTZ AS issued_at,
    NULL::TIMESTAMPTZ AS expires_at,
    NULL::BIGINT AS created_position;

-- The aggregate that holds the claim. All ids of aggregates are UUIDs until now. (src/ledger/claims.rs: an id that is not a
-- UUID is stored as the UUID that follows from it.)
ALTER TABLE claims ALTER COLUMN owner TYPE UUID USING owner::UUID;

-- Indexes of user_directory, besides the key:
-- * user_directory_by_username (username): the users with these names.
-- * user_directory_by_list (auto_generated, ordinal): a page of users, and of the users that no service made.
ALTER TABLE user_directory ALTER COLUMN user_id TYPE UUID USING user_id::UUID;

-- The key serves the roles of a user, and the deletion of a user. The index user_roles_by_role (role_id, granted_position)
-- serves the holders of a role in the order of their grants, the only holder of a role that is not shared (on the pages of
-- permissions), the rule that a held role stays shared, and the deletion of a role.
ALTER TABLE user_roles
    ALTER COLUMN user_id TYPE UUID USING user_id::UUID,
    ALTER COLUMN role_id TYPE UUID USING role_id::UUID;

-- The key serves the certificates of a user, and the deletion of a user. A fingerprint has 32 bytes (SHA-256) or 20 (SHA-1).
ALTER TABLE user_certificates
    ALTER COLUMN user_id TYPE UUID USING user_id::UUID,
    ALTER COLUMN fingerprint TYPE BYTEA USING decode(fingerprint, 'hex');

-- Indexes of role_directory, besides the key:
-- * role_directory_by_name (name): the roles with these names.
-- * role_directory_by_list (auto_generated, is_shared, ordinal): a page of roles, with each filter.
ALTER TABLE role_directory
    ALTER COLUMN role_id TYPE UUID USING role_id::UUID,
    ALTER COLUMN owner_user_id TYPE UUID USING owner_user_id::UUID;

-- Indexes of permission_usage, besides the key:
-- * permission_usage_by_role (role_id, ordinal): the permissions of roles, and the deletion of a role or of a user.
-- * permission_usage_by_resource (resource_key, ordinal): who uses the resources of a page.
-- The index resource_directory_by_ordinal (ordinal) serves the page itself.
ALTER TABLE permission_usage
    ALTER COLUMN permission_id TYPE UUID USING permission_id::UUID,
    ALTER COLUMN role_id TYPE UUID USING role_id::UUID;

-- Indexes of sessions, besides the key:
-- * sessions_by_user (user_id, expires_at): the valid tokens of users; to revoke all tokens of a user.
-- * sessions_by_fingerprint (fingerprint): one token of a user.
ALTER TABLE sessions
    ALTER COLUMN session_id TYPE UUID USING session_id::UUID,
    ALTER COLUMN user_id TYPE UUID USING user_id::UUID,
    ALTER COLUMN fingerprint TYPE BYTEA USING decode(fingerprint, 'hex');

-- Indexes of events, besides the key:
-- * (aggregate_type, aggregate_id, sequence): the events of an aggregate, and its last sequence.
-- * events_by_fingerprint: who held a certificate or a token at some moment.
-- * events_by_type: the export of the events of one type. It leaves out the types of which busy ledgers are full: a reader
--   finds the next of them soon. (src/ledger/feed.rs has the same condition.)
DROP INDEX events_by_type;

CREATE INDEX events_by_type ON events (event_type, position)
WHERE event_type NOT IN ('session.token_issued', 'user.role_granted');

CREATE OR REPLACE VIEW analytics_users AS
SELECT
    user_id::TEXT COLLATE "C" AS user_id,
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

CREATE OR REPLACE VIEW analytics_roles AS
SELECT
    role_id::TEXT COLLATE "C" AS role_id,
    name,
    is_shared,
    auto_generated,
    protected,
    owner_user_id::TEXT COLLATE "C" AS owner_user_id,
    TIMESTAMPTZ 'epoch' + created_at * INTERVAL '1 microsecond' AS created_at,
    ordinal AS created_position
FROM role_directory;

CREATE OR REPLACE VIEW analytics_permissions AS
SELECT
    p.permission_id::TEXT COLLATE "C" AS permission_id,
    p.role_id::TEXT COLLATE "C" AS role_id,
    r.name AS role_name,
    r.owner_user_id::TEXT COLLATE "C" AS owner_user_id,
    p.resource,
    p.context,
    p.operation,
    p.ordinal AS created_position
FROM permission_usage p
JOIN role_directory r ON r.role_id = p.role_id;

CREATE OR REPLACE VIEW analytics_grants AS
SELECT
    g.user_id::TEXT COLLATE "C" AS user_id,
    u.username,
    g.role_id::TEXT COLLATE "C" AS role_id,
    r.name AS role_name,
    r.is_shared,
    r.owner_user_id IS NOT NULL AS own_permissions,
    TIMESTAMPTZ 'epoch' + g.granted_at * INTERVAL '1 microsecond' AS granted_at,
    g.granted_position
FROM user_roles g
JOIN user_directory u ON u.user_id = g.user_id
JOIN role_directory r ON r.role_id = g.role_id;

CREATE OR REPLACE VIEW analytics_sessions AS
SELECT
    s.session_id::TEXT COLLATE "C" AS session_id,
    s.user_id::TEXT COLLATE "C" AS user_id,
    u.username,
    s.label,
    s.face,
    s.methods,
    TIMESTAMPTZ 'epoch' + s.issued_at * INTERVAL '1 microsecond' AS issued_at,
    TIMESTAMPTZ 'epoch' + s.expires_at * INTERVAL '1 microsecond' AS expires_at,
    s.ordinal AS created_position
FROM sessions s
JOIN user_directory u ON u.user_id = s.user_id;

-- Postgres forgets the statistics of a column that changes its type.
ANALYZE claims, user_directory, user_roles, user_certificates, role_directory, permission_usage, sessions;
