-- Whether the user must change their password. No event of an older version demands this of anybody, so nothing must be rebuilt.
ALTER TABLE user_directory ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
