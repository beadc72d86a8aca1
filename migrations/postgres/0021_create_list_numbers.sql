-- The number of the last revocation list of each issuer, and what it was made for: the position of the issuer's last revocation, and the hour
-- since 1970. Not a read model: no event says it.
CREATE TABLE list_numbers (
    issuer TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hour BIGINT NOT NULL
);
