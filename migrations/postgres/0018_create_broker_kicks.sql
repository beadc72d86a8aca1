-- Which sessions a broker still has to end. Not a read model: no event says it. The name of the user is the one that they have now, or, if
-- named_until is not 0, the one that they had before the event at this position. since: when the first try failed.
CREATE TABLE broker_kicks (
    broker TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL,
    named_until BIGINT NOT NULL,
    position BIGINT NOT NULL,
    is_gone BOOLEAN NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (broker, user_id, named_until)
);

-- Why the last try at a broker failed. A broker that ends sessions has no row.
CREATE TABLE broker_errors (
    broker TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL
);
