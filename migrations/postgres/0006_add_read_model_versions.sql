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

-- The counts of lists that are sorted by something else than the creation. A row's place is its key with its ordinal;
-- a span counts the `live` rows of the list from `place` to the next span of the same level. At level 0 each row
-- is a span of its own.
CREATE TABLE list_spans (
    list TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    live BIGINT NOT NULL,
    PRIMARY KEY (list, level, place)
) WITH (fillfactor = 50);
