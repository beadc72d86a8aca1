-- How many rows has a sorted list, and which is its k-th? The rows of a table, sorted by a key and then by the ordinal,
-- are cut into spans of some 32 rows (level 1), of some 32 spans of level 1 (level 2), and so on. A span begins at `place`,
-- which is a key with an ordinal (empty for the first span of a level), and has `live` rows of the base list. Spans that
-- count nothing are not there. `muniment rebuild` makes this table again, like those of 0002_create_read_models.sql.
CREATE TABLE list_marks (
    sort TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    list TEXT COLLATE "C" NOT NULL,
    live BIGINT NOT NULL,
    PRIMARY KEY (sort, level, place, list)
) WITH (fillfactor = 50);
