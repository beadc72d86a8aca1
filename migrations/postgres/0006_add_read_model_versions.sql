-- Which version of each read model wrote its tables? `muniment rebuild` stores the version of the program that ran it.
-- A program that is for another version does not start (docs/adding-an-aggregate.md).
CREATE TABLE read_models (
    name TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL
);

INSERT INTO read_models (name, version) VALUES
    ('user_directory', 1),
    ('role_directory', 1),
    ('permission_usage', 1),
    ('sessions', 1);
