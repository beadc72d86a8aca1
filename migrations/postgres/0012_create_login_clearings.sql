-- Whose failed logins every node must forget. A node looks for rows that it has not seen.
CREATE TABLE login_clearings (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    asked_at BIGINT NOT NULL
);

CREATE INDEX login_clearings_by_time ON login_clearings (asked_at);
