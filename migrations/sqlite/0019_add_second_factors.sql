-- Whether the user has a second factor. No event of an older version gives anybody one, so nothing must be rebuilt.
ALTER TABLE user_directory ADD COLUMN has_second_factor BOOLEAN NOT NULL DEFAULT FALSE;
