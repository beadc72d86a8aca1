-- Which certificates did this server issue, and which of them are revoked? docs/certificates.md.
-- ordinal: the position of the event that issued it. changed_position: the position of the event that issued or revoked it.
-- certificate: the base64 of its DER; '[erased]' once the person is erased.
CREATE TABLE issued_certificates (
    fingerprint BLOB PRIMARY KEY NOT NULL,
    ordinal BIGINT NOT NULL,
    key_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    serial TEXT NOT NULL,
    issuer TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    revoked_at BIGINT,
    reason TEXT,
    changed_position BIGINT NOT NULL
);

-- The pages of all certificates; those of a user; one by its number, for OCSP.
CREATE INDEX issued_certificates_by_ordinal ON issued_certificates (ordinal);
CREATE INDEX issued_certificates_by_user ON issued_certificates (user_id, ordinal);
CREATE INDEX issued_certificates_by_serial ON issued_certificates (serial);
-- The valid ones that expire next; the revoked ones of an issuer, for revocation lists.
CREATE INDEX issued_certificates_by_end ON issued_certificates (not_after, ordinal) WHERE revoked_at IS NULL;
CREATE INDEX issued_certificates_revoked ON issued_certificates (issuer, changed_position) WHERE revoked_at IS NOT NULL;

-- No ledger has such events yet, so the empty table is up to date.
INSERT INTO read_models (name, version) VALUES ('issued_certificates', 1);

CREATE VIEW analytics_certificates AS
SELECT
    lower(hex(c.fingerprint)) AS fingerprint,
    lower(hex(substr(c.user_id, 1, 4)) || '-' || hex(substr(c.user_id, 5, 2)) || '-' || hex(substr(c.user_id, 7, 2))
        || '-' || hex(substr(c.user_id, 9, 2)) || '-' || hex(substr(c.user_id, 11))) AS user_id,
    u.username,
    c.serial,
    c.issuer,
    strftime('%Y-%m-%dT%H:%M:%fZ', c.not_before / 1000000.0, 'unixepoch') AS not_before,
    strftime('%Y-%m-%dT%H:%M:%fZ', c.not_after / 1000000.0, 'unixepoch') AS not_after,
    strftime('%Y-%m-%dT%H:%M:%fZ', c.revoked_at / 1000000.0, 'unixepoch') AS revoked_at,
    c.reason,
    c.ordinal AS created_position,
    c.changed_position AS updated_position
FROM issued_certificates c
LEFT JOIN user_directory u ON u.user_id = c.user_id;
