-- Undoes migrations/postgres/0010_narrow_ids.sql, for programs from before it. Stop all servers first: docs/upgrading.md.
-- Run this as one transaction: psql --single-transaction -v ON_ERROR_STOP=1 -f FILE.

UPDATE ledger_head SET lowest_writer = 1;

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

ALTER TABLE claims
    ALTER COLUMN owner TYPE TEXT COLLATE "C" USING owner::TEXT;

ALTER TABLE user_directory
    ALTER COLUMN user_id TYPE TEXT COLLATE "C" USING user_id::TEXT;

ALTER TABLE user_roles
    ALTER COLUMN user_id TYPE TEXT COLLATE "C" USING user_id::TEXT,
    ALTER COLUMN role_id TYPE TEXT COLLATE "C" USING role_id::TEXT;

ALTER TABLE user_certificates
    ALTER COLUMN user_id TYPE TEXT COLLATE "C" USING user_id::TEXT,
    ALTER COLUMN fingerprint TYPE TEXT COLLATE "C" USING encode(fingerprint, 'hex');

ALTER TABLE role_directory
    ALTER COLUMN role_id TYPE TEXT COLLATE "C" USING role_id::TEXT,
    ALTER COLUMN owner_user_id TYPE TEXT COLLATE "C" USING owner_user_id::TEXT;

ALTER TABLE permission_usage
    ALTER COLUMN permission_id TYPE TEXT COLLATE "C" USING permission_id::TEXT,
    ALTER COLUMN role_id TYPE TEXT COLLATE "C" USING role_id::TEXT;

ALTER TABLE sessions
    ALTER COLUMN session_id TYPE TEXT COLLATE "C" USING session_id::TEXT,
    ALTER COLUMN user_id TYPE TEXT COLLATE "C" USING user_id::TEXT,
    ALTER COLUMN fingerprint TYPE TEXT COLLATE "C" USING encode(fingerprint, 'hex');

DROP INDEX events_by_type;

CREATE INDEX events_by_type ON events (event_type, position);

CREATE OR REPLACE VIEW analytics_users AS
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

CREATE OR REPLACE VIEW analytics_roles AS
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

CREATE OR REPLACE VIEW analytics_permissions AS
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

CREATE OR REPLACE VIEW analytics_grants AS
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

CREATE OR REPLACE VIEW analytics_sessions AS
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

-- Postgres forgets the statistics of a column that changes its type.
ANALYZE claims, user_directory, user_roles, user_certificates, role_directory, permission_usage, sessions;

DELETE FROM _sqlx_migrations WHERE version = 10;
